/**
 * The one limit of an attempt: a time that passes, or the caller's signal, whichever comes first. Transports see an
 * AbortSignal, and the time for their words.
 */
import type { Clock } from '../../clock.ts';

/** A limit in force. `signal` aborts when the time has passed or the caller stops, and after the work in any case. */
export type Limit = { readonly timeoutMs: number; readonly signal: AbortSignal };

/**
 * Runs `work` under a limit and settles as it does, having taken its listener off `signal`. Time during which this
 * process itself stood still (SIGSTOP, no CPU) is given back, up to `timeoutMs` once: the answer may lie in the kernel
 * all the while, and the daemon is not to blame.
 */
export async function withinLimit<T>(
  clock: Clock,
  { timeoutMs, signal }: Limit,
  work: (limit: Limit) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const end = () => limit.abort();
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  const expire = async () => {
    const endMs = clock.monotonicMs() + timeoutMs;
    await clock.sleep(timeoutMs, limit.signal);
    const lateMs = clock.monotonicMs() - endMs;
    // Even a sleep of 0 lets what has arrived be read first: timers fire before sockets are looked at.
    await clock.sleep(Math.min(Math.max(0, lateMs), timeoutMs), limit.signal);
    end();
  };
  void expire();
  try {
    return await work({ timeoutMs, signal: limit.signal });
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}
