/**
 * GET through `pods/proxy`: the API server asks the pod's address and hands its answer on. Pods here have addresses that
 * lead nowhere, so a test says which port of a pod is served at which port of 127.0.0.1; all others refuse connections.
 * Follows kube-apiserver: registry/core/pod `ResourceLocation`, apimachinery `util/proxy` (the words of the 503).
 */
import { request } from 'undici';
import { resources } from '../registry/resources.ts';
import { badRequest, methodNotAllowed, notFound, StatusError } from '../registry/status.ts';
import type { Store } from '../storage/store.ts';
import type { Call } from './call.ts';
import { type Answer, refused } from './exchange.ts';

/** A port of a pod. `namespace` is `default` where absent. */
export type PodPort = { readonly namespace?: string; readonly pod: string; readonly port: number };

/** Which ports of pods are served. */
export type PodPorts = {
  /** From now on the pod's port leads to a port of 127.0.0.1. */
  readonly open: (at: PodPort, loopbackPort: number) => void;
  /** From now on it refuses connections, as all do from the start. */
  readonly close: (at: PodPort) => void;
  readonly find: (at: PodPort) => number | undefined;
};

/** Builds the ports of all pods, closed. */
export function createPodPorts(): PodPorts {
  const open = new Map<string, number>();
  const keyOf = ({ namespace = 'default', pod, port }: PodPort) => `${namespace}/${pod}:${port}`;
  return {
    open: (at, loopbackPort) => void open.set(keyOf(at), loopbackPort),
    close: (at) => void open.delete(keyOf(at)),
    find: (at) => open.get(keyOf(at)),
  };
}

/** What is to be asked, and by which name the pod is known. */
export type Forward = { readonly address: string; readonly loopbackPort: number | undefined; readonly path: string };

const NAMED = /^(?:http:)?([^:]+):(\d+)$/;

/** Finds the pod that a call to `pods/NAME:PORT/proxy/PATH` means. Throws StatusError. */
export function planForward(deps: { readonly store: Store; readonly podPorts: PodPorts }, call: Call): Answer {
  if (call.verb !== 'get') throw methodNotAllowed();
  const [, pod = '', port = ''] = NAMED.exec(call.name) ?? [];
  if (pod === '') throw badRequest(`invalid pod request "${call.name}"`);
  const found = deps.store.get('pods', { namespace: call.namespace, name: pod });
  if (found === undefined) throw notFound(resources.pods, pod);
  const ip = found.status?.podIP;
  if (ip === undefined) throw badRequest('address not allowed');
  const path = /^\/api\/v1\/namespaces\/[^/]+\/pods\/[^/]+\/proxy(\/.*)$/.exec(call.path)?.[1] ?? '/';
  const query = call.query.size > 0 ? `?${call.query}` : '';
  const loopbackPort = deps.podPorts.find({ namespace: call.namespace, pod, port: Number(port) });
  return {
    kind: 'forward',
    forward: { address: `${ip.includes(':') ? `[${ip}]` : ip}:${port}`, loopbackPort, path: `${path}${query}` },
  };
}

/** An answer that asks nobody else. */
export type FinalAnswer = Exclude<Answer, { readonly kind: 'forward' }>;

/** Asks the pod; 503 where nobody answers there. */
export async function forwarded({ address, loopbackPort, path }: Forward): Promise<FinalAnswer> {
  if (loopbackPort === undefined) return refused(unreached(address));
  try {
    const { statusCode, headers, body } = await request(`http://127.0.0.1:${loopbackPort}${path}`, { reset: true });
    const contentType = [headers['content-type'] ?? ''].flat().join(', ');
    return { kind: 'text', status: statusCode, contentType, text: await body.text() };
  } catch {
    return refused(unreached(address));
  }
}

function unreached(address: string): StatusError {
  const message = `error trying to reach service: dial tcp ${address}: connect: connection refused`;
  return new StatusError(message, { code: 503, reason: 'ServiceUnavailable' });
}
