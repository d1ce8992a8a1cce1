/** What is printed: tables of numbers, and what they are made of. */

/** Prints one row: a name and its cells. */
export function printRow(name: string, cells: readonly string[]): void {
  process.stdout.write(`${name.padEnd(18)}${cells.map((cell) => cell.padStart(13)).join('')}\n`);
}

/** Prints a line of text. */
export function printLine(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** The value below which this part of all values lies, e.g. 0.5 for the median; NaN where there is none. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
