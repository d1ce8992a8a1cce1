/** From the JSON of a request to an object in normal form with its defaults; what does not fit is refused. */
import { asObject, asString, isObject, type JsonObject } from '../objects/json.ts';
import type { ApiObject, ResourceName } from '../objects/kinds.ts';
import { DecodeFault, normalise, zeroForm } from '../objects/normalise.ts';
import { invalid } from '../validation/faults.ts';
import { apiVersionOf, type Resource } from './resource.ts';
import { resources } from './resources.ts';
import { badRequest, invalidObject, type StatusError } from './status.ts';
import type { WriteOptions } from './write-options.ts';

/** The object in normal form with defaults and its type; `warnings` takes unknown fields. Throws DecodeFault. */
export function normalForm(resource: Resource, body: JsonObject, warnings: string[] = []): JsonObject {
  const plain = normalise({ ...body, ...typeOf(resource) }, resource.schema, { warnings });
  if (resource.fillDefaults === undefined) return plain;
  return normalise(resource.fillDefaults(plain), resource.schema, { warnings: [] });
}

const typeOf = (resource: Resource): JsonObject => ({ kind: resource.kind, apiVersion: apiVersionOf(resource) });

/** The object that a create or an update sent. Throws StatusError 400. */
export function decodeBody(name: ResourceName, body: JsonObject, options: WriteOptions): JsonObject {
  const resource = resources[name];
  const refuse = (why: string): StatusError =>
    badRequest(`${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: ${why}`);
  const kind = asString(body['kind']) ?? resource.kind;
  const version = asString(body['apiVersion']) ?? apiVersionOf(resource);
  if (kind !== resource.kind || version !== apiVersionOf(resource)) {
    const isKnown = Object.values(resources).some((other) => other.kind === kind && apiVersionOf(other) === version);
    const why = isKnown
      ? `converting (v1.${kind}) to (core.${resource.kind}): unknown conversion`
      : `no kind "${kind}" is registered for version "${version}"`;
    throw badRequest(
      `${kind} in version "${version.split('/').at(-1)}" cannot be handled as a ${resource.kind}: ${why}`,
    );
  }
  return decode(body, resource, options, refuse);
}

/** The object that a JSON or merge patch made. Throws StatusError 422 that quotes it. */
export function decodePatched(name: ResourceName, patched: unknown, options: WriteOptions): JsonObject {
  const refuse = (why: string): StatusError =>
    invalidObject({ resource: '', kind: '', group: '' }, '', [invalid('patch', JSON.stringify(patched), why)]);
  if (!isObject(patched)) throw refuse('json: cannot unmarshal into Go value');
  return decode(patched, resources[name], options, refuse);
}

function decode(
  body: JsonObject,
  resource: Resource,
  options: WriteOptions,
  refuse: (why: string) => StatusError,
): JsonObject {
  const warnings: string[] = [];
  try {
    const object = normalForm(resource, body, warnings);
    if (warnings.length > 0 && options.fieldValidation === 'Strict') {
      throw refuse(`strict decoding error: ${warnings.join(', ')}`);
    }
    if (options.fieldValidation === 'Warn') warnings.forEach(options.warn);
    return object;
  } catch (error) {
    throw error instanceof DecodeFault ? refuse(error.message) : error;
  }
}

const empties = new WeakMap<Resource, JsonObject>();

/** The kind's empty object, without defaults: whatever a default fills in counts as written by who creates the object. */
export function emptyObject(resource: Resource): JsonObject {
  const known = empties.get(resource);
  if (known !== undefined) return known;
  const { schema } = resource;
  const zero = zeroForm(schema.kind === 'struct' ? { ...schema, presence: 'always' } : schema);
  const fresh = { ...asObject(zero), ...typeOf(resource) };
  empties.set(resource, fresh);
  return fresh;
}

/** The object as one that can be stored: its metadata is complete. */
export function asApiObject(object: JsonObject, resource: Resource): ApiObject {
  const metadata = asObject(object['metadata']);
  return {
    ...object,
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    metadata: {
      ...metadata,
      name: asString(metadata['name']) ?? '',
      uid: asString(metadata['uid']) ?? '',
      resourceVersion: asString(metadata['resourceVersion']) ?? '',
      creationTimestamp: asString(metadata['creationTimestamp']) ?? '',
    },
  };
}
