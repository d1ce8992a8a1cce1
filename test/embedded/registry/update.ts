/** Changes objects: identity, versions, owners, what the server keeps, rules; a write that changes nothing is not stored. */
import { asObject, asString, equal, type JsonObject, without } from '../objects/json.ts';
import type { ApiObject, ResourceName } from '../objects/kinds.ts';
import { normalise, storedForm } from '../objects/normalise.ts';
import { recordUpdate, sameButForTimes } from '../ownership/managed-fields.ts';
import { keyOf, type ObjectKey, type Store } from '../storage/store.ts';
import { metadataFaults, metadataUpdateFaults } from '../validation/metadata.ts';
import { type CreateDeps, checkNamespace, createObject } from './create.ts';
import { asApiObject } from './decode.ts';
import { apiVersionOf, type Resource } from './resource.ts';
import { resources } from './resources.ts';
import { badRequest, conflict, invalidObject, notFound, stale, unexpected } from './status.ts';
import { timestamp, type WriteOptions } from './write-options.ts';

/** The next version of an object, in normal form. */
export type NextVersion = {
  readonly object: JsonObject;
  /** Its owners are recorded already (server-side apply). */
  readonly owned: boolean;
  /** `metadata.managedFields` as the client wrote it, before normalisation. */
  readonly written: unknown;
};

/** A change of one object. */
export type Update = {
  readonly resource: ResourceName;
  readonly key: ObjectKey;
  readonly options: WriteOptions;
  /** Makes the next version from the stored one, or from nothing. */
  readonly transform: (old: ApiObject | undefined) => NextVersion;
  /** Create what is absent; `undefined`: absent is 404. Called first, it may refuse. */
  readonly create: ((object: JsonObject) => void) | undefined;
  /** A `metadata.uid` is a precondition (PUT: 409) and not an edit (PATCH: 422). */
  readonly isUidPrecondition: boolean;
};

/** What was stored. */
export type Updated = { readonly object: ApiObject; readonly isCreated: boolean };

/** Changes or creates an object. Throws StatusError 400, 403, 404, 409, 422. */
export function updateObject(deps: CreateDeps, update: Update): Updated {
  const { key, options } = update;
  const resource = resources[update.resource];
  const old = deps.store.get(update.resource, key);
  if (old === undefined && update.create === undefined) throw notFound(resource, key.name);
  const next = update.transform(old);
  const metadata = asObject(next.object['metadata']);
  checkNamespace(resource, key.namespace, metadata);
  checkName(key.name, metadata);
  if (old === undefined) return { object: createAbsent(deps, update, next), isCreated: true };
  checkVersion(resource, metadata, old, update.isUidPrecondition);
  const object = nextVersion(deps, resource, { old, next, options });
  const faults = [
    ...metadataUpdateFaults(object, old),
    ...metadataFaults(object, { name: resource.nameRule, isNamespaced: resource.isNamespaced }),
    ...(resource.validate?.(object, old) ?? []),
  ];
  if (faults.length > 0) throw invalidObject(resource, key.name, faults);
  if (equal(object, old) || sameButForTimes(old, object)) return { object: old, isCreated: false };
  return { object: options.dryRun ? object : keep(deps.store, update.resource, object), isCreated: false };
}

