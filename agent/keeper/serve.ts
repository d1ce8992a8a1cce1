/**
 * Serves one Service in either way, and keeps what was served before a refusal. The order is the point: what must go
 * goes from the slices first, then the register is settled, then the slices grow; the dead come last.
 */
import type { EndpointSlice } from '../kube/objects.ts';
import { planProbeTarget } from '../plan/aim.ts';
import type { Declaration } from '../plan/declaration.ts';
import { type Finding, listSome } from '../plan/finding.ts';
import type { Addresses } from '../plan/identity.ts';
import { type PairState, planPairs, standingStates } from '../plan/pairs.ts';
import type { Wanted } from '../plan/patch.ts';
import type { OwnPod } from '../plan/pod.ts';
import { registerAddress, type ServiceFacts, sharedAddresses } from '../plan/service.ts';
import { type Publication, pairsIn, wantedSlices } from '../plan/slices.ts';
import type { Failure } from '../register/register.ts';
import type { BeatCause } from './beat.ts';
import { type KeeperDeps, mayServe } from './deps.ts';
import { evictPredecessors, takeTurns } from './evictions.ts';
import type { Memory } from './memory.ts';
import { refusedRequest } from './notes.ts';
import type { PassResult } from './pass.ts';
import { alreadyPublished, announcedNow, isTampered, publish } from './publish.ts';
import { type Settled, settle } from './settle.ts';
import { askForSilent } from './silence.ts';

/** What is served, for whom, and why now. */
export type Serving = {
  readonly pod: OwnPod;
  readonly service: ServiceFacts;
  readonly declaration: Declaration;
  readonly cause: BeatCause;
  readonly signal: AbortSignal;
};

/** More repairs than this within one interval are a fight with another writer: the next scheduled beat is waited for. */
const MAX_REPAIRS = 5;

/** Runs the serving part of a pass. `latched`: the own pod is going, withdraw. */
export async function serve(
  deps: KeeperDeps,
  memory: Memory,
  serving: Serving,
): Promise<PassResult | Failure | { readonly kind: 'latched' }> {
  const { pod, signal } = serving;
  const aim = takeAim(deps, serving);
  memory.pairs = aim.states;
  const before = await beforeRegister(deps, memory, { aim, serving });
  // Slices that cannot be written are no reason to stop beating: whoever stops is evicted.
  const settled = await settle(deps, memory, { ...serving, entries: aim.entries, cause: before.cause });
  const findings = [...aim.findings, ...(memory.isContested ? [contested(deps)] : [])];
  /** What was aimed at did not come about: only what stands is announced. */
  const fallShort = (reason: string) => {
    memory.pairs = standingStates(aim.states, announcedNow(deps, pod.identity.uid), reason);
  };
  switch (settled.kind) {
    case 'failed':
      fallShort(settled.message);
      return settled;
    case 'latched':
      return settled;
    case 'stopped':
      return { kind: 'waiting', findings };
    case 'lacking':
      fallShort(settled.finding.message);
      return { kind: 'lacking', findings: [...findings, settled.finding] };
    case 'unserved':
      fallShort(settled.finding.message);
      return { kind: 'refused', findings: [...findings, settled.finding] };
    case 'settled':
      break;
    default:
      return settled satisfies never;
  }
  const published = before.failure ?? (await afterRegister(deps, memory, { aim, before, settled, signal }));
  const lookedAfter = await lookAfterTheDead(deps, memory, { pod, settled, signal });
  const failure = published ?? lookedAfter;
  if (failure !== undefined) {
    fallShort(failure.message);
    return failure;
  }
  if (settled.way.kind === 'refuse') {
    fallShort(settled.way.finding.message);
    return { kind: 'kept', findings: [...findings, settled.way.finding] };
  }
  return { kind: 'acknowledged', findings: [...findings, ...standingFindings(deps, memory)] };
}

type Aim = {
  readonly publication: Publication;
  readonly entries: NonNullable<Wanted['entries']>;
  readonly states: readonly PairState[];
  readonly findings: readonly Finding[];
};

/** What should be announced now, whatever stands in the register. The probes are aimed first, since pairs wait for them. */
function takeAim(deps: KeeperDeps, { pod, service, declaration }: Serving): Aim {
  const way = service.hasSelector ? 'supplement' : 'full';
  const scene = { declaration, service, pod, way } as const;
  deps.probes.aim(planProbeTarget(scene));
  const { identity, readiness } = pod;
  const standing = announcedNow(deps, identity.uid);
  const { announced, states, findings } = planPairs({ ...scene, verdicts: deps.probes.verdict, standing });
  const address = registerAddress(service, identity.addresses);
  const pairs = address === undefined ? [] : announced;
  const publication = {
    identity,
    service: deps.service,
    addresses: sharedAddresses(service, identity.addresses),
    pairs,
    // Beside a selector the control plane's own slices carry the name.
    hasName: way === 'full' && service.publishesNotReady,
    isServing: readiness.kind === 'ready',
  };
  const entries = { address: address ?? '', pairs };
  if (address !== undefined) return { publication, entries, states, findings };
  const reason = `the pod has no ${service.families.join(' or ')} address`;
  return {
    publication,
    entries,
    states: standingStates(states, new Set(), reason),
    findings: [...findings, noAddress(service, pod)],
  };
}

/** What came before the register: whether somebody touched our slices, and what that makes of the beat. */
type Before = {
  readonly isTampered: boolean;
  readonly cause: BeatCause;
  readonly failure: Failure | undefined;
};

