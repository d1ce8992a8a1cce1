/**
 * The API server's objects as they stand in JSON. client-node's types describe what its own deserialiser makes
 * (a `Date`, a `_continue`); undici gives plain JSON, so one mapped type turns the former into the latter.
 * The only place that names client-node's types.
 */
import type {
  CoreV1EndpointPort,
  CoreV1Event,
  V1ConfigMap,
  V1ContainerPort,
  V1Deployment,
  V1EndpointAddress,
  V1EndpointSlice,
  V1EndpointSubset,
  V1Endpoints,
  V1Pod,
  V1PodDisruptionBudget,
  V1PodStatus,
  V1Role,
  V1Service,
  V1ServicePort,
  V1StatefulSet,
  V1Status,
} from '@kubernetes/client-node';

/** `T` as JSON has it: dates are RFC 3339 strings, `_continue` is `continue`, all of it read-only. */
export type Json<T> = T extends Date
  ? string
  : T extends readonly (infer U)[]
    ? readonly Json<U>[]
    : T extends object
      ? { readonly [K in keyof T as K extends '_continue' ? 'continue' : K]: Json<T[K]> }
      : T;

export type ConfigMap = Json<V1ConfigMap>;
export type ContainerPort = Json<V1ContainerPort>;
export type Deployment = Json<V1Deployment>;
export type EndpointAddress = Json<V1EndpointAddress>;
export type EndpointPort = Json<CoreV1EndpointPort>;
export type EndpointSlice = Json<V1EndpointSlice>;
export type EndpointSubset = Json<V1EndpointSubset>;
export type Endpoints = Json<V1Endpoints>;
export type Event = Json<CoreV1Event>;
export type Pod = Json<V1Pod>;
export type PodDisruptionBudget = Json<V1PodDisruptionBudget>;
export type PodStatus = Json<V1PodStatus>;
export type Role = Json<V1Role>;
export type Service = Json<V1Service>;
export type ServicePort = Json<V1ServicePort>;
export type StatefulSet = Json<V1StatefulSet>;
export type Status = Json<V1Status>;

/** One RFC 6902 operation. A `test` with value `null` passes where the key is absent (seen on Kubernetes 1.37). */
export type PatchOperation =
  | { readonly op: 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

/** What every stored object has and `kube/` itself looks at (API conventions, Metadata). */
export type ApiObject = {
  readonly metadata?: {
    readonly name?: string | undefined;
    readonly uid?: string | undefined;
    readonly resourceVersion?: string | undefined;
    readonly deletionTimestamp?: string | undefined;
  };
};
