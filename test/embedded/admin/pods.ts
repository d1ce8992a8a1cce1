/** Pods for tests: created bound to a node and running, made ready and unready, ended in each of the ways a pod ends. */

import type { JsonObject } from '../objects/json.ts';
import type { Kinds, Stored } from '../objects/kinds.ts';
import type { Registry } from '../registry/registry.ts';
import { controllerOptions, timestamp } from '../registry/write-options.ts';
import type { ObjectKey, Store } from '../storage/store.ts';
import { typed } from '../storage/typed.ts';

type StoredPod = Stored<Kinds['pods']>;
type Pod = Kinds['pods'];
type Port = NonNullable<NonNullable<Pod['spec']>['containers'][number]['ports']>[number];

/** A container of a pod to be. A string is its name. */
export type ContainerShape =
  | string
  | {
      readonly name: string;
      readonly ports?: readonly Port[];
      readonly ready?: boolean;
      /** More fields of the container: env, probes, hooks, mounts. */
      readonly fields?: JsonObject;
    };

/** A pod to be; only the name is needed. */
export type PodShape = {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Also the way to give two addresses: the first is the primary one. @default a free one of 10.244.0.0/16 */
  readonly ip?: string | readonly string[];
  readonly hostname?: string;
  readonly subdomain?: string;
  /** @default ['app'] */
  readonly containers?: readonly ContainerShape[];
  /** Restartable init containers (native sidecars). */
  readonly sidecars?: readonly ContainerShape[];
  readonly readinessGates?: readonly string[];
  /** @default true */
  readonly ready?: boolean;
  readonly phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  /** @default 'node-1' */
  readonly nodeName?: string;
  readonly serviceAccount?: string;
  readonly ownerReferences?: readonly JsonObject[];
  readonly finalizers?: readonly string[];
  /** @default 30 */
  readonly terminationGracePeriodSeconds?: number;
  /** @default true */
  readonly automountServiceAccountToken?: boolean;
};

/** Verbs about pods. `namespace` is `default` where absent. Throw StatusError where the server refuses. */
export type PodAdmin = {
  readonly createPod: (shape: PodShape) => StoredPod;
  /** Sets one container's readiness (init containers too) and with it the pod's Ready condition. */
  readonly setContainerReady: (change: {
    readonly pod: string;
    readonly container: string;
    readonly ready: boolean;
    readonly namespace?: string;
  }) => StoredPod;
  readonly setPhase: (pod: string, phase: string, namespace?: string) => StoredPod;
  /** Several addresses: the first is the primary one. */
  readonly setPodIP: (pod: string, ip: string | readonly string[], namespace?: string) => StoredPod;
  /** Begins a graceful deletion: the pod gets a deletionTimestamp and stays for its grace period. */
  readonly terminatePod: (pod: string, namespace?: string) => StoredPod;
  /** The pod object is gone at once, as after a force deletion or when the kubelet has finished. */
  readonly removePod: (pod: string, namespace?: string) => void;
};

/** Builds the verbs. */
export function createPodAdmin({ store, registry }: { store: Store; registry: Registry }): PodAdmin {
  let addressCount = 0;
  const freeIP = (): string => {
    addressCount += 1;
    return `10.244.${addressCount >> 8}.${addressCount & 255}`;
  };
  const find = (name: string, namespace = 'default'): { key: ObjectKey; pod: StoredPod } => {
    const key = { namespace, name };
    const pod = store.get('pods', key);
    if (pod === undefined) throw new Error(`there is no pod ${namespace}/${name}`);
    return { key, pod };
  };
  const setStatus = (key: ObjectKey, status: JsonObject): StoredPod =>
    typed(
      'pods',
      registry.merge('pods', key, { status }, { ...controllerOptions, manager: 'kubelet', subresource: 'status' }),
    );

  return {
    createPod: (shape) => {
      const { namespace = 'default' } = shape;
      const pod = registry.create('pods', namespace, podObject(shape), {
        ...controllerOptions,
        manager: 'kube-scheduler',
      });
      return setStatus({ namespace, name: pod.metadata.name }, statusOf(shape, shape.ip ?? freeIP()));
    },
    setContainerReady: ({ pod: name, container, ready, namespace }) => {
      const { key, pod } = find(name, namespace);
      const { containerStatuses = [], initContainerStatuses = [], conditions = [] } = pod.status ?? {};
      const all = [...containerStatuses, ...initContainerStatuses];
      if (!all.some((status) => status.name === container))
        throw new Error(`pod ${name} has no container ${container}`);
      const changed = all.map((status) => (status.name === container ? { ...status, ready } : status));
      const isPodReady = changed.every((status) => status.ready);
      return setStatus(key, {
        containerStatuses: changed.slice(0, containerStatuses.length),
        ...(initContainerStatuses.length === 0
          ? {}
          : { initContainerStatuses: changed.slice(containerStatuses.length) }),
        conditions: [
          ...conditions.filter(({ type }) => type !== 'Ready' && type !== 'ContainersReady'),
          ...readyConditions(isPodReady),
        ],
      });
    },
    setPhase: (name, phase, namespace) => setStatus(find(name, namespace).key, { phase }),
    setPodIP: (name, ip, namespace) => setStatus(find(name, namespace).key, addressStatus(ip)),
    terminatePod: (name, namespace) => typed('pods', registry.remove('pods', find(name, namespace).key).object),
    removePod: (name, namespace) => {
      registry.remove('pods', find(name, namespace).key, { gracePeriodSeconds: 0 });
    },
  };
}

