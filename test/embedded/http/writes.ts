/** POST, PUT, PATCH and DELETE of objects. */
import { parse as parseYaml } from 'yaml';
import type { Authorizer } from '../access/rbac.ts';
import { refusal } from '../access/rbac.ts';
import { asObject, asString, isList, isObject, type JsonObject } from '../objects/json.ts';
import type { ApiObject, ResourceName } from '../objects/kinds.ts';
import { applyJsonPatch, PatchFailed } from '../patch/json-patch.ts';
import { applyMergePatch } from '../patch/merge-patch.ts';
import { applyStrategicPatch } from '../patch/strategic-merge-patch.ts';
import { decodeBody, decodePatched } from '../registry/decode.ts';
import type { Registry } from '../registry/registry.ts';
import { resources } from '../registry/resources.ts';
import { badRequest, details, patchNotApplied } from '../registry/status.ts';
import type { Updated } from '../registry/update.ts';
import { isTrue } from './call.ts';
import { type Answer, type Exchange, json, success } from './exchange.ts';
import { acceptedForm, objectText } from './media.ts';
import { bodyObject, parseJson, patchTypeOf, writeOptionsOf } from './write-request.ts';

/** What writing needs. */
export type WriteDeps = { readonly registry: Registry; readonly authorizer: Authorizer };

const keyOf = (name: ResourceName, { call }: Exchange) => ({
  namespace: resources[name].isNamespaced ? call.namespace : '',
  name: call.name,
});

/** POST. Throws StatusError. */
export function create({ registry }: WriteDeps, name: ResourceName, exchange: Exchange): Answer {
  const form = acceptedForm(exchange.headers.accept);
  const options = writeOptionsOf(exchange, 'CreateOptions');
  const body = bodyObject(exchange, resources[name].kind);
  return json(201, objectText(registry.create(name, exchange.call.namespace, body, options), form));
}

/** PUT. Throws StatusError. */
export function replace(deps: WriteDeps, name: ResourceName, exchange: Exchange): Answer {
  const form = acceptedForm(exchange.headers.accept);
  const options = writeOptionsOf(exchange, 'UpdateOptions');
  const body = bodyObject(exchange, resources[name].kind);
  const written = asObject(body['metadata'])['managedFields'];
  const isCreating = resources[name].createsOnUpdate && exchange.call.subresource === '';
  const updated = deps.registry.update({
    resource: name,
    key: keyOf(name, exchange),
    options,
    isUidPrecondition: true,
    create: isCreating ? () => authorizeCreate(deps, exchange) : undefined,
    transform: () => ({ object: decodeBody(name, body, options), owned: false, written }),
  });
  return answerOf(updated, form);
}

/** PATCH: JSON patch, merge patches, server-side apply. Throws StatusError. */
export function patch(deps: WriteDeps, name: ResourceName, exchange: Exchange): Answer {
  const type = patchTypeOf(exchange.headers.contentType, exchange.call);
  const form = acceptedForm(exchange.headers.accept);
  const options = writeOptionsOf(exchange, 'PatchOptions', type);
  const key = keyOf(name, exchange);
  if (type === 'apply') {
    const config = applyConfig(exchange.body);
    const force = isTrue(exchange.call.query.get('force'));
    const authorize = (): void => authorizeCreate(deps, exchange);
    return answerOf(
      deps.registry.apply({ resource: name, key, config, force, options, authorizeCreate: authorize }),
      form,
    );
  }
  const change = changes[type](exchange.body);
  const updated = deps.registry.update({
    resource: name,
    key,
    options,
    isUidPrecondition: false,
    create: undefined,
    transform: (old) => {
      const patched = change(old ?? {});
      const written = asObject(asObject(patched)['metadata'])['managedFields'];
      return { object: decodePatched(name, patched, options), owned: false, written };
    },
  });
  return answerOf(updated, form);
}

function jsonChange(body: string): (object: JsonObject) => unknown {
  const operations = parseJson(body);
  if (operations === undefined) throw badRequest('invalid JSON patch');
  if (!isList(operations)) throw badRequest(cannotUnmarshal(operations, '[]handlers.jsonPatchOp'));
  const list = operations.map(asObject);
  return (object) => {
    try {
      return applyJsonPatch(object, list);
    } catch (error) {
      throw error instanceof PatchFailed ? patchNotApplied() : error;
    }
  };
}

function mergeChange(body: string): (object: JsonObject) => JsonObject {
  const merge = mergeObject(body);
  return (object) => applyMergePatch(object, merge);
}

function strategicChange(body: string): (object: JsonObject) => JsonObject {
  const merge = mergeObject(body);
  return (object) => applyStrategicPatch(object, merge);
}

function mergeObject(body: string): JsonObject {
  const merge = parseJson(body);
  if (merge === undefined) throw badRequest('invalid JSON patch');
  if (!isObject(merge)) throw badRequest(cannotUnmarshal(merge, 'map[string]interface {}'));
  return merge;
}

const changes = { json: jsonChange, merge: mergeChange, strategic: strategicChange } as const;

function cannotUnmarshal(value: unknown, wanted: string): string {
  const kind = isList(value) ? 'array' : typeof value;
  return `error decoding patch: json: cannot unmarshal ${kind} into Go value of type ${wanted}`;
}

function applyConfig(body: string): JsonObject {
  const parsed = parseJson(body) ?? yamlOf(body);
  return isObject(parsed) ? parsed : {};
}

function yamlOf(body: string): unknown {
  try {
    return parseYaml(body);
  } catch {
    throw badRequest('error decoding patch: error converting YAML to JSON: yaml: found unexpected end of stream');
  }
}

/** Creating by PUT or apply needs `create` too, and here the request has a name. Throws StatusError 403. */
function authorizeCreate({ authorizer }: WriteDeps, { call, user }: Exchange): void {
  const attributes = { ...call, verb: 'create' };
  if (!authorizer.allows(user, attributes)) throw refusal(user, attributes);
}

const answerOf = ({ object, isCreated }: Updated, form: Parameters<typeof objectText>[1]): Answer =>
  json(isCreated ? 201 : 200, objectText(object, form));

/** DELETE. Throws StatusError 404, 409. */
export function remove({ registry }: WriteDeps, name: ResourceName, exchange: Exchange): Answer {
  const form = acceptedForm(exchange.headers.accept);
  const resource = resources[name];
  const body = asObject(parseJson(exchange.body));
  const preconditions = asObject(body['preconditions']);
  const seconds = exchange.call.query.get('gracePeriodSeconds') ?? body['gracePeriodSeconds'];
  const { object, isGone } = registry.remove(name, keyOf(name, exchange), {
    uid: asString(preconditions['uid']),
    resourceVersion: asString(preconditions['resourceVersion']),
    gracePeriodSeconds: seconds === undefined ? undefined : Number(seconds),
  });
  if (resource.deleteAnswersObject || !isGone) return json(200, objectText(object, form));
  return json(200, JSON.stringify(deletedStatus(object, name)));
}

function deletedStatus(object: ApiObject, name: ResourceName): JsonObject {
  return success({ ...details(resources[name], object.metadata.name), uid: object.metadata.uid });
}
