/**
 * Evicts what died without a word: when its turn has come, reads again, decides again, removes one peer with one patch,
 * and only then deletes its slices. Whose turn it is, and when, is `silence`.
 */
import { backoffMs } from '../backoff.ts';
import type { Aged } from '../plan/age.ts';
import { type EvictionPlan, type PodLife, planPeer } from '../plan/evict.ts';
import { conflictBounds } from '../plan/heartbeat.ts';
import type { PairKey } from '../plan/pairs.ts';
import { planEviction } from '../plan/patch.ts';
import type { OwnPod } from '../plan/pod.ts';
import { pairsOf, publisherOf } from '../plan/slices.ts';
import type { Failure } from '../register/register.ts';
import { callOf, podCount, takeIn } from './beat.ts';
import { type KeeperDeps, mayServe } from './deps.ts';
import { forgetRegister, type Memory } from './memory.ts';
import { removeSlices, slicesOf } from './publish.ts';

/** What all steps here are given. */
export type Scene = {
  readonly pod: OwnPod;
  /** Where peers' pairs are read from: the register in `full`, the slices in `supplement`. */
  readonly way: 'full' | 'supplement';
  readonly signal: AbortSignal;
};

type Eviction = Extract<EvictionPlan, { readonly kind: 'evict' }>;

/** Evicts the peers whose turn has come; those whose pods are gone first, so that nobody leans on them. */
export async function takeTurns(deps: KeeperDeps, memory: Memory, scene: Scene): Promise<Failure | undefined> {
  const turns = [...memory.turns].sort(([, a], [, b]) => Number(isDead(b.life)) - Number(isDead(a.life)));
  for (const [uid, turn] of turns) {
    if (!mayServe(deps)) return undefined;
    if (deps.clock.monotonicMs() < turn.atMs) continue;
    const read = await deps.register.read(callOf(deps, memory, scene.signal));
    if (read.kind === 'failed') return read;
    if (read.kind === 'absent') {
      forgetRegister(memory);
      return undefined;
    }
    takeIn(deps, memory, { view: read.view, ownUid: scene.pod.identity.uid, stepMs: 0 });
    const lives = new Map([...memory.turns].map(([other, { life }]) => [other, life]));
    const plan = planFor(deps, memory, { uid, lives, life: turn.life, scene });
    noteSpared(memory, uid, plan);
    if (plan.kind !== 'evict') {
      memory.turns.delete(uid);
      continue;
    }
    const evicted = await evict(deps, memory, { uid, plan, scene });
    if (typeof evicted === 'object') return evicted;
    if (evicted === 'outrun') {
      // Somebody changed the register meanwhile. The peer keeps its age: read again and decide again, shortly.
      const waitMs = memory.promisedMs * 0.1 * deps.random();
      memory.turns.set(uid, { atMs: deps.clock.monotonicMs() + waitMs, life: turn.life });
    }
  }
  return undefined;
}

/** So often a predecessor's eviction is tried before the next pass; others join and leave at the same time. */
const MAX_TRIES = 5;

/**
 * After a join: entries and slices of earlier incarnations of the own pod go at once. Their UID cannot be alive, since
 * ours bears the name. What could not be done stays due for the next pass.
 */
export async function evictPredecessors(deps: KeeperDeps, memory: Memory, scene: Scene): Promise<Failure | undefined> {
  const { podName, uid: ownUid } = scene.pod.identity;
  const plan: Eviction = { kind: 'evict', reason: 'predecessor', witnesses: [] };
  const isPredecessor = (peer: Aged) => peer.podName === podName;
  for (let tried = 0; tried < MAX_TRIES && mayServe(deps); tried += 1) {
    const predecessor = [...memory.ages.peers].find(([, peer]) => isPredecessor(peer))?.[0];
    if (predecessor === undefined) break;
    const evicted = await evict(deps, memory, { uid: predecessor, plan, scene });
    if (typeof evicted === 'object') return evicted;
    if (evicted === 'done') continue;
    const bounds = conflictBounds(podCount(deps, memory, ownUid));
    await deps.clock.sleep(backoffMs(tried, bounds, deps.random()), deps.leaving);
    const read = await deps.register.read(callOf(deps, memory, scene.signal));
    if (read.kind === 'failed') return read;
    if (read.kind === 'absent') return undefined;
    takeIn(deps, memory, { view: read.view, ownUid, stepMs: 0 });
  }
  for (const [uid, orphan] of memory.ages.orphans) {
    if (!isPredecessor(orphan)) continue;
    const failure = await removeSlices(deps, memory, { slices: slicesOf(deps, uid), signal: scene.signal });
    if (failure !== undefined) return failure;
  }
  memory.predecessorsDue = [...memory.ages.peers.values()].some(isPredecessor);
  return undefined;
}

