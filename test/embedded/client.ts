/** A plain client for tests of the server itself: one request, one answer, nothing retried; and a watch line by line. */
import { Agent, request } from 'undici';
import { type Waiting, waitUntil } from './faults/wait.ts';
import { asObject, asString, isObject, type JsonObject } from './objects/json.ts';

/** What was answered; `body` is the parsed JSON, or the text under `text` where it is none. */
export type Reply = {
  readonly status: number;
  readonly body: JsonObject;
  readonly header: (name: string) => string | undefined;
  /** `message` of a Status. */
  readonly message: string;
};

/** One event of a watch. */
export type WatchLine = { readonly type: string; readonly object: JsonObject };

/** A watch that runs. */
export type WatchReader = {
  readonly status: number;
  /** All events so far. */
  readonly events: () => readonly WatchLine[];
  /** Resolves when `count` events have come, or the one that `fits`. */
  readonly until: (fits: (events: readonly WatchLine[]) => boolean, waiting?: Waiting) => Promise<readonly WatchLine[]>;
  /** Resolves when the server has ended the watch, or its connection broke. */
  readonly ended: (waiting?: Waiting) => Promise<void>;
  readonly close: () => void;
};

/** How a body is sent. */
export const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

/** Verbs of HTTP on a path such as `/api/v1/namespaces/default/endpoints/ipa`. */
export type TestClient = {
  readonly get: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Reply>;
  readonly post: (path: string, body: unknown) => Promise<Reply>;
  readonly put: (path: string, body: unknown) => Promise<Reply>;
  readonly patch: (
    type: keyof typeof patchTypes,
    path: string,
    body: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Reply>;
  readonly delete: (path: string, body?: unknown) => Promise<Reply>;
  readonly watch: (path: string) => Promise<WatchReader>;
  readonly close: () => Promise<void>;
};

/** What a TLS connection is made with; the strings are PEM. */
export type TlsOptions = { readonly ca?: string; readonly cert?: string; readonly key?: string };

/** Builds a client with a token; an empty one sends none. */
export function createTestClient(url: string, token: string, tls: TlsOptions = {}): TestClient {
  const dispatcher = new Agent({ connect: { ...tls } });
  const authorization = token === '' ? {} : { authorization: `Bearer ${token}` };

  const call = async (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    sent: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Reply> => {
    const type = sent.body === undefined ? {} : { 'content-type': 'application/json' };
    const body = typeof sent.body === 'string' ? sent.body : JSON.stringify(sent.body);
    const answer = await request(`${url}${path}`, {
      dispatcher,
      method,
      headers: { ...authorization, ...type, ...sent.headers },
      ...(sent.body === undefined ? {} : { body }),
    });
    const text = await answer.body.text();
    const parsed = parse(text);
    return {
      status: answer.statusCode,
      body: parsed,
      header: (name) => [answer.headers[name] ?? []].flat().join(', ') || undefined,
      message: asString(parsed['message']) ?? '',
    };
  };

  return {
    get: (path, headers = {}) => call('GET', path, { headers }),
    post: (path, body) => call('POST', path, { body }),
    put: (path, body) => call('PUT', path, { body }),
    patch: (type, path, body, headers = {}) =>
      call('PATCH', path, { body, headers: { 'content-type': patchTypes[type], ...headers } }),
    delete: (path, body) => call('DELETE', path, body === undefined ? {} : { body }),
    watch: (path) => openWatch(`${url}${path}`, { dispatcher, headers: authorization }),
    close: () => dispatcher.destroy(),
  };
}

function parse(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : { text };
  } catch {
    return { text };
  }
}

type Connection = { readonly dispatcher: Agent; readonly headers: Readonly<Record<string, string>> };

async function openWatch(url: string, { dispatcher, headers }: Connection): Promise<WatchReader> {
  const stop = new AbortController();
  const answer = await request(url, { dispatcher, headers, signal: stop.signal, bodyTimeout: 0 });
  const events: WatchLine[] = [];
  const listeners = new Set<() => void>();
  let isEnded = false;
  let rest = '';
  const notify = (): void => {
    for (const listener of [...listeners]) listener();
  };
  const end = (): void => {
    isEnded = true;
    notify();
  };
  answer.body.setEncoding('utf8');
  answer.body.on('data', (chunk: string) => {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines.map(parse))
      events.push({ type: asString(line['type']) ?? '', object: asObject(line['object']) });
    notify();
  });
  answer.body.on('end', end);
  answer.body.on('error', end);

  const when = <T>(look: () => T | undefined, waiting: Waiting = {}): Promise<T> =>
    waitUntil<T>((settle) => {
      const check = (): void => {
        const found = look();
        if (found !== undefined) settle(found);
      };
      listeners.add(check);
      check();
      return () => listeners.delete(check);
    }, waiting);

  return {
    status: answer.statusCode,
    events: () => events,
    until: (fits, waiting) =>
      when(() => (fits(events) ? events : undefined), { what: 'events of a watch', ...waiting }),
    ended: async (waiting) => {
      await when(() => (isEnded ? true : undefined), { what: 'the end of a watch', ...waiting });
    },
    close: () => stop.abort(),
  };
}
