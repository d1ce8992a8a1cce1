/**
 * One TCP connection: to see whether it can be opened, or to ask one question over it. Each attempt opens its own, and
 * resolves when that is closed.
 */
import { connect } from 'node:net';
import { MAX_ANSWER_BYTES, type Reader, showBytes } from '../wire/reading.ts';
import type { Limit } from './limit.ts';
import { type Outcome, type Place, showError } from './outcome.ts';

/** What is asked over a connection. `read` judges all bytes that have come, each time that more do. */
export type Question = { readonly send: Uint8Array; readonly read: Reader };

/**
 * Connects, and where there is a question asks it. Never rejects. A connection alone proves a listening socket, not a
 * living daemon: the kernel accepts for a process that is stopped.
 */
export function askByTcp(place: Place, question: Question | undefined, { timeoutMs, signal }: Limit): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = connect({ host: place.address, port: place.port, noDelay: true });
    let stage: 'connecting' | 'connected' = 'connecting';
    let heard: Uint8Array = Buffer.alloc(0);
    let outcome: Outcome | undefined;
    const end = (found: Outcome) => {
      outcome ??= found;
      signal.removeEventListener('abort', cut);
      socket.destroy();
    };
    const sick = (reason: string) => end({ kind: 'sick', reason });
    const cut = () => {
      if (stage === 'connecting') sick(`no connection within ${timeoutMs} ms`);
      else if (heard.length === 0) sick(`connected, but no answer within ${timeoutMs} ms`);
      else sick(`connected, but no whole answer within ${timeoutMs} ms: ${showBytes(heard)}`);
    };
    socket.on('connect', () => {
      if (question === undefined) {
        end({ kind: 'healthy' });
        return;
      }
      stage = 'connected';
      socket.write(question.send);
    });
    socket.on('data', (chunk) => {
      if (outcome !== undefined || question === undefined) return;
      heard = Buffer.concat([heard, chunk]);
      const reading = question.read(heard);
      if (reading.kind !== 'incomplete') end(reading);
      else if (heard.length > MAX_ANSWER_BYTES) sick(`answered without an end: ${showBytes(heard)}`);
    });
    socket.on('error', (error) => sick(showError(error)));
    socket.on('end', () =>
      sick(
        heard.length === 0
          ? 'closed the connection without an answer'
          : `closed the connection after ${showBytes(heard)}`,
      ),
    );
    socket.on('close', () => resolve(outcome ?? { kind: 'sick', reason: 'the connection was closed' }));
    signal.addEventListener('abort', cut, { once: true });
    if (signal.aborted) cut();
  });
}
