/**
 * What the doctor has seen: the world as data, on which every check decides. Reading it is `observe`; here are only the
 * shapes, and which pods carry the sidecar.
 */
import type { ParsedDeclarations } from '../../declarations/parse.ts';
import type {
  ConfigMap,
  Deployment,
  EndpointSlice,
  Endpoints,
  Pod,
  PodDisruptionBudget,
  Service,
  StatefulSet,
} from '../../kube/objects.ts';
import type { Declaration } from '../../plan/declaration.ts';
import { OWN_GATE, readLife } from '../../plan/pod.ts';
import { settings } from '../../settings.ts';
import { type Container, isSidecar, SIDECAR_NAME, valueOfVariable } from '../sidecar.ts';
import type { DnsFacts } from './dns.ts';
import type { Access } from './reviews.ts';

/** What a read came to. `hidden`: RBAC says no; `failed`: there was no answer to it. `why` has the API server's words. */
export type Look<T> =
  | { readonly kind: 'seen'; readonly value: T }
  | { readonly kind: 'hidden' | 'failed'; readonly why: string };

/** One Service that is declared, or under whose name agents have published. */
export type ServiceSeen = {
  readonly name: string;
  /** Undefined where the ConfigMap does not declare it, or is not valid. */
  readonly declaration: Declaration | undefined;
  /** Undefined inside: there is none. */
  readonly service: Look<Service | undefined>;
  readonly endpoints: Look<Endpoints | undefined>;
  /** Read again after `waitedMs`; undefined where there was no second look. */
  readonly later: Endpoints | undefined;
  readonly slices: Look<readonly EndpointSlice[]>;
  /** Listed again; those read first where there was no second look. */
  readonly laterSlices: readonly EndpointSlice[];
};

/** All that the checks decide on. */
export type Facts = {
  readonly namespace: string;
  readonly configMapName: string;
  /** As `/version` has it: `v1.37.2`, 1, 37. */
  readonly version: Look<KubeVersion>;
  /** The API groups that are served. */
  readonly groups: Look<readonly string[]>;
  readonly configMap: Look<ConfigMap | undefined>;
  /** Undefined where there is no ConfigMap to parse. */
  readonly declared: ParsedDeclarations | undefined;
  readonly services: readonly ServiceSeen[];
  /** Endpoints of the namespace that carry the skip-mirror label. */
  readonly unmirrored: Look<readonly Endpoints[]>;
  /** All pods of the namespace, listed after the registers were read. */
  readonly pods: Look<readonly Pod[]>;
  readonly statefulSets: Look<readonly StatefulSet[]>;
  readonly deployments: Look<readonly Deployment[]>;
  readonly disruptionBudgets: Look<readonly PodDisruptionBudget[]>;
  /** Time between the two looks at the registers, in milliseconds; undefined where there was only one. */
  readonly waitedMs: number | undefined;
  /** The Deployments of kube-system that serve DNS: label k8s-app=kube-dns, which CoreDNS carries as well. */
  readonly dnsDeployments: Look<readonly Deployment[]>;
  readonly access: Access;
  readonly dns: DnsFacts;
};

/** The version of the API server. */
export type KubeVersion = { readonly text: string; readonly major: number; readonly minor: number };

/** A pod that carries the sidecar of this ConfigMap. */
export type Member = {
  readonly pod: Pod;
  readonly podName: string;
  readonly uid: string;
  readonly sidecar: Container;
  /** `init`: an init container that is no native sidecar, so that the pod never gets past it. */
  readonly sidecarKind: 'native' | 'plain' | 'init';
  /** What REGISTRAR_CONTAINER_NAME says, or its default. */
  readonly sidecarName: string;
  /** The containers that are neither the sidecar nor init containers. */
  readonly workload: readonly Container[];
};

/** The pods whose containers have REGISTRAR_CONFIGMAP set to this ConfigMap. */
export function membersOf(pods: readonly Pod[], configMapName: string): readonly Member[] {
  const isOurs = (container: Container) => isSidecar(container, configMapName);
  return pods.flatMap((pod): readonly Member[] => {
    const containers = pod.spec?.containers ?? [];
    const plain = containers.find(isOurs);
    const init = pod.spec?.initContainers?.find(isOurs);
    const sidecar = plain ?? init;
    if (sidecar === undefined) return [];
    const isNative = init?.restartPolicy === 'Always';
    return [
      {
        pod,
        podName: pod.metadata?.name ?? '',
        uid: pod.metadata?.uid ?? '',
        sidecar,
        sidecarKind: plain !== undefined ? 'plain' : isNative ? 'native' : 'init',
        sidecarName: valueOfVariable(sidecar, settings.containerName.env) ?? SIDECAR_NAME,
        workload: containers.filter((container) => container !== sidecar),
      },
    ];
  });
}

/** The pods with the sidecar that live: neither deleted nor at their end. */
export function aliveMembers({ pods, configMapName }: Pick<Facts, 'pods' | 'configMapName'>): readonly Member[] {
  return membersOf(seenOr(pods, []), configMapName).filter(({ pod }) => readLife(pod) === 'alive');
}

/** Whether a pod waits with its readiness until the agent has published it. */
export function hasOwnGate({ pod }: Member): boolean {
  return (pod.spec?.readinessGates ?? []).some(({ conditionType }) => conditionType === OWN_GATE);
}

/** What was seen, or `fallback` where nothing was. */
export function seenOr<T>(look: Look<T>, fallback: T): T {
  return look.kind === 'seen' ? look.value : fallback;
}
