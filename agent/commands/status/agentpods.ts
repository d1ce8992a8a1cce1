/** Which pods run an agent of a ConfigMap, and where its HTTP server is: read from the pods alone, nothing is asked. */
import type { Pod } from '../../kube/objects.ts';
import { type Life, readLife } from '../../plan/pod.ts';
import { settings } from '../../settings.ts';
import { type Container, isSidecar, variableOf } from '../sidecar.ts';

/** Where an agent's HTTP server is; `unknown` says why that cannot be told from outside. */
export type AgentPort =
  | { readonly kind: 'known'; readonly port: number }
  | { readonly kind: 'unknown'; readonly why: string };

/** One pod that runs an agent. */
export type AgentPod = {
  readonly name: string;
  readonly uid: string;
  readonly nodeName: string | undefined;
  /** `status.podIP`; undefined before the pod has one. */
  readonly address: string | undefined;
  readonly life: Life;
  readonly phase: string;
  readonly http: AgentPort;
  /** Whether the pod's own text names the ConfigMap; the agent's word decides where it does not. */
  readonly namesConfigMap: boolean;
};

const HTTP_PORT = settings.httpPort.env;
const DEFAULT_PORT = Number(settings.httpPort.default);
/** As the shipped manifest calls it. */
const PORT_NAME = 'registrar-http';

/**
 * The pods of which a container or native sidecar has REGISTRAR_CONFIGMAP set to `configMap`, or taken from elsewhere.
 * @param knownUids pods that the register or slices know: theirs may come from envFrom, which a pod does not show
 */
export function findAgentPods(
  pods: readonly Pod[],
  configMap: string,
  knownUids: ReadonlySet<string>,
): readonly AgentPod[] {
  return pods
    .flatMap((pod) => {
      const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
      const sidecar = containers.find((container) => isSidecar(container, configMap));
      if (sidecar === undefined && !knownUids.has(pod.metadata?.uid ?? '')) return [];
      const named = sidecar === undefined ? undefined : variableOf(sidecar, settings.configMap.env);
      return [
        {
          name: pod.metadata?.name ?? '',
          uid: pod.metadata?.uid ?? '',
          nodeName: pod.spec?.nodeName,
          address: pod.status?.podIP === '' ? undefined : pod.status?.podIP,
          life: readLife(pod),
          phase: pod.status?.phase ?? '',
          http: portOf(sidecar ?? containers.find((container) => namedPort(container) !== undefined)),
          namesConfigMap: named?.value === configMap,
        },
      ];
    })
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
}

function namedPort(container: Container | undefined): number | undefined {
  return container?.ports?.find(({ name }) => name === PORT_NAME)?.containerPort;
}

function portOf(container: Container | undefined): AgentPort {
  const set = container === undefined ? undefined : variableOf(container, HTTP_PORT);
  const declared = namedPort(container) ?? container?.ports?.[0]?.containerPort;
  if (set === undefined) return { kind: 'known', port: declared ?? DEFAULT_PORT };
  const port = Number(set.value ?? Number.NaN);
  if (Number.isInteger(port) && port > 0) return { kind: 'known', port };
  if (declared !== undefined) return { kind: 'known', port: declared };
  return { kind: 'unknown', why: `its HTTP port is not known: ${HTTP_PORT} is ${set.value ?? 'taken from elsewhere'}` };
}
