/** Servers on loopback that behave badly in one way each, and the bytes of healthy answers. Closed when the test is over. */
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { Place } from '../../agent/probes/transports/outcome.ts';

/** Bytes from hex digits; blanks between them are for the reader. */
export function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
}

/** A KRB-ERROR with an error-code of one byte and nothing optional (RFC 4120, 5.9.1). */
export function krbErrorBytes(code: number): Buffer {
  const hex = code.toString(16).padStart(2, '0');
  return bytesOf(`
    7e 34  30 32
      a0 03 02 01 05
      a1 03 02 01 1e
      a4 11 18 0f 32303236303130313030303030305a
      a5 03 02 01 00
      a6 03 02 01 ${hex}
      a9 03 1b 01 52
      aa 04 30 02 30 00`);
}

/** As kadmind 1.20 answers our question: header, then KRB-ERROR 60. */
export function kpasswdErrorBytes(code: number): Buffer {
  const error = krbErrorBytes(code);
  const header = Buffer.alloc(6);
  header.writeUInt16BE(error.length + header.length, 0);
  header.writeUInt16BE(1, 2);
  return Buffer.concat([header, error]);
}

/** A root DSE without attributes, then the end of the search with this result code (RFC 4511, 4.5.2). */
export function rootDseBytes(resultCode: number): Buffer {
  const hex = resultCode.toString(16).padStart(2, '0');
  return bytesOf(`30 09 02 01 01 64 04 04 00 30 00  30 0c 02 01 01 65 07 0a 01 ${hex} 04 00 04 00`);
}

/** A message behind its four bytes of length. */
export function framedBytes(message: Buffer): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32BE(message.length);
  return Buffer.concat([prefix, message]);
}

/** A TCP server. `open`: the connections that stand. */
export type TcpServer = Place & { readonly open: ReadonlySet<Socket>; readonly connectionCount: () => number };

/** Starts a TCP server that does `behave` with every connection. */
export async function startTcp(
  t: TestContext,
  behave: (socket: Socket) => void,
  address = '127.0.0.1',
): Promise<TcpServer> {
  const open = new Set<Socket>();
  let connectionCount = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    connectionCount += 1;
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => {});
    // Half open is the default here, so that a server which never closes is one that never closes.
    socket.on('end', () => socket.end());
    behave(socket);
    socket.resume(); // the end of what nobody reads is never seen
  });
  server.listen(0, address);
  await once(server, 'listening');
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { address, port: portOf(server), open, connectionCount: () => connectionCount };
}

/** Starts a TCP server that answers the first bytes of every connection. */
export function startTcpAnswering(t: TestContext, answer: (socket: Socket) => void): Promise<TcpServer> {
  return startTcp(t, (socket) => void socket.once('data', () => answer(socket)));
}

/** A UDP server. `askers`: who sent each datagram. */
export type UdpServer = Place & { readonly askers: readonly RemoteInfo[]; readonly questions: readonly Buffer[] };

/** Starts a UDP server that does `behave` with every datagram. */
export async function startUdp(
  t: TestContext,
  behave: (socket: UdpSocket, asker: RemoteInfo, question: Buffer) => void,
  address = '127.0.0.1',
): Promise<UdpServer> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  const askers: RemoteInfo[] = [];
  const questions: Buffer[] = [];
  socket.on('message', (question, asker) => {
    askers.push(asker);
    questions.push(question);
    behave(socket, asker, question);
  });
  socket.bind(0, address);
  await once(socket, 'listening');
  t.after(() => socket.close());
  return { address, port: socket.address().port, askers, questions };
}

/** A port on loopback on which nothing listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return port;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}
