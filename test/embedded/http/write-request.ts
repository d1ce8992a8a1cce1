/** What the writing verbs share: bodies, content types, field managers, validation of parameters. Seen on Kubernetes 1.37.2. */
import { isObject, type JsonObject } from '../objects/json.ts';
import { badRequest, invalidObject, StatusError } from '../registry/status.ts';
import type { WriteOptions } from '../registry/write-options.ts';
import { type FieldFault, forbidden, required, tooLong } from '../validation/faults.ts';
import type { Exchange } from './exchange.ts';

/** The kinds of a patch. */
export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

const patchTypes: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

/**
 * The kind of a PATCH. Strategic merge patches, which the real server takes everywhere, are taken for the status of pods
 * alone: which lists are merged there, and by which key, is all that this server knows of them. Throws StatusError 415.
 */
export function patchTypeOf(
  contentType: string,
  { resource, subresource }: { readonly resource: string; readonly subresource: string },
): PatchType {
  const type = patchTypes[mediaType(contentType)];
  const isKnown = type !== 'strategic' || (resource === 'pods' && subresource === 'status');
  if (type !== undefined && isKnown) return type;
  throw new StatusError('415: Unsupported Media Type', { code: 415, reason: 'UnsupportedMediaType', details: {} });
}

const mediaType = (contentType: string): string => (contentType.split(';')[0] ?? '').trim();

/** The object in the body of a POST or PUT. Throws StatusError 400, 415. */
export function bodyObject({ body, headers }: Exchange, kind: string): JsonObject {
  const type = mediaType(headers.contentType);
  if (type !== '' && type !== 'application/json' && type !== 'application/yaml') {
    const accepted = 'application/json, application/yaml, application/vnd.kubernetes.protobuf';
    const message = `the body of the request was in an unknown format - accepted media types include: ${accepted}`;
    throw new StatusError(message, { code: 415, reason: 'UnsupportedMediaType' });
  }
  const parsed = parseJson(body);
  if (isObject(parsed)) return parsed;
  const why = 'unexpected end of JSON input';
  throw badRequest(
    `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: ${why} (${body === '' ? '<empty>' : body.slice(0, 500)})`,
  );
}

/** The parsed text, or undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const MAX_MANAGER_BYTES = 128;

/** Who writes and how, from the parameters. Throws StatusError 422. */
export function writeOptionsOf(
  { call, headers, warn }: Exchange,
  optionsKind: string,
  patch?: PatchType,
): WriteOptions {
  const { query } = call;
  const given = query.get('fieldManager') ?? '';
  const faults: readonly FieldFault[] = [
    ...(patch === 'apply' && given === '' ? [required('fieldManager', 'is required for apply patch')] : []),
    ...(patch !== undefined && patch !== 'apply' && query.has('force')
      ? [forbidden('force', 'may not be specified for non-apply patch')]
      : []),
    ...(Buffer.byteLength(given) > MAX_MANAGER_BYTES ? [tooLong('fieldManager', MAX_MANAGER_BYTES)] : []),
  ];
  if (faults.length > 0) throw invalidObject({ resource: '', kind: optionsKind, group: 'meta.k8s.io' }, '', faults);
  const validation = query.get('fieldValidation');
  return {
    manager: given === '' ? defaultManager(headers.userAgent) : given,
    fieldValidation: validation === 'Strict' || validation === 'Ignore' ? validation : 'Warn',
    dryRun: query.get('dryRun') === 'All',
    subresource: call.subresource,
    warn,
  };
}

/** The program's name from the User-Agent, as far as its first slash. */
function defaultManager(userAgent: string): string {
  const name = userAgent.split('/')[0]?.slice(0, MAX_MANAGER_BYTES) ?? '';
  return name === '' ? 'unknown' : name;
}