/**
 * Takes out of the slices what must go. Where somebody touched our slices nothing is written before the register has
 * answered that we still belong there: a beat is asked for, unless that happens all the time.
 */
async function beforeRegister(
  deps: KeeperDeps,
  memory: Memory,
  { aim, serving }: { readonly aim: Aim; readonly serving: Serving },
): Promise<Before> {
  const { cause, pod, signal } = serving;
  if (isTampered(deps, memory, pod.identity.uid)) {
    const mayAsk = cause === 'none' && !memory.isContested;
    return { isTampered: true, cause: mayAsk ? 'asked' : cause, failure: undefined };
  }
  const wanted = alreadyPublished(deps, aim.publication);
  const failure = await publish(deps, memory, { uid: pod.identity.uid, wanted, signal });
  return { isTampered: false, cause, failure };
}

/** Lets the slices grow to what is announced, and counts repairs of them. */
async function afterRegister(
  deps: KeeperDeps,
  memory: Memory,
  given: { readonly aim: Aim; readonly before: Before; readonly settled: Done; readonly signal: AbortSignal },
): Promise<Failure | undefined> {
  const { aim, before, settled, signal } = given;
  if (before.isTampered && !settled.hasWritten) return undefined;
  const { publication } = aim;
  const wanted = settled.way.kind === 'refuse' ? alreadyPublished(deps, publication) : wantedSlices(publication);
  const failure = await publish(deps, memory, { uid: publication.identity.uid, wanted, signal });
  if (failure !== undefined) return failure;
  if (memory.published !== undefined) tellPublished(deps, publication, memory.published);
  if (before.isTampered) memory.repairCount += 1;
  // A fight is over when an interval has passed without a repair.
  if (settled.isInTurn && !before.isTampered) memory.isContested = false;
  memory.isContested ||= memory.repairCount > MAX_REPAIRS;
  return undefined;
}

/** Says what the API server acknowledged: after a refusal that is less than was asked for. */
function tellPublished(deps: KeeperDeps, publication: Publication, published: readonly EndpointSlice[]): void {
  const { service, identity, hasName } = publication;
  const pairs = pairsIn(published);
  const addresses: Addresses = Object.fromEntries(
    published.flatMap(({ addressType, endpoints }) =>
      (endpoints ?? []).flatMap((endpoint) => endpoint.addresses.map((address) => [addressType, address])),
    ),
  );
  const isNameOnly = hasName && published.length > 0 && pairs.length === 0;
  deps.published({ service, identity, pairs, addresses, isNameOnly });
}

type Done = Extract<Settled, { readonly kind: 'settled' }>;

async function lookAfterTheDead(
  deps: KeeperDeps,
  memory: Memory,
  { pod, settled, signal }: { readonly pod: OwnPod; readonly settled: Done; readonly signal: AbortSignal },
): Promise<Failure | undefined> {
  const way = settled.way.kind;
  if (way === 'refuse') memory.turns.clear();
  if (way === 'refuse' || !mayServe(deps)) return undefined;
  const scene = { pod, way, signal };
  const afterJoin = memory.predecessorsDue ? await evictPredecessors(deps, memory, scene) : undefined;
  if (afterJoin !== undefined) return afterJoin;
  const afterBeat = settled.isInTurn ? await askForSilent(deps, memory, scene) : undefined;
  return afterBeat ?? takeTurns(deps, memory, scene);
}

function standingFindings(deps: KeeperDeps, memory: Memory): readonly Finding[] {
  const spared = [...memory.spared.values()];
  const foreign = memory.view?.keptByController === true ? [] : (memory.view?.foreign ?? []);
  return [
    ...(spared.length === 0 ? [] : [sparedPeers(deps, spared)]),
    ...(memory.askFailure === undefined ? [] : [refusedRequest(deps.service, memory.askFailure)]),
    ...(foreign.length === 0 || memory.way !== 'full' ? [] : [foreignBeside(deps, foreign)]),
  ];
}

function noAddress(service: ServiceFacts, pod: OwnPod): Finding {
  const has = Object.values(pod.identity.addresses).join(', ') || 'none';
  return {
    code: 'no-address-of-family',
    message: `Service ${service.name}: its IP families are ${service.families.join(', ')}, and this pod has no such address (it has: ${has})`,
    remedy: `Give the Service an ipFamilies list with a family that the pods have; a pod that was just created gets its address in a moment.`,
  };
}

function contested(deps: KeeperDeps): Finding {
  return {
    code: 'slices-contested',
    message: `Service ${deps.service}: somebody keeps removing or changing this pod's EndpointSlices; they are written again once an interval only`,
    remedy: `Find the other writer (kubectl get endpointslices -l kubernetes.io/service-name=${deps.service} -o yaml --show-managed-fields) and stop it.`,
  };
}

function sparedPeers(deps: KeeperDeps, peers: readonly string[]): Finding {
  return {
    code: 'last-ready-address-is-silent',
    message: `Service ${deps.service}: silent, yet left in place because nobody else holds the pair ready: ${peers.join(', ')}`,
    remedy: 'Bring another pod of the Service to readiness, or delete the silent pod; then it is removed at once.',
  };
}

function foreignBeside(deps: KeeperDeps, addresses: readonly string[]): Finding {
  return {
    code: 'foreign-addresses-beside-ours',
    message: `Endpoints ${deps.service} also holds addresses that no agent keeps (${listSome(addresses)}); cluster DNS does not answer them, and they are never touched`,
    remedy: 'Remove them, or give them an EndpointSlice of their own if they should be found.',
  };
}
