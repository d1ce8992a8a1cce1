/**
 * Who owns which field: reads and writes `metadata.managedFields` (KEP-555). Update managers own what they changed,
 * apply managers what they asked for; whoever changes a field takes it from the others.
 */
import { asList, asObject, asString, equal, isObject, type JsonObject, without } from '../objects/json.ts';
import type { Schema } from '../objects/schema.ts';
import { compare, type FieldSet, fieldsOf, isFieldSet, minus, stripServerFields, union } from './field-set.ts';

/** One manager's entry. `time` is RFC 3339 with whole seconds. */
export type ManagerEntry = {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly fields: FieldSet;
};

/** Who writes, how, and when. */
export type Writer = {
  readonly manager: string;
  readonly apiVersion: string;
  /** `''` for the object itself, `status` for its status subresource. */
  readonly subresource: string;
  readonly now: string;
};

/** The entries of an object; what cannot be read counts as absent, as on the real server. */
export function entriesOf(object: JsonObject): readonly ManagerEntry[] {
  return asList(asObject(object['metadata'])['managedFields']).flatMap((value) => {
    const entry = asObject(value);
    const operation = entry['operation'];
    const fields = entry['fieldsV1'];
    if ((operation !== 'Apply' && operation !== 'Update') || !isFieldSet(fields)) return [];
    return [
      {
        manager: asString(entry['manager']) ?? '',
        operation,
        apiVersion: asString(entry['apiVersion']) ?? '',
        subresource: asString(entry['subresource']) ?? '',
        time: asString(entry['time']),
        fields,
      },
    ];
  });
}

/** The object with these entries, in the order in which the server lists them. */
export function withEntries(object: JsonObject, entries: readonly ManagerEntry[]): JsonObject {
  const metadata = asObject(object['metadata']);
  if (entries.length === 0) return { ...object, metadata: without(metadata, 'managedFields') };
  const sorted = entries.toSorted(
    (a, b) =>
      order(a.operation, b.operation) ||
      order(a.time ?? '', b.time ?? '') ||
      order(a.manager, b.manager) ||
      order(a.subresource, b.subresource),
  );
  return { ...object, metadata: { ...metadata, managedFields: sorted.map(toJson) } };
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function toJson(entry: ManagerEntry): JsonObject {
  return {
    manager: entry.manager,
    operation: entry.operation,
    apiVersion: entry.apiVersion,
    ...(entry.time === undefined ? {} : { time: entry.time }),
    fieldsType: 'FieldsV1',
    fieldsV1: entry.fields,
    ...(entry.subresource === '' ? {} : { subresource: entry.subresource }),
  };
}

/** Whether a write asks to forget all owners: `managedFields: []` or `[{}]`. */
export function isReset(written: unknown): boolean {
  return Array.isArray(written) && (written.length === 0 || (written.length === 1 && equal(written[0], {})));
}

/** What an update says about owners, apart from what it changes. */
export type UpdateInput = {
  /** The stored object, or the kind's empty object when it is created. */
  readonly live: JsonObject;
  readonly next: JsonObject;
  readonly schema: Schema;
  readonly writer: Writer;
  /** `metadata.managedFields` as the client wrote it, before normalisation. */
  readonly written: unknown;
  readonly isCreate: boolean;
};

/** `next` with the owners after an update by `writer`. The time of an entry moves only when its manager took a field. */
export function recordUpdate(input: UpdateInput): JsonObject {
  const { live, next, schema, writer } = input;
  const sent = writer.subresource === '' ? entriesOf(next) : [];
  const known = isReset(input.written) ? [] : sent.length > 0 ? sent : entriesOf(live);
  // An object that nobody owns stays so until somebody applies to it.
  if (known.length === 0 && !input.isCreate && !isReset(input.written)) return withEntries(next, []);
  const { changed, removed } = compare(live, next, schema);
  const taken = stripServerFields(changed);
  const rest = release(known, union(taken, stripServerFields(removed)));
  if (taken === undefined) return withEntries(next, rest);
  const own = known.find((entry) => isUpdateBy(entry, writer));
  const fields = union(minus(own?.fields, stripServerFields(removed)), taken) ?? {};
  const entry: ManagerEntry = { ...writer, operation: 'Update', time: writer.now, fields };
  return withEntries(next, capped([...rest.filter((other) => !isUpdateBy(other, writer)), entry]));
}

function isUpdateBy(entry: ManagerEntry, writer: Writer): boolean {
  return entry.operation === 'Update' && entry.manager === writer.manager && entry.subresource === writer.subresource;
}

/** Every entry without these fields; an entry that owns nothing any more goes. */
export function release(entries: readonly ManagerEntry[], fields: FieldSet | undefined): readonly ManagerEntry[] {
  if (fields === undefined) return entries;
  return entries.flatMap((entry) => {
    const kept = minus(entry.fields, fields);
    return kept === undefined ? [] : [kept === entry.fields ? entry : { ...entry, fields: kept }];
  });
}

/** The server keeps at most this many Update managers; the oldest are merged into one. Seen on Kubernetes 1.37.2. */
const MAX_UPDATE_MANAGERS = 10;

function capped(entries: readonly ManagerEntry[]): readonly ManagerEntry[] {
  const updates = entries.filter((entry) => entry.operation === 'Update');
  if (updates.length <= MAX_UPDATE_MANAGERS) return entries;
  const byAge = updates.toSorted((a, b) => order(a.time ?? '', b.time ?? ''));
  const ancient = byAge.slice(0, byAge.length - MAX_UPDATE_MANAGERS + 1);
  const fields = ancient.reduce<FieldSet | undefined>((all, entry) => union(all, entry.fields), undefined) ?? {};
  const newest = ancient.at(-1);
  if (newest === undefined) return entries;
  const merged: ManagerEntry = { ...newest, manager: 'ancient-changes', subresource: '', fields };
  return [...entries.filter((entry) => !ancient.includes(entry)), merged];
}

/** Owners for an object that has none yet and is now applied to: everything it holds is attributed to the past. */
export function ownersBeforeFirstApply(live: JsonObject, schema: Schema, writer: Writer): readonly ManagerEntry[] {
  const fields = stripServerFields(
    isObject(live['metadata']) ? childrenOnly(fieldsOf(live, schema, 'members')) : undefined,
  );
  if (fields === undefined) return [];
  return [{ ...writer, manager: 'before-first-apply', operation: 'Update', time: writer.now, fields }];
}

/** A whole object's set is never itself a member. */
const childrenOnly = (set: FieldSet): FieldSet =>
  Object.fromEntries(Object.entries(set).filter(([key]) => key !== '.'));

/** Whether two versions differ in nothing but the times in `managedFields`. Such a write is not stored. */
export function sameButForTimes(before: JsonObject, after: JsonObject): boolean {
  return equal(timeless(before), timeless(after));
}

function timeless(object: JsonObject): JsonObject {
  const metadata = asObject(object['metadata']);
  const entries = asList(metadata['managedFields']).map((entry) => without(asObject(entry), 'time'));
  return { ...object, metadata: { ...without(metadata, 'managedFields'), managedFields: entries } };
}
