import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { createHttpServer, type HttpServer, type HttpSources, paths } from '../../agent/status/http.ts';
import type { Status } from '../../agent/status/status.ts';
import { createLogBook } from '../support/log.ts';

const status: Status = {
  version: '1',
  startedAt: '2026-01-01T00:00:00.000Z',
  phase: 'running',
  pod: { namespace: 'default', name: 'ipa-0', uid: null, addresses: [], isReady: null, reason: null },
  configMap: { name: 'ports', state: 'unread' },
  dns: { server: '10.96.0.10:53', clusterDomain: 'cluster.local', reason: null },
  services: [],
  findings: [],
};

const book = createLogBook();
const sources: HttpSources = {
  health: {
    livez: () => ({ ok: true, body: 'ok\n' }),
    readyz: () => ({ ok: false, body: 'not ready\n- dns: the first pass is not finished\n' }),
  },
  metrics: { print: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'm 1\n' }) },
  status: () => status,
  log: book.log,
};

const never = new AbortController().signal;
const opened: HttpServer[] = [];
after(() => Promise.all(opened.map((server) => server.close(AbortSignal.abort()))));

async function open(given: Partial<HttpSources> = {}): Promise<{ readonly server: HttpServer; readonly port: number }> {
  const server = createHttpServer({ ...sources, ...given });
  opened.push(server);
  return { server, port: await server.listen(0) };
}

type Answer = {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
};

async function ask(
  port: number,
  path: string,
  options: { readonly method?: string; readonly body?: string; readonly agent?: Agent } = {},
): Promise<Answer> {
  const { method = 'GET', body, agent } = options;
  const headers = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
  const request = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: agent ?? false });
  request.end(body);
  const [response] = await once(request, 'response');
  const chunks: Buffer[] = await response.toArray();
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() };
}

const answers = [
  { path: '/livez', status: 200, type: 'text/plain; charset=utf-8', body: 'ok\n' },
  { path: '/livez?verbose', status: 200, type: 'text/plain; charset=utf-8', body: 'ok\n' },
  {
    path: '/readyz',
    status: 503,
    type: 'text/plain; charset=utf-8',
    body: 'not ready\n- dns: the first pass is not finished\n',
  },
  { path: '/metrics', status: 200, type: 'text/plain; version=0.0.4', body: 'm 1\n' },
  { path: '/status', status: 200, type: 'application/json', body: `${JSON.stringify(status, undefined, 2)}\n` },
  {
    path: '/',
    status: 404,
    type: 'text/plain; charset=utf-8',
    body: 'nothing is here; there are /livez, /readyz, /metrics, /status\n',
  },
  {
    path: '/constructor',
    status: 404,
    type: 'text/plain; charset=utf-8',
    body: 'nothing is here; there are /livez, /readyz, /metrics, /status\n',
  },
];

for (const { path, status: code, type, body } of answers) {
  test(`GET ${path} is ${code}`, async () => {
    const { port } = await open();
    const answer = await ask(port, path);
    assert.deepEqual([answer.status, answer.headers['content-type'], answer.body], [code, type, body]);
    assert.equal(answer.headers['cache-control'], 'no-store');
  });
}

test('HEAD gets the same without the body', async () => {
  const { port } = await open();
  for (const path of paths) {
    const [head, get] = [await ask(port, path, { method: 'HEAD' }), await ask(port, path)];
    assert.deepEqual([head.status, head.body], [get.status, '']);
    assert.equal(head.headers['content-length'], get.headers['content-length']);
  }
});

for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
  test(`${method} is refused in words, its body read and dropped`, async () => {
    const { port } = await open();
    const answer = await ask(port, '/status', { method, body: 'x'.repeat(100_000) });
    assert.deepEqual([answer.status, answer.headers.allow], [405, 'GET, HEAD']);
    assert.equal(answer.body, '/status is only read: GET or HEAD\n');
  });
}

test('headers without end are refused', async () => {
  const { port } = await open();
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET /livez HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`);
  const [data] = await once(socket, 'data');
  assert.match(String(data), /^HTTP\/1\.1 431 /);
  socket.destroy();
});

test('an answer that cannot be made is 500, and is logged with its error', async () => {
  const fail = () => {
    throw new TypeError('no facts');
  };
  const { port } = await open({ status: fail });
  const answer = await ask(port, '/status');
  assert.equal(answer.status, 500);
  assert.doesNotMatch(answer.body, /no facts/);
  const { event, err } = book.lines.at(-1) ?? {};
  assert.equal(event, 'http-request-failed');
  assert.match(JSON.stringify(err), /no facts/);
});

test('a port that is taken is an error with the remedy', async () => {
  const { port } = await open();
  const second = createHttpServer(sources);
  await assert.rejects(second.listen(port), {
    message: `Cannot listen on port ${port}: another process of the pod has it. Set REGISTRAR_HTTP_PORT to a free port, and the probes of the container with it.`,
  });
});

test('closing drops idle connections at once', async () => {
  const { server, port } = await open();
  const agent = new Agent({ keepAlive: true });
  await ask(port, '/livez', { agent });
  const sockets = Object.values(agent.freeSockets).flatMap((list) => list ?? []);
  assert.equal(sockets.length, 1);
  const dropped = once(sockets[0] ?? assert.fail(), 'close');
  await server.close(never);
  await dropped;
  await assert.rejects(ask(port, '/livez'), { code: 'ECONNREFUSED' });
});

test('closing waits for an answer under way, but not longer than its signal', async () => {
  const { promise: asked, resolve: wasAsked } = Promise.withResolvers<void>();
  const { server, port } = await open({
    metrics: {
      print: () => {
        wasAsked();
        return new Promise(() => {});
      },
    },
  });
  const answer = assert.rejects(ask(port, '/metrics'), { code: 'ECONNRESET' });
  await asked;
  const limit = new AbortController();
  let isClosed = false;
  const closed = server.close(limit.signal).then(() => {
    isClosed = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isClosed, false);
  limit.abort();
  await closed;
  await answer;
});

test('closing a server that never listened is fine', () => createHttpServer(sources).close(never));
