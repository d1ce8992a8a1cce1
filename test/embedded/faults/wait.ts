/** Waiting for an event with a limit, instead of sleeping. */

/** How long to wait, and for what: the text stands in the error. */
export type Waiting = { readonly limitMs?: number; readonly what?: string };

const DEFAULT_LIMIT_MS = 5_000;

/**
 * Resolves when `subscribe` settles; rejects after the limit, naming what did not happen.
 * @param subscribe starts listening and returns the function that stops it
 */
export function waitUntil<T>(subscribe: (settle: (value: T) => void) => () => void, waiting: Waiting = {}): Promise<T> {
  const { limitMs = DEFAULT_LIMIT_MS, what = 'the event' } = waiting;
  return new Promise<T>((resolve, reject) => {
    let stop: (() => void) | undefined;
    const timer = setTimeout(() => {
      stop?.();
      reject(new Error(`waited ${limitMs} ms in vain for ${what}`));
    }, limitMs);
    let isSettled = false;
    stop = subscribe((value) => {
      isSettled = true;
      clearTimeout(timer);
      stop?.();
      resolve(value);
    });
    if (isSettled) stop();
  });
}
