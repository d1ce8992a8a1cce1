/**
 * A YAML document as a tree in which everything knows its place in the file. Values are looked up when asked for, so
 * that neither depth nor aliases of a document cost anything.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Scalar } from 'yaml';
import type { Place } from './message.ts';

/** A file's text. */
export type Source = { readonly file: string; readonly text: string; readonly lines: LineCounter };

/** One node of a document. */
export type Part = {
  readonly kind: 'mapping' | 'list' | 'text' | 'number' | 'boolean' | 'null';
  readonly place: Place;
  readonly source: Source;
  /** Offsets into the source's text: the first character, and the one behind the last. */
  readonly range: readonly [begin: number, end: number];
  /** What a scalar is; undefined for mappings and lists. */
  readonly value: string | number | boolean | null | undefined;
  /** The node of a scalar. */
  readonly scalar: Scalar | undefined;
  /** The fields of a mapping in their order; none of anything else. */
  readonly fields: () => readonly NamedPart[];
  /** One field of a mapping, merge keys (`<<`) included. */
  readonly field: (name: string) => Part | undefined;
  /** The items of a list; none of anything else. */
  readonly items: () => readonly Part[];
};

/** A field of a mapping; `place` is that of its name. */
export type NamedPart = { readonly name: string; readonly place: Place; readonly value: Part };

/** The root of a document; undefined where it is empty. */
export function rootOf(document: Document.Parsed, source: Source): Part | undefined {
  return document.contents === null ? undefined : partOf(document.contents, { document, source, offset: 0 });
}

/** What stands under a path, e.g. `at(pod, 'spec', 'containers')`. */
export function at(part: Part | undefined, ...path: readonly string[]): Part | undefined {
  return path.reduce((inner, name) => inner?.field(name), part);
}

/** The text under a path; undefined where there is none. */
export function textAt(part: Part | undefined, ...path: readonly string[]): string | undefined {
  const value = at(part, ...path)?.value;
  return typeof value === 'string' ? value : undefined;
}

/** The number under a path; undefined where there is none. */
export function numberAt(part: Part | undefined, ...path: readonly string[]): number | undefined {
  const value = at(part, ...path)?.value;
  return typeof value === 'number' ? value : undefined;
}

/** The items of the list under a path; none where there is no list. */
export function itemsAt(part: Part | undefined, ...path: readonly string[]): readonly Part[] {
  return at(part, ...path)?.items() ?? [];
}

/** The texts of the list under a path. */
export function textsAt(part: Part | undefined, ...path: readonly string[]): readonly string[] {
  return itemsAt(part, ...path).flatMap(({ value }) => (typeof value === 'string' ? [value] : []));
}

/** The place of the innermost part that there is on a path. */
export function placeAt(part: Part, ...path: readonly string[]): Place {
  const [name, ...rest] = path;
  const inner = name === undefined ? undefined : part.field(name);
  return inner === undefined ? part.place : placeAt(inner, ...rest);
}

/** The place of an offset. */
export function placeOf({ file, text, lines }: Source, offset: number): Place {
  const { line, col } = lines.linePos(Math.min(Math.max(0, offset), text.length));
  return { file, line: Math.max(1, line), column: Math.max(1, col) };
}

/** `offset`: where to point if there is no node at all. */
type Context = { readonly document: Document.Parsed; readonly source: Source; readonly offset: number };

function partOf(given: unknown, context: Context): Part {
  const { document, source, offset } = context;
  const node = resolveAlias(given, context);
  const range = isScalar(node) || isMap(node) || isSeq(node) ? (node.range ?? undefined) : undefined;
  const [begin, end] = range ?? [offset, offset];
  const inside: Context = { document, source, offset: begin };
  const fields = () => fieldsOf(node, inside, new Set());
  return {
    ...kindOf(node),
    place: placeOf(source, begin),
    source,
    range: [begin, end],
    scalar: isScalar(node) ? node : undefined,
    fields,
    field: (name) => fields().find((field) => field.name === name)?.value,
    items: () => (isSeq(node) ? node.items.map((item) => partOf(item, inside)) : []),
  };
}

function kindOf(node: unknown): Pick<Part, 'kind' | 'value'> {
  if (isMap(node)) return { kind: 'mapping', value: undefined };
  if (isSeq(node)) return { kind: 'list', value: undefined };
  const value = isScalar(node) ? node.value : null;
  switch (typeof value) {
    case 'string':
      return { kind: 'text', value };
    case 'number':
      return { kind: 'number', value };
    case 'bigint':
      return { kind: 'number', value: Number(value) };
    case 'boolean':
      return { kind: 'boolean', value };
    default:
      return { kind: 'null', value: null };
  }
}

/** A mapping's own fields and, behind them, those that merge keys (`<<`, YAML 1.1) bring in. `seen`: one may refer to itself. */
function fieldsOf(node: unknown, context: Context, seen: Set<unknown>): readonly NamedPart[] {
  if (!isMap(node) || seen.has(node)) return [];
  seen.add(node);
  const own: NamedPart[] = [];
  const merged: NamedPart[] = [];
  for (const { key, value } of node.items) {
    if (isMergeKey(key)) {
      const target = resolveAlias(value, context);
      const targets = isSeq(target) ? target.items.map((item) => resolveAlias(item, context)) : [target];
      merged.push(...targets.flatMap((one) => fieldsOf(one, context, seen)));
      continue;
    }
    const name = partOf(key, context);
    const offset = name.range[1];
    own.push({ name: String(name.value ?? ''), place: name.place, value: partOf(value, { ...context, offset }) });
  }
  const names = new Set(own.map(({ name }) => name));
  return [...own, ...merged.filter(({ name }) => !names.has(name))];
}

/** The parser marks a merge key by a symbol; a quoted `"<<"` is a name like any other. */
function isMergeKey(key: unknown): boolean {
  return isScalar(key) && (typeof key.value === 'symbol' || (key.value === '<<' && key.type === 'PLAIN'));
}

function resolveAlias(node: unknown, { document }: Context): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}
