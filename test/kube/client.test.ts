/** The client against a server that answers as told: outcomes, refusals, nonsense, silence. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { ApiRequest } from '../../agent/kube/client.ts';
import { CredentialsError } from '../../agent/kube/connection.ts';
import { classify, KubeError } from '../../agent/kube/errors.ts';
import {
  fixedSource,
  type Handler,
  json,
  listenerCount,
  listenOn,
  startServer,
  statusBody,
  testClient,
} from './support.ts';

const get = { verb: 'GET', path: '/api/v1/namespaces/default/endpoints/ipa', timeoutMs: 2_000 } as const;
const patch = {
  ...get,
  verb: 'PATCH',
  body: [{ op: 'test', path: '/subsets', value: null }],
  contentType: 'application/json-patch+json',
} as const;

async function ask(t: TestContext, handler: Handler, request: ApiRequest = get) {
  const server = await startServer(t, handler);
  return { server, answer: await testClient(t, server.url).request(request) };
}

async function failure(work: Promise<unknown>): Promise<KubeError> {
  const error = await work.then(
    () => undefined,
    (reason) => reason,
  );
  assert.ok(error instanceof KubeError, `expected a KubeError, got ${error}`);
  assert.ok(!JSON.stringify({ ...error, message: error.message, stack: error.stack }).includes('secret-token'));
  return error;
}

test('an answer is handed over as it came, and the request is what the API server expects', async (t) => {
  const query = { fieldManager: 'endpoint-registrar', labelSelector: 'a=b,c in (d)' };
  const { server, answer } = await ask(t, (_, response) => json(response, 200, { kind: 'Endpoints' }), {
    ...patch,
    query,
  });
  assert.deepEqual(answer, { kind: 'ok', status: 200, body: { kind: 'Endpoints' } });
  const [request] = server.requests;
  assert.equal(request?.method, 'PATCH');
  assert.equal(request?.path, get.path);
  assert.deepEqual(Object.fromEntries(request?.query ?? []), query);
  assert.equal(request?.headers['content-type'], 'application/json-patch+json');
  assert.equal(request?.headers.authorization, 'Bearer secret-token');
  assert.equal(request?.headers['user-agent'], 'test/1');
  assert.equal(request?.headers.accept, 'application/json');
  assert.deepEqual(JSON.parse(request?.body ?? ''), patch.body);
});

test('a path in the server URL is kept before that of the request', async (t) => {
  const server = await startServer(t, (_, response) => json(response, 200, {}));
  await testClient(t, `${server.url}/k8s/clusters/c-1/`).request(get);
  assert.equal(server.requests[0]?.path, `/k8s/clusters/c-1${get.path}`);
});

test('a multi-byte character that lies across two chunks arrives whole', async (t) => {
  const bytes = Buffer.from(JSON.stringify({ note: 'žluťoučký 🐎' }));
  const { answer } = await ask(t, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    for (const byte of bytes) response.write(Buffer.from([byte]));
    response.end();
  });
  assert.deepEqual(answer, { kind: 'ok', status: 200, body: { note: 'žluťoučký 🐎' } });
});

const outcomes = [
  { name: '404 is absent', status: 404, reason: 'NotFound', request: get, expect: 'absent' },
  { name: '409 Conflict is a conflict', status: 409, reason: 'Conflict', request: patch, expect: 'conflict' },
  {
    name: '409 AlreadyExists is its own outcome',
    status: 409,
    reason: 'AlreadyExists',
    request: get,
    expect: 'already-exists',
  },
  { name: '410 is gone', status: 410, reason: 'Expired', request: get, expect: 'gone' },
  {
    name: '422 with empty details is a patch that did not apply',
    status: 422,
    reason: 'Invalid',
    request: patch,
    expect: 'not-applied',
  },
] as const;
for (const { name, status, reason, request, expect } of outcomes) {
  test(name, async (t) => {
    const { answer } = await ask(
      t,
      (_, response) => json(response, status, statusBody(status, reason, 'said so')),
      request,
    );
    assert.deepEqual(answer, { kind: expect, message: 'said so' });
  });
}

const invalid = {
  name: 'ipa',
  kind: 'Endpoints',
  causes: [{ reason: 'FieldValueInvalid', message: 'bad', field: 'x' }],
};
const refusals = [
  { name: '401', status: 401, reason: 'Unauthorized', verdict: 'reauthenticate' },
  { name: '403', status: 403, reason: 'Forbidden', verdict: 'give-up' },
  { name: '409 with another reason', status: 409, reason: 'Odd', verdict: 'retry' },
  {
    name: '422 with causes',
    status: 422,
    reason: 'Invalid',
    details: invalid,
    causes: ['FieldValueInvalid'],
    verdict: 'give-up',
  },
  { name: '422 with a name', status: 422, reason: 'Invalid', details: { name: 'ipa' }, verdict: 'give-up' },
  {
    name: '429 with Retry-After',
    status: 429,
    reason: 'TooManyRequests',
    retryAfter: '7',
    retryAfterMs: 7000,
    verdict: 'retry',
  },
  {
    name: '429 with the wait in details',
    status: 429,
    reason: 'TooManyRequests',
    details: { retryAfterSeconds: 3 },
    retryAfterMs: 3000,
    verdict: 'retry',
  },
  {
    name: '503 with a date in Retry-After',
    status: 503,
    reason: 'ServiceUnavailable',
    retryAfter: 'Sun, 22 Nov 2026 20:00:00 GMT',
    verdict: 'retry',
  },
  { name: '500', status: 500, reason: 'InternalError', verdict: 'retry' },
  {
    name: 'a terminating namespace',
    status: 403,
    reason: 'Forbidden',
    details: { causes: [{ reason: 'NamespaceTerminating' }] },
    causes: ['NamespaceTerminating'],
    verdict: 'give-up',
  },
] as const;
for (const given of refusals) {
  test(`${given.name} is a KubeError that says ${given.verdict}`, async (t) => {
    const body = statusBody(given.status, given.reason, 'because', 'details' in given ? given.details : {});
    const headers: Record<string, string> = 'retryAfter' in given ? { 'retry-after': given.retryAfter } : {};
    const error = await failure(ask(t, (_, response) => json(response, given.status, body, headers), patch));
    assert.equal(error.message, `PATCH ${get.path} answered ${given.status} ${given.reason}: because`);
    assert.deepEqual(
      { status: error.status, reason: error.reason, verb: error.verb, path: error.path },
      { status: given.status, reason: given.reason, verb: 'PATCH', path: get.path },
    );
    assert.equal(error.retryAfterMs, 'retryAfterMs' in given ? given.retryAfterMs : undefined);
    assert.deepEqual(error.causes, 'causes' in given ? given.causes : []);
    assert.equal(classify(error), given.verdict);
  });
}

test('422 with empty details of anything but a JSON patch is a refusal', async (t) => {
  const request = { ...patch, contentType: 'application/apply-patch+yaml' } as const;
  const error = await failure(ask(t, (_, response) => json(response, 422, statusBody(422, 'Invalid', 'no')), request));
  assert.equal(error.status, 422);
});

test('a refusal in plain text keeps its status and its wait', async (t) => {
  const headers = { 'content-type': 'text/plain', 'retry-after': '1' };
  const error = await failure(ask(t, (_, response) => response.writeHead(429, headers).end('Too many requests')));
  assert.deepEqual([error.status, error.reason, error.retryAfterMs], [429, 'BadAnswer', 1000]);
});

const html = '<html><body>Not Found</body></html>';
const nonsense = [
  { name: "a proxy's page with status 200", status: 200, type: 'text/html', body: html },
  { name: "a proxy's 404 page (it is not an absent object)", status: 404, type: 'text/html', body: html },
  { name: "a proxy's 403 page (no permission is missing)", status: 403, type: 'text/html', body: html },
  { name: 'a redirect to a login page', status: 302, type: 'text/html', body: '' },
  { name: 'half an object', status: 200, type: 'application/json', body: '{"kind":"Endp' },
  { name: 'an empty body', status: 200, type: 'application/json', body: '' },
  { name: 'JSON that is no object', status: 200, type: 'application/json', body: '[1]' },
  { name: 'no content type', status: 200, type: undefined, body: '{}' },
];
for (const { name, status, type, body } of nonsense) {
  test(`${name} is a BadAnswer, to be asked again`, async (t) => {
    const headers = type === undefined ? {} : { 'content-type': type };
    const error = await failure(ask(t, (_, response) => response.writeHead(status, headers).end(body)));
    assert.deepEqual([error.reason, error.status, classify(error)], ['BadAnswer', 0, 'retry']);
    assert.ok(error.message.includes(`answered ${status}`), error.message);
  });
}

test('an answer of more than 64 MiB is not read to its end', async (t) => {
  const chunk = Buffer.alloc(4 * 1024 * 1024, 0x20);
  const error = await failure(
    ask(t, (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const write = () => {
        while (!response.destroyed && response.write(chunk)) {}
      };
      response.on('drain', write);
      write();
    }),
  );
  assert.equal(error.reason, 'BadAnswer');
});

test('a refused connection says what was tried', async (t) => {
  const server = createServer();
  const { port } = await listenOn(t, server);
  await new Promise((resolve) => server.close(resolve));
  const error = await failure(testClient(t, `http://127.0.0.1:${port}`).request(get));
  assert.deepEqual([error.reason, error.status], ['Network', 0]);
  assert.ok(error.cause instanceof Error);
  assert.match(error.message, /^GET \/api\/v1\/namespaces\/default\/endpoints\/ipa: .*ECONNREFUSED/);
});

test('a connection that is cut before the answer, and one that is cut inside it, are network errors with a cause', async (t) => {
  const before = await failure(ask(t, (_, response) => response.destroy()));
  const inside = await failure(
    ask(t, (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
      response.write('{"kind":', () => response.destroy());
    }),
  );
  for (const error of [before, inside]) {
    assert.equal(error.reason, 'Network');
    assert.ok(error.cause instanceof Error);
  }
});

test('what is no HTTP at all is a network error', async (t) => {
  const { port } = await listenOn(
    t,
    createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')),
  );
  assert.equal((await failure(testClient(t, `http://127.0.0.1:${port}`).request(get))).reason, 'Network');
});

const slow: readonly { readonly name: string; readonly handler: Handler }[] = [
  { name: 'that never answers', handler: () => {} },
  {
    name: 'that trickles its answer',
    handler: (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{');
      const timer = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(timer));
    },
  },
];
for (const { name, handler } of slow) {
  test(`a server ${name} meets the one deadline, and its socket is closed`, async (t) => {
    const server = await startServer(t, handler);
    const started = performance.now();
    const error = await failure(testClient(t, server.url).request({ ...get, timeoutMs: 60 }));
    assert.deepEqual([error.reason, classify(error)], ['Timeout', 'retry']);
    assert.match(error.message, /no whole answer within 60 ms/);
    assert.ok(performance.now() - started < 1_000);
    const [socket] = server.sockets;
    if (socket !== undefined) await new Promise((resolve) => socket.once('close', resolve));
  });
}

test('the deadline holds while the connection is still being made', async (t) => {
  const { port } = await listenOn(t, createServer()); // accepts, and never says a word of TLS
  const error = await failure(testClient(t, `https://127.0.0.1:${port}`).request({ ...get, timeoutMs: 60 }));
  assert.equal(error.reason, 'Timeout');
});

test('the deadline holds while the credentials are being read', async (t) => {
  const source = { ...fixedSource('http://127.0.0.1:1'), current: () => new Promise<never>(() => {}) };
  assert.equal((await failure(testClient(t, source).request({ ...get, timeoutMs: 30 }))).reason, 'Timeout');
});

test('the caller can give up, before and during a request', async (t) => {
  const server = await startServer(t, () => controller.abort());
  const controller = new AbortController();
  const client = testClient(t, server.url);
  const during = await failure(client.request({ ...get, signal: controller.signal }));
  const before = await failure(client.request({ ...get, signal: controller.signal }));
  assert.deepEqual([during.reason, before.reason], ['Aborted', 'Aborted']);
  assert.equal(server.requests.length, 1);
});

test('no listener stays on the signal of the caller, whatever became of the requests', async (t) => {
  const controller = new AbortController();
  const answers = [200, 200, 404, 500];
  const server = await startServer(t, (_, response) => {
    const status = answers.shift();
    if (status !== undefined) json(response, status, statusBody(status, 'X', 'x'));
  });
  const client = testClient(t, server.url);
  for (let index = 0; index < 5; index += 1) {
    await client.request({ ...get, timeoutMs: 50, signal: controller.signal }).catch(() => {});
  }
  assert.equal(listenerCount(controller.signal), 0);
});

test('requests that follow one another share a connection, and reset makes the next one dial anew', async (t) => {
  const server = await startServer(t, (_, response) => json(response, 200, {}));
  const client = testClient(t, server.url);
  await client.request(get);
  await client.request(get);
  assert.equal(server.connectionCount(), 1);
  client.reset();
  await client.request(get);
  assert.equal(server.connectionCount(), 2);
});

test('reset lets a request that is under way finish', async (t) => {
  const server = await startServer(t, (_, response) => {
    client.reset();
    json(response, 200, { kind: 'Endpoints' });
  });
  const client = testClient(t, server.url);
  assert.equal((await client.request(get)).kind, 'ok');
});

test('a keep-alive connection that the server closed is replaced', async (t) => {
  const server = await startServer(t, (_, response) => json(response, 200, {}));
  const client = testClient(t, server.url);
  await client.request(get);
  const closed = [...server.sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
  for (const socket of server.sockets) socket.end();
  await Promise.all(closed);
  assert.equal((await client.request(get)).kind, 'ok');
});

test('close ends what is under way and refuses what comes later', async (t) => {
  const server = await startServer(t, () => void client.close());
  const client = testClient(t, server.url);
  assert.equal((await failure(client.request(get))).reason, 'Network');
  assert.equal((await failure(client.request(get))).reason, 'Aborted');
});

test('a 401 is told to the source of the credentials', async (t) => {
  const told: string[] = [];
  const server = await startServer(t, (_, response) => json(response, 401, statusBody(401, 'Unauthorized', 'no')));
  const source = { ...fixedSource(server.url), refused: () => void told.push('refused') };
  await failure(testClient(t, source).request(get));
  assert.deepEqual(told, ['refused']);
});

test('credentials that cannot be read are a KubeError with the fault, to be tried again', async (t) => {
  const fault = '/x/token cannot be read (ENOENT)';
  const source = { ...fixedSource('http://127.0.0.1:1'), current: () => Promise.reject(new CredentialsError([fault])) };
  const error = await failure(testClient(t, source).request(get));
  assert.deepEqual([error.reason, classify(error)], ['Credentials', 'retry']);
  assert.ok(error.message.includes(fault));
});

test('a token that no header can carry is a KubeError, and is not shown', async (t) => {
  const transport = { server: 'http://127.0.0.1:1', tls: {} };
  const headers = { authorization: 'Bearer secret-token\n' };
  const source = { ...fixedSource(''), current: async () => ({ transport, headers }) };
  const error = await failure(testClient(t, source).request(get));
  assert.equal(error.reason, 'Network');
  assert.ok(error.cause instanceof Error);
});

test('a TypeError of ours is no KubeError', async (t) => {
  const circular: { self?: unknown } = {};
  circular.self = circular;
  const client = testClient(t, 'http://127.0.0.1:1');
  await assert.rejects(client.request({ ...patch, body: circular }), TypeError);
});
