/**
 * Asks the cluster DNS what clients would: SRV of each declared pair, the addresses of each target, the zone, and how
 * long a negative answer is kept. What the answers mean is `checks/dns`.
 */
import type { Ask } from '../../dns/ask.ts';
import type { DnsAnswer } from '../../dns/message.ts';
import { type PairKey, pairKey } from '../../plan/pairs.ts';

/** What was asked under one Service. */
export type DnsSeen = {
  readonly service: string;
  readonly pairs: readonly { readonly key: PairKey; readonly name: string; readonly answer: DnsAnswer }[];
  /** SRV target, without the final dot, to its addresses over A and AAAA. */
  readonly targets: ReadonlyMap<string, readonly string[]>;
};

/** What was learned of the cluster DNS; `unasked`: why nobody asked. */
export type DnsFacts =
  | { readonly kind: 'unasked'; readonly why: string }
  | {
      readonly kind: 'asked';
      /** For people: `10.96.0.10:53`. */
      readonly server: string;
      readonly clusterDomain: string;
      /** The SOA of the cluster domain. */
      readonly zone: DnsAnswer;
      /** The answer to a name that nobody publishes: its SOA says how long a cache keeps it. */
      readonly nowhere: DnsAnswer | undefined;
      readonly services: readonly DnsSeen[];
    };

/** How long one question may take: a resolver gives up after 5 s. */
const TIMEOUT_MS = 5000;

/** What asking needs. */
export type DnsDeps = {
  readonly ask: Ask;
  readonly server: string;
  readonly clusterDomain: string;
  readonly namespace: string;
  readonly signal: AbortSignal;
};

/** The declared pairs of one Service. */
export type Questions = { readonly service: string; readonly pairs: readonly PairKey[] };

/** A label that no declaration can have: port names do not begin with a digit and a hyphen. */
const NOWHERE = '_0-endpoint-registrar-doctor._tcp';

/** Asks everything. A server that does not answer the first question is asked nothing more. Never rejects. */
export async function observeDns(deps: DnsDeps, asked: readonly Questions[]): Promise<DnsFacts> {
  const { server, clusterDomain, namespace, signal } = deps;
  const ask = (name: string, type: 'SRV' | 'A' | 'AAAA' | 'SOA') =>
    deps.ask({ name, type }, { timeoutMs: TIMEOUT_MS, signal });
  const zone = await ask(clusterDomain, 'SOA');
  const base = { kind: 'asked', server, clusterDomain, zone } as const;
  if (zone.kind === 'silent' || zone.kind === 'unreachable') return { ...base, nowhere: undefined, services: [] };
  const domainOf = (service: string) => `${service}.${namespace}.svc.${clusterDomain}`;
  const [first] = asked;
  const nowhere = first === undefined ? undefined : await ask(`${NOWHERE}.${domainOf(first.service)}`, 'SRV');
  const services: DnsSeen[] = [];
  for (const { service, pairs } of asked) {
    const answers = await Promise.all(
      pairs.map(async (key) => {
        const name = `${srvLabels(key)}.${domainOf(service)}`;
        return { key, name, answer: await ask(name, 'SRV') };
      }),
    );
    const targets = [...new Set(answers.flatMap(({ answer }) => targetsOf(answer)))];
    const addresses = await Promise.all(
      targets.map(async (target) => {
        const found = await Promise.all([ask(target, 'A'), ask(target, 'AAAA')]);
        return [target, found.flatMap(addressesOf)] as const;
      }),
    );
    services.push({ service, pairs: answers, targets: new Map(addresses) });
  }
  return { ...base, nowhere, services };
}

/** The pairs of a declaration that DNS can answer: SRV knows TCP, UDP and SCTP alike (RFC 2782). */
export function questionsOf(declaration: {
  readonly service: string;
  readonly ports: readonly { readonly name: string; readonly protocol: string }[];
}): Questions {
  return { service: declaration.service, pairs: declaration.ports.map((port) => pairKey(port)) };
}

function srvLabels(key: PairKey): string {
  const [name = '', protocol = ''] = key.split('/');
  return `_${name}._${protocol.toLowerCase()}`;
}

function targetsOf(answer: DnsAnswer): readonly string[] {
  return answer.kind === 'answered' ? answer.services.map(({ target }) => target.replace(/\.$/, '')) : [];
}

function addressesOf(answer: DnsAnswer): readonly string[] {
  return answer.kind === 'answered' ? answer.addresses.map(({ address }) => address) : [];
}
