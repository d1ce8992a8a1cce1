/** Work on many things, so many at a time. */

/** Does `work` for each item, at most `limit` at once; the results stand in the order of the items. Rejects with the first that does. */
export async function mapBounded<T, U>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<U>,
): Promise<readonly U[]> {
  const results = new Map<number, U>();
  const waiting = items.entries();
  const takeTurns = async () => {
    for (const [index, item] of waiting) results.set(index, await work(item));
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, takeTurns));
  return [...results].sort(([a], [b]) => a - b).map(([, result]) => result);
}
