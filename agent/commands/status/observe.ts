/**
 * Reads what there is to show: the ConfigMap, the pods with an agent and each one's /status, and of every Service its
 * object, register and slices. Only reads, and only those that the shipped Role allows; what may not be read says so.
 */

import type { Observation } from '../../declarations/newest.ts';
import { parseDeclarations } from '../../declarations/parse.ts';
import { forbiddenRule } from '../../kube/forbidden.ts';
import type { EndpointSlice, Pod } from '../../kube/objects.ts';
import {
  BadObjectError,
  parseConfigMap,
  parseEndpoints,
  parseList,
  parsePod,
  parseService,
  parseSlice,
} from '../../kube/parse.ts';
import { MANAGED_BY_LABEL, MANAGER, SERVICE_NAME_LABEL } from '../../plan/identity.ts';
import { readLife } from '../../plan/pod.ts';
import { type RegisterView, readRegister } from '../../plan/register.ts';
import { readService, type ServiceFacts } from '../../plan/service.ts';
import { publisherOf } from '../../plan/slices.ts';
import type { Cluster, ReadAnswer } from '../cluster.ts';
import { type AgentPod, findAgentPods } from './agentpods.ts';
import type { AgentAnswer, AskAgent } from './ask.ts';
import { mapBounded } from './bounded.ts';

/** What was read, or why it could not be. `rule`: what a Role lacks, as YAML. */
export type Seen<T> =
  | { readonly kind: 'seen'; readonly value: T }
  | { readonly kind: 'unseen'; readonly message: string; readonly rule: string | undefined };

/** One Service, declared or announced. `register` and `service` hold undefined where there is no such object. */
export type ServiceSeen = {
  readonly name: string;
  readonly service: Seen<ServiceFacts | undefined>;
  readonly register: Seen<RegisterView | undefined>;
  /** Every slice under the Service's name, ours and others'. */
  readonly slices: Seen<readonly EndpointSlice[]>;
};

/** One pod with an agent, and what that answered. */
export type AgentSeen = AgentPod & { readonly answer: AgentAnswer };

/** Everything that one look saw. */
export type Observed = {
  readonly namespace: string;
  readonly configMap: string;
  readonly declared: Observation;
  readonly services: readonly ServiceSeen[];
  readonly agents: Seen<readonly AgentSeen[]>;
  /** UIDs of the pods of the namespace that live; UID to phase of those that have ended. */
  readonly pods: { readonly living: ReadonlySet<string>; readonly ended: ReadonlyMap<string, string> };
  /** Names that were wanted, and that neither ConfigMap, slices nor agents know. */
  readonly unknownServices: readonly string[];
};

/** What a look needs. `wanted`: the only Services to look at; empty means all. */
export type LookDeps = {
  readonly cluster: Pick<Cluster, 'namespace' | 'configMap' | 'read'>;
  readonly ask: AskAgent;
  readonly wanted: readonly string[];
};

/** Requests under way at a time. */
const CONCURRENCY = 10;

/**
 * Looks once.
 * @throws KubeError where the API server could not be asked for the ConfigMap: then nothing at all can be said
 */
