/**
 * The mirroring controller: copies the Endpoints of Services without a selector into EndpointSlices, after repacking
 * them. Two ports of one name make a slice that is refused: nothing is mirrored then, older slices stay, and no Event
 * tells of it. Seen on Kubernetes 1.37.2.
 */
import { isIPv6 } from 'node:net';
import type { EndpointAddress, EndpointPort } from '../../../agent/kube/objects.ts';
import { asObject, equal, type JsonObject, without } from '../objects/json.ts';
import type { Kinds, Stored } from '../objects/kinds.ts';
import { type Change, keyOf, type ObjectKey } from '../storage/store.ts';
import { typed } from '../storage/typed.ts';
import { type Controller, type ControllerDeps, createController } from './controller.ts';
import { repackSubsets } from './repack.ts';
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
import { TRIGGER_TIME } from './trigger-time.ts';

/** Who the mirrored slices say they belong to. */
export const MIRRORING = 'endpointslicemirroring-controller.k8s.io';

const SKIP_LABEL = 'endpointslice.kubernetes.io/skip-mirror';
const LEADER_ANNOTATION = 'control-plane.alpha.kubernetes.io/leader';
const NOT_MIRRORED = [TRIGGER_TIME, 'kubectl.kubernetes.io/last-applied-configuration'];
const MAX_ADDRESSES = 1000;

type Endpoints = Stored<Kinds['endpoints']>;
type Group = { readonly addressType: string; readonly ports: readonly SlicePort[]; readonly endpoints: Endpoint[] };

/** Builds the controller. `report` takes the Events that the real one writes. */
export function createMirroringController(
  deps: ControllerDeps & {
    readonly report: (about: Endpoints, reason: string, message: string) => void;
  },
): Controller {
  const { store, registry } = deps;

  const sync = (key: ObjectKey): void => {
    const endpoints = store.get('endpoints', key);
    const service = store.get('services', key);
    const existing = slicesOf(store, key.namespace, key.name, MIRRORING);
    const isMirrored = endpoints !== undefined && isWanted(endpoints) && service !== undefined;
    if (!isMirrored || service.spec?.selector !== undefined) {
      writeSlices(registry, key.namespace, { create: [], update: [], remove: [...existing] });
      return;
    }
    const { groups, skipped } = groupsOf(endpoints);
    if (skipped > 0) {
      const message = `A max of ${MAX_ADDRESSES} addresses can be mirrored to EndpointSlices per Endpoints subset. ${skipped} addresses were skipped`;
      deps.report(endpoints, 'TooManyAddressesToMirror', message);
    }
    writeSlices(registry, key.namespace, difference(endpoints, groups, existing));
  };

  return createController({
    store,
    activity: deps.activity,
    delayMs: deps.delayMs,
    watches: [
      { resource: 'endpoints', keys: (change) => (concerns(change) ? [keyOf(change.object)] : []) },
      { resource: 'services', keys: (change) => (isSelectorSwitch(change) ? [keyOf(change.object)] : []) },
      { resource: 'endpointslices', keys: tamperedKeys },
    ],
    all: () => store.list('endpoints').map(keyOf),
    sync,
  });
}

/** Exactly `true` counts; `True`, `yes` and `1` do not. */
function isWanted({ metadata }: Endpoints): boolean {
  return metadata.labels?.[SKIP_LABEL] !== 'true' && metadata.annotations?.[LEADER_ANNOTATION] === undefined;
}

function concerns({ object, previous }: Change): boolean {
  return isWanted(typed('endpoints', object)) || (previous !== undefined && isWanted(typed('endpoints', previous)));
}

function isSelectorSwitch({ type, object, previous }: Change): boolean {
  const hasSelector = typed('services', object).spec?.selector !== undefined;
  if (type !== 'MODIFIED' || previous === undefined) return !hasSelector;
  return hasSelector !== (typed('services', previous).spec?.selector !== undefined);
}

/** A mirrored slice that somebody else changed or deleted is put right. */
function tamperedKeys({ object }: Change): readonly ObjectKey[] {
  const { namespace = '', labels = {} } = object.metadata;
  const name = labels[SERVICE_NAME];
  return labels[MANAGED_BY] === MIRRORING && name !== undefined ? [{ namespace, name }] : [];
}

