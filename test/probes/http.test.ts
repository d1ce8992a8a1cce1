/** The httpGet probe against HTTP and HTTPS servers on loopback. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { createClock } from '../../agent/clock.ts';
import type { HttpHeader } from '../../agent/plan/probe.ts';
import { attempt } from '../../agent/probes/attempt.ts';
import type { HttpGet } from '../../agent/probes/transports/http.ts';
import type { Outcome, Place } from '../../agent/probes/transports/outcome.ts';
import { createAuthority } from '../kube/certificates.ts';
import { LIMIT_MS, until } from '../support/until.ts';
import { freePort, startTcp, startTcpAnswering } from './servers.ts';

const SHORT_MS = 200;
const plain: HttpGet = { kind: 'httpGet', scheme: 'HTTP', path: '/healthz', headers: [] };
const secure: HttpGet = { ...plain, scheme: 'HTTPS' };

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function run(action: HttpGet, place: Place, timeoutMs = LIMIT_MS): Promise<Outcome> {
  const { signal } = new AbortController();
  const target = { address: place.address, port: place.port, transport: 'TCP', realm: '' } as const;
  return attempt({ clock: createClock(), random: Math.random }, { action, target }, { timeoutMs, signal });
}

/** As one line, without the port. */
function told(outcome: Outcome, { port }: Place): string {
  return outcome.kind === 'healthy' ? 'healthy' : outcome.reason.replace(`:${port}`, '');
}

async function listen(t: TestContext, server: Server): Promise<Place & { readonly openCount: () => number }> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { address: '127.0.0.1', port, openCount: () => open.size };
}

const startHttp = (t: TestContext, handler: Handler) => listen(t, createServer(handler));
const startHttps = (t: TestContext, handler: Handler) =>
  listen(t, createTlsServer(createAuthority().issue('ipa-0.example'), handler));

const statuses = [
  { status: 200, expect: 'healthy' },
  { status: 204, expect: 'healthy' },
  { status: 302, expect: 'healthy' },
  { status: 399, expect: 'healthy' },
  { status: 400, expect: 'httpGet probe of http://127.0.0.1/healthz: answered status 400 (200 to 399 is health)' },
  { status: 503, expect: 'httpGet probe of http://127.0.0.1/healthz: answered status 503 (200 to 399 is health)' },
];
for (const { status, expect } of statuses) {
  test(`status ${status}: ${expect}`, async (t) => {
    const server = await startHttp(t, (_, response) => {
      response.writeHead(status, { location: 'http://127.0.0.1:1/elsewhere' }).end();
    });
    assert.equal(told(await run(plain, server), server), expect);
    await until(() => assert.equal(server.openCount(), 0, 'the connection is closed'));
  });
}

test('path, query and headers go out as declared, and our own only where the probe has none', async (t) => {
  const seen: IncomingMessage[] = [];
  const server = await startHttp(t, (request, response) => {
    seen.push(request);
    response.end();
  });
  const headers: readonly HttpHeader[] = [
    { name: 'Host', value: 'ipa-0.example' },
    { name: 'Accept', value: 'text/plain' },
    { name: 'X-Twice', value: 'a' },
    { name: 'X-Twice', value: 'b' },
  ];
  assert.deepEqual(await run({ ...plain, path: 'ipa/config?deep=1', headers }, server), { kind: 'healthy' });
  const [request] = seen;
  assert.equal(request?.url, '/ipa/config?deep=1');
  assert.equal(request?.headers.host, 'ipa-0.example');
  assert.equal(request?.headers.accept, 'text/plain');
  assert.equal(request?.headers['x-twice'], 'a, b');
  assert.equal(request?.headers['user-agent'], 'endpoint-registrar-probe');
});

test('the query stays out of the reason', async (t) => {
  const server = await startHttp(t, (_, response) => response.writeHead(500).end());
  const outcome = await run({ ...plain, path: '/check?key=hidden' }, server);
  assert.match(told(outcome, server), /of http:\/\/127\.0\.0\.1\/check: answered status 500/);
});

test('each attempt has a connection of its own', async (t) => {
  const ports = new Set<number | undefined>();
  const server = await startHttp(t, (request, response) => {
    ports.add(request.socket.remotePort);
    response.end();
  });
  await run(plain, server);
  await run(plain, server);
  assert.equal(ports.size, 2);
});

