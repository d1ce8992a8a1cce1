/**
 * What CoreDNS 1.15's `kubernetes` plugin holds under a name: the entries of Services, EndpointSlices and namespaces
 * from which `answer.ts` makes records. Follows findServices, findPods (pods insecure, as kubeadm's Corefile has it) and
 * serviceRecordForIP in plugin/kubernetes; where those look odd, so does this.
 */
import { isIP, isIPv4, SocketAddress } from 'node:net';
import type { EndpointSlice, Service } from '../../../agent/kube/objects.ts';
import type { DnsSource } from '../source.ts';
import { parseName, type SvcRequest, sameName } from './names.ts';

/** One thing found under a name. `port` -1: none is declared, so it gives addresses and no SRV. */
export type Entry = {
  /** An IP address, or the name that an ExternalName Service stands for. */
  readonly host: string;
  readonly port: number;
  /** The entry's own name: the target of its SRV record. */
  readonly target: string;
};

/** What a name holds. `absent` is NXDOMAIN; `found` without entries is a name that exists and holds nothing. */
export type Lookup = { readonly kind: 'found'; readonly entries: readonly Entry[] } | { readonly kind: 'absent' };

const absent: Lookup = { kind: 'absent' };
const nothing: Lookup = { kind: 'found', entries: [] };

/** Looks up what `name` holds; `zone` is the part of `name` that is the zone, in the asker's spelling. */
export function lookUp(name: string, zone: string, source: DnsSource): Lookup {
  const request = parseName(name, zone);
  switch (request.kind) {
    case 'empty':
      return nothing;
    case 'invalid':
      return absent;
    case 'svc':
    case 'pod':
      if (isReverse(zone) || !source.namespaces().includes(request.namespace)) return absent;
      if (request.service === '') return nothing;
      return request.kind === 'svc' ? findService(request, zone, source) : findPod(request, zone);
    default:
      return request satisfies never;
  }
}

function findService(request: SvcRequest, zone: string, source: DnsSource): Lookup {
  const service = source
    .services()
    .find(({ metadata }) => metadata?.namespace === request.namespace && metadata.name === request.service);
  if (service === undefined) return absent;
  const target = `${request.service}.${request.namespace}.svc.${zone}`;
  if (service.spec?.type === 'ExternalName') return findExternal(service, request, target);
  const entries =
    isHeadless(service) || request.endpoint !== ''
      ? endpointEntries(request, target, source)
      : clusterIpEntries(service, request, target);
  return entries.length === 0 ? absent : { kind: 'found', entries };
}

/** An external name that is an IP address, or that is asked for by endpoint, port or protocol, is NXDOMAIN. */
function findExternal(service: Service, request: SvcRequest, target: string): Lookup {
  const host = (service.spec?.externalName ?? '').replace(/\.$/, '');
  if (request.endpoint !== '' || request.port !== '' || request.protocol !== '' || isIP(host) !== 0) return absent;
  return { kind: 'found', entries: [{ host, port: 0, target }] };
}

function endpointEntries(request: SvcRequest, target: string, source: DnsSource): readonly Entry[] {
  return source
    .endpointSlices()
    .filter((slice) => isSliceOf(slice, request.service, request.namespace))
    .flatMap((slice) =>
      readyAddresses(slice)
        .filter(({ hostname }) => request.endpoint === '' || sameName(request.endpoint, hostname))
        .flatMap(({ host, hostname }) =>
          slicePorts(slice)
            .filter((port) => matchesPort(request, port))
            .map(({ port }) => ({ host, port: port ?? -1, target: `${hostname}.${target}` })),
        ),
    );
}

function clusterIpEntries(service: Service, request: SvcRequest, target: string): readonly Entry[] {
  const hosts = service.spec?.clusterIPs ?? [service.spec?.clusterIP ?? ''];
  return (service.spec?.ports ?? [])
    .filter((port) => matchesPort(request, port))
    .flatMap(({ port }) => hosts.map((host) => ({ host, port, target })));
}

