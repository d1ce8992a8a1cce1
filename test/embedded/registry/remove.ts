/** Deletes objects: preconditions, finalizers, and the grace period of pods. */
import { asObject, asString } from '../objects/json.ts';
import type { ApiObject, ResourceName } from '../objects/kinds.ts';
import { keyOf, type ObjectKey, type Store } from '../storage/store.ts';
import { resources } from './resources.ts';
import { deleteConflict, notFound } from './status.ts';
import { timestamp } from './write-options.ts';

/** What a DELETE may ask for. */
export type DeleteOptions = {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  /** Seconds until the object goes; 0: at once. */
  readonly gracePeriodSeconds?: number | undefined;
};

/** The last state of the object, and whether it is gone already. */
export type Removed = { readonly object: ApiObject; readonly isGone: boolean };

/** Deletes an object, or begins to. Throws StatusError 404, 409. */
export function removeObject(store: Store, name: ResourceName, key: ObjectKey, options: DeleteOptions): Removed {
  const resource = resources[name];
  const old: ApiObject | undefined = store.get(name, key);
  if (old === undefined) throw notFound(resource, key.name);
  const { uid, resourceVersion } = old.metadata;
  if (options.uid !== undefined && options.uid !== uid) {
    const why = `the UID in the precondition (${options.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
    throw deleteConflict(resource, key.name, why);
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) {
    const why = `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`;
    throw deleteConflict(resource, key.name, why);
  }
  return name === 'pods' ? removePod(store, old, options) : removePlain(store, name, old);
}

function removePlain(store: Store, name: ResourceName, old: ApiObject): Removed {
  const { finalizers = [], deletionTimestamp } = old.metadata;
  if (finalizers.length === 0 && name !== 'namespaces') {
    return { object: store.remove(name, keyOf(old)) ?? old, isGone: true };
  }
  if (deletionTimestamp !== undefined) return { object: old, isGone: false };
  const marked = {
    ...old,
    metadata: { ...old.metadata, deletionTimestamp: timestamp(), deletionGracePeriodSeconds: 0 },
  };
  const object = name === 'namespaces' ? terminating(old) : marked;
  return { object: store.put(name, object), isGone: false };
}

function terminating(namespace: ApiObject): ApiObject {
  return {
    ...namespace,
    metadata: { ...namespace.metadata, deletionTimestamp: timestamp() },
    status: { ...asObject(namespace['status']), phase: 'Terminating' },
  };
}

const DEFAULT_GRACE_SECONDS = 30;

function removePod(store: Store, old: ApiObject, options: DeleteOptions): Removed {
  const grace = graceOf(old, options.gracePeriodSeconds);
  const { finalizers = [], deletionGracePeriodSeconds: known } = old.metadata;
  if (known !== undefined && grace >= known && grace > 0) return { object: old, isGone: false };
  const generation = (old.metadata.generation ?? 1) + (known === undefined ? 1 : 0);
  const marked: ApiObject = {
    ...old,
    metadata: {
      ...old.metadata,
      generation,
      deletionTimestamp: timestamp(new Date(Date.now() + grace * 1000)),
      deletionGracePeriodSeconds: grace,
    },
  };
  const isHeld = grace > 0 || finalizers.length > 0;
  const isMarked = isHeld || known !== undefined;
  const object = isMarked ? store.put('pods', marked) : marked;
  return { object: isHeld ? object : (store.remove('pods', keyOf(old)) ?? object), isGone: !isHeld };
}

/** A pod that no node has, or whose containers ended, needs no grace. */
function graceOf(pod: ApiObject, asked: number | undefined): number {
  const spec = asObject(pod['spec']);
  const phase = asString(asObject(pod['status'])['phase']);
  const own = spec['terminationGracePeriodSeconds'];
  if (asString(spec['nodeName']) === undefined || phase === 'Failed' || phase === 'Succeeded') return 0;
  return asked ?? (typeof own === 'number' ? own : DEFAULT_GRACE_SECONDS);
}
