/**
 * What an HTTP answer of the API server means: an expected outcome (a value), or a KubeError.
 * Pure; sending and receiving are `client.ts`.
 */
import type { ApiAnswer, ApiRequest } from './client.ts';
import { KubeError, noAnswer } from './errors.ts';
import { isRecord } from './parse.ts';

/** An answer as it came over HTTP, its body read to the end. */
export type RawAnswer = {
  readonly status: number;
  readonly contentType: string;
  /** The header Retry-After as sent; empty where there was none. */
  readonly retryAfter: string;
  readonly body: string;
};

/** What of a request goes into an error. */
type Asked = Pick<ApiRequest, 'verb' | 'path' | 'contentType'>;

/** The fields of a Status that we act on (API conventions, "Response Status Kind"). */
type Failure = {
  readonly message: string;
  readonly reason: string;
  /** The named object of `details`; a JSON patch that did not apply has none. */
  readonly detailName: string | undefined;
  readonly causes: readonly string[];
  readonly retryAfterSeconds: number | undefined;
};

/** How much of an answer that makes no sense is shown to the operator. */
const EXCERPT_CHARACTERS = 200;

/**
 * Reads an answer.
 * - 404 is `absent` only when the API server itself says so, in a Status: a proxy's 404 page must never look like a
 *   pod that is gone.
 * - 422 of a JSON patch with empty `details` is `not-applied`; with causes or a name it is a rejected object (seen on
 *   Kubernetes 1.37).
 * @throws KubeError for all that is not an expected outcome; `BadAnswer` where it is no answer of an API server
 */
export function readAnswer(asked: Asked, raw: RawAnswer): ApiAnswer {
  const body = parseBody(asked, raw);
  if (raw.status >= 200 && raw.status < 300) return { kind: 'ok', status: raw.status, body };
  const failure = readFailure(body);
  const { message } = failure;
  if (raw.status === 404) return { kind: 'absent', message };
  if (raw.status === 410) return { kind: 'gone', message };
  if (raw.status === 409 && failure.reason === 'Conflict') return { kind: 'conflict', message };
  if (raw.status === 409 && failure.reason === 'AlreadyExists') return { kind: 'already-exists', message };
  if (raw.status === 422 && isUnappliedPatch(asked, failure)) return { kind: 'not-applied', message };
  throw statusError(asked, { status: raw.status, failure, retryAfterMs: retryAfterMs(raw.retryAfter, failure) });
}

/** The KubeError of a Status that arrived inside a watch, as the object of an event of type ERROR. */
export function watchError(asked: Asked, status: unknown): KubeError {
  const { code } = fieldsOf(status);
  const failure = readFailure(status);
  return statusError(asked, {
    status: typeof code === 'number' ? code : 0,
    failure,
    retryAfterMs: retryAfterMs('', failure),
  });
}

/** An outcome that is a value where it is expected, as the KubeError that it is elsewhere. */
export function unexpected(
  asked: Pick<Asked, 'verb' | 'path'>,
  answer: Exclude<ApiAnswer, { readonly kind: 'ok' }>,
): KubeError {
  const { status, reason } = outcomes[answer.kind];
  const { verb, path } = asked;
  return new KubeError(`${verb} ${path} answered ${status} ${reason}: ${answer.message}`, {
    status,
    reason,
    verb,
    path,
  });
}

const outcomes = {
  absent: { status: 404, reason: 'NotFound' },
  conflict: { status: 409, reason: 'Conflict' },
  'already-exists': { status: 409, reason: 'AlreadyExists' },
  'not-applied': { status: 422, reason: 'Invalid' },
  gone: { status: 410, reason: 'Expired' },
} as const satisfies Record<Exclude<ApiAnswer['kind'], 'ok'>, { readonly status: number; readonly reason: string }>;

function parseBody(asked: Asked, raw: RawAnswer): unknown {
  const excerpt = JSON.stringify(raw.body.slice(0, EXCERPT_CHARACTERS));
  const told = `answered ${raw.status} with ${raw.contentType || 'no content type'}: ${excerpt}`;
  if (!isJson(raw.contentType)) throw unreadable(asked, raw, `expected JSON from an API server, it ${told}`);
  try {
    const body: unknown = JSON.parse(raw.body);
    if (isRecord(body)) return body;
  } catch (cause) {
    throw noAnswer(asked, 'BadAnswer', `expected JSON from an API server, it ${told}`, cause);
  }
  throw noAnswer(asked, 'BadAnswer', `expected an object from an API server, it ${told}`);
}

/** A refusal without a Status keeps its status and its Retry-After: an overloaded server answers 429 in plain text. */
function unreadable(asked: Asked, raw: RawAnswer, what: string): KubeError {
  const isRefusal = raw.status === 401 || raw.status === 429 || raw.status >= 500;
  if (!isRefusal) return noAnswer(asked, 'BadAnswer', what);
  const failure = readFailure({ message: raw.body.slice(0, EXCERPT_CHARACTERS), reason: 'BadAnswer' });
  return statusError(asked, { status: raw.status, failure, retryAfterMs: retryAfterMs(raw.retryAfter, failure) });
}

/** Whether a Content-Type is that of JSON, with or without parameters. */
export function isJson(contentType: string): boolean {
  return /^application\/json\s*(;|$)/i.test(contentType);
}

function readFailure(body: unknown): Failure {
  const { message, reason, details } = fieldsOf(body);
  const { name, causes, retryAfterSeconds } = fieldsOf(details);
  return {
    message: textOf(message) ?? 'no message',
    reason: textOf(reason) ?? 'Unknown',
    detailName: textOf(name),
    causes: Array.isArray(causes) ? causes.map(causeReason) : [],
    retryAfterSeconds: typeof retryAfterSeconds === 'number' ? retryAfterSeconds : undefined,
  };
}

function causeReason(cause: unknown): string {
  const { reason } = fieldsOf(cause);
  return textOf(reason) ?? 'Unknown';
}

/** The fields of a JSON value; none where it is no object. */
function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isUnappliedPatch(asked: Asked, failure: Failure): boolean {
  if (asked.contentType !== 'application/json-patch+json') return false;
  return failure.causes.length === 0 && failure.detailName === undefined;
}

/** Retry-After in seconds (RFC 9110, 10.2.3); its other form, a date, would compare two clocks and is not read. */
function retryAfterMs(header: string, failure: Failure): number | undefined {
  if (/^\d{1,6}$/.test(header.trim())) return Number(header) * 1000;
  return failure.retryAfterSeconds === undefined ? undefined : failure.retryAfterSeconds * 1000;
}

function statusError(
  asked: Asked,
  answer: { readonly status: number; readonly failure: Failure; readonly retryAfterMs: number | undefined },
): KubeError {
  const { status, failure } = answer;
  return new KubeError(`${asked.verb} ${asked.path} answered ${status} ${failure.reason}: ${failure.message}`, {
    status,
    reason: failure.reason,
    verb: asked.verb,
    path: asked.path,
    retryAfterMs: answer.retryAfterMs,
    causes: failure.causes,
  });
}
