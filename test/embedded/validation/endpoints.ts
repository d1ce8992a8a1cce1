/** What the server refuses in Endpoints. Same names of one protocol, duplicates and empty objects it accepts (all seen). */
import type { EndpointAddress, EndpointPort, EndpointSubset } from '../../../agent/kube/objects.ts';
import type { Kinds, Stored } from '../objects/kinds.ts';
import { addressFaults, reachFaults } from './addresses.ts';
import { type FieldFault, invalid, invalidEach, notSupported, required } from './faults.ts';
import { dnsLabel, dnsSubdomain, labelKey, portNumber, protocols } from './names.ts';

/** The faults of the subsets; those that did not change are not looked at again. */
export function endpointsFaults(
  object: Stored<Kinds['endpoints']>,
  old: Stored<Kinds['endpoints']> | undefined,
): readonly FieldFault[] {
  if (old !== undefined && old.subsets === object.subsets) return [];
  return (object.subsets ?? []).flatMap((subset, index) => subsetFaults(subset, `subsets[${index}]`));
}

function subsetFaults(subset: EndpointSubset, field: string): readonly FieldFault[] {
  const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
  return [
    ...(addresses.length + notReadyAddresses.length > 0
      ? []
      : [required(field, 'must specify `addresses` or `notReadyAddresses`')]),
    ...addresses.flatMap((address, index) => oneAddress(address, `${field}.addresses[${index}]`)),
    ...notReadyAddresses.flatMap((address, index) => oneAddress(address, `${field}.notReadyAddresses[${index}]`)),
    ...ports.flatMap((port, index) => onePort(port, `${field}.ports[${index}]`, ports.length)),
  ];
}

function oneAddress(address: EndpointAddress, field: string): readonly FieldFault[] {
  const { ip, hostname, nodeName } = address;
  return [
    ...addressFaults(`${field}.ip`, ip),
    ...(hostname === undefined ? [] : invalidEach(`${field}.hostname`, hostname, dnsLabel(hostname))),
    ...(nodeName === undefined ? [] : invalidEach(`${field}.nodeName`, nodeName, dnsSubdomain(nodeName))),
    ...reachFaults(`${field}.ip`, ip),
  ];
}

function onePort(port: EndpointPort, field: string, portCount: number): readonly FieldFault[] {
  const { name = '', protocol = '', appProtocol } = port;
  return [
    ...(name === ''
      ? portCount > 1
        ? [required(`${field}.name`)]
        : []
      : invalidEach(`${field}.name`, name, dnsLabel(name))),
    ...portNumber(port.port).map((message) => invalid(`${field}.port`, port.port, message)),
    ...(protocols.includes(protocol) ? [] : [notSupported(`${field}.protocol`, protocol, protocols)]),
    ...(appProtocol === undefined ? [] : invalidEach(`${field}.appProtocol`, appProtocol, labelKey(appProtocol))),
  ];
}
