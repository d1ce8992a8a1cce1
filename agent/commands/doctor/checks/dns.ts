/**
 * Checks what the cluster DNS answers against the EndpointSlices, which is what it should answer from: every SRV name,
 * the addresses of its targets, and how long caches keep what is old.
 */
import type { DnsAnswer } from '../../../dns/message.ts';
import type { EndpointSlice } from '../../../kube/objects.ts';
import { listSome } from '../../../plan/finding.ts';
import { type PairKey, pairKey } from '../../../plan/pairs.ts';
import type { DnsFacts, DnsSeen } from '../dns.ts';
import { type Facts, type ServiceSeen, seenOr } from '../facts.ts';
import { type Outcome, under } from '../result.ts';
import { viewOf, wayOf } from './service.ts';

const say = under('DNS');

type Asked = Extract<DnsFacts, { readonly kind: 'asked' }>;

/** Beyond that, whoever asked too early waits longer than people do. */
const LONG_NEGATIVE_SECONDS = 60;

/** Whether the server answers, for the right domain, and how long it has negative answers kept. */
export function checkDnsServer({ dns }: Facts): readonly Outcome[] {
  if (dns.kind === 'unasked') {
    return [
      say.skipped(`cluster DNS: not asked (${dns.why})`, 'Run the doctor in a pod, or give --dns-server IP[:PORT].'),
    ];
  }
  const trouble = troubleOf(dns);
  if (trouble !== undefined) {
    const remedy = 'Compare the address with Service kube-dns in kube-system, and look for a NetworkPolicy in between.';
    return [say.failure(`${dns.server}: ${trouble}`, remedy)];
  }
  if (!servesDomain(dns)) {
    return [
      say.failure(
        `${dns.server}: it does not serve the domain ${dns.clusterDomain}, under which the Services are looked for`,
        'Give --cluster-domain, and set REGISTRAR_CLUSTER_DOMAIN in the sidecar, to what stands behind "svc." in the search line of a pod\'s /etc/resolv.conf.',
      ),
    ];
  }
  return [say.ok(`${dns.server}: it serves ${dns.clusterDomain}`), ...negativeCaching(dns), ...nodeCache(dns)];
}

/** Some servers answer the pairs and say nothing of their zone. */
function servesDomain({ zone, services, clusterDomain }: Asked): boolean {
  const isAnswering = services.some(({ pairs }) => pairs.some(({ answer }) => answer.kind === 'answered'));
  return isAnswering || (zone.kind === 'answered' && zone.zones.some((one) => isSame(one, clusterDomain)));
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase().replace(/\.$/, '') === b.toLowerCase();
}

function troubleOf({ zone }: Asked): string | undefined {
  if (zone.kind === 'silent') return 'no answer within 5 s';
  if (zone.kind === 'unreachable') return `nobody answers there (${zone.code})`;
  // REFUSED is what a server says of a zone that is none of its own.
  return zone.kind === 'refused' && zone.rcode !== 'REFUSED' ? `it cannot answer (${zone.rcode})` : undefined;
}

function negativeCaching({ nowhere }: Asked): readonly Outcome[] {
  if (nowhere?.kind !== 'negative' || nowhere.soaMinimumSeconds === undefined) return [];
  const { soaMinimumSeconds } = nowhere;
  const told = `a name that is asked before it is published stays unanswered for up to ${soaMinimumSeconds} s (negative caching, the SOA's minimum)`;
  if (soaMinimumSeconds <= LONG_NEGATIVE_SECONDS) return [say.ok(told)];
  return [
    say.warning(
      told,
      'Lower the ttl of the kubernetes plugin, or the denial time of the cache plugin, in the Corefile.',
    ),
  ];
}

/** NodeLocal DNSCache listens on a link-local address. */
function nodeCache({ server }: Asked): readonly Outcome[] {
  return server.startsWith('169.254.')
    ? [say.ok(`${server} is NodeLocal DNSCache: what it keeps comes on top of what the cluster DNS keeps`)]
    : [];
}

/** Whether each pair is answered with exactly who is ready. */
export function checkAnswers(facts: Facts): readonly Outcome[] {
  const { dns } = facts;
  // Under another domain every name is missing, and for that one reason, which was told.
  if (dns.kind !== 'asked' || !servesDomain(dns)) return [];
  return dns.services.flatMap((asked) => {
    const seen = facts.services.find(({ name }) => name === asked.service);
    if (seen === undefined || wayOf(seen) === undefined || !isAnsweredFromSlices(seen)) return [];
    const domain = `${asked.service}.${facts.namespace}.svc.${dns.clusterDomain}`;
    return asked.pairs.map(({ key, name, answer }) => judge({ seen, dns, key, name, answer, domain }));
  });
}

/** Of a Service with a cluster IP, of an ExternalName and of one that is missing DNS answers something else, or nothing. */
function isAnsweredFromSlices(seen: ServiceSeen): boolean {
  const kind = wayOf(seen)?.kind;
  return kind !== 'withdraw' && kind !== 'hold';
}

type Judged = {
  readonly seen: ServiceSeen;
  readonly dns: Asked;
  readonly key: PairKey;
  /** The SRV name. */
  readonly name: string;
  readonly answer: DnsAnswer;
  /** The Service's own. */
  readonly domain: string;
};