function createAbsent(
  deps: CreateDeps,
  { resource: name, key, options, create, isUidPrecondition }: Update,
  next: NextVersion,
): ApiObject {
  const resource = resources[name];
  const uid = asString(asObject(next.object['metadata'])['uid']);
  if (uid !== undefined) {
    throw conflict(
      resource,
      key.name,
      isUidPrecondition
        ? storageError(resource, key, `Precondition failed: UID in precondition: ${uid}, UID in object meta: `)
        : `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
    );
  }
  create?.(next.object);
  const named = { ...next.object, metadata: { ...asObject(next.object['metadata']), name: key.name } };
  return createObject(deps, name, key.namespace, { object: named, owned: next.owned }, options);
}

function checkName(name: string, metadata: JsonObject): void {
  const given = asString(metadata['name']);
  if (given === name) return;
  if (given === undefined) throw badRequest('name must be provided');
  throw badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`);
}

function checkVersion(resource: Resource, metadata: JsonObject, old: ApiObject, isUidPrecondition: boolean): void {
  const { uid } = metadata;
  if (isUidPrecondition && uid !== undefined && uid !== old.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${String(uid)}, UID in object meta: ${old.metadata.uid}`;
    throw conflict(resource, old.metadata.name, storageError(resource, keyOf(old), why));
  }
  const version = asString(metadata['resourceVersion']) ?? '';
  if (version === '' || version === '0') return;
  if (!/^\d+$/.test(version)) throw unexpected(`strconv.ParseUint: parsing "${version}": invalid syntax`);
  if (version !== old.metadata.resourceVersion) throw stale(resource, old.metadata.name);
}

function storageError(resource: Resource, { namespace, name }: ObjectKey, why: string): string {
  const path = `${resource.storagePrefix}/${namespace === '' ? name : `${namespace}/${name}`}`;
  return `StorageError: invalid object, Code: 4, Key: ${path}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`;
}

type Versions = { readonly old: ApiObject; readonly next: NextVersion; readonly options: WriteOptions };

function nextVersion(deps: CreateDeps, resource: Resource, { old, next, options }: Versions): ApiObject {
  const { schema } = resource;
  const isStatus = options.subresource === 'status';
  const kept = isStatus ? statusOnly(next.object, old) : (resource.resetForUpdate?.(next.object, old) ?? next.object);
  const complete = keepIdentity(kept, old);
  const writer = {
    manager: options.manager,
    apiVersion: apiVersionOf(resource),
    subresource: options.subresource,
    now: timestamp(),
  };
  const recorded = next.owned
    ? complete
    : recordUpdate({ live: old, next: complete, schema, writer, written: next.written, isCreate: false });
  const stored = storedForm(recorded);
  const prepared = isStatus ? stored : (resource.prepareUpdate?.(stored, old, deps.allocator) ?? stored);
  return asApiObject(normalise(prepared, schema, { warnings: [] }), resource);
}

/** A write to the status changes the status and, as on the real server, labels and annotations. */
function statusOnly(object: JsonObject, old: ApiObject): JsonObject {
  const metadata = asObject(object['metadata']);
  return {
    ...old,
    metadata: { ...metadata, ownerReferences: old.metadata.ownerReferences },
    ...(object['status'] === undefined ? {} : { status: object['status'] }),
  };
}

/** What no write removes or changes: identity and the progress of a deletion. */
function keepIdentity(object: JsonObject, old: ApiObject): JsonObject {
  const metadata = asObject(object['metadata']);
  const { namespace, uid, resourceVersion, creationTimestamp, generation, deletionTimestamp } = old.metadata;
  return {
    ...object,
    metadata: {
      ...without(metadata, 'generation', 'deletionTimestamp'),
      ...(namespace === undefined ? {} : { namespace }),
      uid: metadata['uid'] ?? uid,
      resourceVersion,
      creationTimestamp,
      ...(generation === undefined ? {} : { generation }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      ...(old.metadata.deletionGracePeriodSeconds === undefined
        ? {}
        : {
            deletionGracePeriodSeconds:
              metadata['deletionGracePeriodSeconds'] ?? old.metadata.deletionGracePeriodSeconds,
          }),
    },
  };
}

/** Stores the version; one that was only held by its last finalizer goes. */
function keep(store: Store, name: ResourceName, object: ApiObject): ApiObject {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata;
  const stored = store.put(name, object);
  const isHeld = deletionGracePeriodSeconds > 0 || finalizers.length > 0 || name === 'namespaces';
  if (deletionTimestamp !== undefined && !isHeld) store.remove(name, keyOf(stored));
  return stored;
}
