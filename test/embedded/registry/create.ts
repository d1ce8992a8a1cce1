/** Creates objects: names, identity, owners, what the server fills in, rules. */
import { randomUUID } from 'node:crypto';
import { asObject, asString, type JsonObject, without } from '../objects/json.ts';
import type { ApiObject, ResourceName } from '../objects/kinds.ts';
import { normalise, storedForm } from '../objects/normalise.ts';
import { recordUpdate } from '../ownership/managed-fields.ts';
import { keyOf, type Store } from '../storage/store.ts';
import { metadataFaults } from '../validation/metadata.ts';
import { asApiObject, emptyObject } from './decode.ts';
import { generatedName } from './generated-name.ts';
import { type Allocator, apiVersionOf, type Resource } from './resource.ts';
import { resources } from './resources.ts';
import { alreadyExists, badRequest, invalidObject, unexpected } from './status.ts';
import { timestamp, type WriteOptions } from './write-options.ts';

/** What creating needs. */
export type CreateDeps = {
  readonly store: Store;
  readonly allocator: Allocator;
  /** Called first: refuses what the state of the namespace forbids. */
  readonly admit: (resource: Resource, namespace: string, name: string) => void;
};

/** An object to create, in normal form. `owned`: its owners are recorded already (server-side apply). */
export type NewObject = { readonly object: JsonObject; readonly owned: boolean };

/** What a client cannot choose. */
const serverFields = [
  'namespace',
  'uid',
  'creationTimestamp',
  'resourceVersion',
  'generation',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
];

/** Creates an object. Throws StatusError 400, 403, 409, 422. */
export function createObject(
  deps: CreateDeps,
  name: ResourceName,
  namespace: string,
  given: NewObject,
  options: WriteOptions,
): ApiObject {
  const resource = resources[name];
  const metadata = asObject(given.object['metadata']);
  const base = asString(metadata['generateName']);
  const ownName = asString(metadata['name']) ?? (base === undefined ? '' : generatedName(base));
  deps.admit(resource, namespace, asString(metadata['name']) ?? base ?? '');
  const now = timestamp();
  const named: JsonObject = {
    ...given.object,
    metadata: {
      ...without(metadata, ...serverFields),
      name: ownName,
      ...(resource.isNamespaced ? { namespace } : {}),
      uid: randomUUID(),
      creationTimestamp: now,
    },
  };
  const writer = { manager: options.manager, apiVersion: apiVersionOf(resource), subresource: '', now };
  const { schema } = resource;
  const live = emptyObject(resource);
  const recorded = given.owned
    ? named
    : recordUpdate({ live, next: named, schema, writer, written: undefined, isCreate: true });
  const stored = storedForm(recorded);
  const prepared = resource.prepareCreate?.(stored, deps.allocator) ?? stored;
  const object = asApiObject(normalise(prepared, schema, { warnings: [] }), resource);
  const faults = [
    ...metadataFaults(object, { name: resource.nameRule, isNamespaced: resource.isNamespaced }),
    ...(resource.validate?.(object, undefined) ?? []),
  ];
  if (faults.length > 0) throw invalidObject(resource, object.metadata.name, faults);
  if (deps.store.get(name, keyOf(object)) !== undefined) throw alreadyExists(resource, object.metadata.name);
  return options.dryRun ? object : deps.store.put(name, object);
}

/** What a POST body may not say. Throws StatusError. */
export function checkNewIdentity(resource: Resource, namespace: string, object: JsonObject): void {
  const metadata = asObject(object['metadata']);
  checkNamespace(resource, namespace, metadata);
  if (metadata['resourceVersion'] !== undefined) {
    throw unexpected('resourceVersion should not be set on objects to be created');
  }
}

/** The namespace of an object must be that of the request. Throws StatusError 400. */
export function checkNamespace(resource: Resource, namespace: string, metadata: JsonObject): void {
  if (!resource.isNamespaced || metadata['namespace'] === undefined || metadata['namespace'] === namespace) return;
  throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}
