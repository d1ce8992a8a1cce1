/**
 * Plans the EndpointSlices that a pod publishes for one Service: one an IP family and protocol, since a slice has one
 * address type and refuses one port name twice (KEP-752), and one a family for the name alone. Slices are what cluster
 * DNS reads.
 */
import { isDeepStrictEqual } from 'node:util';
import type { EndpointSlice } from '../kube/objects.ts';
import { type Protocol, protocols } from './declaration.ts';
import {
  type Addresses,
  type Family,
  families,
  HEADLESS_LABEL,
  type Identity,
  MANAGED_BY_LABEL,
  MANAGER,
  POD_UID_LABEL,
  SERVICE_NAME_LABEL,
  sliceName,
} from './identity.ts';
import { type Pair, type PairKey, pairKey } from './pairs.ts';
import { readProtocol } from './pod.ts';

/** What one slice needs. */
export type SliceChange =
  | { readonly kind: 'apply'; readonly reason: 'absent' | 'differs'; readonly slice: EndpointSlice }
  | { readonly kind: 'delete'; readonly reason: 'not-wanted'; readonly slice: EndpointSlice };

/** Whether a slice was published by an agent of this program, and for which pod UID. */
export function publisherOf(slice: EndpointSlice): string | undefined {
  const labels = slice.metadata?.labels;
  return labels?.[MANAGED_BY_LABEL] === MANAGER ? labels[POD_UID_LABEL] : undefined;
}

/** What a pod publishes under one Service. */
export type Publication = {
  readonly identity: Identity;
  readonly service: string;
  /** The address under each IP family that pod and Service share. */
  readonly addresses: Addresses;
  readonly pairs: readonly Pair[];
  /** The name resolves whether or not there are pairs: a slice without ports gives A and AAAA, and no SRV. */
  readonly hasName: boolean;
  /** Whether the workload is ready: published pairs of one that is not say so, as those of the control plane do. */
  readonly isServing: boolean;
};

/** The slices that shall exist for a publication: of each family the name's own, and one a protocol that has pairs. */
export function wantedSlices(publication: Publication): readonly EndpointSlice[] {
  const { addresses, pairs, hasName, isServing } = publication;
  return families.flatMap((family) => {
    const address = addresses[family];
    if (address === undefined) return [];
    const of = { family, address };
    const name = { ...of, protocol: 'none', pairs: [], isServing: true } as const;
    const byProtocol = protocols.map((protocol) => ({
      ...of,
      protocol,
      pairs: pairs.filter((pair) => pair.protocol === protocol),
      isServing,
    }));
    return [...(hasName ? [name] : []), ...byProtocol.filter((slice) => slice.pairs.length > 0)].map((slice) =>
      sliceOf(publication, slice),
    );
  });
}

function sliceOf(
  { identity, service }: Publication,
  slice: {
    readonly family: Family;
    readonly address: string;
    readonly protocol: Protocol | 'none';
    readonly pairs: readonly Pair[];
    readonly isServing: boolean;
  },
): EndpointSlice {
  const { namespace, podName, uid, hostname, nodeName } = identity;
  const { family, address, protocol } = slice;
  return {
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
        conditions: { ready: true, serving: slice.isServing, terminating: false },
        ...(hostname === undefined ? {} : { hostname }),
        ...(nodeName === undefined ? {} : { nodeName }),
        targetRef: { kind: 'Pod', name: podName, namespace, uid },
      },
    ],
    ports: slice.pairs.map(({ name, protocol: over, port, appProtocol }) => ({
      name,
      protocol: over,
      port,
      ...(appProtocol === undefined ? {} : { appProtocol }),
    })),
  };
}

/**
 * The part of `wanted` that stands in `current` already, port numbers included: what may stay, and be put right, before
 * the register is asked.
 */
export function standingSlices(
  current: readonly EndpointSlice[],
  wanted: readonly EndpointSlice[],
): readonly EndpointSlice[] {
  const byName = new Map(current.map((slice) => [slice.metadata?.name, slice]));
  return wanted.flatMap((slice) => {
    const known = byName.get(slice.metadata?.name);
    if (known === undefined) return [];
    if (isNameOnly(slice)) return [slice];
    const numbers = new Map((known.ports ?? []).map((port) => [pairKey(port), port.port]));
    const ports = (slice.ports ?? []).filter((port) => numbers.get(pairKey(port)) === port.port);
    return ports.length === 0 ? [] : [{ ...slice, ports }];
  });
}

/** Whether a slice carries a name and no pair. The API server stores ports that are absent, `null` or `[]` as `null`. */
function isNameOnly(slice: EndpointSlice): boolean {
  return (slice.ports ?? []).length === 0;
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
    // A list that was written empty comes back as null.
    isDeepStrictEqual(known.ports ?? [], wanted.ports ?? []) &&
    labels.every(([key, value]) => known.metadata?.labels?.[key] === value) &&
    owners.every(({ uid }) => known.metadata?.ownerReferences?.some((owner) => owner.uid === uid) ?? false)
  );
}

/** The pairs that a slice announces. */
export function pairsOf(slice: EndpointSlice): readonly PairKey[] {
  const ready = (slice.endpoints ?? []).some((endpoint) => endpoint.conditions?.ready !== false);
  return ready ? (slice.ports ?? []).map((port) => pairKey(port)) : [];
}

/** The pairs in `slices` of one pod, each once, whatever the families. Ports that are none of ours are passed over. */
export function pairsIn(slices: readonly EndpointSlice[]): readonly Pair[] {
  const pairs = slices.flatMap(({ ports }) =>
    (ports ?? []).flatMap(({ name, port, protocol: text, appProtocol }): readonly Pair[] => {
      const protocol = readProtocol(text);
      if (name === undefined || port === undefined || protocol === undefined) return [];
      return [{ name, protocol, port, ...(appProtocol === undefined ? {} : { appProtocol }) }];
    }),
  );
  return [...new Map(pairs.map((pair) => [pairKey(pair), pair])).values()];
}