const nameOf = (shape: ContainerShape): string => (typeof shape === 'string' ? shape : shape.name);
const isReadyShape = (shape: ContainerShape): boolean => typeof shape === 'string' || shape.ready !== false;

function containerOf(shape: ContainerShape): JsonObject {
  const ports = typeof shape === 'string' ? undefined : shape.ports;
  return {
    name: nameOf(shape),
    image: `registry.example/${nameOf(shape)}:1`,
    ...(ports === undefined ? {} : { ports }),
    ...(typeof shape === 'string' ? {} : shape.fields),
  };
}

function podObject(shape: PodShape): JsonObject {
  const { name, labels, hostname, subdomain, containers = ['app'], sidecars = [], readinessGates = [] } = shape;
  return {
    metadata: {
      name,
      ...(labels === undefined ? {} : { labels }),
      ...(shape.ownerReferences === undefined ? {} : { ownerReferences: shape.ownerReferences }),
      ...(shape.finalizers === undefined ? {} : { finalizers: shape.finalizers }),
    },
    spec: {
      nodeName: shape.nodeName ?? 'node-1',
      serviceAccountName: shape.serviceAccount ?? 'default',
      ...(hostname === undefined ? {} : { hostname }),
      ...(subdomain === undefined ? {} : { subdomain }),
      containers: containers.map(containerOf),
      ...(sidecars.length === 0
        ? {}
        : { initContainers: sidecars.map((sidecar) => ({ ...containerOf(sidecar), restartPolicy: 'Always' })) }),
      ...(readinessGates.length === 0
        ? {}
        : { readinessGates: readinessGates.map((conditionType) => ({ conditionType })) }),
      terminationGracePeriodSeconds: shape.terminationGracePeriodSeconds ?? 30,
      ...(shape.automountServiceAccountToken === undefined
        ? {}
        : { automountServiceAccountToken: shape.automountServiceAccountToken }),
    },
  };
}

function statusOf(shape: PodShape, ip: string | readonly string[]): JsonObject {
  const { containers = ['app'], sidecars = [], ready = true, phase = 'Running' } = shape;
  const status = (container: ContainerShape): JsonObject => ({
    name: nameOf(container),
    ready: ready && isReadyShape(container),
    started: true,
    restartCount: 0,
    image: `registry.example/${nameOf(container)}:1`,
    imageID: '',
    state: { running: { startedAt: timestamp() } },
  });
  const statuses = containers.map(status);
  const sidecarStatuses = sidecars.map(status);
  const isReady = [...containers, ...sidecars].every(isReadyShape) && ready;
  return {
    phase,
    ...addressStatus(ip),
    hostIP: '10.0.0.1',
    startTime: timestamp(),
    conditions: [
      { type: 'Initialized', status: 'True' },
      { type: 'PodScheduled', status: 'True' },
      ...readyConditions(isReady),
    ],
    containerStatuses: statuses,
    ...(sidecarStatuses.length === 0 ? {} : { initContainerStatuses: sidecarStatuses }),
  };
}

function addressStatus(ip: string | readonly string[]): JsonObject {
  const ips = typeof ip === 'string' ? [ip] : ip;
  return ips[0] === undefined ? {} : { podIP: ips[0], podIPs: ips.map((one) => ({ ip: one })) };
}

function readyConditions(isReady: boolean): readonly JsonObject[] {
  const status = isReady ? 'True' : 'False';
  return ['Ready', 'ContainersReady'].map((type) => ({ type, status, lastTransitionTime: timestamp() }));
}
