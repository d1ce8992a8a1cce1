/**
 * One datagram out, one back. Each attempt has a socket, and so a source port, of its own: an answer to an earlier
 * attempt is not taken for one to this. The socket is connected: the kernel drops datagrams from elsewhere, and tells
 * of a port that nobody listens on as soon as ICMP says so.
 */
import { createSocket } from 'node:dgram';
import { familyOf } from '../../plan/identity.ts';
import { type Reader, showBytes } from '../wire/reading.ts';
import type { Limit } from './limit.ts';
import { type Outcome, type Place, showError } from './outcome.ts';

/** Sends `send` and judges the first datagram by `read`. Resolves when the socket is closed; never rejects. */
export function askByUdp(
  place: Place,
  { send, read }: { readonly send: Uint8Array; readonly read: Reader },
  { timeoutMs, signal }: Limit,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = createSocket(familyOf(place.address) === 'IPv6' ? 'udp6' : 'udp4');
    let isOver = false;
    const end = (outcome: Outcome) => {
      if (isOver) return;
      isOver = true;
      signal.removeEventListener('abort', cut);
      socket.once('close', () => resolve(outcome));
      socket.close();
    };
    const sick = (reason: string) => end({ kind: 'sick', reason });
    const cut = () => sick(`no answer within ${timeoutMs} ms`);
    // Stays on after the end: an error that nobody listens to would end the process.
    socket.on('error', (error) => sick(showError(error)));
    socket.on('message', (bytes) => {
      const reading = read(bytes);
      end(reading.kind === 'incomplete' ? { kind: 'sick', reason: cutShort(bytes) } : reading);
    });
    signal.addEventListener('abort', cut, { once: true });
    if (signal.aborted) {
      cut();
      return;
    }
    socket.on('connect', () => {
      if (isOver) return;
      socket.send(send, (error) => {
        if (error !== null) sick(showError(error));
      });
    });
    // Without a callback: one would be given the error, as if it had connected.
    socket.connect(place.port, place.address);
  });
}

function cutShort(bytes: Uint8Array): string {
  return `answered with a datagram that is cut short: ${showBytes(bytes)}`;
}
