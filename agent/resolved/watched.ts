/**
 * The published pairs that are looked up, by Service, and what is wrong with those of one Service. State without a
 * loop: who asks and when is `self-check`.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Finding } from '../plan/finding.ts';
import type { PairKey } from '../plan/pairs.ts';
import { dnsLacksPairs } from './findings.ts';
import { firstLook, type Progress } from './judge.ts';
import { type Lookup, lookupsOf, type Published, serviceName, type Zone } from './lookup.ts';

/** One published pair. `acknowledgedAtMs`: when its slice was, as far as this process saw. */
export type Entry = {
  readonly lookup: Lookup;
  readonly acknowledgedAtMs: number;
  progress: Progress;
  isAsking: boolean;
};

/** The pairs of one Service. */
export type Watched = {
  readonly service: string;
  readonly entries: ReadonlyMap<PairKey, Entry>;
  /** What the Service's own name answers; asked only where a pair's name is missing for long. */
  ownName: 'unasked' | 'asking' | 'exists' | 'missing' | 'unknown';
  /** That all are resolved was logged. */
  isTold: boolean;
  /** The finding that stands, with what it is about: its words stay while that does. */
  lacking: { readonly key: string; readonly finding: Finding } | undefined;
  /** Since when the finding should be another; undefined where it is as it should be. Monotonic milliseconds. */
  changingSinceMs: number | undefined;
};

/** A pair that DNS does not answer with us by then is a finding. */
export const LACKING_AFTER_MS = 60_000;

/** Takes in what is published now. `before` itself: nothing changed; undefined: there is nothing to look up. */
export function watch(
  before: Watched | undefined,
  seen: Published,
  given: { readonly zone: Zone; readonly nowMs: number; readonly random: () => number },
): Watched | undefined {
  const entries = new Map<PairKey, Entry>();
  for (const lookup of lookupsOf(seen, given.zone)) {
    const known = before?.entries.get(lookup.pair);
    const isKnown = known !== undefined && isDeepStrictEqual(known.lookup, lookup);
    entries.set(lookup.pair, isKnown ? known : enter(lookup, given));
  }
  if (entries.size === 0) return undefined;
  const isSame = before?.entries.size === entries.size && [...entries].every(([k, e]) => before.entries.get(k) === e);
  if (isSame) return before;
  const fresh = { ownName: 'unasked', isTold: false, lacking: undefined, changingSinceMs: undefined } as const;
  return { service: seen.service, ...fresh, ...before, entries };
}

function enter(lookup: Lookup, { nowMs, random }: { readonly nowMs: number; readonly random: () => number }): Entry {
  return { lookup, acknowledgedAtMs: nowMs, progress: firstLook(nowMs, random()), isAsking: false };
}

/** A pair that had been found is missed only once two answers lack it: the first may be from before our own repair. */
const LOST_AFTER = 2;

/** The pairs that DNS answers without us, though it had the time, or had answered with us before. */
export function lackingEntries({ entries }: Watched, nowMs: number): readonly Entry[] {
  return [...entries.values()].filter(({ progress, acknowledgedAtMs }) => {
    if (progress.lack === undefined) return false;
    if (progress.elapsedMs !== undefined) return progress.lackCount >= LOST_AFTER;
    return nowMs - acknowledgedAtMs >= LACKING_AFTER_MS;
  });
}

/** Whether the Service's own name must be asked to tell the cause. Never sooner: that would make caches keep its absence. */
export function needsOwnName(watched: Watched, nowMs: number): boolean {
  return watched.ownName === 'unasked' && lackingEntries(watched, nowMs).some(isNameMissing);
}

/** The pairs of a Service are asked for together: a moment later the others have their answers too. */
const TOGETHER_MS = 500;
/** So long the finding may wait for them. */
const HOLD_MS = 5000;

/** Whether answers of other pairs are on their way, so that the finding would change with each of them. */
function isUnsettled(watched: Watched, nowMs: number): boolean {
  watched.changingSinceMs ??= nowMs;
  if (nowMs - watched.changingSinceMs >= HOLD_MS) return false;
  return [...watched.entries.values()].some(
    ({ isAsking, progress }) => isAsking || progress.dueAtMs <= nowMs + TOGETHER_MS,
  );
}

/** Brings `lacking` to what is known now, once for all pairs that are asked for together. */
export function review(
  watched: Watched,
  given: { readonly zone: Zone; readonly server: string; readonly nowMs: number },
): void {
  const entries = lackingEntries(watched, given.nowMs);
  const [first] = entries;
  if (first?.progress.lack === undefined) {
    watched.lacking = undefined;
    watched.ownName = 'unasked';
    watched.changingSinceMs = undefined;
    return;
  }
  if (entries.some(isNameMissing) && (watched.ownName === 'unasked' || watched.ownName === 'asking')) return;
  const isLost = entries.some(({ progress }) => progress.elapsedMs !== undefined);
  const pairs = entries.map(({ lookup }) => lookup.pair);
  const cause = watched.ownName === 'missing' ? 'domain' : first.progress.lack.kind === 'cached' ? 'cached' : 'absent';
  const key = JSON.stringify([pairs, isLost, cause]);
  if (watched.lacking?.key !== key && isUnsettled(watched, given.nowMs)) return;
  watched.changingSinceMs = undefined;
  if (watched.lacking?.key === key) return;
  const { service } = watched;
  const finding = dnsLacksPairs({
    service,
    server: given.server,
    pairs,
    example: { name: first.lookup.name, lack: first.progress.lack },
    isLost,
    cause,
    serviceName: serviceName(service, given.zone),
    clusterDomain: given.zone.clusterDomain,
  });
  watched.lacking = { key, finding };
}

function isNameMissing({ progress }: Entry): boolean {
  return progress.lack?.kind === 'NXDOMAIN';
}
