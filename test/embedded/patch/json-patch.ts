/**
 * JSON Patch (RFC 6902) with the liberties that Kubernetes' library takes, all seen on Kubernetes 1.37.2: a `test` of an
 * absent map key passes for `null`, negative indexes count from the end, `replace` of an absent map key sets it.
 * Works on shared immutable values: only the containers on the way to a change are copied.
 */
import { equal, isList, isObject, type JsonObject } from '../objects/json.ts';

/** The patch does not apply: a failed `test`, a path that leads nowhere, an unknown operation. */
export class PatchFailed extends Error {
  override readonly name = 'PatchFailed';
}

/**
 * The document after all operations.
 * @throws PatchFailed when one of them does not apply; the document is then as before
 */
export function applyJsonPatch(document: JsonObject, operations: readonly JsonObject[]): unknown {
  return operations.reduce<unknown>((current, operation) => step(current, operation), document);
}

function step(document: unknown, operation: JsonObject): unknown {
  const path = pointer(operation['path'], 'path');
  switch (operation['op']) {
    case 'add':
      return edit(document, path, (container, key) => add(container, key, operand(operation)));
    case 'remove':
      return edit(document, path, remove);
    case 'replace':
      if (path.length === 0) return operand(operation);
      return edit(document, path, (container, key) => replace(container, key, operand(operation)));
    case 'move': {
      const from = pointer(operation['from'], 'from');
      const value = read(document, from);
      return edit(edit(document, from, remove), path, (container, key) => add(container, key, value));
    }
    case 'copy': {
      const value = read(document, pointer(operation['from'], 'from')) ?? null;
      return edit(document, path, (container, key) => add(container, key, value));
    }
    case 'test':
      test(document, path, operation['value'] ?? null);
      return document;
    default:
      throw new PatchFailed(`Unexpected kind: ${String(operation['op'])}`);
  }
}

const operand = (operation: JsonObject): unknown => operation['value'] ?? null;

function pointer(value: unknown, name: string): readonly string[] {
  if (typeof value !== 'string') throw new PatchFailed(`operation, missing ${name} field: missing value`);
  if (value === '') return [];
  const [, ...parts] = value.split('/');
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

type Container = JsonObject | readonly unknown[];
type Change = (container: Container, key: string) => Container;

/** Applies `change` to the container that holds the last key of `path`. */
function edit(value: unknown, path: readonly string[], change: Change): unknown {
  const [key, ...rest] = path;
  if (key === undefined || !(isObject(value) || isList(value)))
    throw new PatchFailed('doc is missing path: missing value');
  if (rest.length === 0) return change(value, key);
  const child = edit(lookUp(value, key), rest, change);
  if (isList(value)) return value.with(indexOf(value, key), child);
  return { ...value, [key]: child };
}

function read(document: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((current, key) => {
    if (!isObject(current) && !isList(current)) throw new PatchFailed('doc is missing path: missing value');
    return lookUp(current, key);
  }, document);
}

/** The value under a key: undefined for an absent map key, a failure for an index out of range. */
function lookUp(container: Container, key: string): unknown {
  if (isList(container)) return container[indexOf(container, key)];
  return Object.hasOwn(container, key) ? container[key] : undefined;
}

/** An index into a list; negative ones count from its end. */
function indexOf(list: readonly unknown[], key: string): number {
  const index = parseIndex(key);
  if (index >= list.length || index < -list.length) {
    throw new PatchFailed(`Unable to access invalid index: ${index}: invalid index referenced`);
  }
  return index < 0 ? index + list.length : index;
}

function parseIndex(key: string): number {
  if (!/^[+-]?\d+$/.test(key)) throw new PatchFailed(`value was not a proper array index: '${key}'`);
  return Number(key);
}

function add(container: Container, key: string, value: unknown): Container {
  if (!isList(container)) return { ...container, [key]: value };
  if (key === '-') return [...container, value];
  const index = parseIndex(key);
  const size = container.length + 1;
  if (index >= size || index < -size) {
    throw new PatchFailed(`Unable to access invalid index: ${index}: invalid index referenced`);
  }
  return container.toSpliced(index < 0 ? index + size : index, 0, value);
}

function remove(container: Container, key: string): Container {
  if (isList(container)) return container.toSpliced(indexOf(container, key), 1);
  if (!Object.hasOwn(container, key)) throw new PatchFailed(`Unable to remove nonexistent key: ${key}: missing value`);
  const { [key]: _removed, ...rest } = container;
  return rest;
}

function replace(container: Container, key: string, value: unknown): Container {
  if (isList(container)) return container.with(indexOf(container, key), value);
  return { ...container, [key]: value };
}

function test(document: unknown, path: readonly string[], expected: unknown): void {
  const found = read(document, path) ?? null;
  if (!equal(found, expected)) throw new PatchFailed(`testing value /${path.join('/')} failed: test failed`);
}
