/**
 * Everything that changes objects, for the HTTP routes and the controllers alike. Each write happens in one go, so a
 * patch without a resourceVersion never meets a conflict (the real server retries inside; seen on Kubernetes 1.37.2).
 */
import { asObject, type JsonObject } from '../objects/json.ts';
import type { ApiObject, Kinds, ResourceName, Stored } from '../objects/kinds.ts';
import { apply } from '../ownership/apply.ts';
import { applyMergePatch } from '../patch/merge-patch.ts';
import type { ObjectKey, Store } from '../storage/store.ts';
import { typed } from '../storage/typed.ts';
import { applyConflict, checkConfig } from './apply-request.ts';
import { type CreateDeps, checkNewIdentity, createObject } from './create.ts';
import { decodeBody, decodePatched, emptyObject, normalForm } from './decode.ts';
import { type DeleteOptions, type Removed, removeObject } from './remove.ts';
import { type Allocator, apiVersionOf } from './resource.ts';
import { resources } from './resources.ts';
import { forbidden, notFound } from './status.ts';
import { type Update, type Updated, updateObject } from './update.ts';
import { controllerOptions, timestamp, type WriteOptions } from './write-options.ts';

/** A server-side apply. */
export type ApplyRequest = {
  readonly resource: ResourceName;
  readonly key: ObjectKey;
  readonly config: JsonObject;
  readonly force: boolean;
  readonly options: WriteOptions;
  /** Called before an absent object is created, to refuse it. */
  readonly authorizeCreate: () => void;
};

/** Writes objects. Every refusal is a StatusError. */
export type Registry = {
  readonly create: <R extends ResourceName>(
    resource: R,
    namespace: string,
    body: JsonObject,
    options: WriteOptions,
  ) => Stored<Kinds[R]>;
  readonly update: (update: Update) => Updated;
  /** A controller's update of a whole object; it must exist. */
  readonly replace: (resource: ResourceName, key: ObjectKey, object: JsonObject) => ApiObject;
  /** A merge patch of an object; it must exist. */
  readonly merge: (resource: ResourceName, key: ObjectKey, change: JsonObject, options: WriteOptions) => ApiObject;
  readonly apply: (request: ApplyRequest) => Updated;
  readonly remove: (resource: ResourceName, key: ObjectKey, options?: DeleteOptions) => Removed;
};

/** Builds the registry over a store. */
export function createRegistry(store: Store, allocator: Allocator): Registry {
  const deps: CreateDeps = { store, allocator, admit: admitInto(store) };
  const update = (change: Update): Updated => updateObject(deps, change);
  return {
    create: (name, namespace, body, options) => {
      const object = decodeBody(name, body, options);
      checkNewIdentity(resources[name], namespace, object);
      return typed(name, createObject(deps, name, namespace, { object, owned: false }, options));
    },
    update,
    replace: (resource, key, object) =>
      update({
        resource,
        key,
        options: controllerOptions,
        create: undefined,
        isUidPrecondition: true,
        transform: () => ({
          object: decodeBody(resource, object, controllerOptions),
          owned: false,
          written: undefined,
        }),
      }).object,
    merge: (resource, key, change, options) =>
      update({
        resource,
        key,
        options,
        create: undefined,
        isUidPrecondition: false,
        transform: (old) => {
          const object = decodePatched(resource, applyMergePatch(old ?? {}, change), options);
          return { object, owned: false, written: undefined };
        },
      }).object,
    apply: (request) => {
      const resource = resources[request.resource];
      const { config } = request;
      checkConfig(resource, request.key, config);
      return update({
        resource: request.resource,
        key: request.key,
        options: request.options,
        create: request.authorizeCreate,
        isUidPrecondition: false,
        transform: (old) => {
          const writer = {
            manager: request.options.manager,
            apiVersion: apiVersionOf(resource),
            subresource: request.options.subresource,
            now: timestamp(),
          };
          const applied = apply({
            live: old,
            empty: emptyObject(resource),
            config,
            schema: resource.schema,
            writer,
            force: request.force,
            normalise: (value) => normalForm(resource, value),
          });
          if (applied.kind === 'conflicts') throw applyConflict(applied.conflicts);
          const metadata = { name: request.key.name, ...asObject(applied.object['metadata']) };
          return { object: { ...applied.object, metadata }, owned: true, written: undefined };
        },
      });
    },
    remove: (name, key, options = {}) => removeObject(store, name, key, options),
  };
}

/** Namespace lifecycle: nothing new in a namespace that is absent or being terminated. */
function admitInto(store: Store): CreateDeps['admit'] {
  return (resource, namespace, name) => {
    if (!resource.isNamespaced) return;
    const found: ApiObject | undefined = store.get('namespaces', { namespace: '', name: namespace });
    if (found === undefined) throw notFound(resources.namespaces, namespace);
    if (found.metadata.deletionTimestamp === undefined) return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    const cause = {
      reason: 'NamespaceTerminating',
      message: `namespace ${namespace} is being terminated`,
      field: 'metadata.namespace',
    };
    throw forbidden(resource, name, why, [cause]);
  };
}
