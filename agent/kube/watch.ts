/**
 * One list kept up to date for ever: list, then watch from its resourceVersion, resume from the newest one, list again
 * when that is too old (API concepts, "Efficient detection of changes"). What it knows is kept through every outage:
 * "I could not see" differs from "it is empty".
 */
import { type BackoffBounds, backoffMs } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import { watchError } from './answer.ts';
import type { ApiClient, WatchEvent } from './client.ts';
import { classify, KubeError, noAnswer } from './errors.ts';
import { createInventory, type ItemChange } from './inventory.ts';
import type { ApiObject } from './objects.ts';
import { BadObjectError, isRecord, parseList } from './parse.ts';

/** What happened to a collection. A change is told after `items()` shows it. */
export type Change<T> =
  /** The first list was answered; its objects were told before. Once. */
  | { readonly type: 'synced' }
  | ItemChange<T>
  /** The watch is down. Told once, and again only when another verdict follows from it (an outage became a refusal). */
  | { readonly type: 'failed'; readonly error: KubeError }
  /** The watch stands again, for a second by now. */
  | { readonly type: 'recovered' };

/** A list that keeps itself up to date while it runs. */
export type Collection<T> = {
  /** Whether the first list has been answered. Never false again. */
  readonly synced: () => boolean;
  /** The newest known state, by `metadata.name`. Kept through outages. */
  readonly items: () => ReadonlyMap<string, T>;
  /** Why the watch is down right now; undefined while it stands. */
  readonly failure: () => KubeError | undefined;
  /** Takes an object that a write of ours was answered with, unless a newer one is known. Emits nothing. */
  readonly put: (object: T) => void;
  /**
   * Forgets an object that we deleted. Emits nothing; an older event about it that is still under way is not believed.
   * With `uid`, another object that has the name by now is left alone.
   */
  readonly drop: (name: string, uid?: string) => void;
  /** Lists and watches until the signal aborts, then resolves. Rejects only for bugs, of ours or of `onChange`. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Drops the present watch, or the wait before the next one, and connects from the newest resourceVersion at once. */
  readonly kick: () => void;
};

/** What is listed, and how long to wait for it. */
export type CollectionOptions<T> = {
  /** Of the list: `/api/v1/namespaces/default/pods`. */
  readonly path: string;
  /** `metadata.name=X` makes list and watch match a Role with resourceNames (seen on Kubernetes 1.37). */
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  /** Checks one object; its kind and apiVersion are filled in where a list leaves them out. @throws BadObjectError */
  readonly parse: (value: unknown) => T;
  readonly requestTimeoutMs: number;
  /** How long a watch may be silent. The API server sends bookmarks about once a minute. @default 75000 */
  readonly idleTimeoutMs?: number;
};

const IDLE_TIMEOUT_MS = 75_000;

/** How long the server is asked to keep a watch, at random between the two, so that not all end together. */
const WATCH_SECONDS = { least: 240, most: 300 };

/** A watch that stood this long was a success: the backoff starts anew. One that ends earlier is waited for longer. */
const STANDING_MS = 1_000;

const backoff: BackoffBounds = { baseMs: 100, maxMs: 1_000 };

/** A refusal waits for a person who grants the permission, so nothing is gained by asking each second. */
const forbiddenBackoff: BackoffBounds = { baseMs: 100, maxMs: 5_000 };

/** The longest wait that a server (or a proxy) can impose on us by Retry-After. */
const MAX_RETRY_AFTER_MS = 60_000;

