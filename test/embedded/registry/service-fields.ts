/**
 * What the server fills in in a Service: target ports, cluster IPs, IP families. A headless Service without a selector
 * is dual-stack by default, on a single-stack cluster too; nothing else may be. Seen on Kubernetes 1.37.2 (IPv4 only).
 */
import { asList, asObject, asString, type JsonObject, without } from '../objects/json.ts';
import type { ApiObject } from '../objects/kinds.ts';
import { type FieldFault, invalid } from '../validation/faults.ts';
import type { Allocator } from './resource.ts';

/** Defaults that the writer owns. */
export function fillServiceDefaults(object: JsonObject): JsonObject {
  const spec = asObject(object['spec']);
  const ports = asList(spec['ports']).map((value) => {
    const port = asObject(value);
    const target = port['targetPort'];
    return target === undefined || target === 0 || target === '' ? { ...port, targetPort: port['port'] } : port;
  });
  const type = asString(spec['type']);
  return {
    ...object,
    spec: {
      ...spec,
      ...(ports.length === 0 ? {} : { ports }),
      ...(type === 'ExternalName' || spec['internalTrafficPolicy'] !== undefined
        ? {}
        : { internalTrafficPolicy: 'Cluster' }),
      ...((type === 'NodePort' || type === 'LoadBalancer') && spec['externalTrafficPolicy'] === undefined
        ? { externalTrafficPolicy: 'Cluster' }
        : {}),
      ...(type === 'LoadBalancer' && spec['allocateLoadBalancerNodePorts'] === undefined
        ? { allocateLoadBalancerNodePorts: true }
        : {}),
    },
  };
}

/** A new Service with its addresses, families and node ports. */
export function allocateService(object: JsonObject, allocator: Allocator): JsonObject {
  const asked = asString(asObject(object['spec'])['clusterIP']);
  if (asObject(object['spec'])['type'] === 'ExternalName' && asked !== undefined) {
    // Kept for the rules to refuse.
    return { ...object, spec: { ...asObject(object['spec']), clusterIPs: [asked] } };
  }
  return { ...object, spec: allocate(asObject(object['spec']), allocator), status: { loadBalancer: {} } };
}

const externalOnly = ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy'];
const nodePortOnly = ['externalTrafficPolicy', 'allocateLoadBalancerNodePorts', 'healthCheckNodePort'];

function allocate(spec: JsonObject, allocator: Allocator): JsonObject {
  const type = asString(spec['type']);
  if (type === 'ExternalName') return without(spec, ...externalOnly, ...nodePortOnly);
  const families = familiesOf(spec);
  const asked = asString(spec['clusterIP']) ?? asString(asList(spec['clusterIPs'])[0]);
  const clusterIP = asked ?? allocator.clusterIP();
  const withIPs = { ...spec, ...families, clusterIP, clusterIPs: [clusterIP] };
  return type === 'NodePort' || type === 'LoadBalancer'
    ? { ...withIPs, ports: withNodePorts(spec, allocator) }
    : withoutNodePorts(withIPs);
}

function familiesOf(spec: JsonObject): JsonObject {
  const families = asList(spec['ipFamilies']);
  const policy = asString(spec['ipFamilyPolicy']);
  const isOpen = isHeadless(spec) && spec['selector'] === undefined;
  if (isOpen && (policy ?? 'RequireDualStack') !== 'SingleStack') {
    const [first = 'IPv4'] = families;
    const both = families.length > 1 ? families : [first, first === 'IPv4' ? 'IPv6' : 'IPv4'];
    return { ipFamilies: both, ipFamilyPolicy: policy ?? 'RequireDualStack' };
  }
  const kept = policy === 'SingleStack' ? families.slice(0, 1) : families;
  return { ipFamilies: kept.length === 0 ? ['IPv4'] : kept, ipFamilyPolicy: policy ?? 'SingleStack' };
}

const isHeadless = (spec: JsonObject): boolean =>
  spec['clusterIP'] === 'None' || asList(spec['clusterIPs'])[0] === 'None';

function withNodePorts(spec: JsonObject, allocator: Allocator): readonly JsonObject[] {
  return asList(spec['ports']).map((value) => {
    const port = asObject(value);
    return port['nodePort'] === undefined ? { ...port, nodePort: allocator.nodePort() } : port;
  });
}

function withoutNodePorts(spec: JsonObject): JsonObject {
  const bare = without(spec, ...nodePortOnly);
  return bare['ports'] === undefined
    ? bare
    : { ...bare, ports: asList(bare['ports']).map((port) => without(asObject(port), 'nodePort')) };
}

/** An edited Service: what was allocated and not mentioned stays, what a change of type makes moot goes. */
export function reallocateService(object: JsonObject, old: ApiObject, allocator: Allocator): JsonObject {
  const before = asObject(old['spec']);
  const spec = asObject(object['spec']);
  const isExternal = spec['type'] === 'ExternalName';
  if (isExternal) {
    // What an edit adds to an ExternalName is kept for the rules to refuse.
    const moot = before['type'] === 'ExternalName' ? [] : externalOnly;
    return { ...object, spec: without(spec, ...moot, ...nodePortOnly) };
  }
  const kept = before['type'] === 'ExternalName' ? spec : keepAllocated(spec, before);
  return { ...object, spec: allocate(kept, allocator) };
}

function keepAllocated(spec: JsonObject, before: JsonObject): JsonObject {
  const clusterIP = spec['clusterIP'] ?? before['clusterIP'];
  const isMoved = spec['clusterIP'] !== undefined && spec['clusterIP'] !== before['clusterIP'];
  return {
    ...spec,
    clusterIP,
    clusterIPs: isMoved ? [clusterIP] : (spec['clusterIPs'] ?? before['clusterIPs']),
    ipFamilies: spec['ipFamilies'] ?? before['ipFamilies'],
    ipFamilyPolicy: spec['ipFamilyPolicy'] ?? before['ipFamilyPolicy'],
  };
}

/** The faults of IP families that this single-stack cluster does not have. */
export function familyFaults(object: ApiObject): readonly FieldFault[] {
  const spec = asObject(object['spec']);
  if (spec['type'] === 'ExternalName' || (isHeadless(spec) && spec['selector'] === undefined)) return [];
  const policy = spec['ipFamilyPolicy'];
  return [
    ...(policy === 'RequireDualStack'
      ? [invalid('spec.ipFamilyPolicy', policy, 'this cluster is not configured for dual-stack services')]
      : []),
    ...asList(spec['ipFamilies']).flatMap((family, index) =>
      family === 'IPv4' ? [] : [invalid(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster')],
    ),
  ];
}
