/** The objects that a cluster has from its first minute: what CoreDNS may read, and the Services that pods ask for DNS. Pure. */
import type { DnsLayout, Layout } from '../layout.ts';

/** CoreDNS runs beside the API server and not in a pod, so it is a user and no ServiceAccount. */
export const coreDnsUser = 'coredns';

/** As one List, for `kubectl apply`. */
export function firstObjects(layout: Layout): object {
  return { apiVersion: 'v1', kind: 'List', items: [...coreDnsRights(), ...layout.dns.flatMap(dnsService)] };
}

/** The rights that kubeadm gives to CoreDNS, word for word. */
function coreDnsRights(): readonly object[] {
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const metadata = { name: 'system:coredns' };
  return [
    {
      apiVersion,
      kind: 'ClusterRole',
      metadata,
      rules: [
        { apiGroups: [''], resources: ['endpoints', 'services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
      ],
    },
    {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata.name },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: coreDnsUser }],
    },
  ];
}

/** A Service without a selector and the slice behind it: the address is not a pod's. */
function dnsService({ serviceName, address, serviceAddress }: DnsLayout): readonly object[] {
  const namespace = 'kube-system';
  const ports = [
    { name: 'dns', protocol: 'UDP', port: 53 },
    { name: 'dns-tcp', protocol: 'TCP', port: 53 },
    { name: 'metrics', protocol: 'TCP', port: 9153 },
  ];
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: serviceName,
        namespace,
        labels: { 'k8s-app': serviceName, 'kubernetes.io/cluster-service': 'true' },
      },
      spec: { clusterIP: serviceAddress, ports },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: serviceName, namespace, labels: { 'kubernetes.io/service-name': serviceName } },
      addressType: 'IPv4',
      ports,
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
    },
  ];
}
