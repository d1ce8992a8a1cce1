/**
 * Answers one question as CoreDNS 1.15 with `kubernetes <zone> in-addr.arpa ip6.arpa { pods insecure; ttl <ttl> }` and
 * nothing behind it does (plugin/kubernetes/handler.go, plugin/backend_lookup.go). Pure but for what the source holds.
 * Left to `message.ts`: header bits, EDNS0, truncation. The order of records is the source's; CoreDNS promises none.
 */
import { isIP, isIPv4, isIPv6 } from 'node:net';
import type { SoaAnswer, SrvAnswer, StringAnswer, TxtAnswer } from 'dns-packet';
import type { DnsSource } from '../source.ts';
import { type Entry, type Lookup, lookUp, lookUpReverse } from './backend.ts';
import { isUnder, sameName, zoneOf } from './names.ts';

/** What answers depend on. `serial` is the unix time in seconds of the newest change. */
export type Zone = {
  readonly source: DnsSource;
  readonly zone: string;
  readonly ttlSeconds: number;
  readonly serial: () => number;
};

/** A record that we answer with. */
export type DnsRecord = StringAnswer | SrvAnswer | SoaAnswer | TxtAnswer;

/** The rcodes that we answer with. */
export type Rcode = 'NOERROR' | 'FORMERR' | 'NXDOMAIN' | 'NOTIMP' | 'REFUSED';

/** What a question is answered with. `authorities` holds the SOA where there is nothing to answer (RFC 2308). */
export type Reply = {
  readonly rcode: Rcode;
  readonly isAuthoritative: boolean;
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
};

/** A question within one of our zones. */
type Asked = Zone & { readonly name: string; readonly apex: string };
type Found = { readonly answers: readonly DnsRecord[]; readonly additionals?: readonly DnsRecord[] } | 'absent';

const MAX_CNAME_CHAIN = 10;
const DNS_VERSION = { text: '1.1.0', ttlSeconds: 28_800 };
const refused: Reply = { rcode: 'REFUSED', isAuthoritative: false, answers: [], authorities: [], additionals: [] };

/** Answers the question for `name` and `type` (dns-packet's spelling; an unknown type is `UNKNOWN_65`), class IN. */
export function answerQuestion(question: { readonly name: string; readonly type: string }, zone: Zone): Reply {
  const apex = zoneOf(question.name, [zone.zone, 'in-addr.arpa', 'ip6.arpa']);
  if (apex === undefined || question.type === 'AXFR' || question.type === 'IXFR') return refused;
  const asked = { ...zone, name: question.name, apex };
  const found = find(asked, question.type);
  if (found !== 'absent' && found.answers.length > 0) {
    const { answers, additionals = [] } = found;
    return { rcode: 'NOERROR', isAuthoritative: true, answers, authorities: [], additionals };
  }
  const rcode = found === 'absent' ? 'NXDOMAIN' : 'NOERROR';
  return { rcode, isAuthoritative: true, answers: [], authorities: [soa(asked)], additionals: [] };
}

function find(asked: Asked, type: string): Found {
  // The name server's own name holds its bound addresses but never loopback ones, and we listen on nothing else.
  const isServer = sameName(asked.name, `ns.dns.${asked.apex}`);
  const held: Lookup = isServer ? { kind: 'found', entries: [] } : lookUp(asked.name, asked.apex, asked.source);
  switch (type) {
    case 'A':
    case 'AAAA':
      return findAddresses(asked, { type, held, chain: [] });
    case 'SRV':
      return held.kind === 'absent' ? 'absent' : serviceRecords(asked, held.entries);
    case 'CNAME': {
      const host = held.kind === 'found' ? held.entries[0]?.host : undefined;
      if (held.kind === 'absent') return 'absent';
      return { answers: host === undefined || isIP(host) !== 0 ? [] : [cname(asked, host)] };
    }
    case 'TXT':
      return findText(asked, held);
    case 'PTR':
      return findPointers(asked);
    case 'SOA':
      // Asked below the zone it is never NXDOMAIN, whatever the name.
      return { answers: sameName(asked.name, asked.apex) ? [soa(asked)] : [] };
    default:
      return held.kind === 'absent' ? 'absent' : { answers: [] };
  }
}

