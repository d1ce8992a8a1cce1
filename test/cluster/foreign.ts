/** A cluster that somebody else runs, named by a kubeconfig: the suites use it as any user would, and break nothing of it. */
import type { Cluster, DnsServer, Kubectl } from './cluster.ts';
import { run } from './machine/exec.ts';

/** What has to be said about such a cluster. */
export interface ForeignChoice {
  readonly kubeconfig: string;
  /** An image with what `workloadRecipe` names, from a registry that its nodes reach. */
  readonly workloadImage: string | undefined;
}

/** Looks at the cluster and describes it. Throws CommandError where kubectl cannot reach it, Error where it has no cluster DNS Service. */
export async function openForeign({ kubeconfig, workloadImage }: ForeignChoice): Promise<Cluster> {
  const kubectl: Kubectl = (args, options) => run(['kubectl', `--kubeconfig=${kubeconfig}`, ...args], options);
  const nodeNames = await kubectl(['get', 'nodes', '--output=jsonpath={.items[*].metadata.name}']);
  return {
    kubeconfig,
    kubectl,
    dns: [await findDns(kubectl)],
    nodes: nodeNames
      .split(' ')
      .filter(Boolean)
      .map((name) => ({ name, faults: undefined })),
    images: {
      get workload() {
        if (workloadImage !== undefined) return workloadImage;
        throw new Error('this cluster is not ours: CLUSTER_WORKLOAD_IMAGE must name an image that its nodes can pull');
      },
      async load(image) {
        throw new Error(`this cluster is not ours: ${image.reference} cannot be loaded, a registry has to hold it`);
      },
    },
    components: new Map(),
    auditLog: undefined,
  };
}

/** Which variant a DNS is, only its Corefile says; what kubeadm installs is called `kube-dns` everywhere. */
async function findDns(kubectl: Kubectl): Promise<DnsServer> {
  const query = ['get', 'service', 'kube-dns', '--namespace=kube-system', '--output=jsonpath={.spec.clusterIP}'];
  return { variant: 'kubeadm', podAddress: await kubectl(query), address: undefined };
}
