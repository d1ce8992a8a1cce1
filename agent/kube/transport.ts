/**
 * Connections to the API server: one pool for one way of dialling, replaced when that way changes (a rotated CA, a
 * renewed client certificate) or when its sockets are not to be trusted any longer.
 */
import { type Dispatcher, Pool, ProxyAgent } from 'undici';
import type { Transport } from './connection.ts';

/** One HTTP request. `path` carries the query. */
export type Outgoing = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Ends the request, and with it the reading of its answer. */
  readonly signal: AbortSignal;
};

/** The beginning of an answer. Its body must be read to the end, or the request aborted. */
export type Incoming = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: AsyncIterable<Uint8Array>;
};

/** The pool in use. What is under way on an older one ends there in peace. */
export type Connections = {
  /** Sends a request, dialled as `transport` says. Rejects with whatever undici throws. */
  readonly send: (transport: Transport, outgoing: Outgoing) => Promise<Incoming>;
  /** The next request dials anew; idle sockets are closed at once, busy ones when they become idle. */
  readonly reset: () => void;
  /** Cuts everything, old and new. */
  readonly close: () => Promise<void>;
};

/** How long dialling may take when the call itself has more time than that. */
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * How long an idle connection is kept: longer than any heartbeat interval in force (55 s with 100 pods), so that a
 * beat costs no TLS handshake, and shorter than the 90 s after which kube-apiserver closes it.
 */
const KEEP_IDLE_MS = 75_000;

/**
 * After this silence the kernel asks the other side whether it is there, and libuv has it ask each second, ten times:
 * a half-open watch is noticed after about 15 s, at no request's cost.
 */
const KEEP_ALIVE_DELAY_MS = 5_000;

/** Creates an empty set of connections; nothing is dialled before the first request. */
export function createConnections(): Connections {
  let present: { readonly transport: Transport; readonly dispatcher: Dispatcher } | undefined;
  const retired = new Set<Dispatcher>();

  const retire = () => {
    if (present === undefined) return;
    const { dispatcher } = present;
    present = undefined;
    retired.add(dispatcher);
    // It resolves when the last request ended. A rejection means that it was destroyed: closed all the same.
    const forget = () => retired.delete(dispatcher);
    dispatcher.close().then(forget, forget);
  };

  return {
    send: async (transport, outgoing) => {
      if (present?.transport !== transport) {
        retire();
        present = { transport, dispatcher: open(transport) };
      }
      const { origin, pathname } = new URL(transport.server);
      // The server may be a gateway to several: https://gateway/k8s/clusters/c-1
      const path = `${pathname.replace(/\/$/, '')}${outgoing.path}`;
      const { method, headers, body = null, signal } = outgoing;
      const response = await present.dispatcher.request({
        origin,
        path,
        method,
        headers: { ...headers },
        body,
        signal,
      });
      return { status: response.statusCode, headers: response.headers, body: response.body };
    },
    reset: retire,
    close: async () => {
      const open = [...retired];
      if (present !== undefined) open.push(present.dispatcher);
      present = undefined;
      await Promise.all(open.map((dispatcher) => dispatcher.destroy()));
    },
  };
}

function open(transport: Transport): Dispatcher {
  // Deadlines are the client's: undici's own would be second clocks. HTTP/1.1, as one HTTP/2 connection would carry
  // every watch and every beat over one socket, and they would stall together.
  const options = {
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: KEEP_IDLE_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    allowH2: false,
    pipelining: 1,
  };
  const connect = { ...transport.tls, allowH2: false, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS };
  if (transport.proxyUrl === undefined) return new Pool(new URL(transport.server).origin, { ...options, connect });
  const proxyTls = { keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS };
  return new ProxyAgent({ ...options, uri: transport.proxyUrl, requestTls: connect, proxyTls });
}
