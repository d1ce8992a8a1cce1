/**
 * The objects, their versions, and who wants to hear of changes: what etcd and the watch cache are to a real server.
 * One counter numbers the changes of all resources. Takes any object as it is; rules are the registry's business.
 */
import type { ApiObject, Kinds, ResourceName, Stored } from '../objects/kinds.ts';
import { typed } from './typed.ts';

/** One stored change. A `DELETED` object carries the resourceVersion of its deletion. */
export type Change = {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly resource: ResourceName;
  readonly object: ApiObject;
  readonly previous: ApiObject | undefined;
  readonly revision: number;
};

/** Where an object is. `namespace` is empty for cluster-scoped ones. */
export type ObjectKey = { readonly namespace: string; readonly name: string };

/** Changes after a revision, or the news that some of them are forgotten: `oldest` is the last forgotten one. */
export type History =
  | { readonly kind: 'complete'; readonly changes: readonly Change[] }
  | { readonly kind: 'expired'; readonly oldest: number };

/** The store. Objects handed out are never mutated. */
export type Store = {
  /** The number of the newest change of any resource. */
  readonly revision: () => number;
  readonly get: <R extends ResourceName>(resource: R, key: ObjectKey) => Stored<Kinds[R]> | undefined;
  /** The objects of a namespace, or of all, sorted by namespace and name as etcd sorts them. */
  readonly list: <R extends ResourceName>(resource: R, namespace?: string) => readonly Stored<Kinds[R]>[];
  /** Stores a version; `metadata.resourceVersion` is set here. */
  readonly put: (resource: ResourceName, object: ApiObject) => ApiObject;
  readonly remove: (resource: ResourceName, key: ObjectKey) => ApiObject | undefined;
  /** The changes of a resource after `revision`. */
  readonly since: (resource: ResourceName, revision: number) => History;
  /** The version that an object had `versions` changes ago; the oldest known one where history is shorter. */
  readonly earlier: (resource: ResourceName, key: ObjectKey, versions: number) => ApiObject | undefined;
  /** Forgets all changes so far: a watch from an older revision than now is answered 410. */
  readonly compact: () => void;
  /** Calls `listener` after each change of the resource, in order; returns the function that stops it. */
  readonly onChange: (resource: ResourceName, listener: (change: Change) => void) => () => void;
};

type Shelf = {
  readonly objects: Map<string, ApiObject>;
  readonly listeners: Set<(change: Change) => void>;
  changes: Change[];
  /** The revision of the newest change that is forgotten. */
  forgotten: number;
  sorted: readonly ApiObject[] | undefined;
};

/** An empty store has this revision: 0 means "any" to a client. */
const FIRST_REVISION = 1;

const keyText = (namespace: string, name: string): string => `${namespace}/${name}`;

/** The key of an object. */
export function keyOf(object: ApiObject): ObjectKey {
  return { namespace: object.metadata.namespace ?? '', name: object.metadata.name };
}

/**
 * Builds an empty store.
 * @param options.historyLength how many changes of each resource a watch can catch up on
 */
export function createStore(options: { readonly historyLength: number }): Store {
  const shelves = new Map<ResourceName, Shelf>();
  let revision = FIRST_REVISION;
  /** No change up to here is known, of resources that had none as well. */
  let compacted = FIRST_REVISION;

  const shelf = (resource: ResourceName): Shelf => {
    const known = shelves.get(resource);
    if (known !== undefined) return known;
    const fresh: Shelf = {
      objects: new Map(),
      listeners: new Set(),
      changes: [],
      forgotten: compacted,
      sorted: undefined,
    };
    shelves.set(resource, fresh);
    return fresh;
  };

  const record = (on: Shelf, change: Change): void => {
    on.sorted = undefined;
    on.changes.push(change);
    if (on.changes.length > 2 * options.historyLength) forget(on, options.historyLength);
    for (const listener of [...on.listeners]) listener(change);
  };

  const forget = (on: Shelf, keep: number): void => {
    const dropped = on.changes.slice(0, on.changes.length - keep);
    on.forgotten = dropped.at(-1)?.revision ?? on.forgotten;
    on.changes = on.changes.slice(on.changes.length - keep);
  };

  const numbered = (object: ApiObject): ApiObject => ({
    ...object,
    metadata: { ...object.metadata, resourceVersion: String(revision) },
  });

  return {
    revision: () => revision,
    get: (resource, { namespace, name }) => {
      const object = shelf(resource).objects.get(keyText(namespace, name));
      return object === undefined ? undefined : typed(resource, object);
    },
    list: (resource, namespace) => {
      const on = shelf(resource);
      on.sorted ??= [...on.objects].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
      const found =
        namespace === undefined ? on.sorted : on.sorted.filter((object) => object.metadata.namespace === namespace);
      return found.map((object) => typed(resource, object));
    },
    put: (resource, object) => {
      revision += 1;
      const on = shelf(resource);
      const stored = numbered(object);
      const text = keyText(stored.metadata.namespace ?? '', stored.metadata.name);
      const previous = on.objects.get(text);
      on.objects.set(text, stored);
      record(on, { type: previous === undefined ? 'ADDED' : 'MODIFIED', resource, object: stored, previous, revision });
      return stored;
    },
    remove: (resource, { namespace, name }) => {
      const on = shelf(resource);
      const previous = on.objects.get(keyText(namespace, name));
      if (previous === undefined) return undefined;
      revision += 1;
      on.objects.delete(keyText(namespace, name));
      const object = numbered(previous);
      record(on, { type: 'DELETED', resource, object, previous, revision });
      return object;
    },
    since: (resource, after) => {
      const on = shelf(resource);
      if (after < on.forgotten) return { kind: 'expired', oldest: on.forgotten };
      const first = on.changes.findLastIndex((change) => change.revision <= after) + 1;
      return { kind: 'complete', changes: on.changes.slice(first) };
    },
    earlier: (resource, { namespace, name }, versions) => {
      const on = shelf(resource);
      const changes = on.changes.filter(
        ({ object }) => object.metadata.name === name && (object.metadata.namespace ?? '') === namespace,
      );
      const change = changes.at(-versions) ?? changes.at(0);
      return change === undefined || versions === 0 ? on.objects.get(keyText(namespace, name)) : change.previous;
    },
    compact: () => {
      compacted = revision;
      for (const on of shelves.values()) {
        on.changes = [];
        on.forgotten = revision;
      }
    },
    onChange: (resource, listener) => {
      const { listeners } = shelf(resource);
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
