/**
 * Which pairs (port name and protocol) are announced now, and why the others are not. A pair is data from the
 * declaration, the Service, the own pod and the way; nothing is remembered.
 */
import type { Declaration, DeclaredPort, Protocol } from './declaration.ts';
import type { Finding } from './finding.ts';
import type { NamedPort, OwnPod } from './pod.ts';
import type { ServiceFacts, ServicePortFacts } from './service.ts';

/** A pair with the port number that DNS shall answer: that of the container, as for any headless Service. */
export type Pair = {
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly appProtocol?: string;
};

/** Why a declared pair is announced or not. */
export type PairState = {
  readonly name: string;
  readonly protocol: Protocol;
  readonly kind: 'announced' | 'left-to-service' | 'withheld';
  readonly reason: string;
};

/** The pairs to announce, the state of each declared one, and what the operator should know. */
export type PairPlan = {
  readonly announced: readonly Pair[];
  readonly states: readonly PairState[];
  readonly findings: readonly Finding[];
};

/** The key of a pair, e.g. `kerberos/UDP`. */
export type PairKey = `${string}/${string}`;

/** Builds a pair's key. An absent protocol is TCP, as in every port of the API. */
export function pairKey(port: { readonly name?: string; readonly protocol?: string }): PairKey {
  return `${port.name ?? ''}/${port.protocol ?? 'TCP'}`;
}

/**
 * Plans the pairs of one Service. `way`: in `supplement` the pairs that the Service itself has are left to the
 * control plane, which announces them already; in `full` all declared ones are ours.
 */
export function planPairs(given: {
  readonly declaration: Declaration;
  readonly service: ServiceFacts;
  readonly pod: OwnPod;
  readonly way: 'full' | 'supplement';
}): PairPlan {
  const { declaration, service, pod, way } = given;
  const announced: Pair[] = [];
  const states: PairState[] = [];
  const findings: Finding[] = [];
  for (const declared of declaration.ports) {
    const { name, protocol } = declared;
    const note = (kind: PairState['kind'], reason: string) => states.push({ name, protocol, kind, reason });
    const target = resolveTarget(declared, pod.namedPorts);
    const onService =
      way === 'supplement' ? service.ports.find((port) => pairKey(port) === pairKey(declared)) : undefined;
    if (onService !== undefined) {
      note('left-to-service', 'the Service has this pair: the control plane announces it');
      findings.push(...compareWithService(declared, onService, service, pod.namedPorts));
    } else if (target === undefined) {
      note('withheld', `no ${protocol} container port is named "${declared.targetPort}"`);
      findings.push(unresolved(declared, service, pod.namedPorts));
    } else if (pod.readiness.kind === 'unready') {
      note('withheld', pod.readiness.reason);
    } else {
      announced.push({ name, protocol, port: target, ...appProtocolOf(declared) });
      note('announced', 'the workload is ready');
    }
  }
  return { announced, states, findings };
}

function appProtocolOf(declared: DeclaredPort): { readonly appProtocol?: string } {
  return declared.appProtocol === undefined ? {} : { appProtocol: declared.appProtocol };
}

function resolveTarget(
  port: { readonly protocol: Protocol; readonly port: number; readonly targetPort?: number | string | undefined },
  namedPorts: readonly NamedPort[],
): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target;
  return namedPorts.find(({ name, protocol }) => name === target && protocol === port.protocol)?.port;
}

function unresolved(declared: DeclaredPort, service: ServiceFacts, namedPorts: readonly NamedPort[]): Finding {
  const known = namedPorts.map(({ name, protocol }) => `${name}/${protocol}`).join(', ') || 'none';
  return {
    code: 'target-port-unresolved',
    message:
      `Service ${service.name}, pair ${pairKey(declared)}: targetPort "${declared.targetPort}" must name a container ` +
      `port of this pod with protocol ${declared.protocol}; the pod's named ports are: ${known}`,
    remedy: `Give targetPort as a number, or name a ${declared.protocol} container port "${declared.targetPort}". Until then this pair alone is withheld.`,
  };
}

/** The Service wins where it has the pair already; the operator is told where the declaration says otherwise. */
function compareWithService(
  declared: DeclaredPort,
  own: ServicePortFacts,
  service: ServiceFacts,
  namedPorts: readonly NamedPort[],
): readonly Finding[] {
  const ours = resolveTarget(declared, namedPorts);
  const theirs = resolveTarget(own, namedPorts);
  const place = `Service ${service.name}, pair ${pairKey(declared)}`;
  if (ours !== theirs) {
    return [
      {
        code: 'port-differs-from-service',
        message: `${place}: the ConfigMap leads to port ${ours ?? `"${declared.targetPort}"`}, the Service's own port to ${theirs ?? `"${own.targetPort}"`}; the Service wins`,
        remedy: 'Make both the same, or take the pair out of the ConfigMap.',
      },
    ];
  }
  if (declared.appProtocol !== undefined && declared.appProtocol !== own.appProtocol) {
    return [
      {
        code: 'appprotocol-differs',
        message: `${place}: the ConfigMap says appProtocol "${declared.appProtocol}", the Service "${own.appProtocol ?? ''}"; the Service wins`,
        remedy: 'Set appProtocol on the Service, or take the pair out of the ConfigMap.',
      },
    ];
  }
  return [];
}
