/**
 * Turns JSON that a client sent into what the server stores: unknown fields dropped, empty ones left out, static
 * defaults filled in, types checked. Kubernetes does this by decoding into its types and encoding them again.
 */
import { isList, isObject, type JsonObject } from './json.ts';
import type { Fields, Schema } from './schema.ts';

/** A value of the wrong type; `message` is what Go's decoder says. */
export class DecodeFault extends Error {
  override readonly name = 'DecodeFault';
}

/** What is dropped on the way, as the server's warnings name it, e.g. `unknown field "spec.colour"`. */
export type Dropped = { readonly warnings: string[] };

type Place = { readonly go: string; readonly goPath: string; readonly path: string; readonly dropped: Dropped };

/** What is known to be in normal form already: versions share their parts, so a small change costs little. */
const normal = new WeakMap<object, Schema>();

/**
 * Brings `value` into the normal form of `schema`. What is in normal form already is returned as it is.
 * @throws DecodeFault when a value has the wrong type
 */
export function normalise(value: JsonObject, schema: Schema, dropped: Dropped): JsonObject {
  const place: Place = { go: schema.kind === 'struct' ? schema.go : '', goPath: '', path: '', dropped };
  const result = visit(value, schema, place);
  return isObject(result) ? result : {};
}

function visit(value: unknown, schema: Schema, place: Place): unknown {
  if (typeof value === 'object' && value !== null && normal.get(value) === schema) return value;
  const result = build(value, schema, place);
  if (typeof result === 'object' && result !== null) normal.set(result, schema);
  return result;
}

/** The normal form, or undefined where the field is left out. */
function build(value: unknown, schema: Schema, place: Place): unknown {
  const given = value === null ? undefined : value;
  switch (schema.kind) {
    case 'string':
      return leaf(given, typeof given === 'string', schema, place, { zero: '', go: 'string' });
    case 'boolean':
      return leaf(given, typeof given === 'boolean', schema, place, { zero: false, go: 'bool' });
    case 'integer':
      return leaf(given, Number.isInteger(given), schema, place, { zero: 0, go: schema.go });
    case 'int-or-string':
      return leaf(given, typeof given === 'string' || Number.isInteger(given), schema, place, {
        zero: 0,
        go: 'intstr.IntOrString',
      });
    case 'time':
      if (given === undefined || given === '') return schema.presence === 'always' ? null : undefined;
      if (typeof given !== 'string') throw mismatch(given, 'v1.Time', place);
      return given;
    case 'opaque':
      return given;
    case 'struct':
      if (given === undefined) return schema.presence === 'always' ? visit({}, schema, place) : undefined;
      if (!isObject(given)) throw mismatch(given, `v1.${schema.go}`, place);
      return buildStruct(given, schema.go, schema.fields, place);
    case 'map':
      return buildMap(given, schema.value, place);
    case 'list':
      if (given !== undefined && !isList(given)) throw mismatch(given, goName(schema), place);
      if (given === undefined) return schema.presence === 'always' ? null : undefined;
      if (given.length === 0) return schema.presence === 'always' ? given : undefined;
      return given.map((item, index) =>
        kept(visit(item, schema.item, { ...place, path: `${place.path}[${index}]` }), schema.item),
      );
    default:
      return schema satisfies never;
  }
}

type LeafSchema = Extract<Schema, { readonly kind: 'string' | 'boolean' | 'integer' | 'int-or-string' }>;
type Zero = { readonly zero: string | number | boolean; readonly go: string };

function leaf(given: unknown, fits: boolean, schema: LeafSchema, place: Place, zero: Zero): unknown {
  if (given !== undefined && !fits) throw mismatch(given, zero.go, place);
  if (given === undefined || (given === zero.zero && schema.fallback !== undefined && zero.zero === '')) {
    if (schema.fallback !== undefined) return schema.fallback;
    return schema.presence === 'always' ? zero.zero : undefined;
  }
  return given === zero.zero && schema.presence === 'omit-empty' ? undefined : given;
}

function buildStruct(given: JsonObject, go: string, fields: Fields, place: Place): JsonObject {
  const values = new Map<string, unknown>();
  const inside = (base: string, key: string): string => (base === '' ? key : `${base}.${key}`);
  const at = (key: string): Place => ({
    ...place,
    go,
    goPath: inside(place.goPath, key),
    path: inside(place.path, key),
  });
  for (const [key, value] of Object.entries(given)) {
    const schema = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (schema === undefined) place.dropped.warnings.push(`unknown field "${inside(place.path, key)}"`);
    else values.set(key, visit(value, schema, at(key)));
  }
  const result: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(fields)) {
    const value = values.has(key) ? values.get(key) : visit(undefined, schema, at(key));
    if (value !== undefined) result[key] = value;
  }
  return result;
}

/** The object as it is stored: a list that was written empty is `null` when it is read again. */
export function storedForm(object: JsonObject): JsonObject {
  const isEmpty = (value: unknown): boolean => isList(value) && value.length === 0;
  if (!Object.values(object).some(isEmpty)) return object;
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, isEmpty(value) ? null : value]));
}

/** The form of a value that nobody has written: only what is always there, and no defaults. */
export function zeroForm(schema: Schema): unknown {
  if (schema.kind === 'opaque' || schema.kind === 'map' || schema.presence !== 'always') return undefined;
  switch (schema.kind) {
    case 'string':
      return '';
    case 'boolean':
      return false;
    case 'integer':
    case 'int-or-string':
      return 0;
    case 'time':
    case 'list':
      return null;
    case 'struct':
      return zeroStruct(schema.fields);
    default:
      return schema satisfies never;
  }
}

function zeroStruct(fields: Fields): JsonObject {
  const zeros = Object.entries(fields).map(([key, field]) => [key, zeroForm(field)] as const);
  return Object.fromEntries(zeros.filter(([, value]) => value !== undefined));
}

function buildMap(given: unknown, schema: Schema, place: Place): JsonObject | undefined {
  if (given === undefined) return undefined;
  if (!isObject(given)) throw mismatch(given, `map[string]${goName(schema)}`, place);
  // A Go map is written with its keys in order.
  const entries = Object.entries(given).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return undefined;
  const result: Record<string, unknown> = {};
  for (const [key, value] of entries) {
    const item = visit(value, schema, { ...place, path: `${place.path}.${key}` });
    result[key] = kept(item, schema);
  }
  return result;
}

/** An item of a list or map stays also when it is empty or was null: as its zero value. */
function kept(item: unknown, schema: Schema): unknown {
  if (item !== undefined) return item;
  return schema.kind === 'string' ? '' : {};
}

function goName(schema: Schema): string {
  switch (schema.kind) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    case 'integer':
      return schema.go;
    case 'int-or-string':
      return 'intstr.IntOrString';
    case 'time':
      return 'v1.Time';
    case 'opaque':
      return 'interface {}';
    case 'struct':
      return `v1.${schema.go}`;
    case 'map':
      return `map[string]${goName(schema.value)}`;
    case 'list':
      return `[]${goName(schema.item)}`;
    default:
      return schema satisfies never;
  }
}

function mismatch(value: unknown, wanted: string, place: Place): DecodeFault {
  return new DecodeFault(
    `json: cannot unmarshal ${jsonType(value)} into Go struct field ${place.go}.${place.goPath} of type ${wanted}`,
  );
}

function jsonType(value: unknown): string {
  if (isList(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'number' : `number ${value}`;
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
