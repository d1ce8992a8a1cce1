/**
 * What can go wrong with a request to the API server, and the one policy that says what follows from it.
 * Expected outcomes (absent, conflict …) are values of `kube/client`; what is left is a KubeError.
 */

/** What a caller does about a failure. */
export type Verdict =
  /** Passing: try again after a backoff. */
  | 'retry'
  /** The credentials were refused: they are re-read for the next request, so try again. */
  | 'reauthenticate'
  /** Will not pass by itself: an operator must act (permissions, an invalid object). Keep what is there. */
  | 'give-up';

/** A request that got no expected answer. `status` 0: no HTTP answer at all (refused, reset, timed out, unreadable). */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly status: number;
  /** The API server's `reason` (`Forbidden`, `Invalid` …) or ours where there was no answer: see `NoAnswerReason`. */
  readonly reason: string;
  readonly verb: string;
  readonly path: string;
  /** The wait that the server asked for (Retry-After), in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** Machine-readable causes of the Status (`details.causes[].reason`), e.g. `NamespaceTerminating`. */
  readonly causes: readonly string[];

  constructor(
    message: string,
    fields: {
      readonly status: number;
      readonly reason: string;
      readonly verb: string;
      readonly path: string;
      readonly retryAfterMs?: number | undefined;
      readonly causes?: readonly string[];
      readonly cause?: unknown;
    },
  ) {
    super(message, { cause: fields.cause });
    this.status = fields.status;
    this.reason = fields.reason;
    this.verb = fields.verb;
    this.path = fields.path;
    this.retryAfterMs = fields.retryAfterMs;
    this.causes = fields.causes ?? [];
  }
}

/** Says what follows from a failed request: 401 re-reads credentials, 403 and a rejected object wait for a person, all else passes. */
export function classify(error: KubeError): Verdict {
  if (error.status === 401) return 'reauthenticate';
  if (error.status === 403) return 'give-up';
  if (error.status === 400 || error.status === 405 || error.status === 415 || error.status === 422) return 'give-up';
  return 'retry';
}

/** What was asked, for the error that says so. */
export type Asked = { readonly verb: string; readonly path: string };

/** Why there was no answer, or none that an API server gives. */
export type NoAnswerReason = 'Timeout' | 'Aborted' | 'Network' | 'Credentials' | 'BadAnswer';

/** The KubeError of a request that got no answer of an API server; `what` says what came instead. */
export function noAnswer(asked: Asked, reason: NoAnswerReason, what: string, cause?: unknown): KubeError {
  const { verb, path } = asked;
  return new KubeError(`${verb} ${path}: ${what}`, { status: 0, reason, verb, path, cause });
}

/** Whatever the HTTP library threw, its TypeErrors too, as a KubeError; a KubeError stays as it is. */
export function networkError(asked: Asked, cause: unknown): KubeError {
  return cause instanceof KubeError ? cause : noAnswer(asked, 'Network', explain(cause), cause);
}

/** The words of a failure below HTTP. When every address of a host fails, only the parts carry any. */
function explain(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(explain).join('; ');
  if (!(cause instanceof Error)) return String(cause);
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
  return cause.message.includes(code) ? cause.message : `${code}: ${cause.message}`;
}
