/** What the server refuses in an EndpointSlice: KEP-752; the answers of Kubernetes 1.37.2. */
import { isIPv6 } from 'node:net';
import type { EndpointSlice } from '../../../agent/kube/objects.ts';
import { equal } from '../objects/json.ts';
import type { Kinds, Stored } from '../objects/kinds.ts';
import { addressFaults, canonicalIPv6, isAnyIPv4, reachFaults } from './addresses.ts';
import { duplicate, type FieldFault, invalid, invalidEach, notSupported, required, tooMany } from './faults.ts';
import { dnsLabel, dnsSubdomain, labelKey, protocols } from './names.ts';

type Slice = Stored<Kinds['endpointslices']>;
type Endpoint = NonNullable<EndpointSlice['endpoints']>[number];
type Port = NonNullable<EndpointSlice['ports']>[number];

const addressTypes = ['FQDN', 'IPv4', 'IPv6'];
const MAX_ENDPOINTS = 1000;
const MAX_PORTS = 20_000;
const MAX_ADDRESSES = 100;

/** Every fault of a slice. What comes from generated rules (required, immutable) stands last, as on the real server. */
export function endpointSliceFaults(object: Slice, old: Slice | undefined): readonly FieldFault[] {
  const isKnown = old !== undefined && equal(old.endpoints, object.endpoints);
  const endpoints = isKnown ? [] : endpointsFaults(object.endpoints ?? [], object.addressType);
  const type =
    object.addressType === ''
      ? [required('addressType')]
      : addressTypes.includes(object.addressType)
        ? []
        : [notSupported('addressType', object.addressType, addressTypes)];
  const change =
    old !== undefined && old.addressType !== object.addressType
      ? [invalid('addressType', undefined, 'field is immutable')]
      : [];
  const missing = isKnown
    ? []
    : (object.endpoints ?? []).flatMap((endpoint, index) =>
        addressCountFaults(endpoint, `endpoints[${index}].addresses`),
      );
  return [...portsFaults(object.ports ?? []), ...endpoints, ...type, ...change, ...missing];
}

function portsFaults(ports: readonly Port[]): readonly FieldFault[] {
  if (ports.length > MAX_PORTS) return [tooMany('ports', ports.length, MAX_PORTS)];
  const names = new Set<string>();
  return ports.flatMap(({ name = '', protocol = '', appProtocol }, index) => {
    const field = `ports[${index}]`;
    const isRepeated = names.has(name);
    names.add(name);
    return [
      ...(name === '' ? [] : invalidEach(`${field}.name`, name, dnsLabel(name))),
      ...(isRepeated ? [duplicate(`${field}.name`, name)] : []),
      ...(protocols.includes(protocol) ? [] : [notSupported(`${field}.protocol`, protocol, protocols)]),
      ...(appProtocol === undefined ? [] : invalidEach(`${field}.appProtocol`, appProtocol, labelKey(appProtocol))),
    ];
  });
}

function endpointsFaults(endpoints: readonly Endpoint[], addressType: string): readonly FieldFault[] {
  if (endpoints.length > MAX_ENDPOINTS) return [tooMany('endpoints', endpoints.length, MAX_ENDPOINTS)];
  return endpoints.flatMap((endpoint, index) => {
    const field = `endpoints[${index}]`;
    const { nodeName, hostname } = endpoint;
    return [
      ...(endpoint.addresses ?? []).flatMap((address, at) =>
        oneAddress(address, { addressType, list: `${field}.addresses`, field: `${field}.addresses[${at}]` }),
      ),
      ...(nodeName === undefined ? [] : invalidEach(`${field}.nodeName`, nodeName, dnsSubdomain(nodeName))),
      ...(hostname === undefined ? [] : invalidEach(`${field}.hostname`, hostname, dnsLabel(hostname))),
    ];
  });
}

type AddressPlace = { readonly addressType: string; readonly list: string; readonly field: string };

function oneAddress(address: string, { addressType, list, field }: AddressPlace): readonly FieldFault[] {
  if (addressType !== 'IPv4' && addressType !== 'IPv6') return [];
  const spelling = addressFaults(field, address);
  if (spelling.length > 0) return spelling;
  if (addressType === 'IPv6' && isIPv6(address) && canonicalIPv6(address) !== address) {
    return [invalid(field, address, `must be in canonical form ("${canonicalIPv6(address)}")`)];
  }
  const hasType = addressType === 'IPv4' ? isAnyIPv4(address) : isIPv6(address);
  return [
    ...(hasType ? [] : [invalid(list, address, `must be an ${addressType} address`)]),
    ...reachFaults(field, address),
  ];
}

function addressCountFaults(endpoint: Endpoint, field: string): readonly FieldFault[] {
  const count = (endpoint.addresses ?? []).length;
  if (count === 0) return [required(field)];
  return count > MAX_ADDRESSES ? [tooMany(field, count, MAX_ADDRESSES)] : [];
}
