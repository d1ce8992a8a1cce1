/** A clock that runs faster than the real one, and that a test can stop: what then sleeps goes on when it runs again. */
import { type Clock, createClock } from '../../agent/clock.ts';

/** A clock of one agent. */
export type RunningClock = Clock & {
  /** Whoever sleeps stays asleep, as in a process that was sent SIGSTOP; time goes on all the same. */
  readonly stop: () => void;
  /** Goes on; whoever slept too long wakes now. */
  readonly resume: () => void;
  /** Steps the wall clock, as NTP does; what is measured is not concerned. */
  readonly stepWall: (ms: number) => void;
};

/** Builds a clock on which a second takes `1 / speed` seconds. */
export function createRunningClock(speed: number): RunningClock {
  const real = createClock();
  let stepMs = 0;
  let stopped: PromiseWithResolvers<void> | undefined;
  return {
    monotonicMs: () => real.monotonicMs() * speed,
    wall: () => new Date(real.wall().getTime() + stepMs),
    sleep: async (ms, signal) => {
      await real.sleep(ms / speed, signal);
      await stopped?.promise;
    },
    stop: () => {
      stopped ??= Promise.withResolvers();
    },
    resume: () => {
      stopped?.resolve();
      stopped = undefined;
    },
    stepWall: (ms) => {
      stepMs += ms;
    },
  };
}
