/** What the server refuses in a Service: same-named ports above all (kubernetes#97149). Seen on Kubernetes 1.37.2. */
import type { ServicePort } from '../../../agent/kube/objects.ts';
import { equal } from '../objects/json.ts';
import type { Kinds, Stored } from '../objects/kinds.ts';
import { addressFaults } from './addresses.ts';
import { duplicate, type FieldFault, forbidden, invalid, invalidEach, notSupported, required } from './faults.ts';
import { labelFaults } from './metadata.ts';
import { dnsLabel, dnsSubdomain, labelKey, portName, portNumber, protocols } from './names.ts';

type Service = Stored<Kinds['services']>;

/** The addresses that Services get, 10.96.0.0/16. */
const SERVICE_RANGE = /^10\.96\./;

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

/** Every fault of a Service. */
export function serviceFaults(object: Service, old: Service | undefined): readonly FieldFault[] {
  const { spec = {} } = object;
  const { ports = [], type = '', clusterIP = '' } = spec;
  const isExternal = type === 'ExternalName';
  return [
    ...(ports.length === 0 && clusterIP !== 'None' && !isExternal ? [required('spec.ports')] : []),
    ...(isExternal ? externalNameFaults(spec.externalName ?? '') : []),
    ...(isExternal ? externalOnlyFaults(spec) : []),
    ...clusterIPFaults(object, old),
    ...nodePortFaults(type, clusterIP),
    ...ports.flatMap((port, index) => portFaults(ports, port, index)),
    ...samePortFaults(ports),
    ...labelFaults('spec.selector', spec.selector ?? {}),
    ...(['ClientIP', 'None'].includes(spec.sessionAffinity ?? '')
      ? []
      : [notSupported('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None'])]),
    ...(types.includes(type) ? [] : [notSupported('spec.type', type, types)]),
  ];
}

function externalNameFaults(name: string): readonly FieldFault[] {
  const bare = name.replace(/\.$/, '');
  return bare === '' ? [required('spec.externalName')] : invalidEach('spec.externalName', bare, dnsSubdomain(bare));
}

function externalOnlyFaults(spec: NonNullable<Service['spec']>): readonly FieldFault[] {
  const why = 'may not be set for ExternalName services';
  return [
    ...(spec.clusterIPs === undefined ? [] : [forbidden('spec.clusterIPs', why)]),
    ...(spec.ipFamilies === undefined ? [] : [forbidden('spec.ipFamilies', why)]),
    ...(spec.ipFamilyPolicy === undefined ? [] : [forbidden('spec.ipFamilyPolicy', why)]),
  ];
}

function nodePortFaults(type: string, clusterIP: string): readonly FieldFault[] {
  if (clusterIP !== 'None' || (type !== 'NodePort' && type !== 'LoadBalancer')) return [];
  return [invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`)];
}

function portFaults(ports: readonly ServicePort[], port: ServicePort, index: number): readonly FieldFault[] {
  const field = `spec.ports[${index}]`;
  const { name = '', protocol = '', targetPort, appProtocol } = port;
  const isRepeated = name !== '' && ports.slice(0, index).some((other) => other.name === name);
  return [
    ...(name === ''
      ? ports.length > 1
        ? [required(`${field}.name`)]
        : []
      : invalidEach(`${field}.name`, name, dnsLabel(name))),
    ...(isRepeated ? [duplicate(`${field}.name`, name)] : []),
    ...portNumber(port.port).map((message) => invalid(`${field}.port`, port.port, message)),
    ...(protocols.includes(protocol) ? [] : [notSupported(`${field}.protocol`, protocol, protocols)]),
    ...targetPortFaults(`${field}.targetPort`, targetPort),
    ...(appProtocol === undefined ? [] : invalidEach(`${field}.appProtocol`, appProtocol, labelKey(appProtocol))),
  ];
}

function targetPortFaults(field: string, value: unknown): readonly FieldFault[] {
  if (typeof value === 'string') return invalidEach(field, value, portName(value));
  if (typeof value === 'number') return portNumber(value).map((message) => invalid(field, value, message));
  return [];
}

/** The same number and protocol twice; the server prints the port with nothing but these two. */
function samePortFaults(ports: readonly ServicePort[]): readonly FieldFault[] {
  return ports.flatMap(({ port, protocol = '' }, index) => {
    const isRepeated = ports.slice(0, index).some((other) => other.port === port && other.protocol === protocol);
    const shown = { Name: '', Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 };
    return isRepeated ? [duplicate(`spec.ports[${index}]`, shown)] : [];
  });
}

function clusterIPFaults(object: Service, old: Service | undefined): readonly FieldFault[] {
  const before = old?.spec?.clusterIPs ?? [];
  const after = object.spec?.clusterIPs ?? [];
  const isKept = old?.spec?.type !== 'ExternalName' && object.spec?.type !== 'ExternalName';
  if (old === undefined) return askedIPFaults(after);
  if (!isKept || before.length === 0 || equal(before[0], after[0])) return [];
  return [invalid('spec.clusterIPs[0]', after, 'may not change once set')];
}

/** A new Service may ask for an address of the cluster's range. */
function askedIPFaults(asked: readonly string[]): readonly FieldFault[] {
  const [ip = 'None'] = asked;
  if (ip === 'None') return [];
  const spelling = addressFaults('spec.clusterIPs[0]', ip);
  if (spelling.length > 0 || SERVICE_RANGE.test(ip)) return spelling;
  const why = `failed to allocate IP ${ip}: the provided network does not match the current range`;
  return [invalid('spec.clusterIPs', asked, why)];
}
