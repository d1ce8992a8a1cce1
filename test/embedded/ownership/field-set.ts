/**
 * Sets of fields in the form in which `managedFields` stores them (FieldsV1, KEP-555): a tree whose keys are
 * `f:<field>`, `k:<the fields that name a list item>` or `v:<a value of a set>`; `.` marks a node that is itself a member.
 * An empty set is `undefined`.
 */
import { asList, equal, isList, isObject, type JsonObject } from '../objects/json.ts';
import type { Schema } from '../objects/schema.ts';

/** A node: a leaf `{}` is a member; a node with children is one only when it holds `.`. */
export type FieldSet = { readonly [key: string]: FieldSet };

const isMember = (node: FieldSet): boolean => {
  for (const key in node) return key === '.' || Object.hasOwn(node, '.');
  return true;
};

function node(member: boolean, children: readonly (readonly [string, FieldSet])[]): FieldSet | undefined {
  if (children.length === 0) return member ? {} : undefined;
  return Object.fromEntries([...(member ? [['.', {}] as const] : []), ...children]);
}

const childrenOf = (set: FieldSet): readonly (readonly [string, FieldSet])[] =>
  Object.entries(set).filter(([key]) => key !== '.');

/** All members of either. */
export function union(left: FieldSet | undefined, right: FieldSet | undefined): FieldSet | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  const children = new Map(childrenOf(left));
  for (const [key, child] of childrenOf(right)) {
    const merged = union(children.get(key), child);
    if (merged !== undefined) children.set(key, merged);
  }
  return node(isMember(left) || isMember(right), [...children]);
}

/** The members of `left` that are not in `right`. */
export function minus(left: FieldSet | undefined, right: FieldSet | undefined): FieldSet | undefined {
  if (left === undefined || right === undefined) return left;
  const children: [string, FieldSet][] = [];
  for (const [key, child] of childrenOf(left)) {
    const rest = Object.hasOwn(right, key) ? minus(child, right[key]) : child;
    if (rest !== undefined) children.push([key, rest]);
  }
  return node(isMember(left) && !isMember(right), children);
}

/** The members that are in both. */
export function intersection(left: FieldSet | undefined, right: FieldSet | undefined): FieldSet | undefined {
  if (left === undefined || right === undefined) return undefined;
  const children: [string, FieldSet][] = [];
  for (const [key, child] of childrenOf(left)) {
    const both = intersection(child, right[key]);
    if (both !== undefined) children.push([key, both]);
  }
  return node(isMember(left) && isMember(right), children);
}

/** The members as paths in the words of a conflict, e.g. `.metadata.labels.app`, `.spec.ports[port=88,protocol="TCP"].name`. */
export function pathsOf(set: FieldSet | undefined): readonly string[] {
  if (set === undefined) return [];
  // The members of a level stand before what is below it, each in order.
  const walk = (current: FieldSet, path: string): readonly string[] => {
    const below = childrenOf(current)
      .map(([key, child]) => ({ child, path: `${path}${step(key)}` }))
      .toSorted((a, b) => (a.path < b.path ? -1 : 1));
    const members = below.filter(({ child }) => isMember(child)).map((one) => one.path);
    return [...members, ...below.flatMap((one) => walk(one.child, one.path))];
  };
  return walk(set, '');
}

