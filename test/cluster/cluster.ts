/**
 * The cluster that the suites run against, whoever brought it up: ours on this computer, or the one that KUBECONFIG names.
 * What only a cluster of ours allows (pulling a node's plug, killing a component) is optional here: a suite that needs it says why it skips.
 */
import type { DnsVariant } from './layout.ts';
import type { ImageArchive } from './provide/images.ts';

/** Runs kubectl as an administrator and resolves to its output. Throws CommandError when it fails, or does not end in time. */
export type Kubectl = (args: readonly string[], options?: KubectlOptions) => Promise<string>;

export interface KubectlOptions {
  /** What `-f -` reads. */
  readonly input?: string;
  /** @default 30_000 */
  readonly timeoutMs?: number;
}

/** What the suites know of a cluster. */
export interface Cluster {
  readonly kubeconfig: string;
  readonly kubectl: Kubectl;
  readonly dns: readonly DnsServer[];
  readonly nodes: readonly ClusterNode[];
  readonly images: Images;
  /** Components by name (`kube-apiserver`, `coredns-kubeadm`, …); empty where they are not ours to stop. */
  readonly components: ReadonlyMap<string, Component>;
  /** The API server's audit log; undefined where it is not ours to read. */
  readonly auditLog: string | undefined;
}

/** A cluster DNS. Pods ask it at `podAddress`; `address` is for programs outside pods, undefined where they cannot reach it. */
export interface DnsServer {
  readonly variant: DnsVariant;
  readonly podAddress: string;
  readonly address: string | undefined;
}

export interface ClusterNode {
  readonly name: string;
  /** Undefined where the node is not ours to break. */
  readonly faults: NodeFaults | undefined;
}

/** What can happen to a node. */
export interface NodeFaults {
  /** A power cut: no process remains, no packet is answered. Its Node object and its disk stay. */
  kill(): Promise<void>;
  /** The power is back: resolves when the node is Ready. */
  start(): Promise<void>;
  /** Its network is gone, its processes go on. */
  unplug(): Promise<void>;
  plugIn(): Promise<void>;
  /** Sends a signal to every process of a container or of a pod, from outside: `id` is the container's id or the pod's UID. Resolves to their number. */
  signal(id: string, signal: NodeJS.Signals): Promise<number>;
}

/** One component of the control plane. */
export interface Component {
  /** SIGTERM ends it orderly, SIGKILL at once; resolves when it is gone. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Resolves when it is ready. */
  start(): Promise<void>;
  /** SIGSTOP: it holds its connections and answers nothing. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}

/** The images that the suites' pods are made from, by the names that pods ask for. */
export interface Images {
  /** The KDC, password and LDAP servers and their clients. */
  readonly workload: string;
  /** Makes an image known to every node and resolves to the name that pods ask for. */
  load(image: ImageArchive): Promise<string>;
}
