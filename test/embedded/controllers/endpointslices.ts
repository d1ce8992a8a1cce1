/**
 * The endpointslice controller: native slices for Services with a selector, at most 100 endpoints each, a placeholder
 * where there are none. It leaves slices with another `managed-by` alone. Taking the selector away leaves everything as
 * it was (ghosts). Seen on Kubernetes 1.37.2.
 */
import { equal, type JsonObject } from '../objects/json.ts';
import type { Kinds, Stored } from '../objects/kinds.ts';
import { type Change, keyOf, type ObjectKey } from '../storage/store.ts';
import { type Controller, type ControllerDeps, createController } from './controller.ts';
import {
  addressesOf,
  HEADLESS_LABEL,
  hasPlace,
  hostnameIn,
  isHeadless,
  isReady,
  podsOf,
  servicesOfChange,
  targetPortOf,
} from './pods.ts';
import {
  type Endpoint,
  endpointKey,
  MANAGED_BY,
  portsKey,
  renamed,
  SERVICE_NAME,
  type Slice,
  type SliceChanges,
  type SlicePort,
  slicesOf,
  writeSlices,
} from './slices.ts';
import { createTriggerTimes, TRIGGER_TIME } from './trigger-time.ts';

/** Who the native slices say they belong to. */
export const NATIVE = 'endpointslice-controller.k8s.io';

const MAX_PER_SLICE = 100;

type Service = Stored<Kinds['services']>;
type StoredPod = Stored<Kinds['pods']>;
type Group = { readonly ports: readonly SlicePort[]; readonly endpoints: Endpoint[] };

/** Builds the controller. */
export function createEndpointSliceController(deps: ControllerDeps): Controller {
  const { store, registry } = deps;
  const times = createTriggerTimes();

  const sync = (key: ObjectKey): void => {
    const service = store.get('services', key);
    const { selector, type, ipFamilies = ['IPv4'] } = service?.spec ?? {};
    if (service === undefined || selector === undefined || type === 'ExternalName') return;
    const pods = podsOf(store, service);
    const trigger = times.next(service, pods);
    const existing = slicesOf(store, key.namespace, key.name, NATIVE);
    for (const family of ipFamilies) {
      const groups = groupsOf(service, pods, family);
      const own = existing.filter(({ addressType }) => addressType === family);
      writeSlices(registry, key.namespace, difference({ service, family, trigger }, groups, own));
    }
    const remove = existing.filter(({ addressType }) => !ipFamilies.includes(addressType));
    writeSlices(registry, key.namespace, { create: [], update: [], remove });
  };

  /** The pods' endpoints by the ports they have. A pod whose Node does not exist is left out. */
  const groupsOf = (service: Service, pods: readonly StoredPod[], family: string): ReadonlyMap<string, Group> => {
    const groups = new Map<string, Group>();
    for (const pod of pods.filter((candidate) => hasPlace(candidate, { includeTerminating: true }))) {
      const ports = portsOf(service, pod);
      const group = groups.get(portsKey(ports)) ?? { ports, endpoints: [] };
      groups.set(portsKey(ports), group);
      const { nodeName = '' } = pod.spec ?? {};
      const isKnown = store.get('nodes', { namespace: '', name: nodeName }) !== undefined;
      const addresses = addressesOf(pod, family);
      if (addresses.length > 0 && (isKnown || service.spec?.publishNotReadyAddresses === true)) {
        group.endpoints.push(endpointFor(service, pod, addresses));
      }
    }
    return groups;
  };

  return createController({
    store,
    activity: deps.activity,
    delayMs: deps.delayMs,
    watches: [
      { resource: 'services', keys: ({ object }) => [keyOf(object)] },
      { resource: 'pods', keys: (change) => servicesOfChange(store, change) },
      { resource: 'nodes', keys: ({ type }) => (type === 'MODIFIED' ? [] : store.list('services').map(keyOf)) },
      { resource: 'endpointslices', keys: nativeKeys },
    ],
    all: () => store.list('services').map(keyOf),
    sync,
  });
}

function nativeKeys({ object }: Change): readonly ObjectKey[] {
  const { namespace = '', labels = {} } = object.metadata;
  const name = labels[SERVICE_NAME];
  return labels[MANAGED_BY] === NATIVE && name !== undefined ? [{ namespace, name }] : [];
}

