/**
 * A small cluster for the tests of the embedded DNS server, in as few words as possible.
 */
import type { EndpointSlice, Service } from '../../../agent/kube/objects.ts';
import type { DnsSource } from '../source.ts';

/** A port as `name/PROTOCOL/number`, e.g. `kerberos/UDP/88`. */
export type PortText = `${string}/${'TCP' | 'UDP' | 'SCTP'}/${number}`;
type Endpoint = { readonly ip: string; readonly hostname?: string; readonly ready?: boolean };

/** A Service of namespace `default`: headless unless `spec` says otherwise. */
export function service(
  name: string,
  spec: NonNullable<Service['spec']> = { clusterIP: 'None', clusterIPs: ['None'] },
): Service {
  return { metadata: { name, namespace: 'default' }, spec };
}

/** A Service's spec with cluster IPs. */
export function clusterIp(
  clusterIPs: readonly [string, ...string[]],
  ports: readonly PortText[],
): NonNullable<Service['spec']> {
  return { clusterIP: clusterIPs[0], clusterIPs, ports: ports.map(parsePort) };
}

/** An EndpointSlice of namespace `default`. */
export function slice(serviceName: string, endpoints: readonly Endpoint[], ports: readonly PortText[]): EndpointSlice {
  return {
    addressType: endpoints[0]?.ip.includes(':') ? 'IPv6' : 'IPv4',
    metadata: { namespace: 'default', labels: { 'kubernetes.io/service-name': serviceName } },
    endpoints: endpoints.map(({ ip, hostname, ready }) => ({
      addresses: [ip],
      ...(hostname === undefined ? {} : { hostname }),
      conditions: ready === undefined ? {} : { ready },
    })),
    ports: ports.map(parsePort),
  };
}

/** A source that never changes, with the namespaces `default` and `empty`. */
export function source(services: readonly Service[], slices: readonly EndpointSlice[] = []): DnsSource {
  return {
    services: () => services,
    endpointSlices: () => slices,
    namespaces: () => ['default', 'empty'],
    onChange: () => () => {},
  };
}

function parsePort(text: PortText): { readonly name: string; readonly protocol: string; readonly port: number } {
  const [name = '', protocol = '', port] = text.split('/');
  return { name, protocol, port: Number(port) };
}