function judge(judged: Judged): Outcome {
  const { seen, name, key, answer, domain } = judged;
  if (answer.kind === 'silent' || answer.kind === 'unreachable' || answer.kind === 'refused') {
    return say.failure(
      `SRV ${name}: no answer (${answer.kind})`,
      'Ask again; if it stays, look at the log of the cluster DNS.',
    );
  }
  const first = targetsIn(seenOr(seen.slices, []), key, domain);
  const later = targetsIn(seen.laterSlices, key, domain);
  const answered = new Set(
    answer.kind === 'answered' ? answer.services.map(({ target, port }) => `${target.replace(/\.$/, '')}:${port}`) : [],
  );
  const short = (all: Iterable<string>) => listSome([...all].map((one) => one.replace(`.${domain}:`, ':')).sort());
  // What came or went while we looked is nobody's fault.
  const missing = [...first].filter((target) => later.has(target) && !answered.has(target));
  const extra = [...answered].filter((target) => !first.has(target) && !later.has(target));
  if (missing.length > 0 && answered.size === 0) return unanswered(judged, short(missing));
  if (missing.length === 0 && extra.length === 0) {
    return answered.size === 0
      ? say.skipped(`SRV ${name}: nobody announces it now, and DNS answers nothing`)
      : say.ok(`SRV ${name}: ${short(answered)}, as the EndpointSlices say`);
  }
  const parts = [
    ...(missing.length === 0 ? [] : [`${short(missing)} is missing`]),
    ...(extra.length === 0 ? [] : [`${short(extra)} stands in no EndpointSlice`]),
  ];
  return say.warning(
    `SRV ${name}: DNS does not answer what the EndpointSlices say: ${parts.join('; ')}`,
    'A cache keeps an answer for its TTL: look again after that. If it stays, look at the log of the cluster DNS.',
  );
}

function unanswered({ seen, dns, name, key }: Judged, missing: string): Outcome {
  const isInRegister = [...(viewOf(seen)?.holdings.values() ?? [])].some(({ pairs }) => pairs.has(key));
  const where = isInRegister ? 'the Endpoints and the EndpointSlices hold' : 'the EndpointSlices hold';
  const keptSeconds = dns.nowhere?.kind === 'negative' ? dns.nowhere.soaMinimumSeconds : undefined;
  const wait = keptSeconds === undefined ? 'its time' : `${keptSeconds} s`;
  return say.failure(
    `SRV ${name}: DNS answers nothing, and ${where} ${missing}`,
    `It was asked before it was published, and a cache keeps that answer for ${wait}: look again after that. If it stays, this DNS does not read EndpointSlices (kube-dns does not, CoreDNS 1.11 and newer does).`,
  );
}

/** What DNS makes of the slices for a pair, as `<target>:<port>`: without a hostname it is the IP with hyphens. */
function targetsIn(slices: readonly EndpointSlice[], key: PairKey, domain: string): ReadonlySet<string> {
  const targets = slices.flatMap((slice) =>
    (slice.ports ?? [])
      .filter((port) => pairKey(port) === key)
      .flatMap(({ port }) => readyNames(slice).map((label) => `${label}.${domain}:${port}`)),
  );
  return new Set(targets);
}

function readyNames(slice: EndpointSlice): readonly string[] {
  return (slice.endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ hostname, addresses }) =>
      hostname === undefined ? addresses.map((address) => address.replaceAll(/[.:]/g, '-')) : [hostname],
    );
}

/** Whether each target of an SRV record has addresses, and none that no slice has. */
export function checkTargets(facts: Facts): readonly Outcome[] {
  const { dns } = facts;
  if (dns.kind !== 'asked') return [];
  return dns.services.flatMap((asked) => {
    const seen = facts.services.find(({ name }) => name === asked.service);
    if (seen === undefined || !isAnsweredFromSlices(seen) || asked.targets.size === 0) return [];
    const wrong = wrongTargets(asked, addressesIn(seen));
    return wrong.length > 0
      ? wrong
      : [
          say.ok(
            `Service ${asked.service}: each SRV target has its addresses (${listSome([...asked.targets.keys()].map(labelOf).sort())})`,
          ),
        ];
  });
}

/** What the slices hold; undefined where they could not be read: then nothing can be called strange. */
function addressesIn({ slices, laterSlices }: ServiceSeen): ReadonlySet<string> | undefined {
  if (slices.kind !== 'seen') return undefined;
  const all = [...slices.value, ...laterSlices];
  return new Set(all.flatMap(({ endpoints = [] }) => endpoints.flatMap(({ addresses }) => addresses)));
}

const labelOf = (target: string) => target.split('.', 1)[0] ?? target;

function wrongTargets({ targets }: DnsSeen, known: ReadonlySet<string> | undefined): readonly Outcome[] {
  return [...targets].flatMap(([target, addresses]) => {
    if (addresses.length === 0) {
      const remedy = 'Ask again after the TTL; if it stays, look at the log of the cluster DNS.';
      return [say.failure(`${target}: it is the target of an SRV record and has neither A nor AAAA`, remedy)];
    }
    const strange = addresses.filter((address) => known?.has(address) === false);
    if (strange.length === 0) return [];
    return [
      say.warning(
        `${target}: DNS answers ${listSome(strange)}, which no EndpointSlice holds`,
        'A cache keeps an answer for its TTL: look again after that.',
      ),
    ];
  });
}
