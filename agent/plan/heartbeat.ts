/**
 * The heartbeat's value and the rates that follow from it. A value promises how long it will stand, as a Lease
 * promises its duration (KEP-589); peers look only at whether it changed, never at the time in it.
 */

/**
 * Writes a value: `<RFC 3339 time with milliseconds> <promised interval>`, e.g. `2026-11-22T20:00:00.123Z 5s`.
 * Never equal to `last`: should the clock stand still, the milliseconds move on.
 */
export function formatHeartbeat(now: Date, promisedMs: number, last: string | undefined): string {
  const text = `${now.toISOString()} ${formatInterval(promisedMs)}`;
  return text === last ? formatHeartbeat(new Date(now.getTime() + 1), promisedMs, last) : text;
}

function formatInterval(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

const VALUE = /^\S+ (\d{1,9})(ms|s)$/;

/** The interval that a value promises, in milliseconds; undefined where it has no such promise. */
export function promisedMs(value: string): number | undefined {
  const match = VALUE.exec(value);
  if (match === null) return undefined;
  const ms = Number(match[1]) * (match[2] === 's' ? 1000 : 1);
  return ms > 0 ? ms : undefined;
}

/** The pods that one shared object carries at 5 s without strain; measured on etcd's history and the beats' latency. */
const PODS_AT_BASE = 30;
const BASE_MS = 5000;

/**
 * The interval in force for `podCount` pods: `max(setting, 5 s × (N / 30)²)`, whole milliseconds. Every beat stores
 * the whole object, so size times rate is what must stay bounded.
 */
export function intervalInForceMs(settingMs: number, podCount: number): number {
  return Math.max(settingMs, Math.ceil(BASE_MS * (podCount / PODS_AT_BASE) ** 2));
}

/** The request timeout in force: `max(setting, min(0.6 × promised, 15 s))`. */
export function timeoutInForceMs(settingMs: number, promised: number): number {
  return Math.max(settingMs, Math.min(0.6 * promised, 15_000));
}

/** The bound of the full jitter after an unacknowledged request: `max(min(1 s, interval / 5), 0.2 × promised)`. */
export function retryBoundMs(intervalMs: number, promised: number): number {
  return Math.max(Math.min(1000, intervalMs / 5), 0.2 * promised);
}

/** The bounds of the backoff after somebody was faster on the register: `min(20 ms × 2^try, max(1 s, 100 ms × N))`. */
export function conflictBounds(podCount: number): { readonly baseMs: number; readonly maxMs: number } {
  return { baseMs: 20, maxMs: Math.max(1000, 100 * podCount) };
}

/** How long a start waits at most before it joins: 20 ms for each pod it read, so that a hundred do not stampede. */
export function startSpreadMs(podCount: number): number {
  return 20 * podCount;
}

/** Sleeps keep the promise to within ±10 %, so that agents that started together drift apart. `random` in [0, 1). */
export function jitteredIntervalMs(promised: number, random: number): number {
  return promised * (0.9 + 0.2 * random);
}
