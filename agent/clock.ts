/**
 * Time as the agent sees it. Durations come from the monotonic clock; wall time is only written for people.
 * Tests hand in a fake: nothing else in the agent reads a clock or sets a timer.
 */

/** A source of time and of sleep. All durations are milliseconds. */
export type Clock = {
  /** Monotonic milliseconds since an arbitrary start; never goes back, fractions allowed. */
  readonly monotonicMs: () => number;
  /** The wall clock, for text that people read. Never used to measure. */
  readonly wall: () => Date;
  /** Resolves after `ms`, or at once when `signal` aborts: the caller looks at the signal. Never rejects. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
};

/** Resolves when `signal` aborts, at once where it has. */
export function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** The longest delay a Node timer takes; a longer one would fire at once. */
const MAX_TIMER_MS = 2_147_483_647;

/** The real clock. Its timers keep the process alive until they fire or their signal aborts. */
export function createClock(): Clock {
  return {
    monotonicMs: () => performance.now(),
    wall: () => new Date(),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) {
          resolve();
          return;
        }
        const finish = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', finish);
          resolve();
        };
        const timer = setTimeout(finish, Math.min(Math.max(0, Math.ceil(ms)), MAX_TIMER_MS));
        signal.addEventListener('abort', finish, { once: true });
      }),
  };
}
