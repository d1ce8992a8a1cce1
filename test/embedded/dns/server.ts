/**
 * A DNS server on 127.0.0.1, UDP and TCP, that answers from a DnsSource by CoreDNS's rules. For tests and the demo only:
 * nothing is cached, and every query sees the newest state.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { DnsSource } from '../source.ts';
import { answerQuestion } from './answer.ts';
import { respond, type Transport } from './message.ts';

/** A running server. `close` resolves once both sockets are closed and every connection is gone. */
export type EmbeddedDns = { readonly address: string; readonly port: number; readonly close: () => Promise<void> };

type Handle = (message: Buffer, transport: Transport) => Buffer | undefined;

const ADDRESS = '127.0.0.1';
/** CoreDNS closes a TCP connection that has been silent for so long (core/dnsserver/server.go). */
const TCP_IDLE_MS = 10_000;
/** How often a free TCP port is sought whose UDP twin is free too. */
const BIND_ATTEMPTS = 10;

/**
 * Starts the server.
 * @param options `port` 0 (the default) takes a free one; `ttlSeconds` is 5 as in the plugin, kubeadm's Corefile has 30
 * @throws the socket's error when a given port is taken
 */
export async function startDnsServer(options: {
  readonly source: DnsSource;
  readonly port?: number;
  readonly ttlSeconds?: number;
  readonly zone?: string;
}): Promise<EmbeddedDns> {
  const { source, port = 0, ttlSeconds = 5, zone = 'cluster.local' } = options;
  let serial = unixSeconds();
  const handle: Handle = (message, transport) =>
    respond(message, transport, (question) =>
      answerQuestion(question, { source, zone, ttlSeconds, serial: () => serial }),
    );
  const connections = new Set<Socket>();
  const { tcp, udp } = await bind(port);
  udp.on('message', (message, peer) => {
    const reply = handle(message, 'udp');
    // The one error that a reply can meet is a client that has gone away.
    if (reply !== undefined) udp.send(reply, peer.port, peer.address, () => {});
  });
  tcp.on('connection', (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    serve(socket, handle);
  });
  const stopListening = source.onChange(() => {
    serial = unixSeconds();
  });
  return {
    address: ADDRESS,
    port: udp.address().port,
    close: async () => {
      stopListening();
      const closed = [once(udp, 'close'), once(tcp, 'close')];
      udp.close();
      tcp.close();
      for (const socket of connections) socket.destroy();
      await Promise.all(closed);
    },
  };
}

/** The SOA serial is the time of the newest change, in unix seconds, as CoreDNS has it. */
function unixSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** Binds both transports to one port. */
async function bind(port: number): Promise<{ readonly tcp: Server; readonly udp: UdpSocket }> {
  for (let attempt = 1; ; attempt += 1) {
    const tcp = createServer();
    tcp.listen(port, ADDRESS);
    await once(tcp, 'listening');
    const bound = tcp.address();
    const udp = createSocket('udp4');
    try {
      udp.bind(typeof bound === 'object' && bound !== null ? bound.port : port, ADDRESS);
      await once(udp, 'listening');
      return { tcp, udp };
    } catch (error) {
      udp.close();
      tcp.close();
      if (port !== 0 || attempt === BIND_ATTEMPTS) throw error;
    }
  }
}

/** Answers the queries of one TCP connection, each behind two bytes of length (RFC 1035 4.2.2), however they arrive cut. */
function serve(socket: Socket, handle: Handle): void {
  let pending = Buffer.alloc(0);
  socket.setTimeout(TCP_IDLE_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy()); // the client went away
  socket.on('data', (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE()) {
      const end = 2 + pending.readUInt16BE();
      const reply = handle(pending.subarray(2, end), 'tcp');
      pending = pending.subarray(end);
      if (reply !== undefined) socket.write(frame(reply));
    }
  });
}

function frame(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}
