/** A node: its machine, containerd, kubelet and kube-proxy, the images in its store; its start, and its death. */
import { existsSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Kubectl } from './cluster.ts';
import { createKubectl, pkiFolder } from './control.ts';
import type { Layout, NodeLayout } from './layout.ts';
import { createCgroup } from './machine/cgroup.ts';
import { createMachine, type Machine } from './machine/machine.ts';
import { plugIn, unplug, wireNode } from './machine/network.ts';
import { blamePart, startPart, writePartFiles } from './machine/supervise.ts';
import { until, WaitError } from './machine/until.ts';
import { containerd, kubelet, kubeProxy, nodeView } from './parts/node.ts';
import type { Part } from './parts/part.ts';
import type { ImageArchive } from './provide/images.ts';
import { openPki } from './provide/pki.ts';

const nodeLimitMs = 90_000;

/** What a node is made from. */
export interface NodeMaterial {
  readonly layout: Layout;
  readonly binaries: string;
  /** The first is the sandbox image of all pods. */
  readonly images: readonly [ImageArchive, ...ImageArchive[]];
}

/** Starts a node; what runs already is left alone. Resolves when its Node object is Ready. */
export async function startNode({ layout, binaries, images }: NodeMaterial, node: NodeLayout): Promise<void> {
  const machine = createMachine(node);
  const view = nodeView(node);
  for (const bind of view.folders) await mkdir(bind.from, { recursive: true });
  await writePartFiles(view.files);
  await createCgroup(node.cgroup);
  await machine.start(view.binds);
  await wireNode(layout, node);
  await plugIn(layout, node);
  const pki = await openPki(pkiFolder(layout));
  const server = layout.apiServerUrl;
  const kubeconfig = (name: string, user: string, groups: readonly string[]) =>
    pki.kubeconfig(join(node.folder, `${name}.kubeconfig`), {
      server,
      name: `${name}-${node.name}`,
      subject: { user, groups },
    });
  const inputs = {
    layout,
    node,
    binaries,
    authority: pki.ca.cert,
    serving: await pki.keyPair(`kubelet-server-${node.name}`, { user: node.name, names: [node.name, node.address] }),
    kubeconfigs: {
      kubelet: await kubeconfig('kubelet', `system:node:${node.name}`, ['system:nodes']),
      proxy: await kubeconfig('kube-proxy', 'system:kube-proxy', []),
    },
    sandboxImage: images[0].reference,
  };
  await startPart(machine, containerd(inputs));
  for (const image of images) await importImage(machine, image);
  const kubeletPart = kubelet(inputs);
  await startPart(machine, kubeletPart);
  const awaited = { machine, kubectl: createKubectl(layout, binaries), kubelet: kubeletPart };
  await awaitNode(awaited, '.metadata.name', node.name); // without its Node, kube-proxy retries slowly
  await startPart(machine, kubeProxy(inputs));
  await awaitNode(awaited, '.status.conditions[?(@.type=="Ready")].status', 'True');
}

interface AwaitedNode {
  readonly machine: Machine;
  readonly kubectl: Kubectl;
  readonly kubelet: Part;
}

/** Waits until the field of the Node object has the value; `path` is a JSONPath. When it has not, the kubelet is to blame. */
async function awaitNode({ machine, kubectl, kubelet }: AwaitedNode, path: string, wanted: string): Promise<void> {
  const { name } = machine.layout;
  const query = ['get', 'node', name, '--ignore-not-found', `--output=jsonpath={${path}}`];
  const wait = until(`${path} of the Node ${name}`, { limitMs: nodeLimitMs, everyMs: 200 }, async () => {
    const seen = await kubectl(query);
    return seen === wanted ? { kind: 'done', value: undefined } : { kind: 'waiting', seen: `"${seen}"` };
  });
  await wait.catch((error: unknown) => {
    if (error instanceof WaitError) return blamePart(machine, kubelet, `runs, but ${error.message}`);
    throw error;
  });
}

/** Puts an image into the node's store, unless this very file, unchanged, is there. */
export async function importImage(machine: Machine, image: ImageArchive): Promise<void> {
  const { mtimeMs, size } = await stat(image.file);
  const imported = join(machine.layout.folder, 'imported', `${basename(image.file)}-${mtimeMs}-${size}`);
  if (existsSync(imported)) return;
  await machine.run(['ctr', '--namespace=k8s.io', 'images', 'import', image.file]);
  await writePartFiles([{ path: imported, text: '' }]);
}

/** The end of a node as a power cut makes it: packets are lost, nothing is said, no process and no mount remains. */
export async function killNode(layout: Layout, node: NodeLayout): Promise<void> {
  await unplug(layout, node);
  await createMachine(node).kill();
}
