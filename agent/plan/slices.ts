/**
 * Plans the EndpointSlices that a pod publishes for one Service: one a protocol, since a slice refuses one port name
 * twice (KEP-752). Slices are what cluster DNS reads.
 */
import { isDeepStrictEqual } from 'node:util';
import type { EndpointSlice } from '../kube/objects.ts';
import { protocols } from './declaration.ts';
import {
  type Family,
  HEADLESS_LABEL,
  type Identity,
  MANAGED_BY_LABEL,
  MANAGER,
  POD_UID_LABEL,
  SERVICE_NAME_LABEL,
  sliceName,
} from './identity.ts';
import { type Pair, type PairKey, pairKey } from './pairs.ts';

/** What one slice needs. */
export type SliceChange =
  | { readonly kind: 'apply'; readonly reason: 'absent' | 'differs'; readonly slice: EndpointSlice }
  | { readonly kind: 'delete'; readonly reason: 'not-wanted'; readonly slice: EndpointSlice };

/** Whether a slice was published by an agent of this program, and for which pod UID. */
export function publisherOf(slice: EndpointSlice): string | undefined {
  const labels = slice.metadata?.labels;
  return labels?.[MANAGED_BY_LABEL] === MANAGER ? labels[POD_UID_LABEL] : undefined;
}

/** The slices that shall exist for `pairs`: none where there are none. */
export function wantedSlices(
  identity: Identity,
  service: string,
  published: { readonly family: Family; readonly address: string; readonly pairs: readonly Pair[] },
): readonly EndpointSlice[] {
  const { family, address, pairs } = published;
  return protocols.flatMap((protocol) => {
    const ports = pairs.filter((pair) => pair.protocol === protocol);
    if (ports.length === 0) return [];
    const { namespace, podName, uid, hostname, nodeName } = identity;
    return [
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: {
          name: sliceName(identity, { service, family, protocol }),
          namespace,
          labels: {
            [SERVICE_NAME_LABEL]: service,
            [MANAGED_BY_LABEL]: MANAGER,
            [HEADLESS_LABEL]: '',
            [POD_UID_LABEL]: uid,
          },
          // Name and uid must both be right, or the garbage collector takes the slice within 50 ms.
          ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: podName, uid }],
        },
        addressType: family,
        endpoints: [
          {
            addresses: [address],
            conditions: { ready: true, serving: true, terminating: false },
            ...(hostname === undefined ? {} : { hostname }),
            ...(nodeName === undefined ? {} : { nodeName }),
            targetRef: { kind: 'Pod', name: podName, namespace, uid },
          },
        ],
        ports: ports.map(({ name, port, appProtocol }) => ({
          name,
          protocol,
          port,
          ...(appProtocol === undefined ? {} : { appProtocol }),
        })),
      },
    ];
  });
}

/** Plans what makes `current` (the own slices as known) into `wanted`. Empty: in sync, nothing is written. */
export function planSlices(
  current: readonly EndpointSlice[],
  wanted: readonly EndpointSlice[],
): readonly SliceChange[] {
  const byName = new Map(current.map((slice) => [slice.metadata?.name, slice]));
  const names = new Set(wanted.map((slice) => slice.metadata?.name));
  const removals = current
    .filter((slice) => !names.has(slice.metadata?.name))
    .map((slice): SliceChange => ({ kind: 'delete', reason: 'not-wanted', slice }));
  const writes = wanted.flatMap((slice): readonly SliceChange[] => {
    const known = byName.get(slice.metadata?.name);
    if (known === undefined) return [{ kind: 'apply', reason: 'absent', slice }];
    return isAsWanted(known, slice) ? [] : [{ kind: 'apply', reason: 'differs', slice }];
  });
  return [...removals, ...writes];
}

/** Only what we write is compared: labels, annotations and owners that others added are theirs. */
function isAsWanted(known: EndpointSlice, wanted: EndpointSlice): boolean {
  const labels = Object.entries(wanted.metadata?.labels ?? {});
  const owners = wanted.metadata?.ownerReferences ?? [];
  return (
    known.addressType === wanted.addressType &&
    isDeepStrictEqual(known.endpoints, wanted.endpoints) &&
    isDeepStrictEqual(known.ports, wanted.ports) &&
    labels.every(([key, value]) => known.metadata?.labels?.[key] === value) &&
    owners.every(({ uid }) => known.metadata?.ownerReferences?.some((owner) => owner.uid === uid) ?? false)
  );
}

/** The pairs that a slice announces. */
export function pairsOf(slice: EndpointSlice): readonly PairKey[] {
  const ready = (slice.endpoints ?? []).some((endpoint) => endpoint.conditions?.ready !== false);
  return ready ? (slice.ports ?? []).map((port) => pairKey(port)) : [];
}
