/**
 * The calls that the agent makes, typed: what `register/` and `keeper/` know of the API server.
 * Every write carries the one field manager, so that the control plane's record of who wrote what stays short.
 */
import { unexpected } from './answer.ts';
import type { ApiAnswer, ApiClient, ApiRequest, Call } from './client.ts';
import { noAnswer } from './errors.ts';
import type { EndpointSlice, Endpoints, Event, PatchOperation, Pod, PodStatus } from './objects.ts';
import { BadObjectError, parseEndpoints, parseEvent, parseList, parsePod, parseSlice } from './parse.ts';

/** What a read found. */
export type Found<T> = { readonly kind: 'found'; readonly object: T } | { readonly kind: 'absent' };

/** What became of a JSON patch. `not-applied`: a `test` failed or a path was not there: somebody was faster, read again. */
export type Patched<T> =
  | { readonly kind: 'patched'; readonly object: T }
  | { readonly kind: 'not-applied' }
  | { readonly kind: 'absent' };

/** Each call resolves to its expected outcomes and rejects with KubeError for the rest. */
export type Api = {
  readonly getEndpoints: (name: string, call: Call) => Promise<Found<Endpoints>>;
  /** Server-side apply of the constant body (labels, one fixed annotation): creates it or changes nothing. Idempotent. */
  readonly applyEndpoints: (body: Endpoints, call: Call) => Promise<Endpoints>;
  /** JSON patch (RFC 6902). */
  readonly patchEndpoints: (
    name: string,
    operations: readonly PatchOperation[],
    call: Call,
  ) => Promise<Patched<Endpoints>>;
  readonly getPod: (name: string, call: Call) => Promise<Found<Pod>>;
  /**
   * Strategic merge patch of the status of this very pod: its conditions are merged by type, so that those of the
   * kubelet and of others stay. Rejects with `Invalid` where another pod has its name by now.
   */
  readonly patchPodStatus: (
    pod: { readonly podName: string; readonly uid: string },
    status: Pick<PodStatus, 'conditions'>,
    call: Call,
  ) => Promise<Found<Pod>>;
  /** Server-side apply; takes over fields that others own. Idempotent. */
  readonly applySlice: (slice: EndpointSlice, call: Call) => Promise<EndpointSlice>;
  /** Deletes this very object; `absent` too where another one has its name by now. */
  readonly deleteSlice: (
    name: string,
    preconditions: { readonly uid: string },
    call: Call,
  ) => Promise<'deleted' | 'absent'>;
  readonly listSlices: (labelSelector: string, call: Call) => Promise<readonly EndpointSlice[]>;
  /** POST: the name is no part of the request, so a Role cannot limit it by name. */
  readonly createEvent: (event: Event, call: Call) => Promise<'created' | 'already-exists'>;
  /** Merge patch (RFC 7386) of the fields that a repetition changes. */
  readonly patchEvent: (
    name: string,
    change: Pick<Event, 'count' | 'lastTimestamp'>,
    call: Call,
  ) => Promise<Found<Event>>;
};

/** Who we are in `metadata.managedFields` (server-side apply, field managers). */
const fieldManager = 'endpoint-registrar';