/** Creates a collection; nothing is asked before `run`. */
export function createCollection<T extends ApiObject>(
  deps: {
    readonly client: ApiClient;
    readonly clock: Clock;
    /** A number in [0, 1). */
    readonly random: () => number;
    readonly onChange: (change: Change<T>) => void;
  },
  options: CollectionOptions<T>,
): Collection<T> {
  const { client, clock, random, onChange } = deps;
  const { path, requestTimeoutMs } = options;
  const asked = { verb: 'GET', path } as const;
  const selectors = {
    ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
    ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
  };
  const inventory = createInventory<T>();
  let isSynced = false;
  /** Where to resume; undefined: list first. */
  let resourceVersion: string | undefined;
  let failure: KubeError | undefined;
  let attempt = 0;
  /** What `kick` may cut: an open watch, or a wait. A request under way is a reconnection already. */
  let interruptible: AbortController | undefined;
  let isKicked = false;

  const tell = (changes: readonly ItemChange<T>[]) => {
    for (const change of changes) onChange(change);
  };

  const list = async (signal: AbortSignal) => {
    inventory.expectList();
    const answer = await client.request({ ...asked, query: selectors, timeoutMs: requestTimeoutMs, signal });
    if (answer.kind !== 'ok')
      throw noAnswer(asked, 'BadAnswer', `expected a list, got ${answer.kind}: ${answer.message}`);
    const found = checked(asked, () => parseList(answer.body, options.parse));
    resourceVersion = found.resourceVersion;
    const changes = inventory.replace(found.items, found.resourceVersion);
    const isFirst = !isSynced;
    isSynced = true;
    tell(changes);
    if (isFirst) onChange({ type: 'synced' });
  };

  /** Opens a watch and takes what it tells. A cut or a silence ends it without an error; a refusal and nonsense throw. */
  const watch = async (from: string, cut: AbortController) => {
    const seconds = WATCH_SECONDS.least + Math.floor(random() * (WATCH_SECONDS.most - WATCH_SECONDS.least + 1));
    const bookmarks = { allowWatchBookmarks: 'true', timeoutSeconds: String(seconds) };
    const events = await client.watch({
      path,
      query: { ...selectors, ...bookmarks, resourceVersion: from },
      connectTimeoutMs: requestTimeoutMs,
      idleTimeoutMs: options.idleTimeoutMs ?? IDLE_TIMEOUT_MS,
      signal: cut.signal,
    });
    interruptible = cut;
    void clock.sleep(STANDING_MS, cut.signal).then(() => {
      if (!cut.signal.aborted) stand();
    });
    try {
      for await (const event of events) take(event);
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (error.reason === 'Timeout')
        resourceVersion = undefined; // silent: the version may be one that never comes again
      else if (error.reason !== 'Network' && error.reason !== 'Aborted') throw relist(error);
    }
  };

  const take = (event: WatchEvent) => {
    switch (event.type) {
      case 'ADDED':
      case 'MODIFIED':
      case 'DELETED': {
        const object = checked(asked, () => options.parse(event.object));
        resourceVersion = object.metadata?.resourceVersion ?? resourceVersion;
        tell(event.type === 'DELETED' ? inventory.remove(object) : inventory.upsert(object));
        return;
      }
      case 'BOOKMARK':
        resourceVersion = bookmarkVersion(event.object) ?? resourceVersion;
        return;
      case 'ERROR':
        throw watchError(asked, event.object);
      default:
        throw noAnswer(asked, 'BadAnswer', `expected a watch event, got the type ${JSON.stringify(event.type)}`);
    }
  };

  const relist = (error: KubeError) => {
    resourceVersion = undefined;
    return error;
  };

  const stand = () => {
    attempt = 0;
    if (failure === undefined) return;
    failure = undefined;
    onChange({ type: 'recovered' });
  };

  const fail = (error: KubeError) => {
    const isNews = failure === undefined || classify(failure) !== classify(error);
    failure = error;
    if (isNews) onChange({ type: 'failed', error });
  };

  /** One list, where one is due, and one watch. Resolves with what broke it, or undefined when it ended as watches do. */
  const turn = async (cut: AbortController): Promise<KubeError | undefined> => {
    try {
      if (resourceVersion === undefined) await list(cut.signal);
      if (resourceVersion !== undefined) await watch(resourceVersion, cut);
      return undefined;
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (!canResume(error)) resourceVersion = undefined;
      return error;
    } finally {
      interruptible = undefined;
      cut.abort();
    }
  };

  const run = async (signal: AbortSignal) => {
    while (!signal.aborted) {
      const error = await linked(signal, turn);
      if (signal.aborted) return;
      if (error !== undefined && error.status !== 410) fail(error);
      const delayMs = isKicked ? 0 : waitMs(error, attempt, random());
      attempt += 1;
      isKicked = false;
      await linked(signal, async (wait) => {
        interruptible = wait;
        await clock.sleep(delayMs, wait.signal);
        interruptible = undefined;
        isKicked = false;
      });
    }
  };

  return {
    synced: () => isSynced,
    items: inventory.items,
    failure: () => failure,
    put: inventory.put,
    drop: inventory.drop,
    run,
    kick: () => {
      if (interruptible === undefined) return;
      isKicked = true;
      interruptible.abort();
    },
  };
}

/** Runs `act` with a controller that aborts with `signal`, and takes the listener off again. */
async function linked<R>(signal: AbortSignal, act: (cut: AbortController) => Promise<R>): Promise<R> {
  const cut = new AbortController();
  const abort = () => cut.abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await act(cut);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Whether a watch can go on from where it was after a request that failed: nothing says that the place is wrong. */
function canResume(error: KubeError): boolean {
  if (error.reason === 'BadAnswer') return false;
  return error.status === 0 || error.status === 401 || error.status === 403 || error.status === 429;
}

function waitMs(error: KubeError | undefined, attempt: number, random: number): number {
  const jitterMs = backoffMs(attempt, error?.status === 403 ? forbiddenBackoff : backoff, random);
  return Math.min(error?.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS) + jitterMs;
}

function checked<R>(asked: { readonly verb: 'GET'; readonly path: string }, parse: () => R): R {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof BadObjectError)) throw cause;
    throw noAnswer(asked, 'BadAnswer', cause.message, cause);
  }
}

function bookmarkVersion(object: unknown): string | undefined {
  const { metadata } = isRecord(object) ? object : {};
  const { resourceVersion } = isRecord(metadata) ? metadata : {};
  return typeof resourceVersion === 'string' ? resourceVersion : undefined;
}
