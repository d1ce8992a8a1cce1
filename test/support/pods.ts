/**
 * Pods as sentences: `podOf('ipa-0', running('server'), runningAsSidecar('endpoint-registrar'))`. A pod's UID and
 * address follow from its name, so that a test can name both without looking.
 */
import type { Pod } from '../../agent/kube/objects.ts';
import type { Identity } from '../../agent/plan/identity.ts';
import type { OwnPod } from '../../agent/plan/pod.ts';

/** Adds one thing to a pod. */
export type PodTrait = (pod: Pod) => Pod;

/** The namespace of everything here. */
export const NAMESPACE = 'identity';

/** The UID of a pod: `uid-of-ipa-0`. */
export function uidOf(podName: string): string {
  return `uid-of-${podName}`;
}

/** The IPv4 address of a pod, made from its ordinal: `10.0.0.10` for `ipa-0`. */
export function ipOf(podName: string): string {
  return `10.0.0.${10 + Number(/\d+$/.exec(podName)?.[0] ?? 0)}`;
}

/** What `podOf(podName)` says of itself, without reading it. */
export function identityOf(podName: string, change: Partial<Identity> = {}): Identity {
  return {
    namespace: NAMESPACE,
    podName,
    uid: uidOf(podName),
    addresses: { IPv4: ipOf(podName) },
    hostname: podName,
    nodeName: 'node-a',
    ...change,
  };
}

/** The own pod as the keeper knows it: alive and ready. */
export function ownPodOf(podName: string, change: Partial<OwnPod> = {}): OwnPod {
  return {
    identity: identityOf(podName),
    life: 'alive',
    readiness: { kind: 'ready' },
    namedPorts: [],
    graceSeconds: 30,
    hasOwnGate: false,
    ownGate: undefined,
    ...change,
  };
}

/** A Running pod with its address and no container; traits add the rest. */
export function podOf(podName: string, ...traits: readonly PodTrait[]): Pod {
  const bare: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: podName, namespace: NAMESPACE, uid: uidOf(podName) },
    spec: { containers: [], nodeName: 'node-a' },
    status: { phase: 'Running', podIP: ipOf(podName), podIPs: [{ ip: ipOf(podName) }] },
  };
  return traits.reduce((pod, trait) => trait(pod), bare);
}

type ContainerPorts = readonly { readonly name?: string; readonly containerPort: number; readonly protocol?: string }[];

/** A workload container that is ready. */
export function running(name: string, ports: ContainerPorts = []): PodTrait {
  return withContainer('containers', { name, ready: true, ports });
}

/** A workload container that is not ready. */
export function starting(name: string): PodTrait {
  return withContainer('containers', { name, ready: false, ports: [] });
}

/** A native sidecar (KEP-753) that is ready. */
export function runningAsSidecar(name: string, ports: ContainerPorts = []): PodTrait {
  return withContainer('initContainers', { name, ready: true, ports });
}

/** A native sidecar that is not ready. */
export function startingAsSidecar(name: string): PodTrait {
  return withContainer('initContainers', { name, ready: false, ports: [] });
}

/** An init container that has run to its end: it is never ready again. */
export function initialisedBy(name: string): PodTrait {
  return (pod) => ({
    ...pod,
    spec: { containers: [], ...pod.spec, initContainers: [...(pod.spec?.initContainers ?? []), { name }] },
    status: {
      ...pod.status,
      initContainerStatuses: [...(pod.status?.initContainerStatuses ?? []), statusOf(name, false)],
    },
  });
}

/** A readiness gate (KEP-580), open or closed; `undefined`: its condition was never set. */
export function gatedBy(conditionType: string, status: 'True' | 'False' | undefined): PodTrait {
  return (pod) => ({
    ...pod,
    spec: {
      containers: [],
      ...pod.spec,
      readinessGates: [...(pod.spec?.readinessGates ?? []), { conditionType }],
    },
    status: {
      ...pod.status,
      conditions: [
        ...(pod.status?.conditions ?? []),
        ...(status === undefined ? [] : [{ type: conditionType, status }]),
      ],
    },
  });
}

/** In that phase. */
export function inPhase(phase: string): PodTrait {
  return (pod) => ({ ...pod, status: { ...pod.status, phase } });
}

/** Being deleted. */
export const deleting: PodTrait = (pod) => ({
  ...pod,
  metadata: { ...pod.metadata, deletionTimestamp: '2026-11-22T20:00:00Z' },
});

/** Without a status: created this moment. */
export const unscheduled: PodTrait = ({ status: _none, ...pod }) => pod;

/** With these addresses and no others. */
export function addressed(...ips: readonly string[]): PodTrait {
  const [podIP] = ips;
  return ({ status: { podIP: _first, podIPs: _all, ...status } = {}, ...pod }) => ({
    ...pod,
    status: { ...status, podIPs: ips.map((ip) => ({ ip })), ...(podIP === undefined ? {} : { podIP }) },
  });
}

/** With `spec.hostname`. */
export function hostnamed(hostname: string): PodTrait {
  return (pod) => ({ ...pod, spec: { containers: [], ...pod.spec, hostname } });
}

function withContainer(
  list: 'containers' | 'initContainers',
  container: { readonly name: string; readonly ready: boolean; readonly ports: ContainerPorts },
): PodTrait {
  const { name, ready, ports } = container;
  return (pod) => {
    const containers = pod.spec?.containers ?? [];
    const inits = pod.spec?.initContainers ?? [];
    const statuses = pod.status?.containerStatuses ?? [];
    const initStatuses = pod.status?.initContainerStatuses ?? [];
    return list === 'containers'
      ? {
          ...pod,
          spec: { ...pod.spec, containers: [...containers, { name, ports }] },
          status: { ...pod.status, containerStatuses: [...statuses, statusOf(name, ready)] },
        }
      : {
          ...pod,
          spec: { ...pod.spec, containers, initContainers: [...inits, { name, ports, restartPolicy: 'Always' }] },
          status: { ...pod.status, initContainerStatuses: [...initStatuses, statusOf(name, ready)] },
        };
  };
}

function statusOf(name: string, ready: boolean) {
  return { name, ready, image: 'none', imageID: 'none', restartCount: 0 };
}
