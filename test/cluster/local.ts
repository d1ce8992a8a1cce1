/** The cluster that this folder itself brings up on this computer: its start, its end, and what the suites may do to it. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Cluster, ClusterNode, Component, Images } from './cluster.ts';
import { awaitDefaults, controlParts, createKubectl, startControl } from './control.ts';
import type { Layout, MachineLayout, NodeLayout } from './layout.ts';
import { removeCgroup } from './machine/cgroup.ts';
import { createMachine } from './machine/machine.ts';
import { plugIn, removeHostInterface, removeNamespace, unplug } from './machine/network.ts';
import { processesInCgroup, signalProcess } from './machine/processes.ts';
import { startPart, stopPart } from './machine/supervise.ts';
import { importImage, killNode, startNode } from './node.ts';
import type { Part } from './parts/part.ts';
import type { ImageArchive } from './provide/images.ts';
import type { Report } from './report.ts';

/** What a cluster is made from. */
export interface LocalMaterial {
  readonly layout: Layout;
  /** Folder of the built programs. */
  readonly binaries: string;
  readonly sandbox: ImageArchive;
  readonly workload: ImageArchive;
}

/** Starts all of the cluster; what runs already is left alone. Throws PartError naming the component that failed. */
export async function startAll(material: LocalMaterial, report: Report): Promise<Cluster> {
  const { layout, binaries, sandbox, workload } = material;
  await startControl(layout, binaries, report);
  await Promise.all(
    layout.nodes.map(async (node) => {
      await startNode({ layout, binaries, images: [sandbox, workload] }, node);
      report(`${node.name} is Ready`);
    }),
  );
  await awaitDefaults(createKubectl(layout, binaries));
  return describe(material);
}

/** Ends everything of the instance and removes all of its traces; what is absent is passed over. `widest` is `widestLayout`'s. */
export async function stopAll(widest: Layout): Promise<void> {
  const machines = [...widest.nodes, widest.control];
  await Promise.all(machines.map((machine) => createMachine(machine).kill()));
  await removeHostInterface(widest);
  for (const { netns } of machines) await removeNamespace(netns);
  for (const { cgroup } of widest.nodes) await removeCgroup(cgroup);
  await rm(widest.stateFolder, { recursive: true, force: true });
}

/** The machines of an instance that were ever started and not taken down. */
export function existingMachines(widest: Layout): readonly MachineLayout[] {
  return [widest.control, ...widest.nodes].filter((machine) => existsSync(machine.folder));
}

async function describe(material: LocalMaterial): Promise<Cluster> {
  const { layout, binaries } = material;
  const parts = await controlParts(layout, binaries);
  const components = [parts.etcd, parts.apiServer, ...parts.clients].map((part): [string, Component] => [
    part.name,
    component(layout.control, part),
  ]);
  return {
    kubeconfig: layout.kubeconfig,
    kubectl: createKubectl(layout, binaries),
    dns: layout.dns.map((dns) => ({ variant: dns.variant, address: dns.address, podAddress: dns.serviceAddress })),
    nodes: layout.nodes.map((node) => clusterNode(material, node)),
    images: images(material),
    components: new Map(components),
    auditLog: layout.auditLog,
  };
}

function clusterNode({ layout, binaries, sandbox, workload }: LocalMaterial, node: NodeLayout): ClusterNode {
  return {
    name: node.name,
    faults: {
      kill: () => killNode(layout, node),
      start: () => startNode({ layout, binaries, images: [sandbox, workload] }, node),
      unplug: () => unplug(layout, node),
      plugIn: () => plugIn(layout, node),
      async signal(id, signal) {
        return processesInCgroup(id).filter((found) => signalProcess(found, signal)).length;
      },
    },
  };
}

function component(control: MachineLayout, part: Part): Component {
  const machine = createMachine(control);
  const signal = async (name: 'SIGSTOP' | 'SIGCONT'): Promise<void> => {
    const running = await machine.notes.running(part.name);
    if (running === undefined || !signalProcess(running, name)) throw new Error(`${part.name} is not running`);
  };
  return {
    stop: (name) => stopPart(machine, part.name, name),
    start: () => startPart(machine, part),
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
  };
}

function images({ layout, workload }: LocalMaterial): Images {
  return {
    workload: workload.reference,
    async load(image) {
      await Promise.all(layout.nodes.map((node) => importImage(createMachine(node), image)));
      return image.reference;
    },
  };
}
