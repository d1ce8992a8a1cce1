/** containerd, kubelet and kube-proxy of one node, and the folders and kernel settings that its machine shows them. Pure. */
import { join } from 'node:path';
import { stringify } from 'yaml';
import { clusterDomain, type Layout, type NodeLayout } from '../layout.ts';
import type { Bind } from '../machine/machine.ts';
import type { KeyPair } from '../provide/pki.ts';
import type { Part, PartFile } from './part.ts';

/** What a node is started with. */
export interface NodeInputs {
  readonly layout: Layout;
  readonly node: NodeLayout;
  readonly binaries: string;
  /** The cluster authority's certificate. */
  readonly authority: string;
  /** The kubelet's own, for its server. */
  readonly serving: KeyPair;
  readonly kubeconfigs: { readonly kubelet: string; readonly proxy: string };
  /** The image of a pod's first container; it is in the node's store before the first pod. */
  readonly sandboxImage: string;
}

/** Where containerd listens, inside the node. */
export const containerdSocket = '/run/containerd/containerd.sock';

/**
 * What the kubelet insists on for the whole computer. It reads these files in their places and so finds its wishes fulfilled:
 * the computer's own values stay what they are.
 */
const kernelTunables: Readonly<Record<string, number>> = {
  'vm/overcommit_memory': 1,
  'vm/panic_on_oom': 0,
  'kernel/panic': 10,
  'kernel/panic_on_oops': 1,
  'kernel/keys/root_maxkeys': 1_000_000,
  'kernel/keys/root_maxbytes': 25_000_000,
};

/** What a node's machine sees in other places than this computer: the folders that it writes to, the kernel settings that it reads. */
export interface NodeView {
  readonly folders: readonly Bind[];
  readonly files: readonly PartFile[];
  readonly binds: readonly Bind[];
}

/** `folders` and `files` must be there before a machine starts with `binds`. */
export function nodeView({ folder }: NodeLayout): NodeView {
  const folders = [
    { from: join(folder, 'var-lib'), at: '/var/lib' },
    { from: join(folder, 'var-log'), at: '/var/log' },
  ];
  const tunables = Object.entries(kernelTunables).map(([name, value]) => ({
    path: join(folder, 'tunables', name.replaceAll('/', '.')),
    text: `${value}\n`,
    at: `/proc/sys/${name}`,
  }));
  return { folders, files: tunables, binds: [...folders, ...tunables.map(({ path, at }) => ({ from: path, at }))] };
}

export function containerd({ node, sandboxImage }: NodeInputs): Part {
  const config = join(node.folder, 'containerd.toml');
  const networks = join(node.folder, 'cni');
  return {
    name: 'containerd',
    command: ['containerd', '--config', config],
    files: [
      { path: config, text: containerdConfig({ node, sandboxImage, networks }) },
      { path: join(networks, '10-bridge.conflist'), text: JSON.stringify(podNetwork(node), undefined, 2) },
    ],
    health: `http://${node.address}:1338/v1/metrics`,
  };
}

export function kubelet({ layout, node, binaries, authority, serving, kubeconfigs }: NodeInputs): Part {
  const config = join(node.folder, 'kubelet.yaml');
  const resolvConf = join(node.folder, 'resolv.conf');
  return {
    name: 'kubelet',
    command: [
      join(binaries, 'kubelet'),
      `--config=${config}`,
      `--kubeconfig=${kubeconfigs.kubelet}`,
      `--hostname-override=${node.name}`,
      `--node-ip=${node.address}`,
    ],
    files: [
      { path: config, text: stringify(kubeletConfig({ layout, node, authority, serving, resolvConf })) },
      { path: resolvConf, text: `nameserver ${layout.control.address}\n` },
    ],
    health: `http://${node.address}:10248/healthz`,
  };
}

export function kubeProxy({ layout, node, binaries, kubeconfigs }: NodeInputs): Part {
  const config = join(node.folder, 'kube-proxy.yaml');
  const configObject = {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    hostnameOverride: node.name,
    clusterCIDR: layout.podsCidr,
    clientConnection: { kubeconfig: kubeconfigs.proxy },
    healthzBindAddress: `${node.address}:10256`,
    // These settings are the computer's, not the network namespace's: kube-proxy may not and need not change them.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  };
  return {
    name: 'kube-proxy',
    command: [join(binaries, 'kube-proxy'), `--config=${config}`],
    files: [{ path: config, text: stringify(configObject) }],
    health: `http://${node.address}:10256/livez`,
  };
}

interface KubeletConfigInputs extends Pick<NodeInputs, 'layout' | 'node' | 'authority' | 'serving'> {
  readonly resolvConf: string;
}

/** kubeadm's settings, and those that two nodes on one computer without systemd need. */
function kubeletConfig({ layout, node, authority, serving, resolvConf }: KubeletConfigInputs): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: authority } },
    authorization: { mode: 'Webhook' },
    tlsCertFile: serving.cert,
    tlsPrivateKeyFile: serving.key,
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    clusterDNS: layout.dns.filter((dns) => dns.variant === 'kubeadm').map((dns) => dns.serviceAddress),
    clusterDomain,
    resolvConf,
    healthzBindAddress: node.address,
    volumePluginDir: '/var/lib/kubelet/volume-plugins',
    registerNode: true,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${node.cgroup}`, // two kubelets under one root would each remove the other's pods as orphans
    enforceNodeAllocatable: [],
    failCgroupV1: false,
    failSwapOn: false,
    oomScoreAdj: 0, // less than 0 takes CAP_SYS_RESOURCE, which a sandboxed root lacks
    // Images are loaded, not pulled: one that is removed to save space is gone for good. Nor may a full disk elsewhere evict pods.
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    evictionHard: {
      'memory.available': '50Mi',
      'nodefs.available': '0%',
      'nodefs.inodesFree': '0%',
      'imagefs.available': '0%',
      'imagefs.inodesFree': '0%',
    },
  };
}

interface ContainerdConfigInputs extends Pick<NodeInputs, 'node' | 'sandboxImage'> {
  readonly networks: string;
}

function containerdConfig({ node, sandboxImage, networks }: ContainerdConfigInputs): string {
  return `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"

[grpc]
  address = "${containerdSocket}"

[metrics]
  address = "${node.address}:1338"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${sandboxImage}"
  # A sandboxed root lacks CAP_SYS_RESOURCE: without this no container starts there.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${networks}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
`;
}

/** A bridge for each node; the way to the other nodes' pods is the control machine's routes. Nothing is masqueraded: addresses are what DNS says. */
function podNetwork({ podCidr }: NodeLayout): object {
  return {
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        hairpinMode: true,
        ipam: { type: 'host-local', ranges: [[{ subnet: podCidr }]], routes: [{ dst: '0.0.0.0/0' }] },
      },
    ],
  };
}
