/** A DNS server that answers as a test says, over UDP and TCP on one port of 127.0.0.1, and keeps what it was asked. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { TestContext } from 'node:test';
import { type Answer, decode, encode, type Packet, streamEncode, TRUNCATED_RESPONSE } from 'dns-packet';

/** One query as it came. `id` and `sourcePort` are what an outsider would have to guess. */
export type Asked = {
  readonly name: string;
  readonly type: string;
  readonly transport: 'udp' | 'tcp';
  readonly id: number;
  readonly sourcePort: number;
};

/**
 * What to send back: nothing, bytes as they are, or a response with these parts; several go out in their order. `closed`
 * ends a connection.
 */
export type Script = (asked: Asked) => Reply | Promise<Reply>;

type Reply = Sent | readonly Sent[] | 'closed' | undefined;

type Sent = Buffer | (Omit<Packet, 'type'> & { readonly rcode?: number });

/** The running server. */
export type ScriptedDns = { readonly port: number; readonly asked: readonly Asked[] };

const RCODES = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;

/** Starts it; it is gone when the test is over. */
export async function startScriptedDns(t: TestContext, script: Script): Promise<ScriptedDns> {
  const asked: Asked[] = [];
  const answersTo = async (
    message: Buffer,
    transport: 'udp' | 'tcp',
    sourcePort: number,
  ): Promise<readonly Packet[] | 'closed'> => {
    const { id = 0, questions = [] } = decode(message);
    const [{ name, type } = { name: '', type: 'A' as const }] = questions;
    const one: Asked = { name, type, transport, id, sourcePort };
    asked.push(one);
    const sent = (await script(one)) ?? [];
    if (sent === 'closed') return sent;
    return [sent].flat().map((part) => (Buffer.isBuffer(part) ? rawPacket(part) : response(part, { id, questions })));
  };
  const tcp = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', async (data) => {
      const answers = await answersTo(data.subarray(2), 'tcp', socket.remotePort ?? 0);
      if (answers === 'closed') socket.end();
      for (const packet of answers === 'closed' ? [] : answers) {
        // In two pieces, as a network may cut it.
        const bytes = streamEncode(packet);
        socket.write(bytes.subarray(0, 1));
        socket.write(bytes.subarray(1));
      }
    });
  });
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket('udp4');
  udp.on('message', async (message, peer) => {
    const answers = await answersTo(message, 'udp', peer.port);
    for (const packet of answers === 'closed' ? [] : answers) {
      udp.send(rawOf(packet) ?? encode(packet), peer.port, peer.address);
    }
  });
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');
  t.after(() => {
    udp.close();
    tcp.close();
  });
  return { port, asked };
}

/** A header of its own, or the query's. */
function response(part: Exclude<Sent, Buffer>, query: Pick<Packet, 'questions'> & { readonly id: number }): Packet {
  const { rcode = 0, flags = 0, ...rest } = part;
  return { ...query, ...rest, type: 'response', flags: flags | rcode };
}

const raw = new WeakMap<Packet, Buffer>();

function rawPacket(bytes: Buffer): Packet {
  const packet: Packet = {};
  raw.set(packet, bytes);
  return packet;
}

const rawOf = (packet: Packet): Buffer | undefined => raw.get(packet);

/** An SRV record, TTL 30 unless said otherwise. */
export function srv(name: string, target: string, port: number, ttl = 30): Answer {
  return { name, type: 'SRV', ttl, data: { target, port, priority: 0, weight: 50 } };
}

/** A negative answer that is kept for so long. */
export function negative(rcode: 'NXDOMAIN' | 'NOERROR', seconds: number, ttl = seconds): Sent {
  const data = { mname: 'ns.dns.cluster.local', rname: 'hostmaster.cluster.local', minimum: seconds };
  return { rcode: RCODES[rcode], authorities: [{ name: 'cluster.local', type: 'SOA', ttl, data }] };
}

/** An answer that is none: SERVFAIL or REFUSED. */
export function refusing(rcode: 'SERVFAIL' | 'REFUSED'): Sent {
  return { rcode: RCODES[rcode] };
}

/** What is sent where there is no room for the answer. */
export const truncated: Sent = { flags: TRUNCATED_RESPONSE };
