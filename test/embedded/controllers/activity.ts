/** How much work waits in all controllers together, so that tests wait for its end instead of sleeping. */
import { type Waiting, waitUntil } from '../faults/wait.ts';

/** The count. */
export type Activity = {
  readonly begin: () => void;
  readonly end: () => void;
  /** Resolves when nothing waits; at once where nothing does. */
  readonly settled: (waiting?: Waiting) => Promise<void>;
};

/** Builds a count of nothing. */
export function createActivity(): Activity {
  let count = 0;
  const listeners = new Set<() => void>();
  return {
    begin: () => {
      count += 1;
    },
    end: () => {
      count -= 1;
      if (count === 0) for (const listener of [...listeners]) listener();
    },
    settled: (waiting) =>
      waitUntil<void>(
        (settle) => {
          const check = (): void => {
            if (count === 0) settle();
          };
          listeners.add(check);
          check();
          return () => listeners.delete(check);
        },
        { what: 'all controllers to have nothing to do', ...waiting },
      ),
  };
}
