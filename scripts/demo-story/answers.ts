/**
 * What DNS answers, and whether that is what was expected: real queries over UDP, one for the SRV records of each pair
 * and one for the address of each server. Nothing here knows how the answers came about.
 */
import type { Answer } from 'dns-packet';
import { type DnsAnswer, queryDns } from '../../test/embedded/dns/query.ts';
import type { Pair } from './pairs.ts';

/** Pair to the names of the servers that DNS shall answer with; an empty list expects NXDOMAIN. */
export type Expected = ReadonlyMap<Pair, readonly string[]>;

/** One answer in words, beside the one expected in the same words. */
export type Judged = { readonly question: string; readonly said: string; readonly expected: string };

/** All answers of one round. `pairs` in the order of the expectation. */
export type Round = { readonly pairs: readonly Judged[]; readonly addresses: readonly Judged[] };

/** Where DNS is, and the domain below which all names lie. */
export type Resolver = { readonly server: string; readonly port: number; readonly domain: string };

const NXDOMAIN = 'NXDOMAIN';
const QUERY_LIMIT_MS = 2000;

/** Expects for each pair the servers that `serversOf` gives; the same ones for all where it is a list. */
export function expecting(
  pairs: readonly Pair[],
  serversOf: readonly string[] | ((pair: Pair) => readonly string[]),
): Expected {
  return new Map(pairs.map((pair) => [pair, typeof serversOf === 'function' ? serversOf(pair) : serversOf]));
}

/** The name that clients ask for, without the domain: `_kerberos._udp`. */
export const questionOf = ({ name, protocol }: Pair): string => `_${name}._${protocol.toLowerCase()}`;

/** Whether an answer is another than the one expected. */
export const differs = ({ said, expected }: Judged): boolean => said !== expected;

/**
 * Asks for everything once. A server's name must lead to its address as long as any pair names it, and nowhere else.
 * @param addresses the address of each server that there is, by name
 */
export async function askAll(
  resolver: Resolver,
  given: {
    readonly expected: Expected;
    readonly addresses: ReadonlyMap<string, string>;
    readonly signal: AbortSignal;
  },
): Promise<Round> {
  const { expected, addresses, signal } = given;
  const listed = new Set([...expected.values()].flat());
  const ask = async (name: string, type: 'SRV' | 'A', read: (answer: DnsAnswer) => string): Promise<string> => {
    const { server, port, domain } = resolver;
    const query = { server, port, name: `${name}.${domain}`, type, protocol: 'udp', signal } as const;
    const answer = await queryDns({ ...query, timeoutMs: QUERY_LIMIT_MS }).catch((error: unknown) => {
      if (signal.aborted) throw error;
      return undefined; // silence is an answer to be shown like any other
    });
    if (answer === undefined) return `no answer within ${QUERY_LIMIT_MS} ms`;
    return answer.rcode === 'NOERROR' ? read(answer) : answer.rcode;
  };
  const [pairs, hosts] = await Promise.all([
    Promise.all(
      [...expected].map(async ([pair, servers]) => ({
        question: questionOf(pair),
        said: await ask(questionOf(pair), 'SRV', (answer) => srvText(answer, { resolver, addresses })),
        expected: servers.length === 0 ? NXDOMAIN : inOrder(servers.map((server) => `${server}:${pair.port}`)),
      })),
    ),
    Promise.all(
      [...addresses].map(async ([server, ip]) => ({
        question: server,
        said: await ask(server, 'A', ({ answers }) => inOrder(answers.map(addressOf))),
        expected: listed.has(server) ? ip : NXDOMAIN,
      })),
    ),
  ]);
  return { pairs, addresses: hosts };
}

/** One answer record by record, with nothing shortened: name, priority, weight, port and target (RFC 2782). */
export async function askInFull(resolver: Resolver, pair: Pair, signal: AbortSignal): Promise<readonly string[]> {
  const name = `${questionOf(pair)}.${resolver.domain}`;
  const query = { server: resolver.server, port: resolver.port, name, type: 'SRV', protocol: 'udp', signal } as const;
  const { answers } = await queryDns({ ...query, timeoutMs: QUERY_LIMIT_MS });
  return answers.flatMap(({ name: owner, ...record }) => {
    if (record.type !== 'SRV') return [];
    const { priority = 0, weight = 0, port, target } = record.data;
    return [`${owner}. SRV ${priority} ${weight} ${port} ${target}.`];
  });
}

/**
 * The servers and ports of an answer, e.g. `ipa-0:88  ipa-1:88`. A target outside the domain is shown in full, one that
 * came with another address than its own with that.
 */
function srvText(
  { answers, additionals }: DnsAnswer,
  { resolver, addresses }: { readonly resolver: Resolver; readonly addresses: ReadonlyMap<string, string> },
): string {
  const targets = answers.flatMap((record) => {
    if (record.type !== 'SRV') return [];
    const { target, port } = record.data;
    const host = target.endsWith(`.${resolver.domain}`) ? target.slice(0, -resolver.domain.length - 1) : target;
    const glue = additionals.filter(({ name }) => name === target).map(addressOf);
    const isRight = glue.length === 1 && glue[0] === addresses.get(host);
    return [`${host}:${port}${isRight ? '' : ` at ${glue.join(' and ') || 'no address'}`}`];
  });
  return inOrder(targets);
}

const addressOf = (record: Answer): string => (record.type === 'A' ? record.data : record.type);

/** `NODATA`: the name exists, and holds nothing of the kind asked for. */
const inOrder = (texts: readonly string[]): string => (texts.length === 0 ? 'NODATA' : [...texts].sort().join('  '));
