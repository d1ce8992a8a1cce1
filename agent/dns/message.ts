/**
 * One DNS query out, one answer in (RFC 1035): what is sent, whether a message is the answer to it, and what it says
 * in the agent's words. The wire format is dns-packet's; how messages travel is `udp` and `tcp`.
 */
import { type Answer, type DecodedPacket, decode, encode, RECURSION_DESIRED } from 'dns-packet';

/** What is asked, class IN. `name` is absolute, without the final dot. */
export type Question = { readonly name: string; readonly type: 'SRV' | 'A' | 'AAAA' | 'SOA' };

/** An SRV record (RFC 2782). `ttlSeconds` is what is left of it where the answer comes from a cache. */
export type ServiceRecord = { readonly target: string; readonly port: number; readonly ttlSeconds: number };

/** An A or AAAA record of the answer, or of what came along with an SRV record. */
export type AddressRecord = { readonly name: string; readonly address: string; readonly ttlSeconds: number };

/**
 * What came of a question. Every outcome is a value:
 * - `answered`: records of the type asked for, with the addresses that came along;
 * - `negative`: there is no such name, or no such record (RFC 2308); a cache keeps that for `soaMinimumSeconds`, which
 *   is undefined where the answer carries no SOA record;
 * - `refused`: the server answered, and not to the question: REFUSED, SERVFAIL, …;
 * - `silent`: no answer within the limit, or the question was given up;
 * - `unreachable`: nobody listens, or no way leads there; `code` e.g. `ECONNREFUSED`.
 */
export type DnsAnswer =
  | {
      readonly kind: 'answered';
      readonly services: readonly ServiceRecord[];
      readonly addresses: readonly AddressRecord[];
      /** The zone that a SOA record names; empty for other questions. */
      readonly zones: readonly string[];
    }
  | {
      readonly kind: 'negative';
      readonly rcode: 'NXDOMAIN' | 'NODATA';
      readonly soaMinimumSeconds: number | undefined;
    }
  | { readonly kind: 'refused'; readonly rcode: string }
  | { readonly kind: 'silent' }
  | { readonly kind: 'unreachable'; readonly code: string };

/** A query as it is sent, with what its answer is known by. */
export type Query = { readonly id: number; readonly question: Question; readonly message: Buffer };

/** What a message turned out to be. `truncated`: ask again over TCP (RFC 7766). */
export type Reading = { readonly kind: 'foreign' } | { readonly kind: 'truncated' } | DnsAnswer;

/** The largest UDP answer that survives the usual path without fragments (DNS flag day 2020). */
const UDP_PAYLOAD_BYTES = 1232;

const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'] as const;

/** Writes a query. `id`: 0 to 65535, another one each time. */
export function writeQuery(id: number, question: Question): Query {
  const opt: Answer = {
    name: '.',
    type: 'OPT',
    udpPayloadSize: UDP_PAYLOAD_BYTES,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
  const message = encode({
    type: 'query',
    id,
    flags: RECURSION_DESIRED,
    questions: [{ ...question, class: 'IN' }],
    additionals: [opt],
  });
  return { id, question, message };
}

/** Reads a message that came where the answer to `query` is waited for. `foreign`: it is none; wait on. */
export function readAnswer(message: Buffer, { id, question }: Query): Reading {
  const packet = tryDecode(message);
  const [echoed] = packet?.questions ?? [];
  if (packet === undefined || !packet.flag_qr || packet.id !== id) return { kind: 'foreign' };
  const rcode = RCODES[(packet.flags ?? 0) & 15] ?? 'OTHER';
  // A server that could not read the query, or does not want to, may send its header back alone.
  if (echoed === undefined && rcode !== 'NOERROR' && rcode !== 'NXDOMAIN') return { kind: 'refused', rcode };
  if (echoed === undefined || echoed.type !== question.type || !isSameName(echoed.name, question.name)) {
    return { kind: 'foreign' };
  }
  if (packet.flag_tc) return { kind: 'truncated' };
  return rcode === 'NOERROR' || rcode === 'NXDOMAIN' ? meaningOf(packet, question, rcode) : { kind: 'refused', rcode };
}

/** Whether two names are the same to DNS, which does not tell capitals apart (RFC 4343). */
export function isSameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function meaningOf(packet: DecodedPacket, question: Question, rcode: 'NOERROR' | 'NXDOMAIN'): DnsAnswer {
  const { answers = [], authorities = [], additionals = [] } = packet;
  if (rcode === 'NOERROR' && answers.some(({ type }) => type === question.type)) {
    return {
      kind: 'answered',
      services: answers.flatMap((record) =>
        record.type === 'SRV'
          ? [{ target: record.data.target, port: record.data.port, ttlSeconds: record.ttl ?? 0 }]
          : [],
      ),
      addresses: [...answers, ...additionals].flatMap((record) =>
        record.type === 'A' || record.type === 'AAAA'
          ? [{ name: record.name, address: record.data, ttlSeconds: record.ttl ?? 0 }]
          : [],
      ),
      zones: answers.flatMap((record) => (record.type === 'SOA' ? [record.name] : [])),
    };
  }
  // The lesser of the record's own TTL, which a cache counts down, and its MINIMUM field (RFC 2308, 5).
  const [soaMinimumSeconds] = authorities.flatMap((record) =>
    record.type === 'SOA' ? [Math.min(record.ttl ?? 0, record.data.minimum ?? 0)] : [],
  );
  return { kind: 'negative', rcode: rcode === 'NXDOMAIN' ? 'NXDOMAIN' : 'NODATA', soaMinimumSeconds };
}

function tryDecode(message: Buffer): DecodedPacket | undefined {
  try {
    return decode(message);
  } catch {
    return undefined;
  }
}
