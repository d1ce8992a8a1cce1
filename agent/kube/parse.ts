/**
 * The edge where an answer of the API server becomes one of our types: kind, apiVersion and name are looked at, and
 * what is inside is left to those who use it (fields may be absent, so `plan/` asks before it reads).
 */
import type {
  ApiObject,
  ConfigMap,
  Deployment,
  EndpointSlice,
  Endpoints,
  Event,
  Pod,
  PodDisruptionBudget,
  Service,
  StatefulSet,
} from './objects.ts';

/** An answer that is JSON and yet not what was asked for. `kube/` turns it into a KubeError `BadAnswer` that names the request. */
export class BadObjectError extends Error {
  override readonly name = 'BadObjectError';
}

/** Whether a JSON value is an object, so that its fields can be looked at. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What kind of object is asked for: `{ apiVersion: 'v1', kind: 'Pod' }`. */
type TypeMeta = { readonly apiVersion: string; readonly kind: string };

function parseNamed<T extends ApiObject>(value: unknown, type: TypeMeta): T {
  const wanted = `${type.apiVersion} ${type.kind}`;
  if (!isRecord(value)) throw new BadObjectError(`expected a ${wanted}, got ${typeName(value)}`);
  const { kind, apiVersion, metadata } = value;
  if (kind !== type.kind || apiVersion !== type.apiVersion) {
    throw new BadObjectError(`expected a ${wanted}, got a ${String(apiVersion)} ${String(kind)}`);
  }
  const { name } = isRecord(metadata) ? metadata : {};
  if (typeof name !== 'string' || name === '') {
    throw new BadObjectError(`expected a ${wanted} with metadata.name, got none`);
  }
  return value as T; // the parse edge: kind, apiVersion and name were checked above, all else is optional in T
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}

/** Checks a ConfigMap. @throws BadObjectError */
export function parseConfigMap(value: unknown): ConfigMap {
  return parseNamed(value, { apiVersion: 'v1', kind: 'ConfigMap' });
}

/** Checks a Deployment. @throws BadObjectError */
export function parseDeployment(value: unknown): Deployment {
  return parseNamed(value, { apiVersion: 'apps/v1', kind: 'Deployment' });
}

/** Checks a PodDisruptionBudget. @throws BadObjectError */
export function parseDisruptionBudget(value: unknown): PodDisruptionBudget {
  return parseNamed(value, { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' });
}

/** Checks a StatefulSet. @throws BadObjectError */
export function parseStatefulSet(value: unknown): StatefulSet {
  return parseNamed(value, { apiVersion: 'apps/v1', kind: 'StatefulSet' });
}

/** Checks an Endpoints object. @throws BadObjectError */
export function parseEndpoints(value: unknown): Endpoints {
  return parseNamed(value, { apiVersion: 'v1', kind: 'Endpoints' });
}

/** Checks an EndpointSlice. @throws BadObjectError */
export function parseSlice(value: unknown): EndpointSlice {
  return parseNamed(value, { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' });
}

/** Checks an Event. @throws BadObjectError */
export function parseEvent(value: unknown): Event {
  return parseNamed(value, { apiVersion: 'v1', kind: 'Event' });
}

/** Checks a Pod. @throws BadObjectError */
export function parsePod(value: unknown): Pod {
  return parseNamed(value, { apiVersion: 'v1', kind: 'Pod' });
}

/** Checks a Service. @throws BadObjectError */
export function parseService(value: unknown): Service {
  return parseNamed(value, { apiVersion: 'v1', kind: 'Service' });
}

/** A list as the API server answers it: the version to watch from, and its objects. */
export type ParsedList<T> = { readonly resourceVersion: string; readonly items: readonly T[] };

/**
 * Checks a list, each of its objects with `parse`. In a list of a built-in kind the objects carry neither kind nor
 * apiVersion (API conventions, "Lists and Simple kinds"): they are filled in from the list's own.
 * @throws BadObjectError, and whatever `parse` throws
 */
export function parseList<T>(value: unknown, parse: (item: unknown) => T): ParsedList<T> {
  if (!isRecord(value)) throw new BadObjectError(`expected a list, got ${typeName(value)}`);
  const { kind, apiVersion, metadata, items } = value;
  if (typeof kind !== 'string' || !kind.endsWith('List')) {
    throw new BadObjectError(`expected a list, got a ${String(apiVersion)} ${String(kind)}`);
  }
  const { resourceVersion } = isRecord(metadata) ? metadata : {};
  if (typeof resourceVersion !== 'string' || resourceVersion === '') {
    throw new BadObjectError(`expected a ${kind} with metadata.resourceVersion, got none`);
  }
  const list = items ?? []; // Go writes an empty list as null now and then
  if (!Array.isArray(list)) throw new BadObjectError(`expected items of a ${kind}, got ${typeName(list)}`);
  const type = { apiVersion, kind: kind.slice(0, -'List'.length) };
  return { resourceVersion, items: list.map((item) => parse(isRecord(item) ? { ...type, ...item } : item)) };
}
