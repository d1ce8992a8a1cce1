/** The table of resources that the server knows. */
import { asObject, asString, type JsonObject, without } from '../objects/json.ts';
import type { ApiObject, Kinds, ResourceName, Stored } from '../objects/kinds.ts';
import type { Schema } from '../objects/schema.ts';
import {
  configMap,
  event,
  namespace,
  node,
  role,
  roleBinding,
  service,
  serviceAccount,
  workload,
} from '../objects/schemas/core.ts';
import { endpointSlice, endpoints } from '../objects/schemas/discovery.ts';
import { pod } from '../objects/schemas/pod.ts';
import { typed } from '../storage/typed.ts';
import { configMapFaults } from '../validation/configmap.ts';
import { endpointsFaults } from '../validation/endpoints.ts';
import { endpointSliceFaults } from '../validation/endpointslice.ts';
import { eventFaults } from '../validation/event.ts';
import type { FieldFault } from '../validation/faults.ts';
import { dnsLabel, dnsSubdomain, type NameRule } from '../validation/names.ts';
import { podFaults } from '../validation/pod.ts';
import { serviceFaults } from '../validation/service.ts';
import { firstGeneration, keepGeneration, sliceGeneration } from './generations.ts';
import { fillPodDefaults, preparePod } from './pod-fields.ts';
import type { FieldSelectors, Resource } from './resource.ts';
import { allocateService, familyFaults, fillServiceDefaults, reallocateService } from './service-fields.ts';

const DISCOVERY = 'discovery.k8s.io';
const RBAC = 'rbac.authorization.k8s.io';

