/**
 * Server-side apply (KEP-555) for typed objects: merges what a manager asks for into what is there, takes back what it
 * no longer asks for, and refuses to take another manager's field unless forced. Maps merge, atomic lists are replaced.
 */
import { asList, asObject, equal, isList, isObject, type JsonObject, without } from '../objects/json.ts';
import type { Schema } from '../objects/schema.ts';
import {
  compare,
  type FieldSet,
  fieldsOf,
  intersection,
  itemKey,
  minus,
  pathsOf,
  removeFields,
  stripServerFields,
  union,
} from './field-set.ts';
import {
  entriesOf,
  type ManagerEntry,
  ownersBeforeFirstApply,
  release,
  type Writer,
  withEntries,
} from './managed-fields.ts';

/** A field that another manager owns with another value. `path` as the server prints it, e.g. `.metadata.labels.app`. */
export type ApplyConflict = { readonly owner: ManagerEntry; readonly paths: readonly string[] };

/** What came of it: the object to store, or the conflicts. */
export type Applied =
  | { readonly kind: 'applied'; readonly object: JsonObject }
  | { readonly kind: 'conflicts'; readonly conflicts: readonly ApplyConflict[] };

/** What is applied to what. */
export type ApplyInput = {
  /** The stored object, or undefined when it is to be created. */
  readonly live: JsonObject | undefined;
  /** The kind's empty object: what a new object is compared with. */
  readonly empty: JsonObject;
  readonly config: JsonObject;
  readonly schema: Schema;
  readonly writer: Writer;
  readonly force: boolean;
  /** Brings a merged object into normal form. */
  readonly normalise: (value: JsonObject) => JsonObject;
};

/** Applies `config` in the name of `writer.manager`. */
export function apply(input: ApplyInput): Applied {
  const { config, schema, writer, force } = input;
  const live = input.live ?? input.empty;
  const stored = input.live === undefined ? [] : entriesOf(input.live);
  const known = input.live !== undefined && stored.length === 0 ? ownersBeforeFirstApply(live, schema, writer) : stored;
  const wanted = childrenOf(stripServerFields(fieldsOf(config, schema, 'not-members')));
  const isOwn = (entry: ManagerEntry): boolean =>
    entry.operation === 'Apply' && entry.manager === writer.manager && entry.subresource === writer.subresource;
  const own = known.find(isOwn);
  const others = known.filter((entry) => !isOwn(entry));
  // Compared as merged, before normalisation: an applied `[]` differs from a stored `null` (seen).
  const raw = asObject(prune({ input, live, own, others, wanted }));
  const merged = input.normalise(raw);
  const { changed, removed } = compare(live, raw, schema);
  const taken = stripServerFields(changed);
  if (!force) {
    const conflicts = others.flatMap((owner) => {
      const paths = pathsOf(intersection(owner.fields, taken));
      return paths.length === 0 ? [] : [{ owner, paths }];
    });
    if (conflicts.length > 0) return { kind: 'conflicts', conflicts };
  }
  const isUnchanged = equal(without(live, 'metadata'), without(raw, 'metadata')) && sameMetadata(live, raw);
  const rest = release(others, union(taken, stripServerFields(removed)));
  const time = isUnchanged ? own?.time : writer.now;
  const entries =
    wanted === undefined ? rest : [...rest, { ...writer, operation: 'Apply' as const, time, fields: wanted }];
  return { kind: 'applied', object: withEntries(merged, entries) };
}

const sameMetadata = (before: JsonObject, after: JsonObject): boolean =>
  equal(without(asObject(before['metadata']), 'managedFields'), without(asObject(after['metadata']), 'managedFields'));

function childrenOf(set: FieldSet | undefined): FieldSet | undefined {
  return set !== undefined && Object.keys(set).length === 0 ? undefined : set;
}

type Pruning = {
  readonly input: ApplyInput;
  readonly live: JsonObject;
  readonly own: ManagerEntry | undefined;
  readonly others: readonly ManagerEntry[];
  readonly wanted: FieldSet | undefined;
};

/** The merged object without what this manager applied before, no longer wants, and nobody else owns. */
function prune({ input, live, own, others, wanted }: Pruning): unknown {
  const merged = merge(live, input.config, input.schema);
  const ownedByOthers = others.reduce<FieldSet | undefined>((all, entry) => union(all, entry.fields), undefined);
  const dropped = minus(minus(own?.fields, wanted), ownedByOthers);
  return dropped === undefined ? merged : removeFields(merged, dropped, input.schema);
}

function merge(live: unknown, config: unknown, schema: Schema): unknown {
  if (config === undefined) return live;
  if (schema.kind === 'struct' && !schema.atomic && isObject(config)) {
    const base = asObject(live);
    const entries = Object.entries(config).map(([key, value]) => {
      const field = schema.fields[key];
      return [key, field === undefined ? value : merge(base[key], value, field)];
    });
    return { ...base, ...Object.fromEntries(entries) };
  }
  if (schema.kind === 'map' && !schema.atomic && isObject(config)) return { ...asObject(live), ...config };
  if (schema.kind === 'list' && schema.topology !== 'atomic' && isList(config)) {
    const { topology, item: shape } = schema;
    const known = new Map(asList(live).map((item) => [itemKey(item, topology), item]));
    for (const item of config) {
      const key = itemKey(item, topology);
      known.set(key, merge(known.get(key), item, shape));
    }
    return [...known.values()];
  }
  return equal(live, config) ? live : config;
}
