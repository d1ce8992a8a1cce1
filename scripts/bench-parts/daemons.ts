/** What the probes of a measured agent find at their pod's address: daemons that answer as healthy ones, and two that hang. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { framedBytes, krbErrorBytes, rootDseBytes } from '../../test/probes/servers.ts';
import { HUNG_PORT } from './declarations.ts';

/** Daemons that run. */
export type Daemons = { readonly close: () => void };

/** KDC_ERR_PREAUTH_REQUIRED: what a KDC with its database says (RFC 4120, 7.5.9). */
const preauthRequired = krbErrorBytes(25);

/** What each daemon answers to a request; undefined is silence. */
const overTcp = new Map<number, Buffer | undefined>([
  [389, rootDseBytes(0)],
  [88, framedBytes(preauthRequired)],
  [464, undefined],
  [443, undefined],
  [HUNG_PORT, undefined],
]);
const overUdp = new Map<number, (question: Buffer) => Buffer | undefined>([
  [88, () => preauthRequired],
  [464, (question) => question],
  [HUNG_PORT, () => undefined],
]);

/** Starts them on an address of this machine. */
export async function startDaemons(address: string): Promise<Daemons> {
  const servers = await Promise.all([...overTcp].map(([port, answer]) => startTcp(address, port, answer)));
  const sockets = await Promise.all([...overUdp].map(([port, answer]) => startUdp(address, port, answer)));
  return {
    close: () => {
      for (const server of servers) server.close();
      for (const socket of sockets) socket.close();
    },
  };
}

async function startTcp(address: string, port: number, answer: Buffer | undefined): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {}); // a probe that was cut resets its connection
    socket.on('data', () => answer !== undefined && socket.write(answer));
  });
  server.listen(port, address);
  await once(server, 'listening');
  return server;
}

async function startUdp(
  address: string,
  port: number,
  answer: (question: Buffer) => Buffer | undefined,
): Promise<UdpSocket> {
  const socket = createSocket('udp4');
  socket.on('message', (question, asker) => {
    const bytes = answer(question);
    if (bytes !== undefined) socket.send(bytes, asker.port, asker.address);
  });
  socket.bind(port, address);
  await once(socket, 'listening');
  return socket;
}