function step(key: string): string {
  if (key.startsWith('f:')) return `.${key.slice(2)}`;
  if (key.startsWith('v:')) return `[=${key.slice(2)}]`;
  const parsed: unknown = JSON.parse(key.slice(2));
  const fields = isObject(parsed) ? Object.entries(parsed) : [];
  return `[${fields.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
}

/** The key of a list item in a set, e.g. `k:{"port":88,"protocol":"TCP"}`. */
export function itemKey(item: unknown, topology: 'set' | { readonly keys: readonly string[] }): string {
  if (topology === 'set') return `v:${JSON.stringify(item)}`;
  const object = isObject(item) ? item : {};
  const named = topology.keys.filter((key) => object[key] !== undefined).toSorted();
  return `k:${JSON.stringify(Object.fromEntries(named.map((key) => [key, object[key]])))}`;
}

/** Whether containers on the way are members too: they are where an update made them, not where somebody applied them. */
export type Containers = 'members' | 'not-members';

/** The fields that `value` has. */
export function fieldsOf(value: unknown, schema: Schema, containers: Containers): FieldSet {
  const children = fieldChildren(value, schema, containers);
  return children === undefined ? {} : (node(containers === 'members', children) ?? {});
}

/** The sets below a value that is owned in parts, or undefined for one that is owned as a whole. */
function fieldChildren(
  value: unknown,
  schema: Schema,
  containers: Containers,
): readonly (readonly [string, FieldSet])[] | undefined {
  if (schema.kind === 'struct' && !schema.atomic && isObject(value)) {
    return Object.entries(schema.fields)
      .filter(([key]) => value[key] !== undefined)
      .map(([key, field]) => [`f:${key}`, fieldsOf(value[key], field, containers)]);
  }
  if (schema.kind === 'map' && !schema.atomic && isObject(value)) {
    return Object.entries(value).map(([key, item]) => [`f:${key}`, fieldsOf(item, schema.value, containers)]);
  }
  if (schema.kind === 'list' && schema.topology !== 'atomic' && isList(value)) {
    const { topology, item: shape } = schema;
    return value.map((item) => [itemKey(item, topology), itemFields(item, shape, containers)]);
  }
  return undefined;
}

function itemFields(item: unknown, schema: Schema, containers: Containers): FieldSet {
  const children = fieldChildren(item, schema, containers);
  return children === undefined ? {} : (node(true, children) ?? {});
}

/** What an update did: `changed` fields were set or altered, `removed` ones are gone. */
export type Comparison = { readonly changed: FieldSet | undefined; readonly removed: FieldSet | undefined };

const nothing: Comparison = { changed: undefined, removed: undefined };

/** Compares two versions of a value in normal form; shared parts are skipped unread. */
export function compare(before: unknown, after: unknown, schema: Schema): Comparison {
  if (before === after) return nothing;
  if (after === undefined) return { changed: undefined, removed: fieldsOf(before, schema, 'members') };
  if (before === undefined) return { changed: fieldsOf(after, schema, 'members'), removed: undefined };
  const old = before === null && isList(after) ? [] : before;
  const parts = commonParts(old, after, schema);
  if (parts !== undefined) return collect(parts);
  return equal(before, after) ? nothing : { changed: {}, removed: undefined };
}

type Part = { readonly key: string; readonly before: unknown; readonly after: unknown; readonly schema: Schema };

function commonParts(before: unknown, after: unknown, schema: Schema): readonly Part[] | undefined {
  if (schema.kind === 'struct' && !schema.atomic && isObject(before) && isObject(after)) {
    return Object.entries(schema.fields).map(([key, field]) => part(`f:${key}`, before[key], after[key], field));
  }
  if (schema.kind === 'map' && !schema.atomic && isObject(before) && isObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].map((key) => part(`f:${key}`, before[key], after[key], schema.value));
  }
  if (schema.kind === 'list' && schema.topology !== 'atomic' && isList(before) && isList(after)) {
    const { topology, item } = schema;
    const old = new Map(asList(before).map((value) => [itemKey(value, topology), value]));
    const now = new Map(asList(after).map((value) => [itemKey(value, topology), value]));
    const keys = new Set([...old.keys(), ...now.keys()]);
    return [...keys].map((key) => part(key, old.get(key), now.get(key), item));
  }
  return undefined;
}

const part = (key: string, before: unknown, after: unknown, schema: Schema): Part => ({ key, before, after, schema });

function collect(parts: readonly Part[]): Comparison {
  const changed: [string, FieldSet][] = [];
  const removed: [string, FieldSet][] = [];
  for (const { key, before, after, schema } of parts) {
    const result = compare(before, after, schema);
    if (result.changed !== undefined) changed.push([key, result.changed]);
    if (result.removed !== undefined) removed.push([key, result.removed]);
  }
  return { changed: node(false, changed), removed: node(false, removed) };
}

const unowned: FieldSet = {
  'f:apiVersion': {},
  'f:kind': {},
  'f:metadata': Object.fromEntries(
    [
      '.',
      'f:name',
      'f:namespace',
      'f:creationTimestamp',
      'f:deletionTimestamp',
      'f:deletionGracePeriodSeconds',
      'f:uid',
      'f:generation',
      'f:managedFields',
      'f:resourceVersion',
    ].map((key) => [key, {}]),
  ),
};

/** The set without what nobody owns: type, name and what the server fills in. */
export function stripServerFields(set: FieldSet | undefined): FieldSet | undefined {
  return minus(set, unowned);
}

/** A stored set, as it was parsed from JSON. */
export function isFieldSet(value: unknown): value is FieldSet {
  return isObject(value) && Object.values(value).every((child: unknown) => isFieldSet(child));
}

/** Removes the members from an object in normal form: what an applier owned and no longer wants. */
export function removeFields(value: unknown, set: FieldSet, schema: Schema): unknown {
  if (schema.kind === 'list' && schema.topology !== 'atomic' && isList(value)) {
    const { topology, item: shape } = schema;
    return value.flatMap((item: unknown) => {
      const child = set[itemKey(item, topology)];
      if (child === undefined) return [item];
      return isMember(child) ? [] : [removeFields(item, child, shape)];
    });
  }
  if (!isObject(value)) return value;
  const result: Record<string, unknown> = { ...value };
  for (const [key, child] of childrenOf(set)) {
    const name = key.slice(2);
    if (!Object.hasOwn(result, name)) continue;
    const shape = shapeOf(schema, name);
    if (shape === undefined || childrenOf(child).length === 0) delete result[name];
    else result[name] = removeFields(result[name], child, shape);
  }
  return result satisfies JsonObject;
}

function shapeOf(schema: Schema, name: string): Schema | undefined {
  if (schema.kind === 'struct') return schema.fields[name];
  return schema.kind === 'map' ? schema.value : undefined;
}
