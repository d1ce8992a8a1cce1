/** GET of one object, of a list, and the start of a watch. */
import type { ApiObject, ResourceName } from '../objects/kinds.ts';
import { resources } from '../registry/resources.ts';
import { badRequest, notFound, tooLargeResourceVersion } from '../registry/status.ts';
import type { Store } from '../storage/store.ts';
import { type Answer, type Exchange, json } from './exchange.ts';
import { type ListOptions, parseListOptions } from './list-options.ts';
import { acceptedForm, listText, objectText } from './media.ts';
import { parseSelector } from './selectors.ts';
import type { WatchRequest } from './watch.ts';

/** Answers one object. Throws StatusError 404, 406, 504. */
export function readObject(store: Store, name: ResourceName, { call, headers, staleVersions }: Exchange): Answer {
  const form = acceptedForm(headers.accept);
  checkReached(store, call.query.get('resourceVersion') ?? '');
  const key = { namespace: resources[name].isNamespaced ? call.namespace : '', name: call.name };
  const object: ApiObject | undefined =
    staleVersions > 0 ? store.earlier(name, key, staleVersions) : store.get(name, key);
  if (object === undefined) throw notFound(resources[name], call.name);
  return json(200, objectText(object, form));
}

/** Answers a list, in pages where the client limits them. Throws StatusError 400, 406, 422, 504. */
export function readList(store: Store, name: ResourceName, { call, headers, staleVersions }: Exchange): Answer {
  const resource = resources[name];
  const form = acceptedForm(headers.accept);
  const options = parseListOptions(call.query, 'list');
  checkReached(store, options.resourceVersion);
  const selector = parseSelector(resource, call.query);
  const all: readonly ApiObject[] = store.list(name, namespaceOf(name, call.namespace));
  const found = all.map((object) => older(store, name, object, staleVersions)).filter((object) => selector(object));
  const { page, next } = paged(found, options);
  const rest = found.length - page.length - offsetOf(options);
  const metadata = {
    resourceVersion: String(store.revision() - staleVersions),
    ...(next === '' ? {} : { continue: next, remainingItemCount: rest }),
  };
  return json(200, listText(resource, metadata, page, form));
}

function older(store: Store, name: ResourceName, object: ApiObject, versions: number): ApiObject {
  if (versions === 0) return object;
  const { namespace = '', name: own } = object.metadata;
  return store.earlier(name, { namespace, name: own }, versions) ?? object;
}

const offsetOf = ({ continueToken }: ListOptions): number =>
  continueToken === '' ? 0 : Number(Buffer.from(continueToken, 'base64url').toString());

function paged(found: readonly ApiObject[], options: ListOptions): { page: readonly ApiObject[]; next: string } {
  const offset = offsetOf(options);
  if (!Number.isInteger(offset)) throw badRequest('continue key is not valid: invalid character');
  const end = options.limit > 0 ? offset + options.limit : found.length;
  const next = end < found.length ? Buffer.from(String(end)).toString('base64url') : '';
  return { page: found.slice(offset, end), next };
}

/** Undefined: all namespaces. */
function namespaceOf(name: ResourceName, namespace: string): string | undefined {
  return resources[name].isNamespaced && namespace !== '' ? namespace : undefined;
}

function checkReached(store: Store, asked: string): void {
  if (Number(asked) > store.revision()) throw tooLargeResourceVersion(asked, store.revision());
}

const DEFAULT_WATCH_SECONDS = 1800;

/** What a watch asks for. Throws StatusError 400, 406, 422, 500. */
export function parseWatch(store: Store, name: ResourceName, { call, headers }: Exchange): WatchRequest {
  const options = parseListOptions(call.query, 'watch');
  const version = Number(options.resourceVersion);
  // Without a version, or with version 0, a watch begins with the state of now, unless the client refuses that.
  const isFromState = options.sendInitialEvents ?? version === 0;
  return {
    resource: name,
    namespace: namespaceOf(name, call.namespace),
    selector: parseSelector(resources[name], call.query),
    form: acceptedForm(headers.accept),
    from: isFromState ? { kind: 'state' } : { kind: 'revision', revision: version === 0 ? store.revision() : version },
    bookmarks: options.bookmarks,
    timeoutMs: (options.timeoutSeconds ?? DEFAULT_WATCH_SECONDS) * 1000,
  };
}
