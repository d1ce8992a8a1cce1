/** The switches that make the server fail in all the ways that real ones do, seen from a client. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { createTestClient, type TestClient } from './client.ts';
import { asList, asObject } from './objects/json.ts';
import { type EmbeddedApiServer, startApiServer } from './server.ts';

let server: EmbeddedApiServer;
let client: TestClient;
const path = '/api/v1/namespaces/default/configmaps';
const one = `${path}/c`;

before(async () => {
  server = await startApiServer({ objects: [{ kind: 'ConfigMap', metadata: { name: 'c' }, data: { v: '1' } }] });
  client = createTestClient(server.url, server.adminToken);
});

after(async () => {
  await client.close();
  await server.close();
});

afterEach(() => server.faults.clear());

const value = (): string | undefined => server.admin.get('configmaps', 'c')?.data?.['v'];
const write = (v: string) => client.patch('merge', one, { data: { v } });

test('an error is answered instead, and nothing is written', async () => {
  server.faults.add({ verb: 'patch' }, { kind: 'error', code: 429, retryAfterSeconds: 2 });
  const reply = await write('429');
  assert.deepEqual([reply.status, reply.header('retry-after'), reply.body['reason']], [429, '2', 'TooManyRequests']);
  assert.notEqual(value(), '429');
});

test('410 comes as a status where it is switched on', async () => {
  server.faults.add(
    { verb: 'watch' },
    { kind: 'error', code: 410, reason: 'Expired', message: 'too old resource version: 1 (2)' },
  );
  const reply = await client.get(`${path}?watch=1&resourceVersion=1`);
  assert.deepEqual([reply.status, reply.body['reason']], [410, 'Expired']);
});

test('a fault strikes as often as it may, and only whom it fits', async () => {
  const fault = server.faults.add(
    { verb: 'get', name: 'c', user: /admin/ },
    { kind: 'error', code: 503 },
    { times: 1 },
  );
  assert.equal((await client.get(`${path}/other`)).status, 404);
  assert.equal((await client.get(one)).status, 503);
  assert.equal((await client.get(one)).status, 200);
  assert.equal(fault.hits(), 1);
});

test('a connection cut before the write loses it, one cut after it loses only the answer', async () => {
  server.faults.add({ verb: 'patch' }, { kind: 'cut', when: 'before' }, { times: 1 });
  await assert.rejects(write('lost'));
  assert.notEqual(value(), 'lost');
  server.faults.add({ verb: 'patch' }, { kind: 'cut', when: 'after' }, { times: 1 });
  await assert.rejects(write('landed'));
  assert.equal(value(), 'landed');
});

test('a delay holds the answer back', async () => {
  server.faults.add({ verb: 'get' }, { kind: 'delay', ms: { minMs: 20, maxMs: 30 } });
  const startMs = performance.now();
  await client.get(one);
  assert.ok(performance.now() - startMs >= 19);
});

test('a request that hangs is never answered, though what it wrote may be there', async () => {
  server.faults.add({ verb: 'patch' }, { kind: 'hang', when: 'after' });
  const hung = createTestClient(server.url, server.adminToken);
  const ended = server.requests.waitFor({ verb: 'patch' });
  const pending = hung.patch('merge', one, { data: { v: 'hung' } });
  pending.catch(() => {});
  assert.equal((await ended).status, 'hung');
  assert.equal(value(), 'hung');
  await hung.close();
});

test('a stale read answers an older version', async () => {
  await write('older');
  await write('newer');
  server.faults.add({ verb: ['get', 'list'] }, { kind: 'stale', versions: 1 });
  assert.equal(asObject((await client.get(one)).body['data'])['v'], 'older');
  assert.equal(JSON.stringify((await client.get(path)).body).includes('"older"'), true);
});

test('garbage and a wrong content type are answered with 200', async () => {
  server.faults.add({ verb: 'get' }, { kind: 'garbage', text: '<html>', contentType: 'text/html' });
  const reply = await client.get(one);
  assert.deepEqual([reply.status, reply.header('content-type'), reply.body['text']], [200, 'text/html', '<html>']);
});

test('running watches are counted, cut, ended and silenced', async () => {
  const watches = await Promise.all(
    [1, 2, 3].map(() => client.watch(`${path}?watch=1&resourceVersion=${server.store.revision()}`)),
  );
  const [cut, ended, silent] = watches;
  assert.equal(server.watches.count({ resource: 'configmaps' }), 3);
  assert.equal(server.watches.cut({ resource: 'pods' }), 0);
  assert.equal(server.watches.silence(), 3);
  await write('unheard');
  assert.deepEqual(silent?.events(), []);
  assert.equal(server.watches.cut(), 3);
  await Promise.all([cut, ended, silent].map((watch) => watch?.ended()));
  const again = await client.watch(`${path}?watch=1&resourceVersion=${server.store.revision()}`);
  assert.equal(server.watches.send({}, 'no json\n'), 1);
  await again.until((events) => events.length === 1);
  server.watches.end();
  await again.ended();
});

test('a stopped server refuses, keeps its state and comes back at its port with a new history', async () => {
  const version = server.store.revision();
  const watch = await client.watch(`${path}?watch=1&resourceVersion=${version}`);
  await write('before the end');
  await server.stop();
  await watch.ended();
  await assert.rejects(client.get(one));
  await server.resume();
  assert.equal(asObject((await client.get(one)).body['data'])['v'], 'before the end');
  const late = await client.watch(`${path}?watch=1&resourceVersion=${version}`);
  await late.ended();
  assert.equal(late.events()[0]?.type, 'ERROR');
});

test('a frozen server accepts and says nothing; thawed it answers what has waited', async () => {
  const watch = await client.watch(`${path}?watch=1&resourceVersion=${server.store.revision()}`);
  server.freeze();
  const pending = write('waited');
  await server.requests.waitFor({ verb: 'patch' }, { limitMs: 50 }).then(
    () => assert.fail('it answered'),
    () => {},
  );
  assert.notEqual(value(), 'waited');
  server.thaw();
  assert.equal((await pending).status, 200);
  await watch.until((events) => events.length === 1);
  watch.close();
});

test('the request log keeps who asked what, and how it ended', async () => {
  server.requests.clear();
  await write('logged');
  const [record] = server.requests.matching({ verb: 'patch', resource: 'configmaps', name: 'c' });
  assert.deepEqual(
    [record?.user, record?.status, record?.patchType, record?.body],
    ['kubernetes-admin', 200, 'application/merge-patch+json', '{"data":{"v":"logged"}}'],
  );
  assert.equal(server.requests.count({ verb: 'get' }), 0);
  const next = server.requests.waitFor({ verb: 'get' });
  await client.get(one);
  assert.equal((await next).status, 200);
});

test('over TLS the fixture certificate is good for 127.0.0.1', async () => {
  const secure = await startApiServer({ tls: true });
  const trusting = createTestClient(secure.url, secure.adminToken, { ca: secure.ca ?? '' });
  assert.equal((await trusting.get('/version')).body['gitVersion'], 'v1.37.2');
  const careful = createTestClient(secure.url, secure.adminToken);
  await assert.rejects(careful.get('/version'));
  await Promise.all([trusting.close(), careful.close()]);
  await secure.close();
});

test('a kubeconfig names the server, the token and the namespace', () => {
  const config: unknown = JSON.parse(server.kubeconfig('t', 'ns'));
  const first = (list: string, part: string) => asObject(asObject(asList(asObject(config)[list])[0])[part]);
  assert.equal(first('clusters', 'cluster')['server'], server.url);
  assert.equal(first('users', 'user')['token'], 't');
  assert.equal(first('contexts', 'context')['namespace'], 'ns');
});
