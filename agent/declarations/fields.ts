/**
 * The fields of a mapping and what is said about them: repeated ones, unknown ones, the path of each. Which fields
 * there are is the reader's business.
 */
import { showText } from './faults.ts';
import type { Field, Spot } from './text.ts';

/** Takes down one fault; the caller knows key and line. */
export type Report = (fault: {
  readonly spot: Spot;
  readonly field: string;
  readonly rule: string;
  readonly remedy: string;
}) => void;

/** The fields of a mapping by name, the first of each; a repeated one is a fault, since parsers differ on which one counts. */
export function readFields(given: readonly Field[], path: string, report: Report): ReadonlyMap<string, Field> {
  const fields = new Map<string, Field>();
  for (const field of given) {
    if (fields.has(field.name)) {
      const rule = 'a field may stand once, and this one stands above already';
      report({ spot: spotOf(field), field: pathTo(path, field.name), rule, remedy: 'Keep one of the two.' });
    } else fields.set(field.name, field);
  }
  return fields;
}

/** A fault about a field as such points at its name and shows its value. */
export function spotOf(field: Field): Spot {
  return { offset: field.spot.offset, shown: field.value().spot.shown };
}

/** The path of a field, e.g. `ports[2].protocol`; a strange name is cut and escaped. */
export function pathTo(path: string, name: string): string {
  return path === '' ? showText(name) : `${path}.${showText(name)}`;
}
