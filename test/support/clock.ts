/** A clock that stands still until a test moves it. */
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../agent/clock.ts';

/** A clock whose time the test decides. */
export type FakeClock = Clock & {
  /** Moves time on, waking each sleeper at its moment, and lets everything run that follows from it. */
  readonly advance: (ms: number) => Promise<void>;
  /** How many sleep now. */
  readonly sleeperCount: () => number;
};

type Sleeper = { readonly atMs: number; readonly wake: () => void };

/** Builds a fake clock at monotonic 0, wall 2026-01-01. */
export function createFakeClock(): FakeClock {
  const sleepers = new Set<Sleeper>();
  const startMs = Date.UTC(2026, 0, 1);
  let nowMs = 0;
  return {
    monotonicMs: () => nowMs,
    wall: () => new Date(startMs + nowMs),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) {
          resolve();
          return;
        }
        const wake = () => {
          sleepers.delete(sleeper);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper = { atMs: nowMs + Math.max(0, ms), wake };
        sleepers.add(sleeper);
        signal.addEventListener('abort', wake, { once: true });
      }),
    advance: async (ms) => {
      const untilMs = nowMs + ms;
      await setImmediate();
      for (;;) {
        const next = [...sleepers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
        if (next === undefined) break;
        nowMs = next.atMs;
        next.wake();
        await setImmediate();
      }
      nowMs = untilMs;
      await setImmediate();
    },
    sleeperCount: () => sleepers.size,
  };
}
