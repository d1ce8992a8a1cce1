/** The objects that cases are made of, in as few words as possible. */
import type { JsonObject } from '../embedded/objects/json.ts';
import type { World } from './world.ts';

/** How the server words a JSON patch that does not apply. */
export const notApplied = {
  status: 422,
  reason: 'Invalid',
  message: 'the server rejected our request due to an error in our request',
  details: {},
} as const;

/** A port of a pair, e.g. `pair('kerberos', 88, 'UDP')`. */
export function pair(name: string, port: number, protocol = 'TCP'): JsonObject {
  return { name, port, protocol };
}

/** An address of pod `index`: `10.1.0.index`; its uid is `uid-index`. */
export function address(index: number): JsonObject {
  return { ip: `10.1.0.${index}`, targetRef: { kind: 'Pod', name: `pod-${index}`, uid: `uid-${index}` } };
}

/** The same pod's address without its uid. */
export function addressWithoutUid(index: number): JsonObject {
  return { ip: `10.1.0.${index}`, targetRef: { kind: 'Pod', name: `pod-${index}` } };
}

/** Endpoints that nobody mirrors, so that nothing but the case writes anything. */
export function register(name: string, change: JsonObject = {}, metadata: JsonObject = {}): JsonObject {
  const labels = { 'endpointslice.kubernetes.io/skip-mirror': 'true' };
  return { apiVersion: 'v1', kind: 'Endpoints', metadata: { name, labels, ...metadata }, ...change };
}

/** Creates such Endpoints behind a Service of its own; resolves to their path and what is stored. */
export async function createRegister(world: World, change: JsonObject = {}, metadata: JsonObject = {}) {
  await world.create(world.core('services'), { metadata: { name: 'ipa' }, spec: { clusterIP: 'None' } });
  const object = await world.create(world.core('endpoints'), register('ipa', change, metadata));
  return { path: world.core('endpoints', 'ipa'), object };
}

/** A slice of the Service `ipa` as the agent writes it. */
export function slice(name: string, change: JsonObject = {}, metadata: JsonObject = {}): JsonObject {
  const labels = {
    'kubernetes.io/service-name': 'ipa',
    'endpointslice.kubernetes.io/managed-by': 'endpoint-registrar',
  };
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, labels, ...metadata },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.1.0.1'], conditions: { ready: true }, hostname: 'ipa-0' }],
    ports: [pair('kerberos', 88)],
    ...change,
  };
}

/** Creates a ConfigMap. */
export function putConfigMap(world: World, name: string, labels: JsonObject = {}): Promise<JsonObject> {
  return world.create(world.core('configmaps'), { metadata: { name, labels } });
}
