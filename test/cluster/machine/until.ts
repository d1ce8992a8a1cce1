/** Waiting for something to become true, never longer than a limit. */
import { setTimeout as sleep } from 'node:timers/promises';

/** What a wait that ran out says: what was waited for, how long, and what was seen last. */
export class WaitError extends Error {
  constructor(what: string, limitMs: number, lastSeen: string) {
    super(`${what}: not so after ${limitMs} ms (last seen: ${lastSeen})`);
    this.name = 'WaitError';
  }
}

export interface UntilOptions {
  readonly limitMs: number;
  /** @default 100 */
  readonly everyMs?: number;
}

/** What one look found: the awaited value, or what was seen instead. */
export type Look<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'waiting'; readonly seen: string };

/** Looks again and again until a look is done and resolves to its value. Throws WaitError at the limit; what `look` throws ends the wait. */
export async function until<T>(what: string, options: UntilOptions, look: () => Promise<Look<T>>): Promise<T> {
  const startMs = performance.now();
  for (;;) {
    const found = await look();
    if (found.kind === 'done') return found.value;
    if (performance.now() - startMs > options.limitMs) throw new WaitError(what, options.limitMs, found.seen);
    await sleep(options.everyMs ?? 100);
  }
}
