/**
 * How a kind's fields are spelled and kept: enough of the API's types to drop what the server does not know, to leave
 * out what it leaves out when empty, to fill in static defaults, and to say who can own which field (server-side apply).
 * Nothing here reads an object; that is `normalise.ts` and `ownership/`.
 */

/**
 * When a field stands in the stored object.
 * - `omit-empty`: only when it is not zero (Go's omitempty on a value): `""`, `0`, `false`, `[]`, `{}` vanish.
 * - `as-written`: whenever it was written (a pointer).
 * - `always`: even when nobody wrote it, as its zero value; an empty list is then `null`.
 */
export type Presence = 'omit-empty' | 'as-written' | 'always';

/** How the items of a list are owned: as one (`atomic`), each by itself (`set`), or by the fields that name them. */
export type Topology = 'atomic' | 'set' | { readonly keys: readonly string[] };

type Leaf = { readonly presence: Presence; readonly fallback?: string | number | boolean };

/** The shape of one value. `go` is the name that the server's decoding errors use for it. */
export type Schema =
  | ({ readonly kind: 'string' | 'boolean' | 'int-or-string' } & Leaf)
  | ({ readonly kind: 'integer'; readonly go: 'int32' | 'int64' } & Leaf)
  | { readonly kind: 'time'; readonly presence: 'as-written' | 'always' }
  | { readonly kind: 'opaque' }
  | {
      readonly kind: 'struct';
      readonly go: string;
      readonly presence: 'as-written' | 'always';
      readonly atomic: boolean;
      readonly fields: Fields;
    }
  | { readonly kind: 'map'; readonly value: Schema; readonly atomic: boolean }
  | {
      readonly kind: 'list';
      readonly item: Schema;
      readonly topology: Topology;
      readonly presence: 'omit-empty' | 'always';
    };

/** Field name to shape. */
export type Fields = { readonly [name: string]: Schema };

/** A string that vanishes when empty. */
export const text: Schema = { kind: 'string', presence: 'omit-empty' };
/** A string kept as written, also when empty. */
export const textPointer: Schema = { kind: 'string', presence: 'as-written' };
/** A string that is always there, empty when nobody wrote it. */
export const textAlways: Schema = { kind: 'string', presence: 'always' };
export const int32: Schema = { kind: 'integer', go: 'int32', presence: 'omit-empty' };
export const int32Pointer: Schema = { kind: 'integer', go: 'int32', presence: 'as-written' };
export const int32Always: Schema = { kind: 'integer', go: 'int32', presence: 'always' };
export const int64: Schema = { kind: 'integer', go: 'int64', presence: 'omit-empty' };
export const int64Pointer: Schema = { kind: 'integer', go: 'int64', presence: 'as-written' };
export const flag: Schema = { kind: 'boolean', presence: 'omit-empty' };
export const flagPointer: Schema = { kind: 'boolean', presence: 'as-written' };
export const flagAlways: Schema = { kind: 'boolean', presence: 'always' };
/** RFC 3339, or `null` when unset. */
export const timeAlways: Schema = { kind: 'time', presence: 'always' };
export const timePointer: Schema = { kind: 'time', presence: 'as-written' };
export const intOrString: Schema = { kind: 'int-or-string', presence: 'as-written' };
/** Kept exactly as written (nulls apart), owned as one: parts of the API that nothing here depends on. */
export const opaque: Schema = { kind: 'opaque' };

/** A string with a static default, e.g. `protocol: TCP`. */
export const textDefault = (fallback: string): Schema => ({ kind: 'string', presence: 'as-written', fallback });
export const flagDefault = (fallback: boolean): Schema => ({ kind: 'boolean', presence: 'as-written', fallback });
export const intDefault = (fallback: number): Schema => ({
  kind: 'integer',
  go: 'int64',
  presence: 'as-written',
  fallback,
});

export const struct = (go: string, fields: Fields): Schema => ({
  kind: 'struct',
  go,
  presence: 'as-written',
  atomic: false,
  fields,
});
/** A struct that is owned as one. */
export const structAtomic = (go: string, fields: Fields, presence: 'as-written' | 'always' = 'as-written'): Schema => ({
  kind: 'struct',
  go,
  presence,
  atomic: true,
  fields,
});
/** A struct that is there even when nobody wrote it, e.g. `status: {}`. */
export const structAlways = (go: string, fields: Fields): Schema => ({
  kind: 'struct',
  go,
  presence: 'always',
  atomic: false,
  fields,
});
export const mapOf = (value: Schema): Schema => ({ kind: 'map', value, atomic: false });
export const atomicMapOf = (value: Schema): Schema => ({ kind: 'map', value, atomic: true });
export const listOf = (item: Schema, topology: Topology = 'atomic'): Schema => ({
  kind: 'list',
  item,
  topology,
  presence: 'omit-empty',
});
/** A list that is there even when empty: as `null`. */
export const listAlways = (item: Schema, topology: Topology = 'atomic'): Schema => ({
  kind: 'list',
  item,
  topology,
  presence: 'always',
});
