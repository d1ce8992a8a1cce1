/** One sleep that a wake-up ends. Wake-ups merge: ten of them before or during a sleep are one. */
import type { Clock } from '../clock.ts';

/** Sleeps and wakes one loop. Times are monotonic milliseconds. */
export type Waker = {
  readonly wake: () => void;
  /** Forgets the wake-ups so far: the loop is about to look at everything. */
  readonly reset: () => void;
  /** Sleeps until `untilMs` (infinity: until woken) or until a wake-up since `reset`. */
  readonly sleepUntil: (untilMs: number) => Promise<void>;
};

/** Builds a waker over the clock given. */
export function createWaker(clock: Clock): Waker {
  let woken = new AbortController();
  return {
    wake: () => woken.abort(),
    reset: () => {
      if (woken.signal.aborted) woken = new AbortController();
    },
    sleepUntil: (untilMs) => clock.sleep(untilMs - clock.monotonicMs(), woken.signal),
  };
}
