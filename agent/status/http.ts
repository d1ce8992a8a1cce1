/**
 * The agent's own HTTP server: /livez, /readyz, /metrics and /status, for kubelet, Prometheus and people. Answers
 * what it is given; what is true is `health`, `metrics` and `status`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Log } from '../log.ts';
import type { Health, HealthAnswer } from './health.ts';
import type { Metrics } from './metrics.ts';
import { printStatus, type Status } from './status.ts';

/** What the server shows; read anew for each request. */
export type HttpSources = {
  readonly health: Health;
  readonly metrics: Pick<Metrics, 'print'>;
  readonly status: () => Status;
  readonly log: Log;
};

/** The server of one agent. */
export type HttpServer = {
  /**
   * Starts to listen on every address of the pod and resolves to the real port. Rejects with an Error that carries the
   * remedy where the port cannot be had.
   */
  readonly listen: (port: number) => Promise<number>;
  /** Takes no new connection, drops idle ones at once, waits for answers under way, and drops those too when `signal` aborts. */
  readonly close: (signal: AbortSignal) => Promise<void>;
};

/** One request is a line and a few headers; one that takes longer, or stands idle, is nobody we wait for. */
const LIMITS = {
  maxHeaderSize: 8192,
  headersTimeout: 5000,
  requestTimeout: 5000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 5000,
} as const;
const MAX_CONNECTIONS = 64;

/** Builds the server; nothing listens before `listen`. */
export function createHttpServer(sources: HttpSources): HttpServer {
  const server = createServer(LIMITS, (request, response) => {
    void answer(sources, request, response);
  });
  server.maxConnections = MAX_CONNECTIONS;
  return { listen: (port) => listen(server, port), close: (signal) => close(server, signal) };
}

type Answer = { readonly status: number; readonly contentType: string; readonly body: string };

const TEXT = 'text/plain; charset=utf-8';

/** What stands under each path. */
const pages: Readonly<Record<string, (sources: HttpSources) => Answer | Promise<Answer>>> = {
  '/livez': ({ health }) => healthAnswer(health.livez()),
  '/readyz': ({ health }) => healthAnswer(health.readyz()),
  '/metrics': async ({ metrics }) => {
    const { contentType, text } = await metrics.print();
    return { status: 200, contentType, body: text };
  },
  '/status': ({ status }) => ({ status: 200, contentType: 'application/json', body: printStatus(status()) }),
};

/** The paths that the server knows, for the documents. */
export const paths: readonly string[] = Object.keys(pages);

function healthAnswer({ ok, body }: HealthAnswer): Answer {
  return { status: ok ? 200 : 503, contentType: TEXT, body };
}

async function answer(sources: HttpSources, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const made = await makeAnswer(sources, request).catch((error: unknown): Answer => {
    sources.log.error('http-request-failed', `could not answer ${request.url}`, { err: error });
    return { status: 500, contentType: TEXT, body: 'the agent could not make this answer; its log says why\n' };
  });
  // Nobody here takes a body. Read on it is all the same: a connection closed on unread bytes resets, and the answer is lost.
  request.resume();
  response.writeHead(made.status, {
    'content-type': made.contentType,
    'content-length': Buffer.byteLength(made.body),
    'cache-control': 'no-store',
    ...(made.status === 405 ? { allow: 'GET, HEAD' } : {}),
  });
  response.end(made.body);
}

async function makeAnswer(sources: HttpSources, request: IncomingMessage): Promise<Answer> {
  const path = request.url?.split('?', 1)[0] ?? '';
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  if (page === undefined) {
    return { status: 404, contentType: TEXT, body: `nothing is here; there are ${paths.join(', ')}\n` };
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { status: 405, contentType: TEXT, body: `${path} is only read: GET or HEAD\n` };
  }
  return page(sources);
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (cause: Error) => {
      const why = 'code' in cause && cause.code === 'EADDRINUSE' ? 'another process of the pod has it' : cause.message;
      const remedy = 'Set REGISTRAR_HTTP_PORT to a free port, and the probes of the container with it.';
      reject(new Error(`Cannot listen on port ${port}: ${why}. ${remedy}`, { cause }));
    };
    server.once('error', onError);
    // No host: node takes :: with IPv4 beside it, or 0.0.0.0 where the pod has no IPv6.
    server.listen(port, () => {
      server.off('error', onError);
      resolve(portOf(server.address()) ?? port);
    });
  });
}

function portOf(address: AddressInfo | string | null): number | undefined {
  return typeof address === 'object' ? address?.port : undefined;
}

function close(server: Server, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const dropAll = () => server.closeAllConnections();
    server.close(() => {
      signal.removeEventListener('abort', dropAll);
      resolve();
    });
    server.closeIdleConnections();
    if (signal.aborted) dropAll();
    else signal.addEventListener('abort', dropAll, { once: true });
  });
}
