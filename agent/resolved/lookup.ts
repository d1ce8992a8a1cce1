/**
 * What is looked up for a published pair: the SRV name, and how our own record under it is known. Pure. Names are made
 * as CoreDNS's kubernetes plugin makes them (plugin/kubernetes/kubernetes.go, `endpointHostname`).
 */
import { type AddressRecord, isSameName, type ServiceRecord } from '../dns/message.ts';
import type { Addresses, Identity } from '../plan/identity.ts';
import { type Pair, type PairKey, pairKey } from '../plan/pairs.ts';

/** What stands in the own slices of one Service, as acknowledged. `addresses`: those of the endpoint, one a family. */
export type Published = {
  readonly service: string;
  readonly identity: Identity;
  readonly pairs: readonly Pair[];
  readonly addresses: Addresses;
  /** The slices hold the pod's name and no port: there is no SRV record to look for. */
  readonly isNameOnly: boolean;
};

/** Where names are: `{ namespace: 'default', clusterDomain: 'cluster.local' }`. */
export type Zone = { readonly namespace: string; readonly clusterDomain: string };

/** One pair to look up. */
export type Lookup = {
  readonly pair: PairKey;
  /** `_kerberos._udp.ipa.default.svc.cluster.local`. */
  readonly name: string;
  readonly port: number;
  /** The targets that our record may have, `ipa-0.ipa.default.svc.cluster.local`: one a hostname, else one an address. */
  readonly targets: readonly string[];
  readonly addresses: readonly string[];
};

/** The Service's own name: `ipa.default.svc.cluster.local`. */
export function serviceName(service: string, { namespace, clusterDomain }: Zone): string {
  return `${service}.${namespace}.svc.${clusterDomain}`;
}

/** What to look up for what was published; nothing where only the pod's name was. */
export function lookupsOf(published: Published, zone: Zone): readonly Lookup[] {
  if (published.isNameOnly) return [];
  const { identity, pairs } = published;
  const addresses = Object.values(published.addresses);
  const parent = serviceName(published.service, zone);
  const hosts = identity.hostname === undefined ? addresses.map(dashed) : [identity.hostname];
  return pairs.map((pair) => ({
    pair: pairKey(pair),
    name: `_${pair.name}._${pair.protocol.toLowerCase()}.${parent}`,
    port: pair.port,
    targets: hosts.map((host) => `${host}.${parent}`),
    addresses,
  }));
}

/**
 * Whether an SRV record is ours. Addresses that come along decide, so that the answer about an earlier pod of our name
 * is known for what it is, and a server may name hosts its own way; without any the target's name does.
 */
export function isOurs(record: ServiceRecord, lookup: Lookup, addresses: readonly AddressRecord[]): boolean {
  if (record.port !== lookup.port) return false;
  const ofTarget = addresses.filter(({ name }) => isSameName(name, record.target));
  if (ofTarget.length > 0) return ofTarget.some(({ address }) => lookup.addresses.includes(address));
  return lookup.targets.some((target) => isSameName(target, record.target));
}

/** `10-244-0-7` for an address without a hostname; an IPv6 address must not end in a dash. */
function dashed(address: string): string {
  return address.replaceAll(/[.:]/g, '-').replace(/-$/, '-0');
}
