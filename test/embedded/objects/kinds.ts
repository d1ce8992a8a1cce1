/**
 * The resources that the server knows, and the types of their objects. The types are those of agent/kube/objects.ts;
 * what the agent does not use itself is derived in the same way.
 */
import type {
  V1ClusterRole,
  V1ClusterRoleBinding,
  V1Namespace,
  V1Node,
  V1ObjectMeta,
  V1RoleBinding,
  V1ServiceAccount,
} from '@kubernetes/client-node';
import type {
  ConfigMap,
  Deployment,
  EndpointSlice,
  Endpoints,
  Event,
  Json,
  Pod,
  PodDisruptionBudget,
  Role,
  Service,
  StatefulSet,
} from '../../../agent/kube/objects.ts';
import type { JsonObject } from './json.ts';

export type ClusterRole = Json<V1ClusterRole>;
export type ClusterRoleBinding = Json<V1ClusterRoleBinding>;
export type Namespace = Json<V1Namespace>;
export type Node = Json<V1Node>;
export type RoleBinding = Json<V1RoleBinding>;
export type ServiceAccount = Json<V1ServiceAccount>;

/** Metadata of a stored object: what the server always fills in is required. */
export type ObjectMeta = Omit<Json<V1ObjectMeta>, 'name' | 'uid' | 'resourceVersion' | 'creationTimestamp'> & {
  readonly name: string;
  readonly uid: string;
  /** A decimal number; greater is newer, over all resources. */
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
};

/** An object as it is stored, whatever its kind. */
export type ApiObject = JsonObject & {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
};

/** An object of a known type as it is stored. */
export type Stored<T> = Omit<T, 'metadata' | 'apiVersion' | 'kind'> & ApiObject;

/** Resource name (as in a path) to the type of its objects. */
export type Kinds = {
  readonly namespaces: Namespace;
  readonly nodes: Node;
  readonly pods: Pod;
  readonly services: Service;
  readonly endpoints: Endpoints;
  readonly configmaps: ConfigMap;
  readonly events: Event;
  readonly serviceaccounts: ServiceAccount;
  readonly endpointslices: EndpointSlice;
  readonly roles: Role;
  readonly rolebindings: RoleBinding;
  readonly clusterroles: ClusterRole;
  readonly clusterrolebindings: ClusterRoleBinding;
  readonly statefulsets: StatefulSet;
  readonly deployments: Deployment;
  readonly poddisruptionbudgets: PodDisruptionBudget;
};

/** A resource as it stands in a path, e.g. `endpointslices`. */
export type ResourceName = keyof Kinds;