const nameAndNamespace: FieldSelectors = {
  fields: {
    'metadata.name': (object) => object.metadata.name,
    'metadata.namespace': (object) => object.metadata.namespace ?? '',
  },
  unknown: (field) => `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
};

/** A kind that converts field selectors itself words an unknown one differently. */
function withFields(extra: FieldSelectors['fields']): FieldSelectors {
  return {
    fields: { ...nameAndNamespace.fields, ...extra },
    unknown: (field) => `field label not supported: ${field}`,
  };
}

const at =
  (...path: readonly string[]) =>
  (object: ApiObject): string =>
    asString(path.reduce<unknown>((value, key) => asObject(value)[key], object)) ?? '';

type Basics = { readonly kind: string; readonly schema: Schema } & Partial<Resource>;

function define(resource: ResourceName, basics: Basics): Resource {
  const group = basics.group ?? '';
  return {
    resource,
    group,
    version: 'v1',
    singular: basics.kind.toLowerCase(),
    isNamespaced: true,
    subresources: [],
    shortNames: [],
    createsOnUpdate: false,
    deleteAnswersObject: false,
    storagePrefix: `/registry/${resource}`,
    nameRule: dnsSubdomain,
    selectors: nameAndNamespace,
    deprecation: undefined,
    ...basics,
  };
}

/** A kind's rules, handed the typed objects. */
function rules<R extends ResourceName>(
  resource: R,
  check: (object: Stored<Kinds[R]>, old: Stored<Kinds[R]> | undefined) => readonly FieldFault[],
): (object: ApiObject, old: ApiObject | undefined) => readonly FieldFault[] {
  return (object, old) => check(typed(resource, object), old === undefined ? undefined : typed(resource, old));
}

/** A write to the object does not reach its status. */
const keepStatus = (object: JsonObject, old: ApiObject): JsonObject =>
  old['status'] === undefined ? without(object, 'status') : { ...object, status: old['status'] };

const anyName: NameRule = () => [];

/** Every resource, by its name. */
export const resources: { readonly [R in ResourceName]: Resource } = {
  namespaces: define('namespaces', {
    kind: 'Namespace',
    schema: namespace,
    isNamespaced: false,
    nameRule: dnsLabel,
    shortNames: ['ns'],
    subresources: ['status'],
    deleteAnswersObject: true,
    selectors: withFields({ 'status.phase': at('status', 'phase') }),
    fillDefaults: (object) => {
      const metadata = asObject(object['metadata']);
      const labels = { ...asObject(metadata['labels']), 'kubernetes.io/metadata.name': metadata['name'] };
      return { ...object, metadata: { ...metadata, labels } };
    },
    prepareCreate: (object) => ({ ...object, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } }),
    resetForUpdate: (object, old) => ({ ...keepStatus(object, old), spec: old['spec'] }),
  }),
  nodes: define('nodes', {
    kind: 'Node',
    schema: node,
    isNamespaced: false,
    shortNames: ['no'],
    subresources: ['status'],
    prepareCreate: (object) => ({ ...object, spec: object['spec'] ?? {}, status: object['status'] ?? {} }),
  }),
  pods: define('pods', {
    kind: 'Pod',
    schema: pod,
    shortNames: ['po'],
    subresources: ['proxy', 'status'],
    deleteAnswersObject: true,
    selectors: withFields({
      'spec.nodeName': at('spec', 'nodeName'),
      'spec.restartPolicy': at('spec', 'restartPolicy'),
      'spec.schedulerName': at('spec', 'schedulerName'),
      'spec.serviceAccountName': at('spec', 'serviceAccountName'),
      'status.phase': at('status', 'phase'),
      'status.podIP': at('status', 'podIP'),
      'status.nominatedNodeName': at('status', 'nominatedNodeName'),
    }),
    fillDefaults: fillPodDefaults,
    resetForUpdate: (object, old) => keepGeneration(keepStatus(object, old), old),
    prepareCreate: (object) => firstGeneration(preparePod(object)),
    validate: rules('pods', podFaults),
  }),
  services: define('services', {
    kind: 'Service',
    schema: service,
    nameRule: dnsLabel,
    shortNames: ['svc'],
    subresources: ['status'],
    createsOnUpdate: true,
    deleteAnswersObject: true,
    storagePrefix: '/registry/services/specs',
    selectors: withFields({ 'spec.clusterIP': at('spec', 'clusterIP'), 'spec.type': at('spec', 'type') }),
    fillDefaults: fillServiceDefaults,
    resetForUpdate: keepStatus,
    prepareCreate: allocateService,
    prepareUpdate: reallocateService,
    validate: (object, old) => {
      const families = familyFaults(object);
      return families.length > 0 ? families : rules('services', serviceFaults)(object, old);
    },
  }),
  endpoints: define('endpoints', {
    kind: 'Endpoints',
    schema: endpoints,
    singular: 'endpoints',
    shortNames: ['ep'],
    createsOnUpdate: true,
    storagePrefix: '/registry/services/endpoints',
    deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
    validate: rules('endpoints', endpointsFaults),
  }),
  configmaps: define('configmaps', {
    kind: 'ConfigMap',
    schema: configMap,
    shortNames: ['cm'],
    validate: rules('configmaps', configMapFaults),
  }),
  events: define('events', {
    kind: 'Event',
    schema: event,
    shortNames: ['ev'],
    createsOnUpdate: true,
    nameRule: anyName,
    selectors: withFields({
      'involvedObject.kind': at('involvedObject', 'kind'),
      'involvedObject.name': at('involvedObject', 'name'),
      'involvedObject.namespace': at('involvedObject', 'namespace'),
      'involvedObject.uid': at('involvedObject', 'uid'),
      reason: at('reason'),
      type: at('type'),
    }),
    validate: rules('events', eventFaults),
  }),
  serviceaccounts: define('serviceaccounts', {
    kind: 'ServiceAccount',
    schema: serviceAccount,
    shortNames: ['sa'],
    subresources: ['token'],
    deleteAnswersObject: true,
  }),
  endpointslices: define('endpointslices', {
    kind: 'EndpointSlice',
    group: DISCOVERY,
    schema: endpointSlice,
    prepareCreate: firstGeneration,
    prepareUpdate: sliceGeneration,
    validate: rules('endpointslices', endpointSliceFaults),
  }),
  roles: define('roles', { kind: 'Role', group: RBAC, schema: role, createsOnUpdate: true, nameRule: anyName }),
  rolebindings: define('rolebindings', {
    kind: 'RoleBinding',
    group: RBAC,
    schema: roleBinding,
    createsOnUpdate: true,
    nameRule: anyName,
  }),
  clusterroles: define('clusterroles', {
    kind: 'ClusterRole',
    group: RBAC,
    schema: role,
    isNamespaced: false,
    createsOnUpdate: true,
    nameRule: anyName,
  }),
  clusterrolebindings: define('clusterrolebindings', {
    kind: 'ClusterRoleBinding',
    group: RBAC,
    schema: roleBinding,
    isNamespaced: false,
    createsOnUpdate: true,
    nameRule: anyName,
  }),
  statefulsets: define('statefulsets', {
    kind: 'StatefulSet',
    group: 'apps',
    schema: workload('StatefulSet'),
    shortNames: ['sts'],
  }),
  deployments: define('deployments', {
    kind: 'Deployment',
    group: 'apps',
    schema: workload('Deployment'),
    shortNames: ['deploy'],
  }),
  poddisruptionbudgets: define('poddisruptionbudgets', {
    kind: 'PodDisruptionBudget',
    group: 'policy',
    schema: workload('PodDisruptionBudget'),
    shortNames: ['pdb'],
  }),
};

/** Whether a name is that of a known resource. */
export function isResourceName(name: string): name is ResourceName {
  return Object.hasOwn(resources, name);
}
