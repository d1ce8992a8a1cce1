/** What the two controllers that write EndpointSlices share: groups by ports, and the write of a group's difference. */
import type { EndpointSlice } from '../../../agent/kube/objects.ts';
import { asObject, type JsonObject } from '../objects/json.ts';
import type { Kinds, Stored } from '../objects/kinds.ts';
import type { Registry } from '../registry/registry.ts';
import { controllerOptions } from '../registry/write-options.ts';
import { keyOf, type Store } from '../storage/store.ts';

/** A stored slice. */
export type Slice = Stored<Kinds['endpointslices']>;
/** One endpoint of a slice. */
export type Endpoint = NonNullable<EndpointSlice['endpoints']>[number];
/** One port of a slice. */
export type SlicePort = NonNullable<EndpointSlice['ports']>[number];

/** The label that says whose slice it is. */
export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
/** The label that names the Service. */
export const SERVICE_NAME = 'kubernetes.io/service-name';

/** The slices of a Service that a controller wrote. */
export function slicesOf(store: Store, namespace: string, service: string, controller: string): readonly Slice[] {
  return store
    .list('endpointslices', namespace)
    .filter(
      ({ metadata }) => metadata.labels?.[SERVICE_NAME] === service && metadata.labels[MANAGED_BY] === controller,
    );
}

/** Equal for lists of ports that hold the same ones, in whatever order. */
export function portsKey(ports: readonly SlicePort[]): string {
  const texts = ports.map(({ name, port, protocol, appProtocol }) =>
    JSON.stringify([name, port, protocol, appProtocol]),
  );
  return texts.toSorted().join();
}

/** Endpoints are the same when addresses, hostname, node and target are; only then can one have changed. */
export function endpointKey({ addresses, hostname, nodeName, targetRef }: Endpoint): string {
  return JSON.stringify([addresses, hostname, nodeName, targetRef?.uid, targetRef?.name]);
}

/** What a sync wants done. A slice to create becomes an update of one that would go, where there is one of its type. */
export type SliceChanges = {
  readonly create: JsonObject[];
  readonly update: { readonly slice: Slice; readonly next: JsonObject }[];
  readonly remove: Slice[];
};

/** Does it: creates first, then updates, then deletions; the first refused write ends it (StatusError). */
export function writeSlices(registry: Registry, namespace: string, changes: SliceChanges): void {
  const { create, update, remove } = recycle(changes);
  for (const slice of create) registry.create('endpointslices', namespace, slice, controllerOptions);
  for (const { slice, next } of update) registry.replace('endpointslices', keyOf(slice), next);
  for (const slice of remove) registry.remove('endpointslices', keyOf(slice));
}

function recycle({ create, update, remove }: SliceChanges): SliceChanges {
  const left = [...remove];
  const updates = [...update];
  const creates = create.filter((wanted) => {
    const index = left.findIndex((slice) => slice.addressType === wanted['addressType']);
    const [slice] = index === -1 ? [] : left.splice(index, 1);
    if (slice !== undefined) updates.push({ slice, next: renamed(wanted, slice) });
    return slice === undefined;
  });
  return { create: creates, update: updates, remove: left };
}

/** The wanted slice under the name of one that exists. */
export function renamed(wanted: JsonObject, slice: Slice): JsonObject {
  return { ...wanted, metadata: { ...asObject(wanted['metadata']), name: slice.metadata.name } };
}
