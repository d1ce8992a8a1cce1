/**
 * One world a suite: a namespace with the example of k8s/examples/freeipa in it, its StatefulSet replaced by the suite's own and nothing else,
 * and a client pod in a namespace beside it that knows the realm's name and asks the cluster's DNS for the rest.
 */
import type { Cluster, Kubectl } from '../cluster.ts';
import type { DnsVariant } from '../layout.ts';
import { findFolders, openCluster } from '../open.ts';
import { type Client, startClient } from './client.ts';
import { provideAgentImage } from './image.ts';
import { imageChange, renderKustomization } from './kustomize.ts';
import { type Readiness, statefulSet } from './workload.ts';

/** `supplement`: the Service selects its pods, the agents add pairs. `full`: it has no selector, the agents keep all of it. */
export type Way = 'supplement' | 'full';

export interface WorldChoice {
  /** The namespace is called after it. */
  readonly name: string;
  readonly way: Way;
  readonly replicas: number;
  readonly preStopSeconds: number;
  /** With `told`, no server is waited for. */
  readonly readiness?: Readiness;
  /** Further Components of k8s/: `['readiness-gate']`. */
  readonly components?: readonly string[];
}

export interface World {
  readonly cluster: Cluster;
  readonly namespace: string;
  /** The registered Service's name in DNS: `ipa.NAMESPACE.svc.cluster.local`. */
  readonly domain: string;
  /** kubectl in the world's namespace. */
  readonly kubectl: Kubectl;
  readonly client: Client;
  /** A further client, whose DNS is another one, or its image. */
  addClient(name: string, variant: DnsVariant, image?: string): Promise<Client>;
  /** Resolves when so many servers are there, all of them ready. */
  awaitServers(count: number): Promise<void>;
  remove(): Promise<void>;
}

const readyLimitMs = 180_000;
const removalLimitMs = 180_000;

export const report = (line: string): void => void process.stderr.write(`# ${line}\n`);

/** Builds, loads, applies to the cluster of the environment, and resolves when every server is ready. */
export async function createWorld(choice: WorldChoice): Promise<World> {
  const cluster = await openWithNodes();
  const namespace = `e2e-${choice.name}`;
  const clients = `${namespace}-clients`;
  const domain = `ipa.${namespace}.svc.cluster.local`;
  const kubectl: Kubectl = (args, options) => cluster.kubectl([`--namespace=${namespace}`, ...args], options);
  const remove = async (): Promise<void> => {
    // Nobody is served any more: without this a suite would wait for preStop's sleep.
    await kubectl(['delete', 'statefulsets,pods', '--all', '--grace-period=1', '--wait=false']);
    const command = ['delete', 'namespace', namespace, clients, '--ignore-not-found', '--wait'];
    await cluster.kubectl(command, { timeoutMs: removalLimitMs });
  };
  const addClient = (name: string, variant: DnsVariant, image?: string): Promise<Client> =>
    startClient(cluster, { namespace: clients, name, domain, variant, image });
  const awaitServers = async (count: number): Promise<void> => {
    const command = ['rollout', 'status', 'statefulset/ipa', `--timeout=${readyLimitMs / 1000}s`];
    await kubectl(command, { timeoutMs: readyLimitMs + 5_000 });
    const ready = await kubectl(['get', 'statefulset', 'ipa', '--output=jsonpath={.status.readyReplicas}']);
    if (Number(ready) !== count) throw new Error(`${ready} servers are ready, ${count} should be`);
  };
  await remove(); // of a run that was cut off
  const agent = await agentReference(cluster);
  for (const name of [namespace, clients]) await cluster.kubectl(['create', 'namespace', name]);
  const manifests = await buildManifests(cluster, { ...choice, namespace, agent });
  await cluster.kubectl(['apply', '-f', '-'], { input: manifests });
  const served = choice.readiness === 'told' ? Promise.resolve() : awaitServers(choice.replicas);
  const [client] = await Promise.all([addClient('client', 'kubeadm'), served]);
  return { cluster, namespace, domain, kubectl, client, addClient, awaitServers, remove };
}

/** The cluster of the environment. Throws where pods cannot run on it. */
export async function openWithNodes(): Promise<Cluster> {
  const cluster = await openCluster(process.env, report);
  if (cluster.nodes.length > 0) return cluster;
  throw new Error(
    'The cluster is a control plane alone, and this suite needs pods that run: `scripts/cluster down`, then up without --nodes 0.',
  );
}

/** The agent's image by the name that pods ask for: CLUSTER_AGENT_IMAGE, else the working tree's, built and loaded. */
export async function agentReference(cluster: Cluster): Promise<string> {
  const given = process.env['CLUSTER_AGENT_IMAGE'];
  if (given !== undefined) return given;
  return cluster.images.load(await provideAgentImage(findFolders(process.env).cache, report));
}

interface Manifests extends WorldChoice {
  readonly namespace: string;
  readonly agent: string;
}

function buildManifests(cluster: Cluster, choice: Manifests): Promise<string> {
  const { way, replicas, namespace, agent, components = [] } = choice;
  const own = statefulSet({ ...choice, image: cluster.images.workload });
  const kustomization = {
    namespace,
    resources: [`../k8s/examples/freeipa/${way}`],
    components: components.map((name) => `../k8s/${name}`),
    images: [imageChange(agent)],
    replicas: [{ name: 'ipa', count: replicas }],
  };
  return renderKustomization(cluster, kustomization, {
    'k8s/examples/freeipa/server/statefulset.yaml': own,
  });
}
