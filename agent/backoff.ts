/**
 * How long to wait before trying again: full jitter under a growing or a fixed bound.
 * Pure functions of attempt, bounds and a number in [0, 1); the caller sleeps.
 */

/** Bounds of one backoff, in milliseconds. `baseMs` is the bound of the first retry, doubled each time up to `maxMs`. */
export type BackoffBounds = { readonly baseMs: number; readonly maxMs: number };

/**
 * Full jitter: a delay in [0, min(maxMs, baseMs × 2^attempt)).
 * @param attempt how many tries failed before, 0 for the first retry
 * @param random a number in [0, 1)
 */
export function backoffMs(attempt: number, bounds: BackoffBounds, random: number): number {
  const bound = Math.min(bounds.maxMs, bounds.baseMs * 2 ** Math.min(attempt, 30));
  return bound * random;
}