/** `pods insecure`: any dashed IP in a namespace that exists, whether or not a pod has it; labels before it are ignored. */
function findPod(request: SvcRequest, zone: string): Lookup {
  const dashed = request.service;
  const isDashedIPv4 = dashed.split('-').length === 4 && !dashed.includes('--');
  const host = dashed.replaceAll('-', isDashedIPv4 ? '.' : ':');
  if (isIP(host) === 0) return absent;
  return { kind: 'found', entries: [{ host, port: 0, target: `${dashed}.${request.namespace}.pod.${zone}` }] };
}

/** Finds the names of the address that a reverse `name` spells: the Service whose cluster IP it is, else each endpoint. */
export function lookUpReverse(
  name: string,
  zones: { readonly asked: string; readonly primary: string },
  source: DnsSource,
) {
  const address = addressOf(name.toLowerCase());
  if (address === undefined) return lookUp(name, zones.asked, source).kind === 'found' ? [] : undefined;
  const service = source.services().find(({ spec }) => (spec?.clusterIPs ?? [spec?.clusterIP]).includes(address));
  const suffix = `svc.${zones.primary}`;
  if (service !== undefined) return [`${service.metadata?.name}.${service.metadata?.namespace}.${suffix}`];
  const names = source.endpointSlices().flatMap((slice) =>
    readyAddresses(slice)
      .filter(({ host }) => host === address)
      .map(({ hostname }) => `${hostname}.${serviceName(slice)}.${slice.metadata?.namespace}.${suffix}`),
  );
  return names.length === 0 ? undefined : names;
}

function isReverse(zone: string): boolean {
  return /(^|\.)(in-addr|ip6)\.arpa$/i.test(zone);
}

/** The address of a full reverse name (RFC 1035 3.5, RFC 3596 2.5) in its canonical spelling, or undefined. */
function addressOf(name: string): string | undefined {
  const v4 = /^((?:\d+\.){4})in-addr\.arpa$/.exec(name)?.[1];
  if (v4 !== undefined) {
    const address = v4.split('.').slice(0, 4).reverse().join('.');
    return isIPv4(address) ? address : undefined;
  }
  const v6 = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name)?.[1];
  if (v6 === undefined) return undefined;
  const nibbles = v6.replaceAll('.', '').split('').reverse().join('');
  const groups = nibbles.match(/.{4}/g) ?? [];
  return new SocketAddress({ family: 'ipv6', address: groups.join(':') }).address;
}

function isHeadless(service: Service): boolean {
  return (service.spec?.clusterIPs?.[0] ?? service.spec?.clusterIP) === 'None';
}

function serviceName(slice: EndpointSlice): string | undefined {
  return slice.metadata?.labels?.['kubernetes.io/service-name'];
}

function isSliceOf(slice: EndpointSlice, service: string, namespace: string): boolean {
  return serviceName(slice) === service && slice.metadata?.namespace === namespace;
}

/** Addresses of endpoints that are not known to be unready, each with the label that names it in DNS. */
function readyAddresses(slice: EndpointSlice): readonly { readonly host: string; readonly hostname: string }[] {
  return (slice.endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses, hostname }) =>
      addresses.map((host) => ({
        host,
        hostname: hostname === undefined || hostname === '' ? dashed(host) : hostname,
      })),
    );
}

/** An endpoint without a hostname is named by its address: `10-0-0-7`, `fd00--7`; a label must not end in a dash. */
function dashed(address: string): string {
  const label = address.replaceAll(/[.:]/g, '-');
  return label.endsWith('-') ? `${label}0` : label;
}

type NamedPort = { readonly name?: string; readonly protocol?: string; readonly port?: number };

/** A slice without ports (the API server answers `null`) counts as one nameless port -1: it gives addresses, no SRV, yet weighs in SRV weights. */
function slicePorts(slice: EndpointSlice): readonly NamedPort[] {
  const ports = slice.ports ?? [];
  return ports.length === 0 ? [{ port: -1 }] : ports;
}

function matchesPort(request: SvcRequest, port: NamedPort): boolean {
  return (
    (request.port === '' || sameName(request.port, port.name ?? '')) &&
    (request.protocol === '' || sameName(request.protocol, port.protocol ?? ''))
  );
}
