/** What the server refuses in a Pod, as far as tests run into it. Seen on Kubernetes 1.37.2. */
import type { ContainerPort, Pod } from '../../../agent/kube/objects.ts';
import { equal, type JsonObject, without } from '../objects/json.ts';
import type { Kinds, Stored } from '../objects/kinds.ts';
import { duplicate, type FieldFault, forbidden, invalid, invalidEach, notSupported, required } from './faults.ts';
import { dnsLabel, portName, portNumber, protocols } from './names.ts';

type StoredPod = Stored<Kinds['pods']>;
type Container = NonNullable<Pod['spec']>['containers'][number];

/** Every fault of a Pod. */
export function podFaults(object: StoredPod, old: StoredPod | undefined): readonly FieldFault[] {
  const { spec } = object;
  if (spec === undefined) return [];
  const { containers, initContainers = [], hostname, subdomain } = spec;
  const list = containers ?? [];
  return [
    ...(list.length === 0 ? [required('spec.containers')] : []),
    ...containersFaults(list, 'spec.containers'),
    ...containersFaults(initContainers, 'spec.initContainers'),
    ...(hostname === undefined ? [] : invalidEach('spec.hostname', hostname, dnsLabel(hostname))),
    ...(subdomain === undefined ? [] : invalidEach('spec.subdomain', subdomain, dnsLabel(subdomain))),
    ...(old === undefined ? [] : changeFaults(object, old)),
  ];
}

function containersFaults(containers: readonly Container[], field: string): readonly FieldFault[] {
  return containers.flatMap((container, index) => {
    const isRepeated = containers.slice(0, index).some((other) => other.name === container.name);
    const own = `${field}[${index}]`;
    return [
      ...portsFaults(container.ports ?? [], `${own}.ports`),
      ...(container.name === ''
        ? [required(`${own}.name`)]
        : invalidEach(`${own}.name`, container.name, dnsLabel(container.name))),
      ...(isRepeated ? [duplicate(`${own}.name`, container.name)] : []),
      ...((container.image ?? '') === '' ? [required(`${own}.image`)] : []),
    ];
  });
}

function portsFaults(ports: readonly ContainerPort[], field: string): readonly FieldFault[] {
  return ports.flatMap(({ name, containerPort, protocol = '' }, index) => {
    const own = `${field}[${index}]`;
    const isRepeated = name !== undefined && ports.slice(0, index).some((other) => other.name === name);
    return [
      ...(name === undefined ? [] : invalidEach(`${own}.name`, name, portName(name))),
      ...(isRepeated ? [duplicate(`${own}.name`, name)] : []),
      ...(containerPort === 0
        ? [required(`${own}.containerPort`)]
        : portNumber(containerPort).map((message) => invalid(`${own}.containerPort`, containerPort, message))),
      ...(protocols.includes(protocol) ? [] : [notSupported(`${own}.protocol`, protocol, protocols)]),
    ];
  });
}

const mutable = ['activeDeadlineSeconds', 'tolerations', 'terminationGracePeriodSeconds', 'schedulingGates'];

/** The real message ends in a diff of the internal type; here it stops before it. */
function changeFaults(object: StoredPod, old: StoredPod): readonly FieldFault[] {
  return equal(fixed(object), fixed(old))
    ? []
    : [
        forbidden(
          'spec',
          'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
        ),
      ];
}

function fixed(object: StoredPod): JsonObject {
  const { spec } = object;
  if (spec === undefined) return {};
  const imageless = (containers: readonly Container[]): readonly JsonObject[] =>
    containers.map((container) => without(container, 'image'));
  return {
    ...without(spec, ...mutable),
    containers: imageless(spec.containers ?? []),
    initContainers: imageless(spec.initContainers ?? []),
  };
}
