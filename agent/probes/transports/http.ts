/**
 * One HTTP request as the kubelet's probes make it (pkg/probe/http): GET, certificates not verified, 200 to 399 is
 * health. Unlike the kubelet's, redirects are not followed, and TLS names the host of the Host header (SNI), since
 * servers such as FreeIPA's answer only to their own name.
 */
import { once } from 'node:events';
import { isIP, connect as netConnect, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { Pool } from 'undici';
import type { HttpHeader, ProbeAction } from '../../plan/probe.ts';
import { showPlace } from '../wire/reading.ts';
import type { Limit } from './limit.ts';
import { type Outcome, type Place, showError } from './outcome.ts';

/** What is asked. */
export type HttpGet = Extract<ProbeAction, { readonly kind: 'httpGet' }>;

/** As much of a body is read, as by the kubelet; it must come within the limit, and says nothing. */
const MAX_BODY_BYTES = 10 * 1024;

/** Sent unless the probe says otherwise. */
const standingHeaders: readonly HttpHeader[] = [
  { name: 'user-agent', value: 'endpoint-registrar-probe' },
  { name: 'accept', value: '*/*' },
];

/** The URL of a probe for people, without its query: `https://10.1.2.3:443/ipa/config/ca.crt`. */
export function showUrl(place: Place, action: HttpGet): string {
  return `${originOf(place, action)}${pathOf(action).split('?', 1)[0]}`;
}

/** Makes one request over a connection of its own. Resolves when that is closed; never rejects. */
export async function askByHttp(place: Place, action: HttpGet, { timeoutMs, signal }: Limit): Promise<Outcome> {
  let stage = 'no connection';
  const dialled: Socket[] = [];
  const dial = (callback: (error: Error | null, socket: Socket | null) => void) => {
    if (signal.aborted) {
      callback(new Error('stopped before it was dialled'), null);
      return;
    }
    const socket = open(place, action);
    dialled.push(socket);
    const ready = action.scheme === 'HTTPS' ? 'secureConnect' : 'connect';
    socket.once('connect', () => {
      stage = action.scheme === 'HTTPS' ? 'connected, but no TLS handshake' : 'connected, but no answer';
    });
    socket.once(ready, () => {
      stage = 'connected, but no answer';
      callback(null, socket);
    });
    // Both stay on: undici listens only to a socket that it was given.
    socket.on('error', (error) => callback(error, null));
    socket.on('close', () => callback(new Error('the connection was closed while it was opened'), null));
  };
  const pool = new Pool(originOf(place, action), {
    connections: 1,
    pipelining: 1,
    allowH2: false,
    headersTimeout: 0, // the limit is the attempt's: undici's own would be second clocks
    bodyTimeout: 0,
    // Dialled here, as a pool that is destroyed while it dials leaves the socket to the kernel, for two minutes.
    connect: (_options, callback) => dial(onceOnly(callback)),
  });
  // Undici hears an abort only once it is connected (8.12).
  const cut = () => {
    for (const socket of dialled) socket.destroy();
  };
  signal.addEventListener('abort', cut, { once: true });
  try {
    const answer = await pool.request({
      method: 'GET',
      path: pathOf(action),
      headers: headersOf(action),
      reset: true,
      signal,
    });
    stage = `answered status ${answer.statusCode}, but no end of its body`;
    await discard(answer.body);
    return judge(answer.statusCode);
  } catch (error) {
    return { kind: 'sick', reason: signal.aborted ? `${stage} within ${timeoutMs} ms` : showError(error) };
  } finally {
    signal.removeEventListener('abort', cut);
    // The sockets first: what the pool still dials ends then.
    await Promise.all(dialled.map(close));
    await pool.destroy();
  }
}

function originOf(place: Place, { scheme }: HttpGet): string {
  return `${scheme.toLowerCase()}://${showPlace(place)}`;
}

function pathOf({ path }: HttpGet): string {
  return path.startsWith('/') ? path : `/${path}`;
}

/** Flat, as undici takes them where a name stands twice. */
function headersOf({ headers }: HttpGet): string[] {
  const given = new Set(headers.map(({ name }) => name.toLowerCase()));
  const all = [...standingHeaders.filter(({ name }) => !given.has(name)), ...headers];
  return all.flatMap(({ name, value }) => [name, value]);
}

function open({ address, port }: Place, { scheme, headers }: HttpGet): Socket {
  if (scheme === 'HTTP') return netConnect({ host: address, port, noDelay: true });
  const host = headers.find(({ name }) => name.toLowerCase() === 'host')?.value ?? '';
  const name = host.replace(/:\d*$/, '');
  // SNI names hosts, never addresses (RFC 6066, 3).
  const sni = name === '' || name.startsWith('[') || isIP(name) !== 0 ? {} : { servername: name };
  return tlsConnect({ host: address, port, ...sni, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
}

type Connected = (...args: [error: null, socket: Socket] | [error: Error, socket: null]) => void;

/** A socket may fail after it was handed over, which undici then sees by itself. */
function onceOnly(callback: Connected): (error: Error | null, socket: Socket | null) => void {
  let isCalled = false;
  return (error, socket) => {
    if (isCalled) return;
    isCalled = true;
    if (error !== null) callback(error, null);
    else if (socket !== null) callback(null, socket);
  };
}

async function discard(body: AsyncIterable<Uint8Array>): Promise<void> {
  let bodyBytes = 0;
  for await (const chunk of body) {
    bodyBytes += chunk.length;
    if (bodyBytes >= MAX_BODY_BYTES) return;
  }
}

function judge(status: number): Outcome {
  if (status >= 200 && status < 400) return { kind: 'healthy' };
  return { kind: 'sick', reason: `answered status ${status} (200 to 399 is health)` };
}

async function close(socket: Socket): Promise<void> {
  if (socket.closed) return;
  const closed = once(socket, 'close');
  socket.destroy();
  await closed;
}