export async function observe({ cluster, ask, wanted }: LookDeps): Promise<Observed> {
  const { namespace, configMap } = cluster;
  const core = `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
  const slicesPath = `/apis/discovery.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/endpointslices`;
  const byName = (name: string) => ({ fieldSelector: `metadata.name=${name}` });
  const listSlices = async (labelSelector: string) =>
    seenList(await cluster.read(slicesPath, { labelSelector }), parseSlice);

  const [configMaps, pods, ours] = await Promise.all([
    cluster.read(`${core}/configmaps`, byName(configMap)),
    cluster.read(`${core}/pods`).then((answer) => seenList(answer, parsePod)),
    listSlices(`${MANAGED_BY_LABEL}=${MANAGER}`),
  ]);
  const declared = readDeclared(configMaps);
  const ourSlices = ours.kind === 'seen' ? ours.value : [];
  const agents = await askAll(pods, { configMap, ask, ourSlices });

  const names = new Set([
    // Where the declarations cannot be read, nobody can say that a name is none of them.
    ...(declared.kind === 'valid' ? declared.declarations.keys() : declared.kind === 'missing' ? [] : wanted),
    ...ourSlices.flatMap((slice) => slice.metadata?.labels?.[SERVICE_NAME_LABEL] ?? []),
    ...(agents.kind === 'seen' ? agents.value : []).flatMap(({ answer }) =>
      answer.kind === 'answered' ? [...answer.status.services.keys()] : [],
    ),
  ]);
  const isWanted = (name: string) => wanted.length === 0 || wanted.includes(name);
  const services = await mapBounded(
    [...names].filter(isWanted).sort(),
    CONCURRENCY,
    async (name): Promise<ServiceSeen> => {
      const [service, register, slices] = await Promise.all([
        cluster.read(`${core}/services`, byName(name)).then((answer) => seenList(answer, parseService)),
        cluster.read(`${core}/endpoints/${encodeURIComponent(name)}`),
        listSlices(`${SERVICE_NAME_LABEL}=${name}`),
      ]);
      return {
        name,
        service: mapSeen(service, ([first]) => (first === undefined ? undefined : readService(first))),
        register: seenObject(register, (body) => readRegister(parseEndpoints(body))),
        slices,
      };
    },
  );
  const unknownServices = wanted.filter((name) => !names.has(name));
  const known = pods.kind === 'seen' ? pods.value : [];
  return { namespace, configMap, declared, services, agents, pods: livesOf(known), unknownServices };
}

function livesOf(pods: readonly Pod[]): Observed['pods'] {
  const uidOf = (pod: Pod) => pod.metadata?.uid ?? '';
  const hasEnded = (pod: Pod) => readLife(pod) === 'terminal';
  return {
    living: new Set(pods.filter((pod) => !hasEnded(pod)).map(uidOf)),
    ended: new Map(pods.filter(hasEnded).map((pod) => [uidOf(pod), pod.status?.phase ?? ''])),
  };
}

async function askAll(
  pods: Seen<readonly Pod[]>,
  given: { readonly configMap: string; readonly ask: AskAgent; readonly ourSlices: readonly EndpointSlice[] },
): Promise<Seen<readonly AgentSeen[]>> {
  if (pods.kind === 'unseen') return pods;
  const publishers = new Set(given.ourSlices.flatMap((slice) => publisherOf(slice) ?? []));
  const found = findAgentPods(pods.value, given.configMap, publishers).filter(({ life }) => life !== 'terminal');
  const asked = await mapBounded(found, CONCURRENCY, async (pod) => ({ ...pod, answer: await given.ask(pod) }));
  // A pod that does not name its ConfigMap belongs here unless its agent names another one.
  const isOurs = ({ namesConfigMap, answer }: AgentSeen) =>
    namesConfigMap ||
    answer.kind !== 'answered' ||
    (answer.status.configMap?.name ?? given.configMap) === given.configMap;
  return { kind: 'seen', value: asked.filter(isOurs) };
}

function readDeclared(answer: ReadAnswer): Observation {
  if (answer.kind === 'failed' && answer.error.status !== 403) throw answer.error;
  const list = seenList(answer, parseConfigMap);
  if (list.kind === 'unseen') return { kind: 'forbidden', message: list.message, remedy: list.rule };
  const [found] = list.value;
  return found === undefined ? { kind: 'missing' } : parseDeclarations(found.data, found.binaryData);
}

function seenList<T>(answer: ReadAnswer, parse: (item: unknown) => T): Seen<readonly T[]> {
  const seen = seenObject(answer, (body) => parseList(body, parse).items);
  return mapSeen(seen, (items) => items ?? []);
}

function seenObject<T>(answer: ReadAnswer, parse: (body: unknown) => T): Seen<T | undefined> {
  switch (answer.kind) {
    case 'absent':
      return { kind: 'seen', value: undefined };
    case 'failed':
      return { kind: 'unseen', message: answer.error.message, rule: forbiddenRule(answer.error) };
    case 'found':
      try {
        return { kind: 'seen', value: parse(answer.body) };
      } catch (error) {
        if (!(error instanceof BadObjectError)) throw error;
        return { kind: 'unseen', message: error.message, rule: undefined };
      }
    default:
      return answer satisfies never;
  }
}

function mapSeen<T, U>(seen: Seen<T>, change: (value: T) => U): Seen<U> {
  return seen.kind === 'seen' ? { kind: 'seen', value: change(seen.value) } : seen;
}
