/** What an operator is told about DNS: a server that does not answer, and one that answers without what is published. */
import { type Finding, listSome } from '../plan/finding.ts';
import { describeSilence, type Lack, type Silence } from './judge.ts';

/** The finding that nothing can be checked, because the server does not answer. `server`: `10.96.0.10:53`. */
export function dnsSilent(server: string, silence: Silence): Finding {
  return {
    code: 'dns-silent',
    message: `DNS server ${server} ${describeSilence(silence)}: whether the published pairs can be resolved is not known`,
    remedy:
      "Is it the cluster's DNS, and does a NetworkPolicy let this pod ask it (UDP and TCP)? Set REGISTRAR_DNS_SERVER to the right one, or to off.",
  };
}

/** The pairs of one Service that DNS does not answer with us, and what is known of why. */
export type Lacking = {
  readonly service: string;
  readonly server: string;
  readonly pairs: readonly string[];
  /** The first pair's SRV name, and how its answer lacks us. */
  readonly example: { readonly name: string; readonly lack: Lack };
  /** They had been resolved before. */
  readonly isLost: boolean;
  /** `domain`: the Service's own name is NXDOMAIN too. */
  readonly cause: 'domain' | 'absent' | 'cached';
  readonly serviceName: string;
  readonly clusterDomain: string;
};

/** The finding that DNS lacks published pairs. */
export function dnsLacksPairs(lacking: Lacking): Finding {
  const { service, server, example, cause } = lacking;
  const since = lacking.isLost ? 'any more, though still published' : 'a minute after they were published';
  const domain = cause === 'domain' ? `, and ${lacking.serviceName} itself is NXDOMAIN too` : '';
  return {
    code: 'dns-lacks-pairs',
    message: `Service ${service}: DNS server ${server} does not answer ${listSome(lacking.pairs)} with this pod ${since}; to ${example.name} it answers ${example.lack.words}${domain}`,
    remedy: remedies[cause](lacking),
  };
}

const remedies = {
  domain: ({ clusterDomain }) =>
    `Is "${clusterDomain}" the cluster's domain (the kubernetes line of CoreDNS's Corefile), and is the server the cluster's DNS? Set REGISTRAR_CLUSTER_DOMAIN, or REGISTRAR_DNS_SERVER.`,
  absent: ({ service }) =>
    `Look whether the slices are there (kubectl get endpointslices -l kubernetes.io/service-name=${service}). A DNS that reads Endpoints alone, as kube-dns does, does not show them: use CoreDNS 1.11 or later, or a Service without a selector. A cache shows a negative answer for the time named.`,
  cached: () =>
    "Such an answer comes from a cache that keeps it beyond its TTL, or from a DNS that does not read this pod's slices: look at what is between this pod and the cluster's DNS (NodeLocal DNSCache, a forwarder).",
} as const satisfies Readonly<Record<Lacking['cause'], (lacking: Lacking) => string>>;
