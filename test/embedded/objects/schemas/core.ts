/** Service, ConfigMap, Event, Namespace, Node, ServiceAccount and RBAC objects. Source: the API reference. */
import {
  atomicMapOf,
  flag,
  flagPointer,
  int32,
  int32Always,
  intOrString,
  listOf,
  mapOf,
  opaque,
  struct,
  structAlways,
  structAtomic,
  text,
  textAlways,
  textDefault,
  textPointer,
  timeAlways,
} from '../schema.ts';
import { objectReference, objectReferenceAlways, topLevel } from './meta.ts';

const servicePort = struct('ServicePort', {
  name: text,
  protocol: textDefault('TCP'),
  appProtocol: textPointer,
  port: int32Always,
  targetPort: intOrString,
  nodePort: int32,
});

export const service = topLevel('Service', {
  spec: structAlways('ServiceSpec', {
    ports: listOf(servicePort, { keys: ['port', 'protocol'] }),
    selector: atomicMapOf(text),
    clusterIP: text,
    clusterIPs: listOf(text),
    type: textDefault('ClusterIP'),
    externalIPs: listOf(text),
    sessionAffinity: textDefault('None'),
    loadBalancerIP: text,
    loadBalancerSourceRanges: listOf(text),
    externalName: text,
    externalTrafficPolicy: text,
    healthCheckNodePort: int32,
    publishNotReadyAddresses: flag,
    sessionAffinityConfig: opaque,
    ipFamilies: listOf(text),
    ipFamilyPolicy: textPointer,
    allocateLoadBalancerNodePorts: flagPointer,
    loadBalancerClass: textPointer,
    internalTrafficPolicy: textPointer,
    trafficDistribution: textPointer,
  }),
  status: structAlways('ServiceStatus', {
    loadBalancer: structAlways('LoadBalancerStatus', { ingress: listOf(opaque) }),
    conditions: listOf(opaque, { keys: ['type'] }),
  }),
});

export const configMap = topLevel('ConfigMap', {
  immutable: flagPointer,
  data: mapOf(text),
  binaryData: mapOf(text),
});

export const event = topLevel('Event', {
  involvedObject: objectReferenceAlways,
  reason: text,
  message: text,
  source: structAlways('EventSource', { component: text, host: text }),
  firstTimestamp: timeAlways,
  lastTimestamp: timeAlways,
  count: int32,
  type: text,
  eventTime: timeAlways,
  series: opaque,
  action: text,
  related: objectReference,
  reportingComponent: textAlways,
  reportingInstance: textAlways,
});

export const namespace = topLevel('Namespace', {
  spec: structAlways('NamespaceSpec', { finalizers: listOf(text) }),
  status: structAlways('NamespaceStatus', { phase: text, conditions: listOf(opaque, { keys: ['type'] }) }),
});

export const node = topLevel('Node', { spec: opaque, status: opaque });

/** StatefulSet, Deployment, PodDisruptionBudget: what a client reads of them; none of their controllers runs here. */
export const workload = (go: string) => topLevel(go, { spec: opaque, status: opaque });

export const serviceAccount = topLevel('ServiceAccount', {
  secrets: listOf(opaque, { keys: ['name'] }),
  imagePullSecrets: listOf(opaque),
  automountServiceAccountToken: flagPointer,
});

const policyRule = struct('PolicyRule', {
  verbs: listOf(text),
  apiGroups: listOf(text),
  resources: listOf(text),
  resourceNames: listOf(text),
  nonResourceURLs: listOf(text),
});

export const role = topLevel('Role', { rules: listOf(policyRule), aggregationRule: opaque });

export const roleBinding = topLevel('RoleBinding', {
  subjects: listOf(struct('Subject', { kind: textAlways, apiGroup: text, name: textAlways, namespace: text })),
  roleRef: structAtomic('RoleRef', { apiGroup: textAlways, kind: textAlways, name: textAlways }, 'always'),
});
