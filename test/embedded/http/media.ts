/** What a client accepts: whole objects or only their metadata (`as=PartialObjectMetadata`). */
import { type JsonObject, textOf, without } from '../objects/json.ts';
import type { ApiObject } from '../objects/kinds.ts';
import { apiVersionOf, type Resource } from '../registry/resource.ts';
import { StatusError } from '../registry/status.ts';

/** The form of the answer. */
export type Form = 'whole' | 'metadata' | 'metadata-list';

const KNOWN = 'application/json, application/yaml, application/vnd.kubernetes.protobuf';

/** The first form in the Accept header that this server can give. Throws StatusError 406. */
export function acceptedForm(accept: string | undefined): Form {
  for (const range of jsonRanges(accept)) {
    const as = /;\s*as=([^;]+)/.exec(range)?.[1];
    if (as === undefined) return 'whole';
    if (as === 'PartialObjectMetadata') return 'metadata';
    if (as === 'PartialObjectMetadataList') return 'metadata-list';
  }
  throw notAcceptable(`only the following media types are accepted: ${KNOWN}`);
}

/** Refuses a client that does not take JSON at all. Throws StatusError 406. */
export function checkAcceptable(accept: string | undefined): void {
  if (jsonRanges(accept).length > 0) return;
  throw notAcceptable(`406: Not Acceptable\n\nAvailable representations: ${KNOWN}`, {});
}

function jsonRanges(accept: string | undefined): readonly string[] {
  const ranges = (accept === undefined || accept === '' ? '*/*' : accept).split(',').map((range) => range.trim());
  return ranges.filter((range) => /^(\*\/\*|application\/\*|application\/json)(;|$)/.test(range));
}

function notAcceptable(message: string, details?: JsonObject): StatusError {
  return new StatusError(message, {
    code: 406,
    reason: 'NotAcceptable',
    ...(details === undefined ? {} : { details }),
  });
}

const META = 'meta.k8s.io/v1';
const partials = new WeakMap<ApiObject, JsonObject>();

/** Only an object's metadata. */
function partial(object: ApiObject): JsonObject {
  const known = partials.get(object);
  if (known !== undefined) return known;
  const fresh = { kind: 'PartialObjectMetadata', apiVersion: META, metadata: object.metadata };
  partials.set(object, fresh);
  return fresh;
}

/** An object as text. */
export function objectText(object: ApiObject, form: Form): string {
  return textOf(form === 'whole' ? object : partial(object));
}

const untyped = new WeakMap<ApiObject, JsonObject>();

/** The items of a list carry neither kind nor version. */
function bare(object: ApiObject): JsonObject {
  const known = untyped.get(object);
  if (known !== undefined) return known;
  const fresh = without(object, 'kind', 'apiVersion');
  untyped.set(object, fresh);
  return fresh;
}

/** A list as text. `metadata` is that of the list. Throws StatusError 406 where a single object's form was asked for. */
export function listText(resource: Resource, metadata: JsonObject, items: readonly ApiObject[], form: Form): string {
  if (form === 'metadata') {
    const type = `${resource.group === '' ? 'core' : resource.group.split('.')[0]}.${resource.kind}List`;
    throw notAcceptable(`you requested PartialObjectMetadata, but the requested object is a list (*${type})`);
  }
  const isWhole = form === 'whole';
  const head = isWhole
    ? { kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource), metadata }
    : { kind: 'PartialObjectMetadataList', apiVersion: META, metadata };
  const texts = items.map((item) => textOf(isWhole ? bare(item) : partial(item)));
  return `${JSON.stringify(head).slice(0, -1)},"items":[${texts.join(',')}]}`;
}
