/**
 * Who is removed, by the four rules: silence is counted, the pod is asked for, evictors take turns, and a listed peer
 * that holds the last ready address of a pair stays. Every branch says why.
 */
import type { Aged, Ages } from './age.ts';
import type { PairKey } from './pairs.ts';

/** What the API server says of a pod with a given name and UID. `replaced`: another UID bears the name. */
export type PodLife = 'listed' | 'gone' | 'replaced' | 'terminal' | 'unknown';

/**
 * Why a pod is dead whatever its heartbeat says: it is not there any more, another UID bears its name, or its phase is
 * Failed or Succeeded. Undefined for one that is listed, and for one of which nothing is known.
 */
export function deathOf(life: PodLife): 'pod-gone' | 'pod-replaced' | 'pod-terminal' | undefined {
  switch (life) {
    case 'gone':
      return 'pod-gone';
    case 'replaced':
      return 'pod-replaced';
    case 'terminal':
      return 'pod-terminal';
    case 'listed':
    case 'unknown':
      return undefined;
    default:
      return life satisfies never;
  }
}

/** What follows for one silent peer. */
export type EvictionPlan =
  /** Remove it. `witnesses`: the UIDs of pods that hold its pairs too and must still beat as seen when it goes. */
  | {
      readonly kind: 'evict';
      readonly reason: 'pod-gone' | 'pod-replaced' | 'pod-terminal' | 'silent' | 'predecessor';
      readonly witnesses: readonly string[];
    }
  /** Leave it, and tell the operator: without it nobody would answer for `pair`. */
  | { readonly kind: 'spare'; readonly reason: 'last-ready-address'; readonly pair: PairKey }
  | { readonly kind: 'wait'; readonly reason: 'alive' | 'still-listed' };

/** Silent for this many promised intervals: its pod is asked for. */
const ASK_AGE = 2;
/** Silent for this many: evicted though its pod is listed. */
const EVICT_AGE = 3;
/** An orphan's slices go at this age though its pod is listed: a living agent would have registered again long before. */
const ORPHAN_LISTED_AGE = 6;
const RANK_STEP_MS = 500;
const MAX_RANK = 5;

/** The peers whose pods have to be asked for. */
export function silentPeers(ages: Ages): ReadonlyMap<string, Aged> {
  return new Map([...ages.peers].filter(([, { age }]) => age >= ASK_AGE));
}

/** The orphans whose pods have to be asked for: their slices outlived their heartbeat. */
export function silentOrphans(ages: Ages): ReadonlyMap<string, Aged> {
  return new Map([...ages.orphans].filter(([, { age }]) => age >= EVICT_AGE));
}

/**
 * Plans for one peer.
 * @param holdings pod UID to the pairs it announces ready, ourselves included: from the register in `full`, from the
 * slices in `supplement`
 */
export function planPeer(given: {
  readonly uid: string;
  readonly ownUid: string;
  readonly ages: Ages;
  readonly life: PodLife;
  readonly holdings: ReadonlyMap<string, ReadonlySet<PairKey>>;
}): EvictionPlan {
  const { uid, ownUid, ages, life, holdings } = given;
  const age = ages.peers.get(uid)?.age ?? 0;
  if (age < ASK_AGE) return { kind: 'wait', reason: 'alive' };
  const death = deathOf(life);
  if (death !== undefined) return { kind: 'evict', reason: death, witnesses: [] };
  if (age < EVICT_AGE) return { kind: 'wait', reason: 'still-listed' };
  const witnesses = new Set<string>();
  for (const pair of holdings.get(uid) ?? []) {
    const others = [...holdings].filter(([other, pairs]) => other !== uid && pairs.has(pair)).map(([other]) => other);
    const witness = chooseWitness(others, witnesses, { ages, ownUid });
    if (witness === undefined) return { kind: 'spare', reason: 'last-ready-address', pair };
    witnesses.add(witness);
  }
  return { kind: 'evict', reason: 'silent', witnesses: [...witnesses] };
}

/**
 * One of `others` that beats, whose heartbeat the evicting patch tests: then no two evictors, however old each thinks
 * whom, can take the last two holders of a pair. Best is one that vouches already, then ourselves or a silent one: a
 * beat of a live peer between our read and our patch would cost a try. Slices without a heartbeat are nobody's word.
 */
function chooseWitness(
  others: readonly string[],
  chosen: ReadonlySet<string>,
  { ages, ownUid }: { readonly ages: Ages; readonly ownUid: string },
): string | undefined {
  const beating = others.filter((other) => other === ownUid || ages.peers.has(other));
  const isStill = (other: string) => other === ownUid || (ages.peers.get(other)?.age ?? 0) >= ASK_AGE;
  return beating.find((other) => chosen.has(other)) ?? beating.find(isStill) ?? beating[0];
}

/** Whether an orphan's slices go now. */
export function isOrphanDue(orphan: Aged, life: PodLife): boolean {
  if (orphan.age < EVICT_AGE) return false;
  return deathOf(life) !== undefined || orphan.age >= ORPHAN_LISTED_AGE;
}

/** How long to wait before evicting: our rank by UID among those who beat, times 500 ms, so that one goes first. */
export function turnMs(ages: Ages, ownUid: string): number {
  const live = [...ages.peers].filter(([, { age }]) => age < ASK_AGE).map(([uid]) => uid);
  const rank = live.filter((uid) => uid < ownUid).length;
  return Math.min(rank, MAX_RANK) * RANK_STEP_MS;
}
