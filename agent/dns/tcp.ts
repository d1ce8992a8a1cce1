/** One query over TCP, for an answer that UDP has no room for (RFC 7766): each message behind two bytes of its length. */
import { connect } from 'node:net';
import { type Query, readAnswer } from './message.ts';
import { codeOf, type Heard, type Place } from './udp.ts';

const LENGTH_BYTES = 2;

/** Sends the query and resolves with the first message. Never rejects; destroys the connection. */
export function askTcp(query: Query, place: Place, signal: AbortSignal): Promise<Heard> {
  if (signal.aborted) return Promise.resolve({ kind: 'aborted' });
  const socket = connect({ host: place.address, port: place.port });
  const { promise, resolve } = Promise.withResolvers<Heard>();
  let received = Buffer.alloc(0);
  const abort = () => resolve({ kind: 'aborted' });
  signal.addEventListener('abort', abort, { once: true });
  socket.on('error', (error) => resolve({ kind: 'unreachable', code: codeOf(error) }));
  socket.on('end', () => resolve({ kind: 'unreachable', code: 'closed without an answer' }));
  socket.on('connect', () => socket.write(framed(query.message)));
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    const message = wholeMessage(received);
    if (message === undefined) return;
    const reading = readAnswer(message, query);
    // One connection, one query: what is not the answer to it, or is still cut off, is a server that errs.
    const isAnswer = reading.kind !== 'foreign' && reading.kind !== 'truncated';
    resolve(isAnswer ? reading : { kind: 'refused', rcode: `${reading.kind} answer over TCP` });
  });
  return promise.finally(() => {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  });
}

function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

function wholeMessage(received: Buffer): Buffer | undefined {
  if (received.length < LENGTH_BYTES) return undefined;
  const end = LENGTH_BYTES + received.readUInt16BE();
  return received.length < end ? undefined : received.subarray(LENGTH_BYTES, end);
}
