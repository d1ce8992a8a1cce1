/**
 * The workloads in the input that carry the sidecar: their pod, the sidecar's container, its settings, and the ports
 * that can be named.
 */
import { type Config, parseConfig, printConfigFault } from '../../config.ts';
import { protocols } from '../../plan/declaration.ts';
import type { NamedPort } from '../../plan/pod.ts';
import { formatDuration, settings } from '../../settings.ts';
import type { KubeObject } from './input.ts';
import type { Message, Place } from './message.ts';
import { at, itemsAt, numberAt, type Part, placeAt, textAt } from './part.ts';

/** A workload with the sidecar in it. */
export type Workload = {
  readonly object: KubeObject;
  /** The pod's spec. */
  readonly pod: Part;
  readonly sidecar: Part;
  /** The ConfigMap that it reads; undefined where the manifest does not say it by itself. */
  readonly configMap: string | undefined;
  /** Undefined where there is a fault in the settings. */
  readonly config: Config | undefined;
  readonly namedPorts: readonly NamedPort[];
};

/** A workload, and what is to be said about its sidecar. */
export type ReadWorkload = { readonly workload: Workload; readonly messages: readonly Message[] };

/** What the container is called in the examples; whoever renames it has to say so. */
const USUAL_NAME = settings.containerName.default;

/** Finds the sidecar in an object; undefined where it has none. */
export function readWorkload(object: KubeObject): ReadWorkload | undefined {
  const pod = podOf(object);
  if (pod === undefined) return undefined;
  const sidecar = [...itemsAt(pod, 'initContainers'), ...itemsAt(pod, 'containers')].find(isSidecar);
  if (sidecar === undefined) return undefined;
  const read = readSettings(sidecar);
  const { config } = read;
  const workload: Workload = {
    object,
    pod,
    sidecar,
    config,
    configMap: literalOf(sidecar, settings.configMap.env),
    namedPorts: namedPortsOf(pod),
  };
  return { workload, messages: [...read.messages, ...checkName(sidecar, config), ...checkPlace(pod, sidecar)] };
}

