/**
 * The name that was probably meant: for faults about an unknown field, setting or argument.
 */

/** Longer than any name we suggest; what is longer is no slip of the finger, and comparing it would take time. */
const MAX_LENGTH = 80;

/**
 * The one of `candidates` that `name` was probably meant to be: the same but for case and separators, or at most a third
 * of its letters away (of equally near ones the first), or the only one that begins with it or contains it. Undefined where nothing is near.
 */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  if (name.length === 0 || name.length > MAX_LENGTH) return undefined;
  const bare = fold(name);
  let best: { readonly candidate: string; readonly distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(bare, fold(candidate));
    const limit = Math.max(1, Math.floor(Math.min(bare.length, candidate.length) / 3));
    if (distance <= limit && (best === undefined || distance < best.distance)) best = { candidate, distance };
  }
  return best?.candidate ?? onlyOneWith(bare, candidates);
}

/** Shorter pieces stand in too many names to mean one. */
const MIN_PIECE = 4;

function onlyOneWith(piece: string, candidates: readonly string[]): string | undefined {
  if (piece.length < MIN_PIECE) return undefined;
  const beginning = candidates.filter((candidate) => fold(candidate).startsWith(piece));
  const whole = beginning.length > 0 ? beginning : candidates.filter((candidate) => fold(candidate).includes(piece));
  return whole.length === 1 ? whole[0] : undefined;
}

function fold(name: string): string {
  return name.toLowerCase().replace(/[-_ .]/g, '');
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from `a` to `b` (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current: number[] = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let least = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) least = Math.min(least, at(beforeLast, column - 2) + 1);
      current.push(least);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
