/**
 * Requests to the API server. Answers are `unknown`: `api.ts` and `watch.ts` parse them.
 * Nothing is retried here: the caller knows what a failure means to it, and how long it may wait.
 */
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import { isJson, type RawAnswer, readAnswer, unexpected } from './answer.ts';
import { type Connection, type ConnectionSource, CredentialsError } from './connection.ts';
import { type CutReason, createDeadline, type Deadline } from './deadline.ts';
import { type Asked, type KubeError, networkError, noAnswer } from './errors.ts';
import { splitLines } from './lines.ts';
import { isRecord } from './parse.ts';
import { createConnections, type Incoming, type Outgoing } from './transport.ts';

/** What bounds every call: one deadline for the whole of it (connect, headers and body), and the caller's signal. */
export type Call = { readonly timeoutMs: number; readonly signal?: AbortSignal };

/** One request. `path` is that of the API, as `/api/v1/namespaces/default/endpoints/ipa`; `body` is sent as JSON. */
export type ApiRequest = Call & {
  readonly verb: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** `application/json` unless said otherwise. An apply patch is sent as JSON, which is YAML too. */
  readonly contentType?:
    | 'application/json'
    | 'application/json-patch+json'
    | 'application/merge-patch+json'
    | 'application/strategic-merge-patch+json'
    | 'application/apply-patch+yaml';
};

/** The expected outcomes of a request (API conventions, "HTTP Status codes"). `message` is the server's. */
export type ApiAnswer =
  | { readonly kind: 'ok'; readonly status: number; readonly body: unknown }
  /** 404, said by the API server itself. */
  | { readonly kind: 'absent'; readonly message: string }
  /** 409, reason Conflict. */
  | { readonly kind: 'conflict'; readonly message: string }
  /** 409, reason AlreadyExists. */
  | { readonly kind: 'already-exists'; readonly message: string }
  /** 422 with empty details: a JSON patch of which a `test` failed, or a path was not there (RFC 6902, 5). */
  | { readonly kind: 'not-applied'; readonly message: string }
  /** 410: the resourceVersion is too old. */
  | { readonly kind: 'gone'; readonly message: string };

/** One line of a watch. `type` is ADDED, MODIFIED, DELETED, BOOKMARK or ERROR as far as Kubernetes goes today. */
export type WatchEvent = { readonly type: string; readonly object: unknown };

/** What opens a watch. `watch=1` is added; all else of the query is the caller's. */
export type WatchRequest = {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** How long until the server's headers must have come. */
  readonly connectTimeoutMs: number;
  /** How long the stream may be silent. */
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal;
};

/** The way to the API server. */
export type ApiClient = {
  /** Rejects with KubeError for all but an expected outcome: refused, timed out, reset, unreadable. */
  readonly request: (request: ApiRequest) => Promise<ApiAnswer>;
  /**
   * Opens a watch; resolves when the server began to answer. The events end when the server ends them, and reject with
   * KubeError when the stream is cut, silent for too long (`Timeout`), aborted, or no watch at all (`BadAnswer`).
   */
  readonly watch: (request: WatchRequest) => Promise<AsyncIterable<WatchEvent>>;
  /** The next request and watch dial anew (after an outage); those under way go on. */
  readonly reset: () => void;
  /** Cuts all connections. What is under way rejects; what comes later does too. */
  readonly close: () => Promise<void>;
};

/** A whole answer must fit into the pod's memory: several thousand times what we read, and no more. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** The API server stores no object above about 1.5 MB (etcd's request limit); one event is one object. */
const MAX_LINE_BYTES = 8 * 1024 * 1024;

