/** The Status objects that the server answers instead of what was asked for, worded as Kubernetes 1.37.2 words them. */
import type { JsonObject } from '../objects/json.ts';
import { describeFaults, type FieldFault } from '../validation/faults.ts';

/** How a resource is called in messages: `endpointslices.discovery.k8s.io`, `EndpointSlice.discovery.k8s.io`. */
export type ResourceNames = { readonly resource: string; readonly kind: string; readonly group: string };

/** A refused request: the Status that is answered, and the seconds of a Retry-After header. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly code: number;
  readonly reason: string | undefined;
  readonly details: JsonObject | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    message: string,
    fields: {
      readonly code: number;
      readonly reason?: string;
      readonly details?: JsonObject;
      readonly retryAfterSeconds?: number;
    },
  ) {
    super(message);
    this.code = fields.code;
    this.reason = fields.reason;
    this.details = fields.details;
    this.retryAfterSeconds = fields.retryAfterSeconds;
  }
}

/** The Status as it stands in the body. */
export function statusBody(error: StatusError): JsonObject {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: error.message,
    ...(error.reason === undefined ? {} : { reason: error.reason }),
    ...(error.details === undefined ? {} : { details: error.details }),
    code: error.code,
  };
}

const qualified = (name: string, group: string): string => (group === '' ? name : `${name}.${group}`);

/** `details` that name an object by its resource. */
export function details(names: ResourceNames, name: string): JsonObject {
  return {
    ...(name === '' ? {} : { name }),
    ...(names.group === '' ? {} : { group: names.group }),
    kind: names.resource,
  };
}

export function badRequest(message: string): StatusError {
  return new StatusError(message, { code: 400, reason: 'BadRequest' });
}

export function unauthorized(): StatusError {
  return new StatusError('Unauthorized', { code: 401, reason: 'Unauthorized' });
}

/** A refusal by authorization or admission; `name` is empty where the request names no object (POST, list). */
export function forbidden(
  names: ResourceNames,
  name: string,
  why: string,
  causes?: readonly JsonObject[],
): StatusError {
  const subject = qualified(names.resource, names.group);
  const message = name === '' ? `${subject} is forbidden: ${why}` : `${subject} "${name}" is forbidden: ${why}`;
  const extra = causes === undefined ? {} : { causes };
  return new StatusError(message, { code: 403, reason: 'Forbidden', details: { ...details(names, name), ...extra } });
}

export function notFound(names: ResourceNames, name: string): StatusError {
  const message = `${qualified(names.resource, names.group)} "${name}" not found`;
  return new StatusError(message, { code: 404, reason: 'NotFound', details: details(names, name) });
}

/** A path that leads to no resource of a known group. */
export function noSuchResource(): StatusError {
  return new StatusError('the server could not find the requested resource', {
    code: 404,
    reason: 'NotFound',
    details: {},
  });
}

export function methodNotAllowed(): StatusError {
  const message = 'the server does not allow this method on the requested resource';
  return new StatusError(message, { code: 405, reason: 'MethodNotAllowed', details: {} });
}

export function alreadyExists(names: ResourceNames, name: string): StatusError {
  const message = `${qualified(names.resource, names.group)} "${name}" already exists`;
  return new StatusError(message, { code: 409, reason: 'AlreadyExists', details: details(names, name) });
}

export function conflict(names: ResourceNames, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(names.resource, names.group)} "${name}": ${why}`;
  return new StatusError(message, { code: 409, reason: 'Conflict', details: details(names, name) });
}

/** A write that carries an older resourceVersion than the stored one. */
export function stale(names: ResourceNames, name: string): StatusError {
  const why = 'the object has been modified; please apply your changes to the latest version and try again';
  return conflict(names, name, why);
}

/** A precondition of a deletion that does not hold: the one conflict that names the kind. */
export function deleteConflict(names: ResourceNames, name: string, why: string): StatusError {
  return conflict({ ...names, resource: names.kind }, name, why);
}

export function expired(message: string): StatusError {
  return new StatusError(message, { code: 410, reason: 'Expired' });
}

/** The object breaks the rules of its kind. */
export function invalidObject(names: ResourceNames, name: string, faults: readonly FieldFault[]): StatusError {
  const kind = qualified(names.kind, names.group);
  const causes = faults.map(({ field, reason, body }) => ({ reason, message: body, field }));
  return new StatusError(`${kind} "${name}" is invalid: ${describeFaults(faults)}`, {
    code: 422,
    reason: 'Invalid',
    details: {
      ...(name === '' ? {} : { name }),
      ...(names.group === '' ? {} : { group: names.group }),
      ...(names.kind === '' ? {} : { kind: names.kind }),
      causes,
    },
  });
}

/** A JSON patch that does not apply: 422 as well, but with empty details. */
export function patchNotApplied(): StatusError {
  const message = 'the server rejected our request due to an error in our request';
  return new StatusError(message, { code: 422, reason: 'Invalid', details: {} });
}

/** Anything that the server did not expect: 500 without a reason. */
export function unexpected(message: string): StatusError {
  return new StatusError(message, { code: 500 });
}

/** A resourceVersion that the server has not reached yet, asked of a get or list. */
export function tooLargeResourceVersion(asked: string, current: number): StatusError {
  return new StatusError(`Timeout: Too large resource version: ${asked}, current: ${current}`, {
    code: 504,
    reason: 'Timeout',
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
    retryAfterSeconds: 1,
  });
}
