/**
 * The register as data: who is in the shared Endpoints object of a Service, who beats, and what is not ours there.
 * Made from an Endpoints object that the API server answered with; never from what we wished to write.
 */
import type { EndpointAddress, EndpointSubset, Endpoints } from '../kube/objects.ts';
import { ENDPOINTS_CONTROLLER, ENDPOINTS_MANAGED_BY_LABEL, heartbeatUid, SKIP_MIRROR_LABEL } from './identity.ts';
import { type PairKey, pairKey } from './pairs.ts';

/** What one pod holds in the register. */
export type Holding = { readonly podName: string | undefined; readonly pairs: ReadonlySet<PairKey> };

/** One acknowledged state of the register. */
export type RegisterView = {
  /** The UID of the Endpoints object. */
  readonly uid: string;
  /** As read; undefined where the server has none (absent, null and [] are all stored as absent). */
  readonly subsets: readonly EndpointSubset[] | undefined;
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  /** Pod UID to heartbeat value. */
  readonly heartbeats: ReadonlyMap<string, string>;
  /** Pod UID to what it holds, for each UID that has a heartbeat. */
  readonly holdings: ReadonlyMap<string, Holding>;
  /** IPs of addresses that belong to nobody with a heartbeat: never touched, reported. */
  readonly foreign: readonly string[];
  readonly skipsMirror: boolean;
  /** The control plane keeps this object for a selector: its subsets and labels are never ours. */
  readonly keptByController: boolean;
};

/** Reads an Endpoints object. */
export function readRegister(endpoints: Endpoints): RegisterView {
  const annotations = endpoints.metadata?.annotations;
  const labels = endpoints.metadata?.labels;
  const heartbeats = new Map<string, string>();
  for (const [key, value] of Object.entries(annotations ?? {})) {
    const uid = heartbeatUid(key);
    if (uid !== undefined) heartbeats.set(uid, value);
  }
  const subsets = endpoints.subsets === undefined || endpoints.subsets.length === 0 ? undefined : endpoints.subsets;
  const { holdings, foreign } = readHoldings(subsets ?? [], heartbeats);
  return {
    uid: endpoints.metadata?.uid ?? '',
    subsets,
    labels,
    annotations,
    heartbeats,
    holdings,
    foreign,
    skipsMirror: labels?.[SKIP_MIRROR_LABEL] === 'true',
    keptByController: labels?.[ENDPOINTS_MANAGED_BY_LABEL] === ENDPOINTS_CONTROLLER,
  };
}

/** The pod UID of an address of ours: its targetRef is a Pod whose UID has a heartbeat. Undefined for a foreign one. */
export function ownerOf(address: EndpointAddress, heartbeats: ReadonlyMap<string, string>): string | undefined {
  const target = address.targetRef;
  if (target?.kind !== 'Pod' || target.uid === undefined) return undefined;
  return heartbeats.has(target.uid) ? target.uid : undefined;
}

function readHoldings(
  subsets: readonly EndpointSubset[],
  heartbeats: ReadonlyMap<string, string>,
): { readonly holdings: ReadonlyMap<string, Holding>; readonly foreign: readonly string[] } {
  const names = new Map<string, string | undefined>();
  const pairs = new Map<string, Set<PairKey>>([...heartbeats.keys()].map((uid) => [uid, new Set()]));
  const foreign = new Set<string>();
  for (const subset of subsets) {
    for (const address of [...(subset.addresses ?? []), ...(subset.notReadyAddresses ?? [])]) {
      const uid = ownerOf(address, heartbeats);
      if (uid === undefined) foreign.add(address.ip);
      else names.set(uid, address.targetRef?.name);
    }
    for (const address of subset.addresses ?? []) {
      const held = pairs.get(ownerOf(address, heartbeats) ?? '');
      for (const port of subset.ports ?? []) held?.add(pairKey(port));
    }
  }
  const holdings = new Map([...pairs].map(([uid, held]) => [uid, { podName: names.get(uid), pairs: held }]));
  return { holdings, foreign: [...foreign] };
}
