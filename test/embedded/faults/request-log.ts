/** What was asked of the server and what it answered, so that tests count and wait for requests instead of sleeping. */

import { isMatch, type Matcher, type Subject } from './matcher.ts';
import { type Waiting, waitUntil } from './wait.ts';

/** How a request ended: a status, or without any answer. `open`: not ended yet (a watch stays so while it runs). */
export type Outcome = number | 'open' | 'cut' | 'hung';

/** One request. `status` of a watch is 200 from its start. */
export type RequestRecord = Subject & {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** The content type of a PATCH, e.g. `application/json-patch+json`; empty for other verbs. */
  readonly patchType: string;
  /** The body as text; empty where there was none. */
  readonly body: string;
  readonly userAgent: string;
  readonly status: Outcome;
  readonly startedAtMs: number;
};

/** The log. */
export type RequestLog = {
  readonly all: () => readonly RequestRecord[];
  readonly matching: (matcher: Matcher) => readonly RequestRecord[];
  readonly count: (matcher: Matcher) => number;
  readonly clear: () => void;
  /** Resolves with the next request that fits and has ended (or one from the log, where `fromStart`); rejects after the limit. */
  readonly waitFor: (matcher: Matcher, waiting?: Waiting & { readonly fromStart?: boolean }) => Promise<RequestRecord>;
  readonly begin: (record: Omit<RequestRecord, 'status' | 'startedAtMs'>) => {
    readonly end: (status: Outcome) => void;
  };
};

/**
 * Builds an empty log.
 * @param options.length how many requests are kept; the oldest go first
 */
export function createRequestLog(options: { readonly length: number }): RequestLog {
  let records: RequestRecord[] = [];
  const listeners = new Set<(record: RequestRecord) => void>();
  const keep = (record: RequestRecord): void => {
    records.push(record);
    if (records.length > 2 * options.length) records = records.slice(-options.length);
  };
  return {
    all: () => records,
    matching: (matcher) => records.filter((record) => isMatch(matcher, record)),
    count: (matcher) => records.filter((record) => isMatch(matcher, record)).length,
    clear: () => {
      records = [];
    },
    waitFor: (matcher, waiting = {}) => {
      const fits = (record: RequestRecord): RequestRecord | undefined =>
        isMatch(matcher, record) && record.status !== 'open' ? record : undefined;
      const known = waiting.fromStart === true ? records.find((record) => fits(record) !== undefined) : undefined;
      if (known !== undefined) return Promise.resolve(known);
      return waitUntil<RequestRecord>(
        (settle) => {
          const listener = (record: RequestRecord): void => {
            const found = fits(record);
            if (found !== undefined) settle(found);
          };
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
        { what: `a request ${JSON.stringify(matcher)}`, ...waiting },
      );
    },
    begin: (record) => {
      const open: { -readonly [K in keyof RequestRecord]: RequestRecord[K] } = {
        ...record,
        status: 'open',
        startedAtMs: performance.now(),
      };
      keep(open);
      return {
        end: (status) => {
          open.status = status;
          for (const listener of [...listeners]) listener(open);
        },
      };
    },
  };
}
