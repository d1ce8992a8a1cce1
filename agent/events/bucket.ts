/** A token bucket, pure: how many Events may be written now, and when the next one. */

/** What is in the bucket at a time (monotonic milliseconds); parts of a token count. */
export type Bucket = { readonly tokens: number; readonly atMs: number };

/** How much a bucket holds, and how long one token takes to come back. */
export type BucketLimits = { readonly burst: number; readonly refillMs: number };

/** What taking one token comes to. `atMs`: when there will be one. */
export type Taken =
  | { readonly kind: 'taken'; readonly bucket: Bucket }
  | { readonly kind: 'empty'; readonly atMs: number };

/** Takes one token, where there is one. */
export function takeToken(bucket: Bucket, limits: BucketLimits, nowMs: number): Taken {
  const tokens = Math.min(limits.burst, bucket.tokens + (nowMs - bucket.atMs) / limits.refillMs);
  if (tokens >= 1) return { kind: 'taken', bucket: { tokens: tokens - 1, atMs: nowMs } };
  return { kind: 'empty', atMs: nowMs + Math.ceil((1 - tokens) * limits.refillMs) };
}
