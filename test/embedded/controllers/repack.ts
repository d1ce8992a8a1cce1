/**
 * The canonical layout of subsets: addresses that share all their ports come together, ports that share all their
 * addresses come together. This is what makes hand-written Endpoints of kerberos/TCP and kerberos/UDP one subset with
 * two ports of one name, and their mirror invalid. Seen on Kubernetes 1.37.2.
 */
import type { EndpointAddress, EndpointPort, EndpointSubset } from '../../../agent/kube/objects.ts';

type Ready = Map<string, boolean>;

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Addresses are the same when IP and target's uid are. */
const addressKey = ({ ip, targetRef }: EndpointAddress): string => JSON.stringify([ip, targetRef?.uid ?? '']);

/** Repacks subsets; not ready trumps ready where one address is both. */
export function repackSubsets(subsets: readonly EndpointSubset[]): readonly EndpointSubset[] {
  const addresses = new Map<string, EndpointAddress>();
  const byPort = new Map<string, Ready>();
  const ports = new Map<string, EndpointPort | undefined>();
  for (const subset of subsets) {
    const own: readonly (EndpointPort | undefined)[] =
      (subset.ports ?? []).length === 0 ? [undefined] : (subset.ports ?? []);
    for (const port of own) {
      const key = JSON.stringify(port === undefined ? null : portKey(port));
      ports.set(key, port);
      const ready: Ready = byPort.get(key) ?? new Map();
      byPort.set(key, ready);
      for (const address of subset.addresses ?? []) note(address, true, ready, addresses);
      for (const address of subset.notReadyAddresses ?? []) note(address, false, ready, addresses);
    }
  }
  const groups = Map.groupBy(byPort, ([, ready]) => JSON.stringify([...ready].toSorted(([a], [b]) => byText(a, b))));
  return [...groups.values()]
    .map((group) => pack(group, { addresses, ports }))
    .toSorted((a, b) => byText(JSON.stringify(a), JSON.stringify(b)));
}

const portKey = ({ name, port, protocol, appProtocol }: EndpointPort) => [name, port, protocol, appProtocol];

function note(address: EndpointAddress, isReady: boolean, ready: Ready, addresses: Map<string, EndpointAddress>): void {
  const key = addressKey(address);
  if (!addresses.has(key)) addresses.set(key, address);
  ready.set(key, (ready.get(key) ?? true) && isReady);
}

type Known = {
  readonly addresses: ReadonlyMap<string, EndpointAddress>;
  readonly ports: ReadonlyMap<string, EndpointPort | undefined>;
};

function pack(group: readonly (readonly [string, Ready])[], known: Known): EndpointSubset {
  const ready = group[0]?.[1] ?? new Map<string, boolean>();
  const of = (wanted: boolean): readonly EndpointAddress[] =>
    [...ready]
      .filter(([, isReady]) => isReady === wanted)
      .toSorted(([a], [b]) => byText(a, b))
      .flatMap(([key]) => known.addresses.get(key) ?? []);
  const ports = group.toSorted(([a], [b]) => byText(a, b)).flatMap(([key]) => known.ports.get(key) ?? []);
  const addresses = of(true);
  const notReadyAddresses = of(false);
  return {
    ...(addresses.length === 0 ? {} : { addresses }),
    ...(notReadyAddresses.length === 0 ? {} : { notReadyAddresses }),
    ...(ports.length === 0 ? {} : { ports }),
  };
}
