/**
 * One query over UDP: a socket of its own, so that the source port is a fresh one, and connected, so that the kernel
 * lets no other address answer and reports a port where nobody listens.
 */
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { type Query, type Reading, readAnswer } from './message.ts';

/** Where a server listens. */
export type Place = { readonly address: string; readonly port: number };

/** What came over a transport; `aborted`: the signal did before anything else. */
export type Heard = Exclude<Reading, { readonly kind: 'foreign' }> | { readonly kind: 'aborted' };

/** Sends the query and resolves with the first message that is its answer. Never rejects; closes the socket. */
export function askUdp(query: Query, place: Place, signal: AbortSignal): Promise<Heard> {
  if (signal.aborted) return Promise.resolve({ kind: 'aborted' });
  const socket = createSocket(isIPv6(place.address) ? 'udp6' : 'udp4');
  const { promise, resolve } = Promise.withResolvers<Heard>();
  const fail = (error: Error | null | undefined) => {
    if (error) resolve({ kind: 'unreachable', code: codeOf(error) });
  };
  const abort = () => resolve({ kind: 'aborted' });
  signal.addEventListener('abort', abort, { once: true });
  socket.on('error', fail);
  socket.on('message', (message) => {
    const reading = readAnswer(message, query);
    if (reading.kind !== 'foreign') resolve(reading);
  });
  socket.once('connect', () => socket.send(query.message, fail));
  socket.connect(place.port, place.address);
  return promise.finally(() => {
    signal.removeEventListener('abort', abort);
    socket.close();
  });
}

/** `ECONNREFUSED` and the like; the message where an error has no code. */
export function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
