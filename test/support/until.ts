/** Waits for a condition with a limit, and says what was seen instead when it does not come. */
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_AGAIN_MS = 20;

/** How long to wait at most. Generous: a busy machine is slow, and a test that passes does not wait so long. */
export const LIMIT_MS = 15_000;

/**
 * Resolves once `check` returns without throwing, and to what it returns; looked at every few milliseconds.
 * @throws the last error of `check`, after the limit
 */
export async function until<T>(check: () => T | Promise<T>, limitMs = LIMIT_MS): Promise<T> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await sleep(LOOK_AGAIN_MS);
    }
  }
}