/** Creates a client. Nothing is dialled before the first request. */
export function createApiClient(deps: {
  readonly connection: ConnectionSource;
  readonly clock: Clock;
  /** Sent as User-Agent, which the API server's audit log shows. */
  readonly userAgent: string;
}): ApiClient {
  const { connection, clock } = deps;
  const connections = createConnections();
  let closed = false;

  /** Sends one request and resolves with its headers; the body is still to be read. */
  const send = async (request: Omit<ApiRequest, 'timeoutMs'>, signal: AbortSignal) => {
    if (closed) throw noAnswer(request, 'Aborted', 'the client was closed');
    const { transport, headers } = await credentialsFor(request, connection);
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const outgoing: Outgoing = {
      method: request.verb,
      path: `${request.path}${queryText(request.query)}`,
      headers: {
        accept: 'application/json',
        'user-agent': deps.userAgent,
        ...(body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
        ...headers,
      },
      body,
      signal,
    };
    return connections.send(transport, outgoing).catch((cause) => {
      throw networkError(request, cause);
    });
  };

  /** Reads an answer to its end and says what it means. */
  const finish = async (asked: Pick<ApiRequest, 'verb' | 'path' | 'contentType'>, response: Incoming) => {
    const raw: RawAnswer = {
      status: response.status,
      contentType: headerText(response.headers['content-type']),
      retryAfter: headerText(response.headers['retry-after']),
      body: await readBody(asked, response),
    };
    if (raw.status === 401) connection.refused();
    // A socket is free again one turn of the event loop after its answer; asked sooner, the pool would dial another one.
    await setImmediate();
    return readAnswer(asked, raw);
  };

  return {
    request: async (request) => {
      const deadline = createDeadline(clock, {
        limitMs: request.timeoutMs,
        signal: request.signal,
        fail: (reason) => cutShort(request, reason, `no whole answer within ${request.timeoutMs} ms`),
      });
      try {
        return await deadline.race(send(request, deadline.signal).then((response) => finish(request, response)));
      } finally {
        deadline.release();
      }
    },

    watch: async (request) => {
      const asked = { verb: 'GET', path: request.path } as const;
      let limit = `no answer within ${request.connectTimeoutMs} ms`;
      const deadline = createDeadline(clock, {
        limitMs: request.connectTimeoutMs,
        signal: request.signal,
        fail: (reason) => cutShort(asked, reason, limit),
      });
      try {
        const query = { ...request.query, watch: '1' };
        const response = await deadline.race(send({ ...asked, query }, deadline.signal));
        if (response.status !== 200 || !isJson(headerText(response.headers['content-type']))) {
          throw refusedWatch(asked, await deadline.race(finish(asked, response)));
        }
        limit = `the watch was silent for ${request.idleTimeoutMs} ms`;
        deadline.relimit(request.idleTimeoutMs);
        return readEvents(asked, response.body, deadline);
      } catch (error) {
        deadline.release();
        throw error;
      }
    },

    reset: connections.reset,
    close: async () => {
      closed = true;
      await connections.close();
    },
  };
}

/** The events of an open watch. The deadline is released when they end, or when it passes and nobody is reading. */
async function* readEvents(
  asked: Asked,
  body: AsyncIterable<Uint8Array>,
  deadline: Deadline,
): AsyncGenerator<WatchEvent, void, undefined> {
  const lines = splitLines(body, {
    maxLineBytes: MAX_LINE_BYTES,
    onChunk: deadline.touch,
    tooLong: () =>
      noAnswer(asked, 'BadAnswer', `expected a watch event, got a line of more than ${MAX_LINE_BYTES} bytes`),
  });
  try {
    for await (const line of lines) yield parseEvent(asked, line);
  } catch (cause) {
    throw deadline.failure() ?? networkError(asked, cause); // no race here: each would stay with the deadline for good
  } finally {
    deadline.release();
  }
}

function parseEvent(asked: Asked, line: string): WatchEvent {
  const what = () => `expected a watch event, got the line ${JSON.stringify(line.slice(0, 200))}`;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw noAnswer(asked, 'BadAnswer', what(), cause);
  }
  const { type, object } = isRecord(value) ? value : {};
  if (typeof type !== 'string') throw noAnswer(asked, 'BadAnswer', what());
  return { type, object };
}

async function readBody(asked: Asked, response: Incoming): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const collect = async (body: AsyncIterable<Uint8Array>) => {
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) {
        throw noAnswer(asked, 'BadAnswer', `answered ${response.status} with more than ${MAX_BODY_BYTES} bytes`);
      }
      chunks.push(chunk);
    }
  };
  await collect(response.body).catch((cause) => {
    throw networkError(asked, cause);
  });
  return Buffer.concat(chunks, bytes).toString('utf8');
}

async function credentialsFor(asked: Asked, connection: ConnectionSource): Promise<Connection> {
  try {
    return await connection.current();
  } catch (cause) {
    if (!(cause instanceof CredentialsError)) throw cause;
    throw noAnswer(asked, 'Credentials', cause.message, cause);
  }
}

/** A watch that was refused: outcomes that a request would have returned are errors here. */
function refusedWatch(asked: Pick<ApiRequest, 'verb' | 'path'>, answer: ApiAnswer): KubeError {
  if (answer.kind === 'ok') return noAnswer(asked, 'BadAnswer', `expected a watch, it answered ${answer.status}`);
  return unexpected(asked, answer);
}

function cutShort(asked: Asked, reason: CutReason, limit: string): KubeError {
  return noAnswer(asked, reason, reason === 'Timeout' ? limit : 'given up by the caller');
}

function headerText(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value : (value?.[0] ?? '');
}

function queryText(query: Readonly<Record<string, string>> | undefined): string {
  const text = new URLSearchParams(query).toString();
  return text === '' ? '' : `?${text}`;
}
