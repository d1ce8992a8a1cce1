/**
 * What is wrong with a declaration, in words that need no second look: place, value, rule, remedy. Only the shape, the
 * order and the print; which rules there are is `ports` and `parse`.
 */

/**
 * Where a fault is. `key` is the ConfigMap's key, `''` for the ConfigMap itself. `line` and `column` count from 1 in
 * the key's own text (in a manifest, the line below `key: |` is line 1). `field` e.g. `ports[2].protocol`, `''` for the
 * whole text.
 */
export type Place = {
  readonly key: string;
  readonly line: number;
  readonly column: number;
  readonly field: string;
};

/** One fault. `value` is as the user wrote it, cut where it is long; `rule` is a clause, `remedy` a sentence. */
export type Fault = {
  readonly place: Place;
  readonly value: string;
  readonly rule: string;
  readonly remedy: string;
};

const MAX_SHOWN = 60;
const MAX_LISTED = 20;

/**
 * Prints a fault in one line, e.g.
 * `ipa, line 4, column 15, ports[1].protocol is udp: must be TCP, UDP or SCTP, in capitals. Write UDP.`
 */
export function printFault({ place, value, rule, remedy }: Fault): string {
  const { key, line, column, field } = place;
  const where = key === '' ? 'the ConfigMap' : `${showText(key)}, line ${line}, column ${column}`;
  const what = field === '' ? '' : `, ${field}`;
  const is = value === '' ? '' : ` is ${value}`;
  return `${where}${what}${is}: ${rule}. ${remedy}`;
}

/** Prints faults as a list, one a line with a dash; of very many the first ones and how many more there are. */
export function printFaults(faults: readonly Fault[]): string {
  const shown = faults.slice(0, MAX_LISTED).map((fault) => `- ${printFault(fault)}`);
  const more = faults.length - shown.length;
  return [...shown, ...(more > 0 ? [`- and ${more} more`] : [])].join('\n');
}

/** Sorts by key, line, column and field, so that the same text always gives the same list. */
export function sortFaults(faults: readonly Fault[]): readonly Fault[] {
  return [...faults].sort(
    (a, b) =>
      compare(a.place.key, b.place.key) ||
      a.place.line - b.place.line ||
      a.place.column - b.place.column ||
      compare(a.place.field, b.place.field) ||
      compare(a.rule, b.rule),
  );
}

/** Shows a user's text in one line: cut where it is long, line ends and control characters as escapes. */
export function showText(text: string): string {
  const short = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
  return JSON.stringify(short).slice(1, -1).replaceAll('\\"', '"');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
