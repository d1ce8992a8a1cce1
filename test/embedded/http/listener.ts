/** The listening socket on 127.0.0.1, plain or TLS: it can be stopped and comes back at the same port. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A certificate and its key, in PEM. */
export type Certificate = { readonly cert: string; readonly key: string };

/** The socket. */
export type Listener = {
  readonly port: () => number;
  /** Listens; the port is free to choose the first time and the same ever after. */
  readonly start: () => Promise<void>;
  /** Resets all connections and refuses new ones. */
  readonly stop: () => Promise<void>;
};

/** Idle connections live as long as the real server's: a client that reuses one must not lose a race. */
const KEEP_ALIVE_MS = 180_000;

/** Builds a listener that does not listen yet. `port` 0 takes a free one. */
export function createListener(
  onRequest: RequestListener,
  options: { readonly port: number; readonly tls: Certificate | undefined },
): Listener {
  let port = options.port;
  let server: Server | undefined;
  return {
    port: () => port,
    start: async () => {
      const fresh = options.tls === undefined ? createServer(onRequest) : createTlsServer(options.tls, onRequest);
      fresh.keepAliveTimeout = KEEP_ALIVE_MS;
      fresh.headersTimeout = KEEP_ALIVE_MS + 1_000;
      fresh.requestTimeout = 0;
      await new Promise<void>((resolve, reject) => {
        fresh.once('error', reject);
        fresh.listen(port, '127.0.0.1', resolve);
      });
      server = fresh;
      const address: AddressInfo | string | null = fresh.address();
      if (typeof address === 'object' && address !== null) port = address.port;
    },
    stop: async () => {
      const stopping = server;
      server = undefined;
      if (stopping === undefined) return;
      await new Promise<void>((resolve) => {
        stopping.close(() => resolve());
        stopping.closeAllConnections();
      });
    },
  };
}