function isDead(life: PodLife | undefined): boolean {
  return life === 'gone' || life === 'replaced' || life === 'terminal';
}

/** What follows for one peer. Pairs held by pods that are known to be dead are held by nobody. */
export function planFor(
  deps: KeeperDeps,
  memory: Memory,
  given: {
    readonly uid: string;
    readonly life: PodLife;
    readonly lives: ReadonlyMap<string, PodLife>;
    readonly scene: Scene;
  },
): EvictionPlan {
  const { uid, life, lives, scene } = given;
  const all = scene.way === 'full' ? registerHoldings(memory) : sliceHoldings(deps);
  const holdings = new Map([...all].filter(([other]) => other === uid || !isDead(lives.get(other))));
  return planPeer({ uid, ownUid: scene.pod.identity.uid, ages: memory.ages, life, holdings });
}

/** Remembers for people whom the floor keeps in place. */
export function noteSpared(memory: Memory, uid: string, plan: EvictionPlan): void {
  const podName = memory.ages.peers.get(uid)?.podName;
  if (plan.kind === 'spare') memory.spared.set(uid, `${podName ?? uid} (${plan.pair})`);
  else memory.spared.delete(uid);
}

/** One patch for one peer; its slices are deleted only by the agent whose patch was acknowledged. */
async function evict(
  deps: KeeperDeps,
  memory: Memory,
  { uid, plan, scene }: { readonly uid: string; readonly plan: Eviction; readonly scene: Scene },
): Promise<'done' | 'outrun' | Failure> {
  const peer = memory.ages.peers.get(uid);
  const operations = memory.view === undefined ? undefined : planEviction(memory.view, uid, plan.witnesses);
  memory.turns.delete(uid);
  if (operations === undefined) return 'outrun';
  const answer = await deps.register.write(operations, callOf(deps, memory, scene.signal));
  if (answer.kind === 'failed') return answer;
  if (answer.kind === 'outrun') return 'outrun';
  if (answer.kind === 'absent') {
    forgetRegister(memory);
    return 'done';
  }
  memory.spared.delete(uid);
  takeIn(deps, memory, { view: answer.view, ownUid: scene.pod.identity.uid, stepMs: 0 });
  deps.metrics.evicted({ service: deps.service, reason: plan.reason });
  deps.log.warn('peer-evicted', `evicted ${peer?.podName ?? uid} from ${deps.service}: ${plan.reason}`, {
    service: deps.service,
    peer: peer?.podName,
    peerUid: uid,
    reason: plan.reason,
    age: peer?.age,
  });
  if (plan.reason === 'silent') deps.notify(silentPeer(deps.service, peer?.podName ?? uid));
  return (await removeSlices(deps, memory, { slices: slicesOf(deps, uid), signal: scene.signal })) ?? 'done';
}

function registerHoldings(memory: Memory): ReadonlyMap<string, ReadonlySet<PairKey>> {
  return new Map([...(memory.view?.holdings ?? [])].map(([uid, { pairs }]) => [uid, pairs]));
}

function sliceHoldings(deps: KeeperDeps): ReadonlyMap<string, ReadonlySet<PairKey>> {
  const holdings = new Map<string, Set<PairKey>>();
  for (const slice of deps.slices.known()) {
    const uid = publisherOf(slice);
    if (uid === undefined) continue;
    const pairs = holdings.get(uid) ?? new Set();
    for (const pair of pairsOf(slice)) pairs.add(pair);
    holdings.set(uid, pairs);
  }
  return holdings;
}

/** The time of the next turn, if any; monotonic milliseconds. */
export function nextTurnAtMs(memory: Memory): number {
  return Math.min(Number.POSITIVE_INFINITY, ...[...memory.turns.values()].map(({ atMs }) => atMs));
}

/** A pod that is gone is everyday life; one that is listed and silent is for a person to look at. */
function silentPeer(service: string, peer: string): Parameters<KeeperDeps['notify']>[0] {
  return {
    type: 'Warning',
    reason: 'PeerEvicted',
    message: `Service ${service}: ${peer} was silent for three of its intervals and was taken out of DNS, though its pod is listed. Look at its node, and at the log and restarts of its sidecar; it registers again by itself once its agent beats.`,
  };
}
