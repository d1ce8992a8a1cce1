/**
 * Which pairs (port name and protocol) are announced now, and why the others are not. A pair is data from the
 * declaration, the Service, the own pod, the way, its probes and our own slices; nothing is remembered.
 */
import type { Declaration, DeclaredPort, Protocol } from './declaration.ts';
import type { Finding } from './finding.ts';
import type { NamedPort, OwnPod } from './pod.ts';
import type { ProbeVerdict } from './probe.ts';
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

/** What decides which declared pairs are ours, and where they lead. */
export type PairScene = {
  readonly declaration: Declaration;
  readonly service: ServiceFacts;
  readonly pod: OwnPod;
  /**
   * In `supplement` the pairs that the Service itself has are left to the control plane, which announces them already;
   * in `full` all declared ones are ours.
   */
  readonly way: 'full' | 'supplement';
};

/**
 * Plans the pairs of one Service.
 * @param verdicts what the probes of a pair say together; undefined: it has none
 * @param standing what our slices announce now: a pair whose probes have no verdict yet stays, and does not come
 */
export function planPairs(
  given: PairScene & {
    readonly verdicts: (key: PairKey) => ProbeVerdict | undefined;
    readonly standing: ReadonlySet<PairKey>;
  },
): PairPlan {
  const { declaration, service, pod, verdicts, standing } = given;
  const announced: Pair[] = [];
  const states: PairState[] = [];
  const findings: Finding[] = [];
  for (const declared of declaration.ports) {
    const { name, protocol } = declared;
    const note = (kind: PairState['kind'], reason: string) => states.push({ name, protocol, kind, reason });
    const target = resolveTarget(declared, pod.namedPorts);
    const onService = servicePortOf(declared, given);
    if (onService !== undefined) {
      note('left-to-service', 'the Service has this pair: the control plane announces it');
      findings.push(...compareWithService(declared, onService, service, pod.namedPorts));
      if (declared.probes !== undefined) findings.push(withoutEffect(declared, service));
      continue;
    }
    if (target === undefined) {
      note('withheld', `no ${protocol} container port is named "${declared.targetPort}"`);
      findings.push(unresolved(declared, service, pod.namedPorts));
      continue;
    }
    const workload = judgeWorkload(declaration, pod);
    const deserved = workload.kind === 'announced' ? judgeProbes(declared, { verdicts, standing, workload }) : workload;
    if (deserved.kind === 'announced') announced.push({ name, protocol, port: target, ...appProtocolOf(declared) });
    note(deserved.kind, deserved.reason);
  }
  return { announced, states, findings };
}

/** The Service's own port of this pair, where the pair is left to it. */
export function servicePortOf(
  declared: DeclaredPort,
  { service, way }: Pick<PairScene, 'service' | 'way'>,
): ServicePortFacts | undefined {
  return way === 'supplement' ? service.ports.find((port) => pairKey(port) === pairKey(declared)) : undefined;
}

/** Whether our pairs do not wait for the workload's readiness: what has come to its end is never announced. */
export function isAnnouncedUnready(declaration: Declaration, pod: OwnPod): boolean {
  return declaration.publishNotReadyAddresses === true && pod.life !== 'terminal';
}

type Deserved = { readonly kind: 'announced' | 'withheld'; readonly reason: string };

function judgeWorkload(declaration: Declaration, pod: OwnPod): Deserved {
  const { readiness } = pod;
  if (readiness.kind === 'ready') return { kind: 'announced', reason: 'the workload is ready' };
  if (!isAnnouncedUnready(declaration, pod)) return { kind: 'withheld', reason: readiness.reason };
  return { kind: 'announced', reason: `publishNotReadyAddresses is declared (${readiness.reason})` };
}

/** A verdict that is still to come changes nothing: neither a restart nor a probe that is added takes a pair away. */
function judgeProbes(
  declared: DeclaredPort,
  given: {
    readonly verdicts: (key: PairKey) => ProbeVerdict | undefined;
    readonly standing: ReadonlySet<PairKey>;
    readonly workload: Deserved;
  },
): Deserved {
  const { verdicts, standing, workload } = given;
  const verdict = verdicts(pairKey(declared));
  if (verdict === undefined || verdict.kind === 'passing') return workload;
  const stays = verdict.kind === 'pending' && standing.has(pairKey(declared));
  return { kind: stays ? 'announced' : 'withheld', reason: verdict.reason };
}

function appProtocolOf(declared: DeclaredPort): { readonly appProtocol?: string } {
  return declared.appProtocol === undefined ? {} : { appProtocol: declared.appProtocol };
}

/** The port number that a pair leads to; undefined where its name is that of no container port with its protocol. */
export function resolveTarget(
  port: { readonly protocol: Protocol; readonly port: number; readonly targetPort?: number | string | undefined },
  namedPorts: readonly NamedPort[],
): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target;
  return namedPorts.find(({ name, protocol }) => name === target && protocol === port.protocol)?.port;
}

/** The control plane announces its pairs by the pod's readiness alone: no probe of ours can take one out. */
function withoutEffect(declared: DeclaredPort, service: ServiceFacts): Finding {
  const key = pairKey(declared);
  return {
    code: 'probe-without-effect',
    message: `Service ${service.name}, pair ${key}: its probe cannot withhold it, since the Service has this pair itself and the control plane announces it`,
    remedy: `Take ${key} out of the Service's own ports, and it is announced by its probe; or take the probe out of the ConfigMap.`,
  };
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

/** The states where a plan was not carried out: of what it announces only what stands, the rest withheld for `reason`. */
export function standingStates(
  states: readonly PairState[],
  standing: ReadonlySet<PairKey>,
  reason: string,
): readonly PairState[] {
  return states.map((state) =>
    state.kind === 'announced' && !standing.has(pairKey(state)) ? { ...state, kind: 'withheld', reason } : state,
  );
}
