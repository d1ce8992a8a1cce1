/** The EndpointSlices of one Service: a watched collection, kept up with our own acknowledged writes. */
import type { Api } from '../kube/api.ts';
import type { EndpointSlice } from '../kube/objects.ts';
import type { Collection } from '../kube/watch.ts';
import { MANAGED_BY_LABEL, MANAGER, POD_UID_LABEL, SERVICE_NAME_LABEL } from '../plan/identity.ts';
import { attempt } from './failure.ts';
import type { Slices } from './register.ts';

/** Builds the slices of `service` over the collection that watches them. */
export function createServiceSlices(
  api: Api,
  collection: Pick<Collection<EndpointSlice>, 'items' | 'put' | 'drop'>,
  service: string,
): Slices {
  return {
    known: () => [...collection.items().values()],
    apply: (slice, call) =>
      attempt(async () => {
        collection.put(await api.applySlice(slice, call));
        return { kind: 'done' };
      }),
    remove: (slice, call) =>
      attempt(async () => {
        const { name = '', uid = '' } = slice.metadata ?? {};
        await api.deleteSlice(name, { uid }, call);
        collection.drop(name, uid);
        return { kind: 'done' };
      }),
    listOf: (uid, call) =>
      attempt(async () => ({
        kind: 'listed',
        slices: await api.listSlices(publishedBy(uid, service), call),
      })),
  };
}

/** The label selector of the slices that a pod published, under one Service or under all. */
export function publishedBy(uid: string, service?: string): string {
  const labels = [`${MANAGED_BY_LABEL}=${MANAGER}`, `${POD_UID_LABEL}=${uid}`];
  return [...labels, ...(service === undefined ? [] : [`${SERVICE_NAME_LABEL}=${service}`])].join(',');
}
