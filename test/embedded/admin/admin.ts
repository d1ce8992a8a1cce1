/**
 * What tests do to the world without HTTP: put objects there, make pods live and die, wait for a state. Everything goes
 * through the server's own rules, so a test cannot make what a real cluster would refuse.
 */
import type { Activity } from '../controllers/activity.ts';
import { type Waiting, waitUntil } from '../faults/wait.ts';
import { asObject, asString, type JsonObject } from '../objects/json.ts';
import type { ApiObject, Kinds, ResourceName, Stored } from '../objects/kinds.ts';
import type { Registry } from '../registry/registry.ts';
import { resources } from '../registry/resources.ts';
import { StatusError } from '../registry/status.ts';
import { controllerOptions, type WriteOptions } from '../registry/write-options.ts';
import type { ObjectKey, Store } from '../storage/store.ts';
import { typed } from '../storage/typed.ts';
import { createPodAdmin, type PodAdmin } from './pods.ts';

/** Verbs for tests. `namespace` is `default` where absent. */
export type Admin = PodAdmin & {
  /** Creates or replaces an object, found by its `kind`. Throws StatusError. */
  readonly put: (object: JsonObject) => ApiObject;
  readonly get: <R extends ResourceName>(resource: R, name: string, namespace?: string) => Stored<Kinds[R]> | undefined;
  readonly list: <R extends ResourceName>(resource: R, namespace?: string) => readonly Stored<Kinds[R]>[];
  /** Merges into an object, as a merge patch does. Throws StatusError. */
  readonly edit: <R extends ResourceName>(
    resource: R,
    name: string,
    change: JsonObject,
    namespace?: string,
  ) => Stored<Kinds[R]>;
  /** Deletes an object; one that is absent already is fine. */
  readonly delete: (resource: ResourceName, name: string, namespace?: string) => void;
  /** Resolves with the first true value that `look` gives, now or after a change of the resource; rejects after the limit. */
  readonly until: <T>(resource: ResourceName, look: () => T | undefined | false, waiting?: Waiting) => Promise<T>;
  /** Resolves when no controller has anything to do. */
  readonly settled: (waiting?: Waiting) => Promise<void>;
  /** The namespaces, nodes and objects that are there from the start. */
  readonly furnish: (objects: readonly JsonObject[], nodes: readonly string[]) => void;
};

/** How tests write. */
const adminOptions: WriteOptions = { ...controllerOptions, manager: 'admin', fieldValidation: 'Strict' };

const namesByKind = new Map(Object.values(resources).map(({ kind, resource }) => [kind, resource]));

/** Builds the verbs. */
export function createAdmin(deps: {
  readonly store: Store;
  readonly registry: Registry;
  readonly activity: Activity;
}): Admin {
  const { store, registry, activity } = deps;
  const keyFor = (resource: ResourceName, name: string, namespace = 'default'): ObjectKey => ({
    namespace: resources[resource].isNamespaced ? namespace : '',
    name,
  });

  const put = (object: JsonObject): ApiObject => {
    const resource = namesByKind.get(asString(object['kind']) ?? '');
    if (resource === undefined) throw new Error(`put: this server knows no kind ${String(object['kind'])}`);
    const metadata = asObject(object['metadata']);
    const key = keyFor(resource, asString(metadata['name']) ?? '', asString(metadata['namespace']));
    if (store.get(resource, key) === undefined) return registry.create(resource, key.namespace, object, adminOptions);
    return registry.replace(resource, key, object);
  };

  const edit: Admin['edit'] = (resource, name, change, namespace) =>
    typed(resource, registry.merge(resource, keyFor(resource, name, namespace), change, adminOptions));

  const remove = (resource: ResourceName, name: string, namespace?: string): void => {
    const key = keyFor(resource, name, namespace);
    if (store.get(resource, key) !== undefined) registry.remove(resource, key);
  };

  const until: Admin['until'] = (resource, look, waiting) =>
    waitUntil((settle) => {
      const check = (): void => {
        const found = look();
        if (found !== undefined && found !== false) settle(found);
      };
      const stop = store.onChange(resource, check);
      check();
      return stop;
    }, waiting);

  return {
    ...createPodAdmin({ store, registry }),
    put,
    get: (resource, name, namespace) => store.get(resource, keyFor(resource, name, namespace)),
    list: (resource, namespace) => store.list(resource, namespace),
    edit,
    delete: remove,
    until,
    settled: activity.settled,
    furnish: (objects, nodes) => {
      for (const name of ['default', 'kube-node-lease', 'kube-public', 'kube-system']) {
        put({ kind: 'Namespace', metadata: { name } });
      }
      for (const name of nodes) put({ kind: 'Node', metadata: { name } });
      for (const object of objects) put(object);
    },
  };
}

/** Whether an error is a refusal by the server's rules, with this status code where one is given. */
export function isRefusal(error: unknown, code?: number): error is StatusError {
  return error instanceof StatusError && (code === undefined || error.code === code);
}