const templates: Readonly<Record<string, readonly string[]>> = {
  Pod: ['spec'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
};

function podOf({ kind, root }: KubeObject): Part | undefined {
  return at(root, ...(templates[kind] ?? ['spec', 'template', 'spec']));
}

function isSidecar(container: Part): boolean {
  const image = textAt(container, 'image')?.replace(/[:@].*$/, '') ?? '';
  return (
    textAt(container, 'name') === USUAL_NAME ||
    image.split('/').at(-1) === USUAL_NAME ||
    envOf(container, settings.configMap.env) !== undefined
  );
}

function envOf(container: Part, name: string): Part | undefined {
  return itemsAt(container, 'env').findLast((item) => textAt(item, 'name') === name);
}

function literalOf(container: Part, name: string): string | undefined {
  const value = textAt(envOf(container, name), 'value');
  return value === undefined || value === '' || value.includes('$(') ? undefined : value;
}

/** The ports of the containers that run beside each other: native sidecars too, other init containers not. */
function namedPortsOf(pod: Part): readonly NamedPort[] {
  const running = itemsAt(pod, 'initContainers').filter((one) => textAt(one, 'restartPolicy') === 'Always');
  return [...running, ...itemsAt(pod, 'containers')]
    .flatMap((container) => itemsAt(container, 'ports'))
    .flatMap((port) => {
      const name = textAt(port, 'name');
      const number = numberAt(port, 'containerPort');
      const written = textAt(port, 'protocol') ?? 'TCP';
      const protocol = protocols.find((one) => one === written);
      return name === undefined || number === undefined || protocol === undefined
        ? []
        : [{ name, protocol, port: number }];
    });
}

/** What every pod has, so that only the manifest's own variables are judged. */
const ofEveryPod = {
  [settings.apiServerHost.env]: settings.apiServerHost.example,
  [settings.apiServerPort.env]: settings.apiServerPort.example,
};

/** Reads the settings by the agent's own table; what comes from elsewhere is taken for right. */
function readSettings(sidecar: Part): { readonly config: Config | undefined; readonly messages: readonly Message[] } {
  const examples = new Map<string, string>(Object.values(settings).map(({ env, example }) => [env, example]));
  const given = itemsAt(sidecar, 'env').map((item) => {
    const name = textAt(item, 'name') ?? '';
    const written = item.field('value')?.value ?? undefined;
    const value = written === undefined ? undefined : String(written);
    const isKnown = item.field('valueFrom') === undefined && value?.includes('$(') !== true;
    return [name, isKnown ? (value ?? '') : (examples.get(name) ?? '')] as const;
  });
  const isOpen = itemsAt(sidecar, 'envFrom').length > 0;
  const parsed = parseConfig({ ...ofEveryPod, ...Object.fromEntries(given) }, []);
  const wrongFields = [...checkTexts(sidecar), ...checkDownwardApi(sidecar)];
  if (parsed.kind !== 'invalid') {
    return { config: parsed.kind === 'run' ? parsed.config : undefined, messages: wrongFields };
  }
  const faults = parsed.faults.filter(({ value }) => value !== undefined || !isOpen);
  const messages = faults.map((fault): Message => {
    const { rule, remedy } = fault;
    const env = envOf(sidecar, fault.name);
    const place = env === undefined ? placeAt(sidecar, 'env') : placeAt(env, 'value');
    return {
      severity: 'fault',
      place,
      text: printConfigFault({ ...fault, rule, remedy: '' }).replace(/\. $/, ''),
      remedy,
    };
  });
  return { config: undefined, messages: [...messages, ...wrongFields] };
}

/** A bare number or boolean is the commonest slip in an environment, and the API server refuses the whole object for it. */
function checkTexts(sidecar: Part): readonly Message[] {
  return itemsAt(sidecar, 'env').flatMap((item): readonly Message[] => {
    const value = item.field('value');
    if (value === undefined || value.kind === 'text' || value.kind === 'null') return [];
    const text = `${textAt(item, 'name') ?? 'a variable'} is a ${value.kind}: the value of a variable must be a text; the API server refuses it`;
    return [{ severity: 'fault', place: value.place, text, remedy: `Quote it: "${String(value.value ?? '')}".` }];
  });
}

const downwardFields = [
  { env: settings.podName.env, path: 'metadata.name' },
  { env: settings.namespace.env, path: 'metadata.namespace' },
] as const;

function checkDownwardApi(sidecar: Part): readonly Message[] {
  return downwardFields.flatMap(({ env, path }): readonly Message[] => {
    const field = at(envOf(sidecar, env), 'valueFrom', 'fieldRef', 'fieldPath');
    if (field === undefined || field.value === path) return [];
    const text = `${env} comes from ${String(field.value)}, and must come from the pod's own ${path}`;
    return [{ severity: 'fault', place: field.place, text, remedy: `Write fieldPath: ${path}.` }];
  });
}

function checkName(sidecar: Part, config: Config | undefined): readonly Message[] {
  const name = textAt(sidecar, 'name');
  if (config === undefined || name === undefined || envOf(sidecar, settings.containerName.env)?.field('valueFrom'))
    return [];
  if (name === config.containerName) return [];
  return [
    {
      severity: 'fault',
      place: placeAt(sidecar, 'name'),
      text: `the sidecar's container is called ${name}, and ${settings.containerName.env} says ${config.containerName}: the agent would wait for its own readiness, for ever`,
      remedy: `Set ${settings.containerName.env} to ${name}.`,
    },
  ];
}

function checkPlace(pod: Part, sidecar: Part): readonly Message[] {
  const isInit = itemsAt(pod, 'initContainers').some((one) => textAt(one, 'name') === textAt(sidecar, 'name'));
  if (!isInit || textAt(sidecar, 'restartPolicy') === 'Always') return [];
  return [
    {
      severity: 'fault',
      place: sidecar.place,
      text: 'the sidecar is an init container without restartPolicy Always: the containers behind it wait for its end, and it never ends',
      remedy: 'Write restartPolicy: Always.',
    },
  ];
}

/** What Kubernetes gives a pod that says nothing (API reference, PodSpec v1). */
const DEFAULT_GRACE_SECONDS = 30;

/** What happens when a pod ends: the registrar's budget in the grace period, and who still answers meanwhile. */
export function checkEnding({ object, pod, sidecar, config }: Workload): readonly Message[] {
  const messages: Message[] = [];
  const graceSeconds = numberAt(pod, 'terminationGracePeriodSeconds') ?? DEFAULT_GRACE_SECONDS;
  if (config !== undefined && graceSeconds * 1000 <= config.shutdownBudgetMs) {
    messages.push({
      severity: 'warning',
      place: placeAt(pod, 'terminationGracePeriodSeconds'),
      text: `${nameOf(object)}: terminationGracePeriodSeconds is ${graceSeconds}, and the registrar's shutdown budget of ${formatDuration(config.shutdownBudgetMs)} must fit into less: it may be killed before it has withdrawn`,
      remedy: `Give more than ${Math.floor(config.shutdownBudgetMs / 1000)}, or set ${settings.shutdownBudgetMs.env} to less.`,
    });
  }
  const workers = itemsAt(pod, 'containers').filter((one) => textAt(one, 'name') !== textAt(sidecar, 'name'));
  if (workers.length > 0 && workers.every((one) => at(one, 'lifecycle', 'preStop') === undefined)) {
    messages.push({
      severity: 'warning',
      place: placeOfFirst(workers, pod.place),
      text: `${nameOf(object)}: no container has a preStop: the workload stops at once, while clients and DNS caches hold its address for their TTL (30 s with kubeadm's DNS)`,
      remedy:
        'Give the workload container lifecycle.preStop.sleep.seconds of more than that, and a grace period that holds it.',
    });
  }
  return messages;
}

function placeOfFirst(parts: readonly Part[], otherwise: Place): Place {
  return parts[0]?.place ?? otherwise;
}

/** How an object is called in a message, e.g. `StatefulSet ipa`. */
export function nameOf({ kind, name }: KubeObject): string {
  return `${kind} ${name}`;
}
