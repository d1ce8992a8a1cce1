/** What the tests of the API room share: a server whose answers each test writes itself, byte by byte where it matters. */
import { getEventListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Clock, createClock } from '../../agent/clock.ts';
import { type ApiClient, createApiClient } from '../../agent/kube/client.ts';
import type { ConnectionSource } from '../../agent/kube/connection.ts';
import type { Certificate } from './certificates.ts';

/** A request as it arrived, its body read. */
export type Arrived = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
};
export type Handler = (request: Arrived, response: ServerResponse) => void;
export type TestServer = {
  readonly url: string;
  readonly port: number;
  readonly requests: Arrived[];
  /** Sockets that were opened so far. */
  readonly connectionCount: () => number;
  readonly sockets: ReadonlySet<Socket>;
};

/** Starts a server on a free port of the loopback interface; it is gone when the test is over. */
export async function startServer(
  t: TestContext,
  handler: Handler,
  options: { readonly tls?: Certificate & { readonly ca?: string }; readonly host?: string } = {},
): Promise<TestServer> {
  const requests: Arrived[] = [];
  const listen = (incoming: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const url = new URL(incoming.url ?? '', 'http://server');
      const arrived = {
        method: incoming.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString(),
      };
      requests.push(arrived);
      handler(arrived, response);
    });
  };
  const server: Server | TlsServer =
    options.tls === undefined
      ? createServer(listen)
      : createTlsServer({ ...options.tls, requestCert: options.tls.ca !== undefined }, listen);
  const host = options.host ?? '127.0.0.1';
  const { port, sockets, count } = await listenOn(t, server, host);
  const scheme = options.tls === undefined ? 'http' : 'https';
  return {
    url: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    requests,
    connectionCount: count,
    sockets,
  };
}

/** Listens on a free port, and cuts what is left when the test is over. */
export async function listenOn(
  t: TestContext,
  server: import('node:net').Server,
  host = '127.0.0.1',
): Promise<{ readonly port: number; readonly sockets: ReadonlySet<Socket>; readonly count: () => number }> {
  const sockets = new Set<Socket>();
  let opened = 0;
  server.on('connection', (socket: Socket) => {
    opened += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { port: address.port, sockets, count: () => opened };
}

/** Answers with JSON. */
export function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** A Status as the API server answers it (API conventions, "Response Status Kind"). */
export function statusBody(code: number, reason: string, message: string, details: unknown = {}) {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, details, code };
}

/** One fixed connection. */
export function fixedSource(server: string): ConnectionSource {
  const connection = { transport: { server, tls: {} }, headers: { authorization: 'Bearer secret-token' } };
  return { namespace: undefined, current: async () => connection, refused: () => {} };
}

/** A client with the real clock unless said otherwise, closed when the test is over. */
export function testClient(
  t: TestContext,
  connection: string | ConnectionSource,
  clock: Clock = createClock(),
): ApiClient {
  const source = typeof connection === 'string' ? fixedSource(connection) : connection;
  const client = createApiClient({ connection: source, clock, userAgent: 'test/1' });
  t.after(() => client.close());
  return client;
}

/** A clock on which everything lasts a fraction of its time. */
export function fastClock(factor: number): Clock {
  const real = createClock();
  return {
    monotonicMs: () => real.monotonicMs() * factor,
    wall: real.wall,
    sleep: (ms, signal) => real.sleep(ms / factor, signal),
  };
}

/** A folder that is removed when the test is over. */
export async function testFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'registrar-kube-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** How many listeners wait for this signal. */
export function listenerCount(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length;
}

/** Resolves when `condition` holds, looked at after every change that `notify` tells; rejects after five seconds. */
export function createWaiter(): {
  readonly notify: () => void;
  readonly until: (condition: () => boolean, what: string) => Promise<void>;
} {
  const waiting = new Set<() => void>();
  return {
    notify: () => {
      for (const look of [...waiting]) look();
    },
    until: (condition, what) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`waited 5 s in vain for: ${what}`));
        }, 5_000);
        const look = () => {
          if (!condition()) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}
