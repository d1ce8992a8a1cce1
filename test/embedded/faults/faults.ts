/**
 * Fault switches: what goes wrong, for which requests, how often. A test turns them on and off while agents run.
 * Faults of one request add up: a delay and a cut connection are both done.
 */
import { isMatch, type Matcher, type Subject } from './matcher.ts';

/** One thing that goes wrong. `when` is before the request is handled (nothing is written) or after (the answer is lost). */
export type Fault =
  /** The answer is late by a fixed or a random time. */
  | {
      readonly kind: 'delay';
      readonly ms: number | { readonly minMs: number; readonly maxMs: number };
      readonly when?: When;
    }
  /** An error is answered instead; nothing is written. */
  | {
      readonly kind: 'error';
      readonly code: number;
      readonly reason?: string;
      readonly message?: string;
      readonly details?: Readonly<Record<string, unknown>>;
      readonly retryAfterSeconds?: number;
    }
  /** The connection is reset. */
  | { readonly kind: 'cut'; readonly when: When }
  /** No answer ever comes on a connection that stays open (half-open). */
  | { readonly kind: 'hang'; readonly when: When }
  /** A get or list answers the state of so many changes ago. */
  | { readonly kind: 'stale'; readonly versions: number }
  /** 200, but this text instead of the answer. */
  | { readonly kind: 'garbage'; readonly text: string; readonly contentType?: string };

type When = 'before' | 'after';

/** How often a fault strikes. */
export type FaultLimits = {
  /** At most so many times; always where absent. */
  readonly times?: number;
  /** With this chance, 0 to 1. */
  readonly probability?: number;
};

/** A fault that is switched on. */
export type ActiveFault = {
  /** How many requests it struck. */
  readonly hits: () => number;
  readonly remove: () => void;
};

/** The switches. */
export type Faults = {
  readonly add: (matcher: Matcher, fault: Fault, limits?: FaultLimits) => ActiveFault;
  /** Switches all off. */
  readonly clear: () => void;
  /** The faults that strike this request; each use counts. */
  readonly strike: (subject: Subject) => readonly Fault[];
};

/** Builds the switches, all off. */
export function createFaults(random: () => number): Faults {
  type Entry = { readonly matcher: Matcher; readonly fault: Fault; readonly limits: FaultLimits; hits: number };
  const entries = new Set<Entry>();

  const strikes = (entry: Entry, subject: Subject): boolean => {
    if (!isMatch(entry.matcher, subject) || entry.hits >= (entry.limits.times ?? Number.POSITIVE_INFINITY))
      return false;
    if (random() >= (entry.limits.probability ?? 1)) return false;
    entry.hits += 1;
    return true;
  };

  return {
    add: (matcher, fault, limits = {}) => {
      const entry: Entry = { matcher, fault, limits, hits: 0 };
      entries.add(entry);
      return { hits: () => entry.hits, remove: () => entries.delete(entry) };
    },
    clear: () => entries.clear(),
    strike: (subject) => [...entries].filter((entry) => strikes(entry, subject)).map(({ fault }) => fault),
  };
}

/** The delay that the faults add before or after the handling, in milliseconds. */
export function delayMs(faults: readonly Fault[], when: When, random: () => number): number {
  return faults.reduce((sum, fault) => {
    if (fault.kind !== 'delay' || (fault.when ?? 'before') !== when) return sum;
    return (
      sum + (typeof fault.ms === 'number' ? fault.ms : fault.ms.minMs + random() * (fault.ms.maxMs - fault.ms.minMs))
    );
  }, 0);
}
