/**
 * One world a suite: a namespace with the example of k8s/examples/freeipa in it, its StatefulSet replaced by the suite's own and nothing else,
 * and a client pod in a namespace beside it that knows the realm's name and asks the cluster's DNS for the rest.
 */
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cluster, Kubectl } from '../cluster.ts';
import { type DnsVariant, widestLayout } from '../layout.ts';
import { findFolders, openCluster } from '../open.ts';
import { type Client, startClient } from './client.ts';
import { projectFolder, provideAgentImage } from './image.ts';
import { statefulSet } from './workload.ts';

/** `supplement`: the Service selects its pods, the agents add pairs. `full`: it has no selector, the agents keep all of it. */
export type Way = 'supplement' | 'full';

export interface WorldChoice {
  /** The namespace is called after it. */
  readonly name: string;
  readonly way: Way;
  readonly replicas: number;
  readonly preStopSeconds: number;
}

export interface World {
  readonly cluster: Cluster;
  readonly namespace: string;
  /** The registered Service's name in DNS: `ipa.NAMESPACE.svc.cluster.local`. */
  readonly domain: string;
  /** kubectl in the world's namespace. */
  readonly kubectl: Kubectl;
  readonly client: Client;
  /** A further client, whose DNS is another one. */
  addClient(name: string, variant: DnsVariant): Promise<Client>;
  /** Resolves when so many servers are there, all of them ready. */
  awaitServers(count: number): Promise<void>;
  remove(): Promise<void>;
}

const readyLimitMs = 180_000;
const removalLimitMs = 180_000;
const image = { name: 'endpoint-registrar' };

export const report = (line: string): void => void process.stderr.write(`# ${line}\n`);

/** Throws, with one sentence that says what to run, where the environment names no cluster and none was brought up. */
export function requireCluster(): void {
  const { KUBECONFIG, CLUSTER_INSTANCE } = process.env;
  const instance = Number(CLUSTER_INSTANCE ?? 0);
  const { kubeconfig } = widestLayout({ instance, stateRoot: findFolders(process.env).state });
  if (existsSync(KUBECONFIG ?? kubeconfig)) return;
  throw new Error('There is no cluster to run on: run `eval "$(scripts/cluster up)"` first, or set KUBECONFIG to one.');
}

/** Builds, loads, applies to the cluster of the environment, and resolves when every server is ready. */
export async function createWorld(choice: WorldChoice): Promise<World> {
  const cluster = await openCluster(process.env, report);
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
  const addClient = (name: string, variant: DnsVariant): Promise<Client> =>
    startClient(cluster, { namespace: clients, name, domain, variant });
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
  const [client] = await Promise.all([addClient('client', 'kubeadm'), awaitServers(choice.replicas)]);
  return { cluster, namespace, domain, kubectl, client, addClient, awaitServers, remove };
}

async function agentReference(cluster: Cluster): Promise<string> {
  const given = process.env['CLUSTER_AGENT_IMAGE'];
  if (given !== undefined) return given;
  return cluster.images.load(await provideAgentImage(findFolders(process.env).cache, report));
}

interface Manifests extends WorldChoice {
  readonly namespace: string;
  readonly agent: string;
}

/** What a user's own kustomization does: a copy of k8s/ beside it, its namespace, its image. */
async function buildManifests(cluster: Cluster, choice: Manifests): Promise<string> {
  const { way, replicas, preStopSeconds, namespace, agent } = choice;
  const folder = await mkdtemp(join(tmpdir(), 'endpoint-registrar-e2e-'));
  try {
    await cp(join(projectFolder, 'k8s'), join(folder, 'k8s'), { recursive: true });
    const own = statefulSet({ image: cluster.images.workload, replicas, preStopSeconds });
    await writeFile(join(folder, 'k8s', 'examples', 'freeipa', 'server', 'statefulset.yaml'), JSON.stringify(own));
    const [, newName, newTag] = /^(.*):([^:/]*)$/.exec(agent) ?? [];
    const kustomization = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      namespace,
      resources: [`../k8s/examples/freeipa/${way}`],
      images: [{ ...image, newName, newTag }],
      replicas: [{ name: 'ipa', count: replicas }],
    };
    await mkdir(join(folder, 'own'));
    await writeFile(join(folder, 'own', 'kustomization.yaml'), JSON.stringify(kustomization));
    return await cluster.kubectl(['kustomize', join(folder, 'own')]);
  } finally {
    await rm(folder, { recursive: true });
  }
}
