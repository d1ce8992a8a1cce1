/**
 * One limit for one call: a time that passes, or the caller's signal, whichever comes first.
 * A watch extends its limit with each byte, so the same thing is its idle limit.
 */
import type { Clock } from '../clock.ts';

/** Why a call was cut short by us. */
export type CutReason = 'Timeout' | 'Aborted';

/** A limit in force. It must be released, on every path, or it stays until it expires. */
export type Deadline = {
  /** Aborts when the limit passes, when the caller's signal does, and on release: what still runs for this call ends. */
  readonly signal: AbortSignal;
  /** The error that `fail` made when the call was cut short; undefined while it was not. */
  readonly failure: () => Error | undefined;
  /** Settles as `work` does, or rejects with `fail(reason)` as soon as the limit passes. */
  readonly race: <T>(work: Promise<T>) => Promise<T>;
  /** The limit starts anew, as something was heard. */
  readonly touch: () => void;
  /** The limit starts anew and is another one from now on. */
  readonly relimit: (limitMs: number) => void;
  /** Ends the limit and takes its listener off the caller's signal. Safe to call twice. */
  readonly release: () => void;
};

/**
 * Starts a limit of `limitMs` milliseconds.
 * @param options.fail makes the error that `race` rejects with
 */
export function createDeadline(
  clock: Clock,
  options: {
    readonly limitMs: number;
    readonly signal: AbortSignal | undefined;
    readonly fail: (reason: CutReason) => Error;
  },
): Deadline {
  const work = new AbortController();
  const cut = Promise.withResolvers<never>();
  cut.promise.catch(() => {}); // nobody may be racing when it is cut; the failure is kept
  let nap = new AbortController();
  let failure: Error | undefined;
  let limitMs = options.limitMs;
  let touchedMs = clock.monotonicMs();

  const release = () => {
    options.signal?.removeEventListener('abort', abort);
    work.abort();
    nap.abort();
  };
  const end = (why: CutReason) => {
    if (work.signal.aborted) return;
    failure = options.fail(why);
    cut.reject(failure); // before the abort, so that a race hears this reason and not undici's
    release();
  };
  const abort = () => end('Aborted');
  const touch = () => {
    touchedMs = clock.monotonicMs();
  };
  const guard = async () => {
    while (!work.signal.aborted) {
      const leftMs = touchedMs + limitMs - clock.monotonicMs();
      if (leftMs <= 0) {
        end('Timeout');
        return;
      }
      if (nap.signal.aborted) nap = new AbortController();
      await clock.sleep(leftMs, nap.signal);
    }
  };

  if (options.signal?.aborted) abort();
  else options.signal?.addEventListener('abort', abort, { once: true });
  void guard();
  return {
    signal: work.signal,
    failure: () => failure,
    race: (promise) => Promise.race([promise, cut.promise]),
    touch,
    relimit: (nextMs) => {
      limitMs = nextMs;
      touch();
      nap.abort();
    },
    release,
  };
}
