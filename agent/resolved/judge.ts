/**
 * What an answer says about one published pair, and when to ask again. Pure. The rule that all waits follow: a negative
 * answer is kept by every cache on the way and given to every client, so nothing is asked that is likely to have one.
 */
import { backoffMs } from '../backoff.ts';
import type { DnsAnswer } from '../dns/message.ts';
import { isOurs, type Lookup } from './lookup.ts';

/**
 * How far the look at one pair is:
 * - `waiting`: not asked yet;
 * - `resolved`: the newest answer holds our record;
 * - `absent`: the newest answer is negative;
 * - `cached`: it holds other records and not ours, as a cache from before our time does;
 * - `silent`: the server did not answer to the question the last time.
 */
export type LookupState = 'waiting' | 'resolved' | 'absent' | 'cached' | 'silent';

/** How an answer lacks our record, and the same in words behind "DNS answers". */
export type Lack = { readonly kind: 'NXDOMAIN' | 'NODATA' | 'cached'; readonly words: string };

/** The look at one pair. Times are monotonic milliseconds. */
export type Progress = {
  readonly state: LookupState;
  /** In words for the operator. */
  readonly reason: string;
  /** When to ask (again). */
  readonly dueAtMs: number;
  /** When the server last answered the question, whatever it said. */
  readonly answeredAtMs: number | undefined;
  /** From the acknowledgement of the slice to the first answer that held our record. */
  readonly elapsedMs: number | undefined;
  /** How the newest answer lacked our record; undefined where it did not, or none came yet. Silence changes nothing. */
  readonly lack: Lack | undefined;
  /** Answers in a row that lacked our record. */
  readonly lackCount: number;
  /** Questions in a row that were not answered. */
  readonly failureCount: number;
};

/** A slice is not asked for sooner after it was acknowledged: CoreDNS learns of it by a watch. */
export const FIRST_AFTER_MS = 1000;

/** Pairs, and pods that start together, are spread over so much. */
const SPREAD_MS = 250;

/** How long a negative answer is left alone, whatever its SOA says; without SOA the 30 s that CoreDNS's cache has. */
const NEGATIVE = { leastMs: 5000, mostMs: 300_000, withoutSoaSeconds: 30 } as const;

/** How long an answer without us is left alone, whatever its TTL says. */
const STALE = { leastMs: 2000, mostMs: 300_000 } as const;

/** A pair that was found is looked at again after so long, ± a tenth. */
const LOOK_AGAIN_MS = 60_000;

const SILENCE = { leastMs: 1000, baseMs: 1000, maxMs: 59_000 } as const;

/** The look at a pair whose slice was acknowledged at `nowMs`. `random`: a number in [0, 1). */
export function firstLook(nowMs: number, random: number): Progress {
  return {
    state: 'waiting',
    reason: 'it was just published: DNS is asked a second later, since it would keep a negative answer',
    dueAtMs: nowMs + FIRST_AFTER_MS + SPREAD_MS * random,
    answeredAtMs: undefined,
    elapsedMs: undefined,
    lack: undefined,
    lackCount: 0,
    failureCount: 0,
  };
}

/** What the answer makes of it. `acknowledgedAtMs`: when the slice was; `random`: a number in [0, 1). */
export function judge(
  before: Progress,
  answer: DnsAnswer,
  given: {
    readonly lookup: Lookup;
    readonly acknowledgedAtMs: number;
    readonly nowMs: number;
    readonly random: number;
  },
): Progress {
  const { lookup, nowMs, random } = given;
  const answered = { ...before, answeredAtMs: nowMs, failureCount: 0 };
  const ask = (waitMs: number) => ({ dueAtMs: nowMs + waitMs });
  switch (answer.kind) {
    case 'answered': {
      if (answer.services.some((record) => isOurs(record, lookup, answer.addresses))) {
        return {
          ...answered,
          state: 'resolved',
          reason: 'DNS answers with this pod',
          elapsedMs: before.elapsedMs ?? nowMs - given.acknowledgedAtMs,
          lack: undefined,
          lackCount: 0,
          ...ask(LOOK_AGAIN_MS * (0.9 + 0.2 * random)),
        };
      }
      const ttlSeconds = Math.min(...answer.services.map((record) => record.ttlSeconds));
      return {
        ...answered,
        state: 'cached',
        ...lacking(before, 'cached', `without this pod, TTL ${ttlSeconds} s`),
        ...ask(bounded(ttlSeconds * 1000, STALE) + SPREAD_MS * random),
      };
    }
    case 'negative': {
      const seconds = answer.soaMinimumSeconds;
      const kept = seconds === undefined ? 'without an SOA record' : `kept for ${seconds} s`;
      return {
        ...answered,
        state: 'absent',
        ...lacking(before, answer.rcode, `${answer.rcode}, ${kept}`),
        ...ask(bounded((seconds ?? NEGATIVE.withoutSoaSeconds) * 1000, NEGATIVE) + SPREAD_MS * random),
      };
    }
    case 'refused':
    case 'silent':
    case 'unreachable':
      return {
        ...before,
        state: 'silent',
        reason: `DNS ${describeSilence(answer)}`,
        failureCount: before.failureCount + 1,
        ...ask(SILENCE.leastMs + backoffMs(before.failureCount, SILENCE, random)),
      };
    default:
      return answer satisfies never;
  }
}

/** An outcome that is no answer to the question. */
export type Silence = Exclude<DnsAnswer, { readonly kind: 'answered' | 'negative' }>;

/** Why there is no answer, as a clause after "DNS" or the server. */
export function describeSilence(answer: Silence): string {
  switch (answer.kind) {
    case 'refused':
      return `answers ${answer.rcode}`;
    case 'silent':
      return 'does not answer';
    case 'unreachable':
      return `cannot be reached (${answer.code})`;
    default:
      return answer satisfies never;
  }
}

function lacking(
  { lackCount }: Progress,
  kind: Lack['kind'],
  words: string,
): Pick<Progress, 'reason' | 'lack' | 'lackCount'> {
  return { reason: `DNS answers ${words}`, lack: { kind, words }, lackCount: lackCount + 1 };
}

function bounded(ms: number, { leastMs, mostMs }: { readonly leastMs: number; readonly mostMs: number }): number {
  return Math.min(Math.max(ms, leastMs), mostMs);
}