function groupsOf(endpoints: Endpoints): { groups: ReadonlyMap<string, Group>; skipped: number } {
  const groups = new Map<string, Group>();
  let skipped = 0;
  for (const subset of repackSubsets(endpoints.subsets ?? [])) {
    const ports = (subset.ports ?? []).map(slicePort);
    const ready = (subset.addresses ?? []).map((address) => mirrored(address, true));
    const notReady = (subset.notReadyAddresses ?? []).map((address) => mirrored(address, false));
    const all = [...ready, ...notReady];
    skipped += Math.max(0, all.length - MAX_ADDRESSES);
    for (const endpoint of all.slice(0, MAX_ADDRESSES)) {
      const addressType = isIPv6(endpoint.addresses[0] ?? '') ? 'IPv6' : 'IPv4';
      const key = `${addressType} ${portsKey(ports)}`;
      const group = groups.get(key) ?? { addressType, ports, endpoints: [] };
      groups.set(key, group);
      group.endpoints.push(endpoint);
    }
  }
  return { groups, skipped };
}

function slicePort({ name = '', port, protocol = 'TCP', appProtocol }: EndpointPort): SlicePort {
  return { name, port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) };
}

function mirrored({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname === undefined ? {} : { hostname }),
    ...(targetRef === undefined ? {} : { targetRef }),
    ...(nodeName === undefined ? {} : { nodeName }),
  };
}

function difference(
  endpoints: Endpoints,
  groups: ReadonlyMap<string, Group>,
  existing: readonly Slice[],
): SliceChanges {
  const changes: SliceChanges = { create: [], update: [], remove: [] };
  const known = Map.groupBy(existing, (slice) => `${slice.addressType} ${portsKey(slice.ports ?? [])}`);
  for (const [key, group] of groups) {
    const [first, ...spare] = known.get(key) ?? [];
    changes.remove.push(...spare);
    const wanted = sliceFor(endpoints, group);
    if (first === undefined) changes.create.push(wanted);
    else if (!isMirrorOf(first, endpoints, group))
      changes.update.push({ slice: first, next: withoutPrefix(renamed(wanted, first)) });
  }
  for (const [key, slices] of known) if (!groups.has(key)) changes.remove.push(...slices);
  return changes;
}

/** An updated mirror loses its `generateName`, a recycled one keeps it (seen). */
function withoutPrefix(slice: JsonObject): JsonObject {
  return { ...slice, metadata: without(asObject(slice['metadata']), 'generateName') };
}

function isMirrorOf(slice: Slice, endpoints: Endpoints, group: Group): boolean {
  const { labels = {}, annotations = {}, ownerReferences = [] } = slice.metadata;
  const byKey = (list: readonly Endpoint[]): JsonObject =>
    Object.fromEntries(list.map((endpoint) => [endpointKey(endpoint), endpoint.conditions?.ready]));
  return (
    equal(byKey(slice.endpoints ?? []), byKey(group.endpoints)) &&
    equal(without(labels, MANAGED_BY, SERVICE_NAME), endpoints.metadata.labels ?? {}) &&
    equal(annotations, without(endpoints.metadata.annotations ?? {}, ...NOT_MIRRORED)) &&
    ownerReferences.every(({ kind, uid }) => kind !== 'Endpoints' || uid === endpoints.metadata.uid)
  );
}

function sliceFor({ metadata }: Endpoints, { addressType, ports, endpoints }: Group): JsonObject {
  const { name, uid, labels = {}, annotations = {} } = metadata;
  return {
    metadata: {
      generateName: `${name}-`,
      labels: { ...labels, [SERVICE_NAME]: name, [MANAGED_BY]: MIRRORING },
      annotations: without(annotations, ...NOT_MIRRORED),
      ownerReferences: [{ apiVersion: 'v1', kind: 'Endpoints', name, uid, controller: true, blockOwnerDeletion: true }],
    },
    addressType,
    endpoints,
    ports,
  };
}
