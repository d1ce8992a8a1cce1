/**
 * Reads a Pod: identity, life, and whether its workload is ready. The own container's readiness never counts, since
 * /readyz follows from what we read here: that would be a circle.
 */
import type { Pod } from '../kube/objects.ts';
import type { Protocol } from './declaration.ts';
import { type Family, familyOf, type Identity, isDnsLabel } from './identity.ts';

/** Whether the workload deserves to be announced, and if not, why, in words for the operator. */
export type Readiness = { readonly kind: 'ready' } | { readonly kind: 'unready'; readonly reason: string };

/** `deleting`: has a deletionTimestamp; `terminal`: phase Succeeded or Failed. Both latch the agent. */
export type Life = 'alive' | 'deleting' | 'terminal';

/** A container port of the own pod that a named targetPort can mean. */
export type NamedPort = { readonly name: string; readonly protocol: Protocol; readonly port: number };

/** What the agent needs to know of the pod it runs in. */
export type OwnPod = {
  readonly identity: Identity;
  readonly life: Life;
  readonly readiness: Readiness;
  readonly namedPorts: readonly NamedPort[];
  /** `spec.terminationGracePeriodSeconds`. */
  readonly graceSeconds: number;
  /** Whether `spec.readinessGates` has ours: then the pod is not ready before we say so. */
  readonly hasOwnGate: boolean;
  /** Our gate's condition as it stands; undefined where it was never set, which counts as closed (KEP-580). */
  readonly ownGate: GateCondition | undefined;
};

/** A pod condition as far as it matters for a gate. `status`: `True` opens it. */
export type GateCondition = { readonly status: string; readonly reason: string | undefined };

/** The readiness gate that is ours (KEP-580): it waits for us, so we do not wait for it. */
export const OWN_GATE = 'endpoint-registrar/published';

/** Reads the own pod. `containerName`: our own container, which is left out of readiness. */
export function readPod(pod: Pod, containerName: string): OwnPod {
  const podName = pod.metadata?.name ?? '';
  const hostname = pod.spec?.hostname ?? (isDnsLabel(podName) ? podName : undefined);
  return {
    identity: {
      namespace: pod.metadata?.namespace ?? '',
      podName,
      uid: pod.metadata?.uid ?? '',
      addresses: readAddresses(pod),
      hostname,
      nodeName: pod.spec?.nodeName,
    },
    life: readLife(pod),
    readiness: readReadiness(pod, containerName),
    namedPorts: readNamedPorts(pod),
    graceSeconds: pod.spec?.terminationGracePeriodSeconds ?? 30,
    hasOwnGate: (pod.spec?.readinessGates ?? []).some(({ conditionType }) => conditionType === OWN_GATE),
    ownGate: readOwnGate(pod),
  };
}

function readOwnGate(pod: Pod): GateCondition | undefined {
  const found = pod.status?.conditions?.find(({ type }) => type === OWN_GATE);
  return found === undefined ? undefined : { status: found.status, reason: found.reason };
}

/** Whether a pod is going or gone: only `alive` may be registered. */
export function readLife(pod: Pod): Life {
  const phase = pod.status?.phase;
  if (phase === 'Succeeded' || phase === 'Failed') return 'terminal';
  return pod.metadata?.deletionTimestamp === undefined ? 'alive' : 'deleting';
}

function readAddresses(pod: Pod): Readonly<Partial<Record<Family, string>>> {
  const addresses: Partial<Record<Family, string>> = {};
  const all = pod.status?.podIPs?.map(({ ip }) => ip) ?? [];
  for (const ip of [...all, pod.status?.podIP]) {
    if (ip !== undefined && ip !== '') addresses[familyOf(ip)] ??= ip;
  }
  return addresses;
}

/** Every other container is ready (native sidecars too, KEP-753), and every foreign readiness gate is open (KEP-580). */
function readReadiness(pod: Pod, containerName: string): Readiness {
  const unready = (reason: string): Readiness => ({ kind: 'unready', reason });
  const phase = pod.status?.phase;
  if (phase === 'Succeeded' || phase === 'Failed') return unready(`the pod's phase is ${phase}`);
  if (pod.status === undefined) return unready('the pod has no status yet');
  const workload = [
    ...(pod.spec?.containers ?? []).map(({ name }) => name),
    ...(pod.spec?.initContainers ?? []).filter(isNativeSidecar).map(({ name }) => name),
  ].filter((name) => name !== containerName);
  const statuses = [...(pod.status.containerStatuses ?? []), ...(pod.status.initContainerStatuses ?? [])];
  const readyNames = new Set(statuses.filter((status) => status.ready).map(({ name }) => name));
  const waiting = workload.filter((name) => !readyNames.has(name));
  if (waiting.length > 0) return unready(`not ready: container ${waiting.join(', ')}`);
  const open = new Set((pod.status.conditions ?? []).filter(({ status }) => status === 'True').map(({ type }) => type));
  const closed = (pod.spec?.readinessGates ?? [])
    .map(({ conditionType }) => conditionType)
    .filter((gate) => gate !== OWN_GATE && !open.has(gate));
  if (closed.length > 0) return unready(`closed readiness gate: ${closed.join(', ')}`);
  return { kind: 'ready' };
}

function isNativeSidecar(container: { readonly restartPolicy?: string }): boolean {
  return container.restartPolicy === 'Always';
}

function readNamedPorts(pod: Pod): readonly NamedPort[] {
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []).filter(isNativeSidecar)];
  return containers.flatMap((container) =>
    (container.ports ?? []).flatMap((port) => {
      const protocol = readProtocol(port.protocol);
      return port.name === undefined || protocol === undefined
        ? []
        : [{ name: port.name, protocol, port: port.containerPort }];
    }),
  );
}

/** A protocol as the API spells it; absent means TCP, as everywhere in the API; undefined for one we do not know. */
export function readProtocol(text: string | undefined): Protocol | undefined {
  if (text === undefined || text === 'TCP') return 'TCP';
  return text === 'UDP' || text === 'SCTP' ? text : undefined;
}
