/**
 * An in-memory Kubernetes API server over real HTTP on 127.0.0.1, with the controllers and faults that tests need.
 * It does only what Kubernetes 1.37.2 was seen to do; each part names its source.
 */
import { readFileSync } from 'node:fs';
import { createAuthorizer } from './access/rbac.ts';
import { createTokens, type TokenRequest } from './access/tokens.ts';
import { type Admin, createAdmin } from './admin/admin.ts';
import { createActivity } from './controllers/activity.ts';
import { type Controllers, createControllers } from './controllers/all.ts';
import { createFaults, type Faults } from './faults/faults.ts';
import { createRequestLog, type RequestLog } from './faults/request-log.ts';
import { createGate } from './http/gate.ts';
import { handle } from './http/gateway.ts';
import { type Certificate, createListener } from './http/listener.ts';
import { createPodPorts, type PodPorts } from './http/proxy.ts';
import { createRouter } from './http/router.ts';
import { createWatches, type WatchSwitches } from './http/watches.ts';
import { kubeconfigText } from './kubeconfig.ts';
import type { JsonObject } from './objects/json.ts';
import { createRegistry } from './registry/registry.ts';
import type { DnsSource } from './source.ts';
import { createStore, type Store } from './storage/store.ts';

/** How the server is set up. Every part has a default. */
export type ApiServerOptions = {
  /** 0 takes a free port. @default 0 */
  readonly port?: number;
  /** Serve https with the certificate in `fixtures/`. @default false */
  readonly tls?: boolean;
  /** Objects that are there from the start: Roles, RoleBindings, Namespaces, Services … */
  readonly objects?: readonly JsonObject[];
  /** Names of Nodes that are there from the start. @default ['node-1'] */
  readonly nodes?: readonly string[];
  /** Milliseconds after its pod's end in which a token is still good; the real server takes up to 10 s. @default 10000 */
  readonly tokenCacheMs?: number;
  /** Milliseconds until a controller reacts. @default 1 */
  readonly controllerDelayMs?: number;
  /** Milliseconds until an object with a missing owner is collected. @default 2 */
  readonly garbageDelayMs?: number;
  /** Controllers that are switched off from the start. @default [] */
  readonly controllersOff?: readonly (keyof Controllers)[];
  /** Changes of each resource that a watch can catch up on. @default 500 */
  readonly historyLength?: number;
  /** @default 60000 */
  readonly bookmarkIntervalMs?: number;
  /** Requests that the log keeps. @default 100000 */
  readonly requestLogLength?: number;
  /** Randomness of faults, in [0, 1). @default Math.random */
  readonly random?: () => number;
};

/** A server that runs. */
export type EmbeddedApiServer = {
  readonly url: string;
  readonly port: number;
  /** May do everything. */
  readonly adminToken: string;
  /** PEM of the authority to trust; undefined without TLS. */
  readonly ca: string | undefined;
  readonly mintToken: (request: TokenRequest) => string;
  readonly revokeToken: (token: string) => void;
  readonly kubeconfig: (token: string, namespace?: string) => string;
  /** What goes wrong. */
  readonly faults: Faults;
  readonly watches: WatchSwitches;
  readonly requests: RequestLog;
  readonly controllers: Controllers;
  /** The stored objects, changes, and `compact`. */
  readonly store: Store;
  /** Puts objects and pods in place without HTTP, and waits for states. */
  readonly admin: Admin;
  readonly dnsSource: DnsSource;
  /** Which ports of pods `pods/proxy` finds open. */
  readonly podPorts: PodPorts;
  /** Kills the server: connections are reset, new ones refused. The store and the controllers stay. */
  readonly stop: () => Promise<void>;
  /** Starts it again at the same port. Its watch history begins anew, as after a real restart. */
  readonly resume: () => Promise<void>;
  /** Stops answering, as a SIGSTOPped process: connections are accepted, requests wait. */
  readonly freeze: () => void;
  /** Goes on, with what has waited. */
  readonly thaw: () => void;
  readonly close: () => Promise<void>;
};

/** Starts a server. */
export async function startApiServer(options: ApiServerOptions = {}): Promise<EmbeddedApiServer> {
  const random = options.random ?? Math.random;
  const store = createStore({ historyLength: options.historyLength ?? 500 });
  const registry = createRegistry(store, createAllocator());
  const tokens = createTokens(store, { cacheMs: options.tokenCacheMs ?? 10_000 });
  const faults = createFaults(random);
  const log = createRequestLog({ length: options.requestLogLength ?? 100_000 });
  const gate = createGate();
  const watches = createWatches(store, gate, { bookmarkIntervalMs: options.bookmarkIntervalMs ?? 60_000 });
  const podPorts = createPodPorts();
  const router = createRouter({ store, registry, tokens, podPorts, authorizer: createAuthorizer(store) });
  const activity = createActivity();
  const controllers = createControllers(store, registry, {
    activity,
    delayMs: options.controllerDelayMs ?? 1,
    garbageDelayMs: options.garbageDelayMs ?? 2,
    ca: readCertificate().cert,
  });
  const admin = createAdmin({ store, registry, activity });
  admin.furnish(options.objects ?? [], options.nodes ?? ['node-1']);
  store.compact(); // a server keeps no changes from before its start: a watch from there is too old
  for (const [name, controller] of Object.entries(controllers)) {
    if (!(options.controllersOff ?? []).some((off) => off === name)) controller.start();
  }

  const deps = { router, tokens, faults, log, gate, watches, random };
  const tls = options.tls === true ? readCertificate() : undefined;
  const listener = createListener(
    (request, response) => {
      handle(deps, request, response).catch((error: unknown) => {
        response.destroy();
        // A client that went away in the middle of its request is no fault of the server.
        if (!request.destroyed) throw error;
      });
    },
    { port: options.port ?? 0, tls },
  );
  await listener.start();
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${listener.port()}`;

  return {
    url,
    port: listener.port(),
    adminToken: tokens.adminToken,
    ca: tls?.cert,
    mintToken: tokens.mint,
    revokeToken: tokens.revoke,
    kubeconfig: (token, namespace) =>
      kubeconfigText({ url, token, ca: tls?.cert, ...(namespace === undefined ? {} : { namespace }) }),
    faults,
    watches,
    requests: log,
    controllers,
    store,
    admin,
    dnsSource: createDnsSource(store),
    podPorts,
    stop: listener.stop,
    resume: async () => {
      store.compact();
      await listener.start();
    },
    freeze: gate.shut,
    thaw: gate.open,
    close: async () => {
      for (const controller of Object.values(controllers)) controller.stop();
      gate.open();
      await listener.stop();
    },
  };
}

function readCertificate(): Certificate {
  const read = (name: string): string => readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8');
  return { cert: read('localhost.cert.pem'), key: read('localhost.key.pem') };
}

/** Hands out cluster IPs and node ports, each once. */
function createAllocator() {
  let ip = 0;
  let port = 30_000;
  return {
    clusterIP: () => {
      ip += 1;
      return `10.96.${ip >> 8}.${ip & 255}`;
    },
    nodePort: () => {
      port += 1;
      return port;
    },
  };
}

function createDnsSource(store: Store): DnsSource {
  return {
    services: () => store.list('services'),
    endpointSlices: () => store.list('endpointslices'),
    namespaces: () => store.list('namespaces').map(({ metadata }) => metadata.name),
    onChange: (listener) => {
      const stops = (['services', 'endpointslices', 'namespaces'] as const).map((name) =>
        store.onChange(name, listener),
      );
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}
