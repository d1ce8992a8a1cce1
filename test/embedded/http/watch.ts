/**
 * Watches: initial events, then each change that the selector lets through, bookmarks, and an end. An object that a
 * change takes out of the selection is told as DELETED, one that comes in as ADDED. Seen on Kubernetes 1.37.2.
 */
import type { JsonObject } from '../objects/json.ts';
import type { ApiObject, ResourceName } from '../objects/kinds.ts';
import { emptyObject } from '../registry/decode.ts';
import type { Resource } from '../registry/resource.ts';
import { resources } from '../registry/resources.ts';
import { expired, statusBody } from '../registry/status.ts';
import type { Change, Store } from '../storage/store.ts';
import { type Form, objectText } from './media.ts';
import type { Selector } from './selectors.ts';

/** A watch as it was asked for. */
export type WatchRequest = {
  readonly resource: ResourceName;
  /** Undefined: all namespaces. */
  readonly namespace: string | undefined;
  readonly selector: Selector;
  readonly form: Form;
  /** Where to start: after this revision, or with the state of now as ADDED events. */
  readonly from: { readonly kind: 'revision'; readonly revision: number } | { readonly kind: 'state' };
  readonly bookmarks: boolean;
  readonly timeoutMs: number;
};

/** Where the lines of a watch go. */
export type WatchSink = { readonly send: (line: string) => void; readonly end: () => void };

/** A watch that runs. */
export type RunningWatch = {
  readonly request: WatchRequest;
  readonly stop: () => void;
  /** Sends a BOOKMARK now, where the client allowed them. */
  readonly bookmark: () => void;
};

const END = 'k8s.io/initial-events-end';
const NEAR_END_MS = 2_000;

/** Starts a watch. `onEnd` is called once, whoever ends it. */
export function startWatch(
  store: Store,
  request: WatchRequest,
  sink: WatchSink,
  options: { readonly bookmarkIntervalMs: number; readonly onEnd: () => void },
): RunningWatch {
  const resource = resources[request.resource];
  const timers: NodeJS.Timeout[] = [];
  let off: (() => void) | undefined;
  let isEnded = false;

  const stop = (): void => {
    if (isEnded) return;
    isEnded = true;
    off?.();
    timers.forEach(clearTimeout);
    options.onEnd();
  };
  const finish = (): void => {
    stop();
    sink.end();
  };
  const deliver = (change: Change): void => {
    const line = lineOf(change, request);
    if (line !== undefined) sink.send(line);
  };
  const bookmark = (annotations?: JsonObject): void => {
    if (request.bookmarks && !isEnded) sink.send(bookmarkLine(resource, store.revision(), request.form, annotations));
  };

  const begin = (): void => {
    if (request.from.kind === 'state') {
      for (const object of store.list(request.resource, request.namespace)) {
        if (request.selector(object)) sink.send(`{"type":"ADDED","object":${objectText(object, request.form)}}\n`);
      }
      bookmark({ [END]: 'true' });
    } else {
      const history = store.since(request.resource, request.from.revision);
      if (history.kind === 'expired') {
        const error = expired(`too old resource version: ${request.from.revision} (${history.oldest})`);
        sink.send(`${JSON.stringify({ type: 'ERROR', object: statusBody(error) })}\n`);
        finish();
        return;
      }
      history.changes.forEach(deliver);
    }
    const ahead = request.from.kind === 'revision' ? request.from.revision : 0;
    off = store.onChange(request.resource, (change) => {
      // A watch that starts in the future stays silent until the revisions have caught up with it.
      if (change.revision > ahead) deliver(change);
    });
    timers.push(setTimeout(finish, request.timeoutMs));
    timers.push(setInterval(bookmark, options.bookmarkIntervalMs));
    if (request.timeoutMs > NEAR_END_MS) timers.push(setTimeout(bookmark, request.timeoutMs - NEAR_END_MS));
    for (const timer of timers) timer.unref();
  };

  begin();
  return { request, stop, bookmark: () => bookmark() };
}

function lineOf(change: Change, { namespace, selector, form }: WatchRequest): string | undefined {
  const { object, previous, type } = change;
  if (namespace !== undefined && object.metadata.namespace !== namespace) return undefined;
  const isIn = type !== 'DELETED' && selector(object);
  const wasIn = previous !== undefined && selector(previous);
  if (isIn) return `{"type":"${wasIn ? 'MODIFIED' : 'ADDED'}","object":${objectText(object, form)}}\n`;
  if (!wasIn) return undefined;
  return `{"type":"DELETED","object":${objectText(departed(change, previous), form)}}\n`;
}

const departures = new WeakMap<Change, ApiObject>();

/** What a client is told last of an object: its former state, with the revision of the change that took it away. */
function departed(change: Change, previous: ApiObject): ApiObject {
  if (change.type === 'DELETED') return change.object;
  const known = departures.get(change);
  if (known !== undefined) return known;
  const last = { ...previous, metadata: { ...previous.metadata, resourceVersion: String(change.revision) } };
  departures.set(change, last);
  return last;
}

function bookmarkLine(resource: Resource, revision: number, form: Form, annotations: JsonObject | undefined): string {
  const { kind, apiVersion, ...rest } = emptyObject(resource);
  const metadata = { resourceVersion: String(revision), ...(annotations === undefined ? {} : { annotations }) };
  const whole = { kind, apiVersion, ...rest, metadata };
  const object = form === 'whole' ? whole : { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
  return `${JSON.stringify({ type: 'BOOKMARK', object })}\n`;
}
