/** The namespaces of all paths, made and taken away together, and what the suite does in them. */
import { createTestClient } from '../../embedded/client.ts';
import { expectSuccess } from '../../parity/world.ts';
import { readAccess } from '../access.ts';
import type { Cluster } from '../cluster.ts';
import { imageChange, renderKustomization } from '../e2e/kustomize.ts';
import { agentReference, openWithNodes } from '../e2e/world.ts';
import type { Question } from './look.ts';
import { type PodKey, type PodWatch, watchPods } from './pods.ts';
import { type Path, paths } from './samples.ts';
import { bareSlice, nameLabel, namespaceOf, objectsOf, podNames, podPaths, port, service } from './workload.ts';

export interface MeasureWorld {
  readonly cluster: Cluster;
  readonly pods: PodWatch;
  /** All pods of all paths. */
  readonly podKeys: readonly PodKey[];
  /** Where the SRV records of a path are asked: of the variant without a cache. */
  question(path: Path): Question;
  /** Resolves when the request was answered, as the next two do. */
  deletePod(pod: PodKey): Promise<void>;
  createSlice(): Promise<void>;
  deleteSlice(): Promise<void>;
  /** `v1.37.2` */
  serverVersion(): Promise<string>;
  remove(): Promise<void>;
}

const readyLimitMs = 180_000;
const removalLimitMs = 180_000;
const slices = `/apis/discovery.k8s.io/v1/namespaces/${namespaceOf('bare')}/endpointslices`;

/** Makes everything, and resolves when all pods are ready. Throws Error where the DNS without a cache cannot be asked from this computer. */
export async function createMeasureWorld(): Promise<MeasureWorld> {
  const cluster = await openWithNodes();
  const server = promptDnsAddress(cluster);
  if (server === undefined) throw new Error('no DNS of this cluster that has no cache can be asked from this computer');
  const removeObjects = async (): Promise<void> => {
    const all = paths.map(namespaceOf);
    for (const namespace of all) {
      const command = ['delete', 'statefulsets,pods', '--all', '--grace-period=1', '--wait=false'];
      await cluster.kubectl([...command, `--namespace=${namespace}`]);
    }
    const command = ['delete', 'namespace', ...all, '--ignore-not-found', '--wait'];
    await cluster.kubectl(command, { timeoutMs: removalLimitMs });
  };
  await removeObjects(); // of a run that was cut off
  const agent = await agentReference(cluster);
  for (const path of paths) {
    await cluster.kubectl(['create', 'namespace', namespaceOf(path)]);
    await cluster.kubectl(['apply', '-f', '-'], { input: await buildManifests(cluster, path, agent) });
  }
  const { url, token, tls } = await readAccess(cluster.kubeconfig);
  const client = createTestClient(url, token, tls);
  const pods = await watchPods(client, nameLabel);
  const podKeys = podPaths.flatMap((path) => podNames.map((name) => ({ namespace: namespaceOf(path), name })));
  await pods.allReady(podKeys, readyLimitMs);
  return {
    cluster,
    pods,
    podKeys,
    question: (path) => ({ server, name: `_${port.name}._tcp.${service}.${namespaceOf(path)}.svc.cluster.local` }),
    async deletePod({ namespace, name }) {
      expectSuccess(await client.delete(`/api/v1/namespaces/${namespace}/pods/${name}`));
    },
    async createSlice() {
      expectSuccess(await client.post(slices, bareSlice));
    },
    async deleteSlice() {
      expectSuccess(await client.delete(`${slices}/${bareSlice.metadata.name}`));
    },
    async serverVersion() {
      return String(expectSuccess(await client.get('/version'))['gitVersion']);
    },
    async remove() {
      pods.close();
      await client.close();
      await removeObjects();
    },
  };
}

function promptDnsAddress({ dns }: Cluster): string | undefined {
  return dns.find(({ variant }) => variant === 'prompt')?.address;
}

/** As a user's own kustomization: the objects of a path, the Role and the Component of k8s/. */
function buildManifests(cluster: Cluster, path: Path, agent: string): Promise<string> {
  const files = objectsOf(path, cluster.images.workload).map((object, index) => [`${index}.yaml`, object] as const);
  const services = ['/rules/0/resourceNames', '/rules/1/resourceNames'];
  const patch = JSON.stringify(services.map((at) => ({ op: 'replace', path: at, value: [service] })));
  const kustomization = {
    namespace: namespaceOf(path),
    resources: ['../k8s/base', ...files.map(([name]) => name)],
    components: ['../k8s/component'],
    patches: [{ target: { kind: 'Role', name: 'endpoint-registrar' }, patch }],
    images: [imageChange(agent)],
  };
  const named = Object.fromEntries(files.map(([name, object]) => [`own/${name}`, object]));
  return renderKustomization(cluster, kustomization, named);
}
