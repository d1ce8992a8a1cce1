/** A server with one list of ConfigMaps and its watches, each of which a test feeds, ends or cuts by hand. */
import type { ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import type { Clock } from '../../agent/clock.ts';
import { createClock } from '../../agent/clock.ts';
import type { ConfigMap } from '../../agent/kube/objects.ts';
import { parseConfigMap } from '../../agent/kube/parse.ts';
import { type Change, type Collection, type CollectionOptions, createCollection } from '../../agent/kube/watch.ts';
import { type Arrived, createWaiter, type Handler, json, startServer, type TestServer, testClient } from './support.ts';

export const path = '/api/v1/namespaces/default/configmaps';

/** A ConfigMap as the store has it. */
export function item(name: string, resourceVersion: string, uid = `uid-of-${name}`, extra: object = {}) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, uid, resourceVersion, ...extra } } as const;
}
export type Item = ReturnType<typeof item>;

/** One watch that a client holds open. */
export type HeldWatch = {
  readonly query: URLSearchParams;
  readonly send: (type: string, object: unknown) => void;
  readonly write: (bytes: string | Buffer) => void;
  readonly end: () => void;
  readonly cut: () => void;
  readonly closed: Promise<void>;
};

export type WatchServer = {
  readonly server: TestServer;
  readonly watches: readonly HeldWatch[];
  readonly lists: () => readonly Arrived[];
  /** What the next lists answer. */
  readonly store: { items: readonly Item[]; resourceVersion: string };
  /** Answers in place of the server while it is set. */
  readonly instead: { list: Handler | undefined; watch: Handler | undefined };
  /** Resolves with the watch of this number, counted from 0, once it is open. */
  readonly watch: (index: number) => Promise<HeldWatch>;
};

export async function startWatchServer(t: TestContext): Promise<WatchServer> {
  const watches: HeldWatch[] = [];
  const store: WatchServer['store'] = { items: [], resourceVersion: '1' };
  const instead: WatchServer['instead'] = { list: undefined, watch: undefined };
  const waiter = createWaiter();
  const server = await startServer(t, (request, response) => {
    if (request.query.get('watch') === null) {
      if (instead.list !== undefined) instead.list(request, response);
      else json(response, 200, listBody(store));
    } else if (instead.watch !== undefined) {
      instead.watch(request, response);
    } else {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      watches.push(heldWatch(request, response));
      waiter.notify();
    }
  });
  return {
    server,
    watches,
    store,
    instead,
    lists: () => server.requests.filter((request) => request.query.get('watch') === null),
    watch: async (index) => {
      await waiter.until(() => watches.length > index, `watch ${index}`);
      const found = watches[index];
      if (found === undefined) throw new Error('no such watch');
      return found;
    },
  };
}

function heldWatch(request: Arrived, response: ServerResponse): HeldWatch {
  return {
    query: request.query,
    send: (type, object) => response.write(`${JSON.stringify({ type, object })}\n`),
    write: (bytes) => response.write(bytes),
    end: () => response.end(),
    cut: () => response.destroy(),
    closed: new Promise((resolve) => response.once('close', resolve)),
  };
}

/** In a list of a built-in kind the items carry neither kind nor apiVersion. */
export function listBody(store: { readonly items: readonly Item[]; readonly resourceVersion: string }): object {
  const items = store.items.map(({ metadata }) => ({ metadata }));
  return { kind: 'ConfigMapList', apiVersion: 'v1', metadata: { resourceVersion: store.resourceVersion }, items };
}

/** A change in one line: `upserted a@5`, `deleted a@7`, `failed Network`. */
export function told(change: Change<ConfigMap>): string {
  switch (change.type) {
    case 'upserted':
    case 'deleted':
      return `${change.type} ${change.object.metadata?.name}@${change.object.metadata?.resourceVersion}`;
    case 'failed':
      return `failed ${change.error.reason}`;
    case 'synced':
    case 'recovered':
      return change.type;
    default:
      return change satisfies never;
  }
}

export type Watched = {
  readonly collection: Collection<ConfigMap>;
  readonly changes: readonly string[];
  /** Resolves when this has been told, as often as it stands here. */
  readonly until: (...lines: readonly string[]) => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly signal: AbortSignal;
};

/** Runs a collection against a server; it is stopped when the test is over. */
export function watched(
  t: TestContext,
  server: WatchServer,
  options: { readonly clock?: Clock; readonly random?: () => number } & Partial<CollectionOptions<ConfigMap>> = {},
): Watched {
  const { clock = createClock(), random = () => 0.5, ...rest } = options;
  const changes: string[] = [];
  const waiter = createWaiter();
  const collection = createCollection<ConfigMap>(
    {
      client: testClient(t, server.server.url, clock),
      clock,
      random,
      onChange: (change) => {
        changes.push(told(change));
        waiter.notify();
      },
    },
    { path, parse: parseConfigMap, requestTimeoutMs: 2_000, ...rest },
  );
  const controller = new AbortController();
  const running = collection.run(controller.signal);
  const stop = async () => {
    controller.abort();
    await running;
  };
  t.after(stop);
  const holds = (lines: readonly string[]) => lines.every((line) => count(changes, line) >= count(lines, line));
  return {
    collection,
    changes,
    until: (...lines) => waiter.until(() => holds(lines), `${lines.join(', ')}; told so far: ${changes.join(', ')}`),
    stop,
    signal: controller.signal,
  };
}

function count(lines: readonly string[], line: string): number {
  return lines.filter((other) => other === line).length;
}
