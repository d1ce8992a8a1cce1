/**
 * What is known of the objects of one list: the newest state of each, whether it came by a list, a watch or the answer
 * to a write of ours. Neither I/O nor time; `watch.ts` feeds it.
 *
 * A write's answer overtakes the watch, or comes behind it, so each source may be behind another. Three rules keep the
 * newest: of the same object (uid) the higher resourceVersion wins, an object that we deleted is not believed to be
 * back, and an answer from before what list or watch told last, about an object that they do not know, is about one
 * that has been deleted since.
 */
import type { ApiObject } from './objects.ts';

/** A difference that was found. `previous` is what was known of the same object before. */
export type ItemChange<T> =
  | { readonly type: 'upserted'; readonly object: T; readonly previous: T | undefined }
  | { readonly type: 'deleted'; readonly object: T };

/** The known objects by name. */
export type Inventory<T> = {
  readonly items: () => ReadonlyMap<string, T>;
  /** Takes the object a write of ours was answered with, unless a newer one is known. */
  readonly put: (object: T) => void;
  /** Forgets an object that we deleted; older news of it is not believed. Another one that has its name by now stays. */
  readonly drop: (name: string, uid?: string) => void;
  /** An event ADDED or MODIFIED. The differences are to be told, in order. */
  readonly upsert: (object: T) => readonly ItemChange<T>[];
  /** An event DELETED. */
  readonly remove: (object: T) => readonly ItemChange<T>[];
  /** A list is being asked for: what is `put` from now on may be newer than its answer. */
  readonly expectList: () => void;
  /** The list's answer: it replaces all that was known before it was asked for. */
  readonly replace: (objects: readonly T[], resourceVersion: string) => readonly ItemChange<T>[];
};

/** Creates an empty inventory. */
export function createInventory<T extends ApiObject>(): Inventory<T> {
  const items = new Map<string, T>();
  /** Uids that we deleted and whose end nobody has confirmed yet. */
  const dropped = new Set<string>();
  /** Names that were put since the list under way was asked for. */
  const fresh = new Set<string>();
  /** How far list and watch have come: empty before the first list. */
  let seenVersion = '';

  /** Of an object that we deleted: once the deletion has begun it says so itself; any other news is from before. */
  const isFromBefore = (object: T) => dropped.has(uidOf(object)) && object.metadata?.deletionTimestamp === undefined;

  const store = (object: T): ItemChange<T>[] => {
    const name = nameOf(object);
    const known = items.get(name);
    if (known !== undefined && isSame(known, object)) return [];
    items.set(name, object);
    if (known === undefined || uidOf(known) === uidOf(object)) return [{ type: 'upserted', object, previous: known }];
    return [
      { type: 'deleted', object: known },
      { type: 'upserted', object, previous: undefined },
    ];
  };

  const forget = (name: string, last: T): ItemChange<T>[] => {
    items.delete(name);
    return [{ type: 'deleted', object: last }];
  };

  return {
    items: () => items,

    put: (object) => {
      const known = items.get(nameOf(object));
      const isOver = known === undefined && compareVersions(versionOf(object), seenVersion) === 'older';
      if (isOver || isFromBefore(object) || (known !== undefined && isOlder(object, known))) return;
      items.set(nameOf(object), object);
      fresh.add(nameOf(object));
    },

    drop: (name, uid) => {
      const known = items.get(name);
      const deletedUid = uid ?? (known === undefined ? '' : uidOf(known));
      if (deletedUid !== '') dropped.add(deletedUid);
      if (known !== undefined && uidOf(known) === deletedUid) items.delete(name);
    },

    upsert: (object) => {
      seenVersion = versionOf(object);
      const known = items.get(nameOf(object));
      if (isFromBefore(object) || (known !== undefined && isOlder(object, known))) return [];
      return store(object);
    },

    remove: (object) => {
      seenVersion = versionOf(object);
      dropped.delete(uidOf(object));
      const known = items.get(nameOf(object));
      if (known === undefined) return [];
      if (uidOf(known) === uidOf(object)) return forget(nameOf(object), object);
      return isOlder(object, known) ? [] : forget(nameOf(object), known);
    },

    expectList: () => fresh.clear(),

    replace: (objects, resourceVersion) => {
      seenVersion = resourceVersion;
      const changes: ItemChange<T>[] = [];
      const listed = new Set(objects.map(nameOf));
      const isNewerThanList = (name: string, known: T) =>
        fresh.has(name) && compareVersions(versionOf(known), resourceVersion) === 'newer';
      for (const [name, known] of [...items]) {
        if (!listed.has(name) && !isNewerThanList(name, known)) changes.push(...forget(name, known));
      }
      for (const object of objects) {
        const known = items.get(nameOf(object));
        if (isFromBefore(object) || (known !== undefined && isNewerThanList(nameOf(object), known))) continue;
        changes.push(...store(object));
      }
      const listedUids = new Set(objects.map(uidOf));
      for (const uid of dropped) if (!listedUids.has(uid)) dropped.delete(uid);
      return changes;
    },
  };
}

function nameOf(object: ApiObject): string {
  return object.metadata?.name ?? '';
}

function uidOf(object: ApiObject): string {
  return object.metadata?.uid ?? '';
}

function versionOf(object: ApiObject): string {
  return object.metadata?.resourceVersion ?? '';
}

function isSame(a: ApiObject, b: ApiObject): boolean {
  return uidOf(a) === uidOf(b) && versionOf(a) === versionOf(b) && versionOf(a) !== '';
}

/** Whether `candidate` is behind `known`. Where it cannot be told, the newest arrival wins. */
function isOlder(candidate: ApiObject, known: ApiObject): boolean {
  return compareVersions(versionOf(candidate), versionOf(known)) === 'older';
}

/**
 * Compares two resourceVersions as the numbers that Kubernetes stores promise them to be (KEP-5504, comparable resource
 * version); `unknown` where one is something else.
 */
function compareVersions(a: string, b: string): 'older' | 'equal' | 'newer' | 'unknown' {
  if (!/^\d+$/.test(a) || !/^\d+$/.test(b)) return 'unknown';
  const [left, right] = [BigInt(a), BigInt(b)];
  if (left === right) return 'equal';
  return left < right ? 'older' : 'newer';
}
