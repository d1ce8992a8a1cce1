/**
 * etcd, kube-apiserver, kube-controller-manager and kube-scheduler, with the flags that kubeadm gives them wherever the place allows it.
 * Pure: paths and addresses in, components out.
 */
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Layout } from '../layout.ts';
import type { KeyPair, Pki } from '../provide/pki.ts';
import type { Part } from './part.ts';

/** What the control plane is started with. */
export interface ControlPlaneInputs {
  readonly layout: Layout;
  /** Folder of the built programs. */
  readonly binaries: string;
  readonly pki: Pki;
  readonly serving: KeyPair;
  readonly kubeletClient: KeyPair;
  readonly kubeconfigs: { readonly controllerManager: string; readonly scheduler: string };
}

const etcdUrl = 'http://127.0.0.1:2379';

export function etcd({ layout, binaries }: ControlPlaneInputs): Part {
  const metricsUrl = `http://${layout.control.address}:2381`;
  return {
    name: 'etcd',
    command: [
      join(binaries, 'etcd'),
      '--name=control',
      `--data-dir=${join(layout.control.folder, 'etcd')}`,
      `--listen-client-urls=${etcdUrl}`,
      `--advertise-client-urls=${etcdUrl}`,
      '--listen-peer-urls=http://127.0.0.1:2380',
      `--listen-metrics-urls=${metricsUrl}`,
      '--snapshot-count=10000',
      '--unsafe-no-fsync', // the cluster is thrown away; a slow disk must not be what a test measures
    ],
    files: [],
    health: `${metricsUrl}/readyz`,
  };
}

export function kubeApiServer(inputs: ControlPlaneInputs): Part {
  const { layout, binaries, pki, serving, kubeletClient } = inputs;
  const auditPolicy = join(layout.control.folder, 'audit-policy.yaml');
  return {
    name: 'kube-apiserver',
    command: [
      join(binaries, 'kube-apiserver'),
      `--advertise-address=${layout.control.address}`,
      '--secure-port=6443',
      `--etcd-servers=${etcdUrl}`,
      `--service-cluster-ip-range=${layout.servicesCidr}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--allow-privileged=true',
      `--client-ca-file=${pki.ca.cert}`,
      `--tls-cert-file=${serving.cert}`,
      `--tls-private-key-file=${serving.key}`,
      `--kubelet-certificate-authority=${pki.ca.cert}`,
      `--kubelet-client-certificate=${kubeletClient.cert}`,
      `--kubelet-client-key=${kubeletClient.key}`,
      '--kubelet-preferred-address-types=InternalIP',
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${pki.serviceAccountKey}`,
      `--service-account-signing-key-file=${pki.serviceAccountKey}`,
      `--audit-log-path=${layout.auditLog}`,
      `--audit-policy-file=${auditPolicy}`,
      '--audit-log-maxsize=500',
      '--audit-log-maxbackup=2',
    ],
    files: [{ path: auditPolicy, text: stringify(auditPolicyObject()) }],
    health: `${layout.apiServerUrl}/readyz`,
  };
}

export function kubeControllerManager(inputs: ControlPlaneInputs): Part {
  const { layout, binaries, pki, kubeconfigs } = inputs;
  // Without kubelets every Node is a pretended one, and nobody renews its lease: node lifecycle would declare it dead after 50 s.
  const controllers = layout.nodes.length === 0 ? '*,-node-lifecycle-controller,-taint-eviction-controller' : '*';
  return {
    name: 'kube-controller-manager',
    command: [
      join(binaries, 'kube-controller-manager'),
      `--kubeconfig=${kubeconfigs.controllerManager}`,
      `--controllers=${controllers}`,
      '--use-service-account-credentials=true',
      `--service-account-private-key-file=${pki.serviceAccountKey}`,
      `--root-ca-file=${pki.ca.cert}`,
      `--cluster-signing-cert-file=${pki.ca.cert}`,
      `--cluster-signing-key-file=${pki.ca.key}`,
      `--service-cluster-ip-range=${layout.servicesCidr}`,
      `--flex-volume-plugin-dir=${join(layout.control.folder, 'flexvolume')}`, // its default is a folder of this computer
      '--leader-elect=false', // there is one; waiting for a dead leader's lease would only slow a restart
    ],
    files: [],
    health: `https://${layout.control.address}:10257/healthz`,
  };
}

export function kubeScheduler({ layout, binaries, kubeconfigs }: ControlPlaneInputs): Part {
  return {
    name: 'kube-scheduler',
    command: [join(binaries, 'kube-scheduler'), `--kubeconfig=${kubeconfigs.scheduler}`, '--leader-elect=false'],
    files: [],
    health: `https://${layout.control.address}:10259/healthz`,
  };
}

/** Bodies of every write to what the agent touches; of the rest only who did what. Leases and events are left out: they are most of the traffic. */
function auditPolicyObject(): object {
  const core = (resources: readonly string[]) => ({ group: '', resources });
  return {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [
      { level: 'None', resources: [core(['events']), { group: 'events.k8s.io' }] },
      {
        level: 'None',
        resources: [{ group: 'coordination.k8s.io' }],
        userGroups: ['system:nodes', 'system:serviceaccounts:kube-system'],
      },
      { level: 'None', nonResourceURLs: ['/readyz*', '/livez*', '/healthz*', '/version', '/openapi*'] },
      {
        level: 'Request',
        verbs: ['create', 'update', 'patch', 'delete', 'deletecollection'],
        resources: [core(['endpoints', 'services', 'configmaps', 'pods']), { group: 'discovery.k8s.io' }],
      },
      { level: 'Metadata' },
    ],
  };
}
