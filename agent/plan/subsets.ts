/**
 * Plans the subsets of the register, data to data: one subset a pair, holding one port and the addresses of our pods.
 * Only the addresses of the pod named are moved; all else keeps its place, order and unknown fields.
 */
import { isDeepStrictEqual } from 'node:util';
import type { EndpointAddress, EndpointPort, EndpointSubset } from '../kube/objects.ts';
import { type Pair, pairKey } from './pairs.ts';
import { ownerOf } from './register.ts';

/** What a pod shall hold: its address under each of `pairs`; no pairs means that it leaves. */
export type WantedEntries = {
  readonly uid: string;
  readonly address: EndpointAddress;
  readonly pairs: readonly Pair[];
};

/** `leave`: the subsets are as wanted already. `subsets` may be empty: the API stores that as absent. */
export type SubsetPlan =
  | { readonly kind: 'leave'; readonly reason: 'in-sync' }
  | { readonly kind: 'write'; readonly reason: 'entries-differ'; readonly subsets: readonly EndpointSubset[] };

/** Plans subsets in which the pod holds exactly `wanted`. */
export function planSubsets(
  current: readonly EndpointSubset[],
  heartbeats: ReadonlyMap<string, string>,
  wanted: WantedEntries,
): SubsetPlan {
  const missing = new Map(wanted.pairs.map((pair) => [pairKey(pair), pair]));
  const isOurs = (address: EndpointAddress) =>
    address.targetRef?.uid === wanted.uid || ownerOf(address, heartbeats) !== undefined;
  const kept = current.flatMap((subset) => {
    const pair = pairOf(subset, missing);
    const joins = pair !== undefined && allAddresses(subset).every(isOurs);
    const next = place(subset, wanted, joins);
    if (joins) missing.delete(pairKey(pair));
    return next === undefined ? [] : [next];
  });
  const added = [...missing.values()].map((pair) => ({ addresses: [wanted.address], ports: [portOf(pair)] }));
  const subsets = [...kept, ...added];
  if (isDeepStrictEqual(subsets, current)) return { kind: 'leave', reason: 'in-sync' };
  return { kind: 'write', reason: 'entries-differ', subsets };
}

/** Plans subsets without any address of the pod. */
export function planSubsetsWithout(
  current: readonly EndpointSubset[],
  heartbeats: ReadonlyMap<string, string>,
  uid: string,
): SubsetPlan {
  return planSubsets(current, heartbeats, { uid, address: { ip: '' }, pairs: [] });
}

function allAddresses(subset: EndpointSubset): readonly EndpointAddress[] {
  return [...(subset.addresses ?? []), ...(subset.notReadyAddresses ?? [])];
}

/** The wanted pair that this subset is for: it holds exactly that one port. */
function pairOf(subset: EndpointSubset, wanted: ReadonlyMap<string, Pair>): Pair | undefined {
  const port = subset.ports?.length === 1 ? subset.ports[0] : undefined;
  if (port === undefined) return undefined;
  const pair = wanted.get(pairKey(port));
  return pair !== undefined && isDeepStrictEqual(portOf(pair), port) ? pair : undefined;
}

/** The subset with the pod's address once (`joins`) or not at all; undefined where nobody is left in it. */
function place(subset: EndpointSubset, wanted: WantedEntries, joins: boolean): EndpointSubset | undefined {
  const isWanted = (address: EndpointAddress) => address.targetRef?.uid === wanted.uid;
  if (!joins && !allAddresses(subset).some(isWanted)) return subset;
  const { addresses = [], notReadyAddresses = [], ...rest } = subset;
  const position = addresses.findIndex(isWanted);
  const others = addresses.filter((address) => !isWanted(address));
  const ready = joins ? others.toSpliced(position < 0 ? others.length : position, 0, wanted.address) : others;
  const notReady = notReadyAddresses.filter((address) => !isWanted(address));
  if (ready.length + notReady.length === 0) return undefined;
  return {
    ...rest,
    ...(ready.length > 0 ? { addresses: ready } : {}),
    ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
  };
}

function portOf(pair: Pair): EndpointPort {
  const { name, port, protocol, appProtocol } = pair;
  return { name, port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) };
}
