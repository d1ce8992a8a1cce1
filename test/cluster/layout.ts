/**
 * Where everything of a cluster is: names, addresses and folders, computed from the instance number alone.
 * `up` and `down` both work from this record, so what a killed `up` left behind is found again without any notes.
 */
import { join } from 'node:path';

/**
 * How a CoreDNS answers. `kubeadm`: the Corefile that kubeadm 1.37 installs (ttl 30, cluster.local left out of the cache).
 * `cached`: the Corefile of older kubeadm clusters (ttl 30, everything cached for 30 s). `prompt`: ttl 5, no cache.
 */
export type DnsVariant = 'kubeadm' | 'cached' | 'prompt';

export const dnsVariants: readonly DnsVariant[] = ['kubeadm', 'cached', 'prompt'];

/** One CoreDNS: `address` is reachable from everywhere, `serviceAddress` (its Service's cluster IP) from pods. */
export interface DnsLayout {
  readonly variant: DnsVariant;
  readonly serviceName: string;
  readonly address: string;
  readonly serviceAddress: string;
}

/** One machine: a set of namespaces that looks like a computer of its own. `folder` holds all that it writes. */
export interface MachineLayout {
  readonly name: string;
  readonly netns: string;
  readonly address: string;
  readonly folder: string;
}

/** A machine that runs pods; `podCidr` is the range its pods get addresses from. */
export interface NodeLayout extends MachineLayout {
  readonly podCidr: string;
  readonly cgroup: string;
}

/** A whole cluster. All ranges lie inside `clusterCidr`; `hostAddress` is this machine's own address in it. */
export interface Layout {
  readonly instance: number;
  readonly stateFolder: string;
  readonly kubeconfig: string;
  readonly auditLog: string;
  readonly hostInterface: string;
  readonly hostAddress: string;
  readonly clusterCidr: string;
  readonly podsCidr: string;
  readonly servicesCidr: string;
  readonly kubernetesServiceAddress: string;
  readonly apiServerUrl: string;
  readonly dns: readonly DnsLayout[];
  readonly control: MachineLayout;
  readonly nodes: readonly NodeLayout[];
}

export const clusterDomain = 'cluster.local';

const firstOctets = { network: 10, cluster: 213 };
const instanceCount = 10;
const nodeNames = ['node-a', 'node-b', 'node-c', 'node-d'];

export interface LayoutChoice {
  /** 0 to 9: clusters of different numbers can run side by side. */
  readonly instance: number;
  /** 0 to 4; 0 is a control plane alone. */
  readonly nodeCount: number;
  /** The folder that the state folders of all instances lie in. */
  readonly stateRoot: string;
}

/** Computes the layout. Throws RangeError when the instance or the number of nodes is out of range. */
export function createLayout({ instance, nodeCount, stateRoot }: LayoutChoice): Layout {
  if (!Number.isInteger(instance) || instance < 0 || instance >= instanceCount) {
    throw new RangeError(
      `the instance must be a whole number from 0 to ${instanceCount - 1}: current value is ${instance}`,
    );
  }
  if (!Number.isInteger(nodeCount) || nodeCount < 0 || nodeCount > nodeNames.length) {
    throw new RangeError(
      `the number of nodes must be a whole number from 0 to ${nodeNames.length}: current value is ${nodeCount}`,
    );
  }
  const prefix = `${firstOctets.network}.${firstOctets.cluster + instance}`;
  const stateFolder = join(stateRoot, `cluster-${instance}`);
  const label = `er${instance}`;
  return {
    instance,
    stateFolder,
    kubeconfig: join(stateFolder, 'admin.kubeconfig'),
    auditLog: join(stateFolder, 'control', 'audit.log'),
    hostInterface: `${label}-host`,
    hostAddress: `${prefix}.0.254`,
    clusterCidr: `${prefix}.0.0/16`,
    podsCidr: `${prefix}.16.0/20`,
    servicesCidr: `${prefix}.96.0/20`,
    kubernetesServiceAddress: `${prefix}.96.1`,
    apiServerUrl: `https://${prefix}.0.1:6443`,
    dns: dnsVariants.map((variant, index) => ({
      variant,
      serviceName: variant === 'kubeadm' ? 'kube-dns' : `kube-dns-${variant}`,
      address: `${prefix}.0.${20 + index}`,
      serviceAddress: `${prefix}.96.${10 + index}`,
    })),
    control: {
      name: 'control',
      netns: `${label}-control`,
      address: `${prefix}.0.1`,
      folder: join(stateFolder, 'control'),
    },
    nodes: nodeNames.slice(0, nodeCount).map((name, index) => ({
      name,
      netns: `${label}-${name}`,
      address: `${prefix}.0.${100 + index}`,
      folder: join(stateFolder, name),
      podCidr: `${prefix}.${16 + index}.0/24`,
      cgroup: `endpoint-registrar-${instance}-${name}`,
    })),
  };
}

/** The layout with every node that could exist, for taking down a cluster whatever it was started with. */
export function widestLayout(choice: Omit<LayoutChoice, 'nodeCount'>): Layout {
  return createLayout({ ...choice, nodeCount: nodeNames.length });
}