/** Addresses of one family. A name inside the zone is followed; one that leads out of it stands alone: nobody is behind us. */
function findAddresses(
  asked: Asked,
  {
    type,
    held,
    chain,
  }: { readonly type: 'A' | 'AAAA'; readonly held: Lookup; readonly chain: readonly StringAnswer[] },
): Found {
  if (held.kind === 'absent') return 'absent';
  const isFamily = type === 'A' ? isIPv4 : isIPv6;
  const hosts = [...new Set(held.entries.map(({ host }) => host))];
  const answers = hosts.flatMap((host): readonly DnsRecord[] => {
    if (isIP(host) !== 0) return isFamily(host) ? [{ ...header(asked), type, data: host }] : [];
    const link = cname(asked, host);
    const isLoop = isUnder(host, asked.name) || chain.some(({ name, data }) => name === link.name && data === host);
    if (isLoop || chain.length > MAX_CNAME_CHAIN) return [];
    if (!isUnder(host, asked.apex)) return [link];
    const next = { ...asked, name: host };
    const rest = findAddresses(next, {
      type,
      held: lookUp(host, asked.apex, asked.source),
      chain: [...chain, link],
    });
    return rest === 'absent' || rest.answers.length === 0 ? [] : [link, ...rest.answers];
  });
  return { answers };
}

/**
 * SRV and, as additional records, the addresses of the targets. The weight is 100 shared by all entries, also by those
 * that give no record of their own: without a port, or doubled by another family or slice.
 */
function serviceRecords(asked: Asked, entries: readonly Entry[]): Found {
  const internal = entries.filter(({ host }) => isIP(host) !== 0);
  const weight = Math.max(1, Math.floor((100 / (100 * internal.length)) * 100));
  const answers = new Map<string, DnsRecord>();
  const additionals = new Map<string, DnsRecord>();
  for (const { host, port, target } of internal.filter((entry) => entry.port !== -1)) {
    const data = { priority: 0, weight, port, target };
    answers.set(JSON.stringify([target, port]), { ...header(asked), type: 'SRV', data });
    const type = isIPv4(host) ? 'A' : 'AAAA';
    additionals.set(JSON.stringify([target, host]), { ...header(asked), name: target, type, data: host });
  }
  return { answers: [...answers.values()], additionals: [...additionals.values()] };
}

/** The one TXT record is the schema's version. A name that exists and holds nothing is NXDOMAIN when asked for TXT. */
function findText(asked: Asked, held: Lookup): Found {
  if (sameName(asked.name, `dns-version.${asked.apex}`)) {
    return { answers: [{ ...header(asked), ttl: DNS_VERSION.ttlSeconds, type: 'TXT', data: DNS_VERSION.text }] };
  }
  return held.kind === 'found' && held.entries.length > 0 ? { answers: [] } : 'absent';
}

function findPointers(asked: Asked): Found {
  const names = lookUpReverse(asked.name, { asked: asked.apex, primary: asked.zone }, asked.source);
  if (names === undefined) return 'absent';
  return { answers: [...new Set(names)].map((data) => ({ ...header(asked), type: 'PTR', data })) };
}

function header(asked: Asked): { readonly name: string; readonly ttl: number; readonly class: 'IN' } {
  return { name: asked.name, ttl: asked.ttlSeconds, class: 'IN' };
}

function cname(asked: Asked, data: string): StringAnswer {
  return { ...header(asked), type: 'CNAME', data };
}

function soa({ apex, ttlSeconds, serial }: Asked): SoaAnswer {
  return {
    name: apex,
    ttl: Math.min(ttlSeconds, 300),
    class: 'IN',
    type: 'SOA',
    data: {
      mname: `ns.dns.${apex}`,
      rname: `hostmaster.${apex}`,
      serial: serial(),
      refresh: 7200,
      retry: 1800,
      expire: 86_400,
      minimum: ttlSeconds,
    },
  };
}