function portsOf(service: Service, pod: StoredPod): readonly SlicePort[] {
  return (service.spec?.ports ?? []).flatMap((servicePort) => {
    const port = targetPortOf(pod, servicePort);
    const { name = '', protocol = 'TCP', appProtocol } = servicePort;
    if (port === undefined) return [];
    return [{ name, port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}

function endpointFor(service: Service, pod: StoredPod, addresses: readonly string[]): Endpoint {
  const { name, namespace = '', uid, deletionTimestamp } = pod.metadata;
  const { nodeName } = pod.spec ?? {};
  const serving = isReady(pod);
  const terminating = deletionTimestamp !== undefined;
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating);
  const hostname = hostnameIn(pod, service);
  return {
    addresses,
    conditions: { ready, serving, terminating },
    ...(hostname === undefined ? {} : { hostname }),
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(nodeName === undefined ? {} : { nodeName }),
  };
}

type About = { readonly service: Service; readonly family: string; readonly trigger: string | undefined };

function difference(about: About, groups: ReadonlyMap<string, Group>, existing: readonly Slice[]): SliceChanges {
  const changes: SliceChanges = { create: [], update: [], remove: [] };
  const isOwned = (slice: Slice): boolean =>
    (slice.metadata.ownerReferences ?? []).some(({ uid }) => uid === about.service.metadata.uid);
  changes.remove.push(...existing.filter((slice) => !isOwned(slice)));
  const known = Map.groupBy(existing.filter(isOwned), (slice) => portsKey(slice.ports ?? []));
  for (const [key, group] of groups) fill(changes, about, group, known.get(key) ?? []);
  for (const [key, slices] of known) if (!groups.has(key)) changes.remove.push(...slices);
  if (existing.length === changes.remove.length && changes.create.length === 0) {
    const [only] = changes.remove;
    const isPlaceholder =
      changes.remove.length === 1 && (only?.endpoints ?? []).length === 0 && (only?.ports ?? []).length === 0;
    if (isPlaceholder && only !== undefined && isOwned(only)) changes.remove.pop();
    else changes.create.push(sliceFor(about, { ports: [], endpoints: [] }));
  }
  return changes;
}

/** Distributes a group over its slices: who was there keeps its place, who is new fills the gaps. */
function fill(changes: SliceChanges, about: About, group: Group, slices: readonly Slice[]): void {
  const wanted = new Map(group.endpoints.map((endpoint) => [endpointKey(endpoint), endpoint]));
  const placed = slices.map((slice) => {
    const kept = (slice.endpoints ?? []).flatMap((endpoint) => take(wanted, endpointKey(endpoint)));
    return { slice, endpoints: kept };
  });
  const fresh = [...wanted.values()];
  for (const { slice, endpoints } of placed) {
    endpoints.push(...fresh.splice(0, MAX_PER_SLICE - endpoints.length));
    const next = sliceFor(about, { ports: slice.ports ?? [], endpoints });
    if (endpoints.length === 0) changes.remove.push(slice);
    else if (!equal(endpoints, slice.endpoints) || !equal(labelsOf(about.service), slice.metadata.labels)) {
      changes.update.push({ slice, next: renamed(next, slice) });
    }
  }
  while (fresh.length > 0) {
    changes.create.push(sliceFor(about, { ports: group.ports, endpoints: fresh.splice(0, MAX_PER_SLICE) }));
  }
}

function take(wanted: Map<string, Endpoint>, key: string): readonly Endpoint[] {
  const found = wanted.get(key);
  wanted.delete(key);
  return found === undefined ? [] : [found];
}

function labelsOf(service: Service): JsonObject {
  return {
    ...(service.metadata.labels ?? {}),
    ...(isHeadless(service) ? { [HEADLESS_LABEL]: '' } : {}),
    [SERVICE_NAME]: service.metadata.name,
    [MANAGED_BY]: NATIVE,
  };
}

function sliceFor({ service, family, trigger }: About, { ports, endpoints }: Group): JsonObject {
  const { name, uid } = service.metadata;
  return {
    metadata: {
      generateName: `${name}-`,
      labels: labelsOf(service),
      ...(trigger === undefined ? {} : { annotations: { [TRIGGER_TIME]: trigger } }),
      ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name, uid, controller: true, blockOwnerDeletion: true }],
    },
    addressType: family,
    endpoints,
    ports,
  };
}