const names = [
  {
    name: 'a DNS name in the Host header',
    headers: [{ name: 'host', value: 'ipa-0.example' }],
    expect: 'ipa-0.example',
  },
  { name: 'its port is left out', headers: [{ name: 'Host', value: 'ipa-0.example:443' }], expect: 'ipa-0.example' },
  { name: 'no Host header', headers: [], expect: false },
  { name: 'an address', headers: [{ name: 'host', value: '10.1.2.3' }], expect: false },
  { name: 'an IPv6 address', headers: [{ name: 'host', value: '[fd00::1]:443' }], expect: false },
];
for (const { name, headers, expect } of names) {
  test(`TLS names the host (${name}): ${expect}`, async (t) => {
    const seen: unknown[] = [];
    const server = await startHttps(t, (request, response) => {
      seen.push((request.socket as TLSSocket).servername);
      response.end();
    });
    assert.deepEqual(await run({ ...secure, headers }, server), { kind: 'healthy' });
    assert.deepEqual(seen, [expect]);
  });
}

test('a certificate that nobody signed for this address is no failure, as with the kubelet', async (t) => {
  const server = await startHttps(t, (_, response) => response.end());
  assert.deepEqual(await run(secure, server), { kind: 'healthy' });
  await until(() => assert.equal(server.openCount(), 0));
});

test('a long body is read to 10 KiB and dropped', async (t) => {
  const server = await startHttp(t, (_, response) => {
    const more = () => void response.write(Buffer.alloc(4096), more);
    response.writeHead(200);
    more();
  });
  assert.deepEqual(await run(plain, server), { kind: 'healthy' });
  await until(() => assert.equal(server.openCount(), 0));
});

const silent: readonly {
  readonly name: string;
  readonly action: HttpGet;
  readonly start: (t: TestContext) => Promise<Place>;
  readonly expect: RegExp;
}[] = [
  {
    name: 'accepts and never answers',
    action: plain,
    start: (t) => startTcp(t, () => {}),
    expect: /: connected, but no answer within \d+ ms$/,
  },
  {
    name: 'accepts and never speaks TLS',
    action: secure,
    start: (t) => startTcp(t, () => {}),
    expect: /: connected, but no TLS handshake within \d+ ms$/,
  },
  {
    name: 'answers half a head',
    action: plain,
    start: (t) => startTcpAnswering(t, (socket) => socket.write('HTTP/1.1 200 OK\r\nX: ')),
    expect: /: connected, but no answer within \d+ ms$/,
  },
  {
    name: 'never ends its body',
    action: plain,
    start: (t) => startTcpAnswering(t, (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')),
    expect: /: answered status 200, but no end of its body within \d+ ms$/,
  },
];
for (const { name, action, start, expect } of silent) {
  test(`sick: a server that ${name}`, async (t) => {
    const server = await start(t);
    assert.match(told(await run(action, server, SHORT_MS), server), expect);
  });
}

const broken: readonly {
  readonly name: string;
  readonly action: HttpGet;
  readonly behave: (socket: Socket) => void;
}[] = [
  { name: 'answers garbage', action: plain, behave: (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n') },
  { name: 'closes at once', action: plain, behave: (socket) => socket.end() },
  { name: 'resets', action: plain, behave: (socket) => socket.resetAndDestroy() },
  {
    name: 'announces no length that could be',
    action: plain,
    behave: (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'),
  },
  {
    name: 'sends a head without an end',
    action: plain,
    behave: (socket) => flood(socket, 'HTTP/1.1 200 OK\r\n', 'X-Long: and so on\r\n'),
  },
  {
    name: 'cuts its body',
    action: plain,
    behave: (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
  },
  { name: 'speaks no TLS', action: secure, behave: (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n') },
  { name: 'closes during the handshake', action: secure, behave: (socket) => socket.end() },
];
for (const { name, action, behave } of broken) {
  test(`sick long before the deadline: a server that ${name}`, async (t) => {
    const server = await startTcpAnswering(t, behave);
    const reason = told(await run(action, server), server);
    assert.match(reason, /^httpGet probe of https?:\/\/127\.0\.0\.1\/healthz: ./);
    assert.doesNotMatch(reason, /within/);
    await until(() => assert.equal(server.open.size, 0));
  });
}

test('an IPv6 address is asked as well', async (t) => {
  const server = await startTcp(
    t,
    (socket) => void socket.end('HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n'),
    '::1',
  );
  const outcome = await run(plain, server);
  assert.match(told(outcome, server), /^httpGet probe of http:\/\/\[::1\]\/healthz: answered status 503/);
});

test('sick: nobody listens', async () => {
  const place = { address: '127.0.0.1', port: await freePort() };
  for (const action of [plain, secure]) {
    assert.match(told(await run(action, place), place), /: nothing listens there \(ECONNREFUSED\)$/);
  }
});

test('sick: a header that HTTP does not allow is told, and is no crash', async (t) => {
  const server = await startHttp(t, (_, response) => response.end());
  const headers = [{ name: 'transfer-encoding', value: 'chunked' }];
  assert.match(told(await run({ ...plain, headers }, server), server), /: .*transfer-encoding/);
});

function flood(socket: Socket, first: string, then: string): void {
  const more = () => {
    if (!socket.destroyed) socket.write(then.repeat(1000), more);
  };
  socket.write(first, more);
}
