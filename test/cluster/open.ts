/** Opens the cluster that the environment asks for: the one that KUBECONFIG names, else the local one, which is brought up when it is down. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';
import { openForeign } from './foreign.ts';
import { createLayout, widestLayout } from './layout.ts';
import { existingMachines, startAll, stopAll } from './local.ts';
import { withLock } from './machine/lock.ts';
import { provideBinaries } from './provide/binaries.ts';
import { requireComputer } from './provide/computer.ts';
import { provideImage, sandboxRecipe, workloadRecipe } from './provide/images.ts';
import { controlPackages, imagePackages, nodePackages, providePackages } from './provide/packages.ts';
import type { Report } from './report.ts';

/** Where clusters are kept: `state` until they are taken down, `cache` for good. */
export interface Folders {
  readonly state: string;
  readonly cache: string;
}

/** Which local cluster. */
export interface LocalChoice {
  readonly instance: number;
  readonly nodeCount: number;
}

/** What a local start leads to: the cluster, and what people need to use it by hand. */
export interface Started {
  readonly cluster: Cluster;
  readonly binaries: string;
}

/** The variables that choose a cluster and its folders. */
export interface Env {
  readonly KUBECONFIG?: string | undefined;
  readonly CLUSTER_INSTANCE?: string | undefined;
  readonly CLUSTER_WORKLOAD_IMAGE?: string | undefined;
  readonly XDG_STATE_HOME?: string | undefined;
  readonly XDG_CACHE_HOME?: string | undefined;
}

const lockLimitMs = 60 * 60_000;
const defaultNodeCount = 2;

/** The folders, by the XDG Base Directory Specification. */
export function findFolders(env: Env): Folders {
  return {
    state: join(env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'endpoint-registrar'),
    cache: join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'endpoint-registrar', 'cluster'),
  };
}

/** A KUBECONFIG that is a local instance's own file means that instance, with all that may be done to it. CLUSTER_INSTANCE chooses one otherwise. */
export async function openCluster(env: Env, report: Report): Promise<Cluster> {
  const folders = findFolders(env);
  const kubeconfig = env.KUBECONFIG;
  const local = kubeconfig === undefined ? chosenInstance(env) : localInstance(folders, kubeconfig);
  if (kubeconfig !== undefined && local === undefined) {
    return openForeign({ kubeconfig, workloadImage: env.CLUSTER_WORKLOAD_IMAGE });
  }
  const instance = local ?? chosenInstance(env);
  const { cluster } = await bringUp(folders, { instance, nodeCount: countNodes(folders, instance) }, report);
  return cluster;
}

/** Whether the cluster that `openCluster` opens is a local one, of which everything may be broken and every address reached. */
export function isOurs(env: Env): boolean {
  return env.KUBECONFIG === undefined || localInstance(findFolders(env), env.KUBECONFIG) !== undefined;
}

/** Throws, with one sentence that says what to run, where the environment names no cluster and none was brought up. */
export function requireCluster(env: Env): void {
  const { kubeconfig } = widestLayout({ instance: chosenInstance(env), stateRoot: findFolders(env).state });
  const file = env.KUBECONFIG ?? kubeconfig;
  if (existsSync(file)) return;
  throw new Error(
    `There is no cluster to run on (no file ${file}): run \`eval "$(scripts/cluster up)"\` first, or set KUBECONFIG to one.`,
  );
}

/** Installs, builds and starts whatever is missing. Throws ComputerError on a computer that cannot. */
export async function bringUp(folders: Folders, choice: LocalChoice, report: Report): Promise<Started> {
  const layout = createLayout({ ...choice, stateRoot: folders.state });
  await requireComputer();
  return withLock({ file: lockFile(folders), limitMs: lockLimitMs }, async () => {
    await providePackages([...controlPackages, ...nodePackages, ...imagePackages], report);
    const binaries = await provideBinaries(folders.cache, report);
    const sandbox = await provideImage(sandboxRecipe, folders.cache, report);
    const workload = await provideImage(workloadRecipe, folders.cache, report);
    const cluster = await startAll({ layout, binaries, sandbox, workload }, report);
    report('the cluster is up');
    return { cluster, binaries };
  });
}

/** Takes a local instance down, whatever is there of it. */
export async function takeDown(folders: Folders, instance: number): Promise<void> {
  const widest = widestLayout({ instance, stateRoot: folders.state });
  await withLock({ file: lockFile(folders), limitMs: lockLimitMs }, () => stopAll(widest));
}

function chosenInstance(env: Env): number {
  return Number(env.CLUSTER_INSTANCE ?? 0);
}

/** A cluster that was started keeps its size: a control plane alone has no use for nodes. */
function countNodes(folders: Folders, instance: number): number {
  const { length } = existingMachines(widestLayout({ instance, stateRoot: folders.state }));
  return length === 0 ? defaultNodeCount : length - 1;
}

function localInstance(folders: Folders, kubeconfig: string): number | undefined {
  const instances = Array.from({ length: 10 }, (_, instance) => instance);
  return instances.find((instance) => widestLayout({ instance, stateRoot: folders.state }).kubeconfig === kubeconfig);
}

function lockFile(folders: Folders): string {
  return join(folders.cache, 'lock');
}
