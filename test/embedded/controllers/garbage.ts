/**
 * The garbage collector: an object whose owners are all gone goes too. An owner counts only where both its name and its
 * uid are right; a wrong one is found out 25 to 50 ms later. Seen on Kubernetes 1.37.2.
 */
import { asList, asObject, asString } from '../objects/json.ts';
import type { ApiObject, ResourceName } from '../objects/kinds.ts';
import { resources } from '../registry/resources.ts';
import { type Change, keyOf, type ObjectKey, type Store } from '../storage/store.ts';
import { type Controller, type ControllerDeps, createController } from './controller.ts';

const names: readonly ResourceName[] = Object.values(resources).map(({ resource }) => resource);
const byKind = new Map(names.map((name) => [resources[name].kind, name]));

/** Builds the collector: one queue for each resource, switched together. */
export function createGarbageCollector(deps: ControllerDeps): Controller {
  const collectors = names.map((name) => createCollector(deps, name));
  return {
    start: () => {
      for (const collector of collectors) collector.start();
    },
    stop: () => {
      for (const collector of collectors) collector.stop();
    },
  };
}

/** Collects objects of one resource, whatever their owners are. */
function createCollector({ store, registry, activity, delayMs }: ControllerDeps, name: ResourceName): Controller {
  /** Owner's uid to the keys of what it owns. */
  const owned = new Map<string, Map<string, ObjectKey>>();
  const text = ({ namespace, name: own }: ObjectKey): string => `${namespace}/${own}`;

  const note = ({ type, object, previous }: Change): readonly ObjectKey[] => {
    const key = keyOf(object);
    const owners = type === 'DELETED' ? [] : ownersOf(object);
    if (previous !== undefined) for (const { uid } of ownersOf(previous)) owned.get(uid)?.delete(text(key));
    for (const { uid } of owners) {
      const keys = owned.get(uid) ?? new Map<string, ObjectKey>();
      owned.set(uid, keys.set(text(key), key));
    }
    return owners.some((owner) => !exists(store, object, owner)) ? [key] : [];
  };

  const sync = (key: ObjectKey): void => {
    const object: ApiObject | undefined = store.get(name, key);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) return;
    const owners = ownersOf(object);
    if (owners.length === 0 || owners.some((owner) => exists(store, object, owner))) return;
    registry.remove(name, key, { uid: object.metadata.uid });
  };

  return createController({
    store,
    activity,
    delayMs,
    watches: names.map((resource) => ({
      resource,
      keys: (change: Change) => [
        ...(resource === name ? note(change) : []),
        ...(change.type === 'DELETED' ? [...(owned.get(change.object.metadata.uid)?.values() ?? [])] : []),
      ],
    })),
    all: () =>
      store
        .list(name)
        .flatMap((object: ApiObject) =>
          note({ type: 'ADDED', resource: name, object, previous: undefined, revision: 0 }),
        ),
    sync,
  });
}

type Owner = { readonly kind: string; readonly name: string; readonly uid: string };

function ownersOf(object: ApiObject): readonly Owner[] {
  return asList(object.metadata.ownerReferences).map((value) => {
    const owner = asObject(value);
    return {
      kind: asString(owner['kind']) ?? '',
      name: asString(owner['name']) ?? '',
      uid: asString(owner['uid']) ?? '',
    };
  });
}

/** Whether the owner is there. Owners of a kind that this server does not know (StatefulSet …) are taken to be. */
function exists(store: Store, object: ApiObject, { kind, name, uid }: Owner): boolean {
  const resource = byKind.get(kind);
  if (resource === undefined) return true;
  const namespace = resources[resource].isNamespaced ? (object.metadata.namespace ?? '') : '';
  return store.get(resource, { namespace, name })?.metadata.uid === uid;
}
