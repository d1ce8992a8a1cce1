/** The control machine: its certificates, its components, and their start. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kubectl } from './cluster.ts';
import type { Layout } from './layout.ts';
import { run } from './machine/exec.ts';
import { createMachine } from './machine/machine.ts';
import { wireControl } from './machine/network.ts';
import { startPart } from './machine/supervise.ts';
import { until } from './machine/until.ts';
import { etcd, kubeApiServer, kubeControllerManager, kubeScheduler } from './parts/controlplane.ts';
import { coreDns } from './parts/coredns.ts';
import { coreDnsUser, firstObjects } from './parts/objects.ts';
import type { Part } from './parts/part.ts';
import { openPki, type Pki } from './provide/pki.ts';
import type { Report } from './report.ts';

const defaultsLimitMs = 30_000;

/** The components of the control machine, by what must be there before what. */
export interface ControlParts {
  readonly etcd: Part;
  readonly apiServer: Part;
  /** These need the API server, and nothing of each other. */
  readonly clients: readonly Part[];
}

/** Where a cluster's certificates are kept. */
export function pkiFolder(layout: Layout): string {
  return join(layout.control.folder, 'pki');
}

/** Describes the components; makes their certificates where absent. */
export async function controlParts(layout: Layout, binaries: string): Promise<ControlParts> {
  const { control, apiServerUrl: server } = layout;
  const pki = await openPki(pkiFolder(layout));
  const kubeconfig = (user: string, name: string) =>
    pki.kubeconfig(join(control.folder, `${name}.kubeconfig`), { server, name, subject: { user } });
  await writeAdminKubeconfig(layout, pki);
  const inputs = {
    layout,
    binaries,
    pki,
    serving: await pki.keyPair('kube-apiserver', { user: 'kube-apiserver', names: apiServerNames(layout) }),
    kubeletClient: await pki.keyPair('kubelet-client', {
      user: 'kube-apiserver-kubelet-client',
      groups: ['system:masters'],
    }),
    kubeconfigs: {
      controllerManager: await kubeconfig('system:kube-controller-manager', 'kube-controller-manager'),
      scheduler: await kubeconfig('system:kube-scheduler', 'kube-scheduler'),
    },
  };
  const dnsInputs = { layout, binaries, kubeconfig: await kubeconfig(coreDnsUser, 'coredns') };
  return {
    etcd: etcd(inputs),
    apiServer: kubeApiServer(inputs),
    clients: [
      kubeControllerManager(inputs),
      kubeScheduler(inputs),
      ...layout.dns.map((dns) => coreDns(dnsInputs, dns)),
    ],
  };
}

/** Starts the control plane; what runs already is left alone. Throws PartError naming the component that failed. */
export async function startControl(layout: Layout, binaries: string, report: Report): Promise<void> {
  const machine = createMachine(layout.control);
  await mkdir(layout.control.folder, { recursive: true });
  await machine.start([]);
  await wireControl(layout);
  const parts = await controlParts(layout, binaries);
  for (const part of [parts.etcd, parts.apiServer]) {
    await startPart(machine, part);
    report(`${part.name} is ready`);
  }
  const kubectl = createKubectl(layout, binaries);
  await kubectl(['apply', '-f', '-'], { input: JSON.stringify(firstObjects(layout)) });
  await Promise.all(parts.clients.map((part) => startPart(machine, part)));
  report(`${parts.clients.map((part) => part.name).join(', ')} are ready`);
}

/** Waits for what the controllers put into a new cluster: before it no pod can be made. */
export async function awaitDefaults(kubectl: Kubectl): Promise<void> {
  await until('ServiceAccount default of namespace default', { limitMs: defaultsLimitMs }, async () => {
    const names = await kubectl(['get', 'serviceaccounts', '--namespace=default', '--output=name']);
    const isThere = names.includes('serviceaccount/default');
    return isThere ? { kind: 'done', value: undefined } : { kind: 'waiting', seen: names.trim() };
  });
}

/** kubectl as the cluster's administrator. */
export function createKubectl(layout: Layout, binaries: string): Kubectl {
  const program = [join(binaries, 'kubectl'), `--kubeconfig=${layout.kubeconfig}`];
  return (args, options) => run([...program, ...args], options);
}

async function writeAdminKubeconfig(layout: Layout, pki: Pki): Promise<void> {
  const subject = { user: 'kubernetes-admin', groups: ['system:masters'] };
  await pki.kubeconfig(layout.kubeconfig, { server: layout.apiServerUrl, name: 'kubernetes-admin', subject });
}

function apiServerNames(layout: Layout): readonly string[] {
  const service = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ];
  return [layout.control.address, layout.kubernetesServiceAddress, '127.0.0.1', ...service];
}
