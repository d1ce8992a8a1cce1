/**
 * A DNS client for tests and the demo: one real query to one server, so that what is asserted is what a client gets.
 * No search list, no cache, no retry: silence is a rejection.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { type Answer, encode, RECURSION_DESIRED, type RecordType, streamEncode } from 'dns-packet';
import { tryDecode } from './message.ts';

/** What a server answered. `rcode` in dns-packet's spelling: `NOERROR`, `NXDOMAIN`. */
export type DnsAnswer = {
  readonly rcode: string;
  readonly isTruncated: boolean;
  readonly isAuthoritative: boolean;
  readonly answers: readonly Answer[];
  readonly authorities: readonly Answer[];
  /** Without the EDNS0 pseudo record. */
  readonly additionals: readonly Answer[];
};

/** A query. Times are milliseconds. */
export type DnsQuery = {
  /** The server's IP address. */
  readonly server: string;
  readonly port: number;
  /** An absolute name, with or without the final dot. */
  readonly name: string;
  readonly type: RecordType;
  /** Default: UDP, and TCP where the answer was truncated, as every resolver does (RFC 7766). */
  readonly protocol?: 'udp' | 'tcp';
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** What the EDNS0 record says we take over UDP; 0 sends none, so that 512 bytes is the limit. Default 1232. */
  readonly udpPayloadBytes?: number;
};

/** The largest UDP answer that survives the usual path without fragments (DNS flag day 2020). */
const DEFAULT_PAYLOAD_BYTES = 1232;

const rcodes = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'] as const;

/**
 * Sends the query and waits for its answer.
 * @throws Error naming query, server and limit where no answer came; `cause` says why
 */
export async function queryDns(query: DnsQuery): Promise<DnsAnswer> {
  const timeout = AbortSignal.timeout(query.timeoutMs);
  const signal = query.signal === undefined ? timeout : AbortSignal.any([timeout, query.signal]);
  try {
    if (query.protocol === 'tcp') return await askTcp(query, signal);
    const answer = await askUdp(query, signal);
    return answer.isTruncated && query.protocol === undefined ? await askTcp(query, signal) : answer;
  } catch (cause) {
    const what = `${query.type} ${query.name} from ${query.server} port ${query.port}`;
    throw new Error(`no answer to ${what} within ${query.timeoutMs} ms`, { cause });
  }
}

/** A connected socket takes datagrams from the server's address and port alone, and learns when nobody listens there. */
async function askUdp(query: DnsQuery, signal: AbortSignal): Promise<DnsAnswer> {
  const packet = queryPacket(query);
  const socket = createSocket({ type: isIPv6(query.server) ? 'udp6' : 'udp4', signal });
  try {
    return await settle(signal, (resolve, reject) => {
      socket.on('error', reject);
      socket.on('message', (message) => {
        const answer = readAnswer(message, packet);
        if (answer !== undefined) resolve(answer);
      });
      socket.connect(query.port, query.server, () => {
        socket.send(encode(packet), (error) => error !== null && reject(error));
      });
    });
  } finally {
    if (!signal.aborted) socket.close(); // an aborted signal has closed it
  }
}

async function askTcp(query: DnsQuery, signal: AbortSignal): Promise<DnsAnswer> {
  const packet = queryPacket(query);
  const socket = connect({ host: query.server, port: query.port });
  let received = Buffer.alloc(0);
  try {
    return await settle(signal, (resolve, reject) => {
      socket.on('error', reject);
      socket.on('end', () => reject(new Error('the server closed the connection')));
      socket.on('connect', () => socket.write(streamEncode(packet)));
      socket.on('data', (chunk) => {
        received = Buffer.concat([received, chunk]);
        if (received.length < 2 || received.length < 2 + received.readUInt16BE()) return;
        const answer = readAnswer(received.subarray(2, 2 + received.readUInt16BE()), packet);
        if (answer === undefined) reject(new Error('the answer is not to our query'));
        else resolve(answer);
      });
    });
  } finally {
    socket.destroy();
  }
}

/** A promise that is rejected when the signal aborts, and then leaves no listener behind. */
function settle<T>(
  signal: AbortSignal,
  start: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  else start(resolve, reject);
  return promise.finally(() => signal.removeEventListener('abort', abort));
}

type QueryPacket = Parameters<typeof encode>[0] & { readonly id: number };

function queryPacket({ name, type, udpPayloadBytes = DEFAULT_PAYLOAD_BYTES }: DnsQuery): QueryPacket {
  const opt: Answer = {
    name: '.',
    type: 'OPT',
    udpPayloadSize: udpPayloadBytes,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
  return {
    type: 'query',
    id: randomInt(65_536),
    flags: RECURSION_DESIRED,
    questions: [{ name: name.replace(/\.$/, ''), type, class: 'IN' }],
    additionals: udpPayloadBytes === 0 ? [] : [opt],
  };
}

/** Reads a message as the answer to `packet`; undefined where it is something else. */
function readAnswer(message: Buffer, packet: QueryPacket): DnsAnswer | undefined {
  const answer = tryDecode(message);
  if (answer === undefined || !answer.flag_qr || answer.id !== packet.id) return undefined;
  const [asked] = packet.questions ?? [];
  const [echoed] = answer.questions ?? [];
  if (echoed !== undefined && (echoed.name !== asked?.name || echoed.type !== asked.type)) return undefined;
  const number = (answer.flags ?? 0) % 16;
  return {
    rcode: rcodes[number] ?? `RCODE_${number}`,
    isTruncated: answer.flag_tc,
    isAuthoritative: answer.flag_aa,
    answers: answer.answers ?? [],
    authorities: answer.authorities ?? [],
    additionals: (answer.additionals ?? []).filter(({ type }) => type !== 'OPT'),
  };
}