/** Creates the typed calls for the objects of one namespace. */
export function createApi(client: ApiClient, options: { readonly namespace: string }): Api {
  const namespace = encodeURIComponent(options.namespace);
  const core = `/api/v1/namespaces/${namespace}`;
  const slices = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;

  const get = async <T>(path: string, parse: (value: unknown) => T, call: Call): Promise<Found<T>> => {
    const request = { ...call, verb: 'GET', path } as const;
    const answer = await client.request(request);
    if (answer.kind === 'absent') return { kind: 'absent' };
    return { kind: 'found', object: parsed(request, answer, parse) };
  };

  const apply = async <T>(path: string, body: T, options: Call & { readonly parse: (value: unknown) => T }) => {
    const { parse, ...call } = options;
    const contentType = 'application/apply-patch+yaml';
    const request = {
      ...call,
      verb: 'PATCH',
      path,
      query: { fieldManager, force: 'true' },
      body,
      contentType,
    } as const;
    return parsed(request, await client.request(request), parse);
  };

  return {
    getEndpoints: (name, call) => get(`${core}/endpoints/${encodeURIComponent(name)}`, parseEndpoints, call),
    getPod: (name, call) => get(`${core}/pods/${encodeURIComponent(name)}`, parsePod, call),
    applyEndpoints: (body, call) =>
      apply(`${core}/endpoints/${nameOf(body)}`, body, { ...call, parse: parseEndpoints }),
    applySlice: (slice, call) => apply(`${slices}/${nameOf(slice)}`, slice, { ...call, parse: parseSlice }),

    patchPodStatus: async ({ podName, uid }, status, call) => {
      const path = `${core}/pods/${encodeURIComponent(podName)}/status`;
      const contentType = 'application/strategic-merge-patch+json';
      const body = { metadata: { uid }, status };
      const request = { ...call, verb: 'PATCH', path, query: { fieldManager }, body, contentType } as const;
      const answer = await client.request(request);
      if (answer.kind === 'absent') return { kind: 'absent' };
      return { kind: 'found', object: parsed(request, answer, parsePod) };
    },

    patchEndpoints: async (name, operations, call) => {
      const path = `${core}/endpoints/${encodeURIComponent(name)}`;
      const contentType = 'application/json-patch+json';
      const request = { ...call, verb: 'PATCH', path, query: { fieldManager }, body: operations, contentType } as const;
      const answer = await client.request(request);
      if (answer.kind === 'absent') return { kind: 'absent' };
      // A conflict too: the API server tried again by itself, several times, and lost each time against other writers.
      if (answer.kind === 'not-applied' || answer.kind === 'conflict') return { kind: 'not-applied' };
      return { kind: 'patched', object: parsed(request, answer, parseEndpoints) };
    },

    deleteSlice: async (name, preconditions, call) => {
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: preconditions.uid } };
      const request = { ...call, verb: 'DELETE', path: `${slices}/${encodeURIComponent(name)}`, body } as const;
      const answer = await client.request(request);
      if (answer.kind === 'absent' || answer.kind === 'conflict') return 'absent'; // 409: the uid is another one
      parsed(request, answer, (value) => value);
      return 'deleted';
    },

    listSlices: async (labelSelector, call) => {
      const request = { ...call, verb: 'GET', path: slices, query: { labelSelector } } as const;
      return parsed(request, await client.request(request), (value) => parseList(value, parseSlice)).items;
    },

    createEvent: async (event, call) => {
      const request = { ...call, verb: 'POST', path: `${core}/events`, query: { fieldManager }, body: event } as const;
      const answer = await client.request(request);
      if (answer.kind === 'already-exists') return 'already-exists';
      parsed(request, answer, parseEvent);
      return 'created';
    },

    patchEvent: async (name, change, call) => {
      const path = `${core}/events/${encodeURIComponent(name)}`;
      const contentType = 'application/merge-patch+json';
      const request = { ...call, verb: 'PATCH', path, query: { fieldManager }, body: change, contentType } as const;
      const answer = await client.request(request);
      if (answer.kind === 'absent') return { kind: 'absent' };
      return { kind: 'found', object: parsed(request, answer, parseEvent) };
    },
  };
}

function nameOf(object: Endpoints | EndpointSlice): string {
  const name = object.metadata?.name;
  if (name === undefined) throw new TypeError('an object to apply must have metadata.name');
  return encodeURIComponent(name);
}

/** Parses an answer that is `ok`; another outcome is not expected of this request, and so is an error. */
function parsed<T>(request: ApiRequest, answer: ApiAnswer, parse: (value: unknown) => T): T {
  if (answer.kind !== 'ok') throw unexpected(request, answer);
  try {
    return parse(answer.body);
  } catch (cause) {
    if (!(cause instanceof BadObjectError)) throw cause;
    throw noAnswer(request, 'BadAnswer', cause.message, cause);
  }
}
