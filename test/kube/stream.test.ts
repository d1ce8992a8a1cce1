/** A watch as the client reads it: lines out of bytes, and an end to each stream that is no good. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { WatchEvent, WatchRequest } from '../../agent/kube/client.ts';
import { KubeError } from '../../agent/kube/errors.ts';
import { json, listenerCount, statusBody, testClient } from './support.ts';
import { path, startWatchServer } from './watchserver.ts';

const request = { path, query: { resourceVersion: '7' }, connectTimeoutMs: 2_000, idleTimeoutMs: 2_000 };

async function open(t: TestContext, changed: Partial<WatchRequest> = {}) {
  const server = await startWatchServer(t);
  const controller = new AbortController();
  const events = await testClient(t, server.server.url).watch({ ...request, signal: controller.signal, ...changed });
  return { server, controller, events, held: await server.watch(0) };
}

async function collect(events: AsyncIterable<WatchEvent>): Promise<WatchEvent[]> {
  const all: WatchEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

async function failure(work: Promise<unknown>): Promise<KubeError> {
  const error = await work.then(
    () => undefined,
    (reason) => reason,
  );
  assert.ok(error instanceof KubeError, `expected a KubeError, got ${error}`);
  return error;
}

test('events arrive as they were sent, until the server ends the watch', async (t) => {
  const { held, events } = await open(t);
  held.send('ADDED', { a: 1 });
  held.send('BOOKMARK', { b: 2 });
  held.end();
  assert.deepEqual(await collect(events), [
    { type: 'ADDED', object: { a: 1 } },
    { type: 'BOOKMARK', object: { b: 2 } },
  ]);
  assert.deepEqual(Object.fromEntries(held.query), { resourceVersion: '7', watch: '1' });
});

const line = Buffer.from(`${JSON.stringify({ type: 'ADDED', object: { note: 'ž🐎' } })}\n`);
const cuts = Array.from({ length: line.length - 1 }, (_, index) => index + 1);
test('a line may be cut at any byte', async (t) => {
  const { held, events } = await open(t);
  const reader = events[Symbol.asyncIterator]();
  for (const at of cuts) {
    held.write(line.subarray(0, at));
    await new Promise((resolve) => setImmediate(resolve)); // a packet of its own, most of the time
    held.write(line.subarray(at));
    assert.deepEqual((await reader.next()).value, { type: 'ADDED', object: { note: 'ž🐎' } });
  }
  await reader.return?.();
});

test('several lines may come at once, empty ones are nothing, and half a line at the end is not told', async (t) => {
  const { held, events } = await open(t);
  held.write('{"type":"A"}\n{"type":"B"}\n\n{"type":"C"');
  held.end();
  assert.deepEqual(
    (await collect(events)).map((event) => event.type),
    ['A', 'B'],
  );
});

const garbage = ['<html>\n', '{"type":\n', '[]\n', '{"object":{}}\n', 'null\n'];
for (const bytes of garbage) {
  test(`the line ${JSON.stringify(bytes)} ends the watch with BadAnswer`, async (t) => {
    const { held, events } = await open(t);
    held.write(bytes);
    assert.equal((await failure(collect(events))).reason, 'BadAnswer');
    await held.closed;
  });
}

test('a line of more than 8 MiB ends the watch with BadAnswer', async (t) => {
  const { held, events } = await open(t);
  held.write(Buffer.alloc(9 * 1024 * 1024, 0x20));
  assert.equal((await failure(collect(events))).reason, 'BadAnswer');
});

test('a watch that is cut ends with a network error', async (t) => {
  const { held, events } = await open(t);
  held.send('ADDED', {});
  held.cut();
  const error = await failure(collect(events));
  assert.equal(error.reason, 'Network');
  assert.ok(error.cause instanceof Error);
});

test('a watch that falls silent ends with Timeout, and its socket is closed', async (t) => {
  const { held, events } = await open(t, { idleTimeoutMs: 50 });
  const error = await failure(collect(events));
  assert.equal(error.reason, 'Timeout');
  assert.match(error.message, /the watch was silent for 50 ms/);
  await held.closed;
});

test('each byte keeps a watch alive', async (t) => {
  const { held, events } = await open(t, { idleTimeoutMs: 100 });
  const reader = events[Symbol.asyncIterator]();
  for (let index = 0; index < 8; index += 1) {
    await new Promise((resolve) => setTimeout(resolve, 30)); // 240 ms in all, more than twice the limit
    held.send('BOOKMARK', {});
    assert.equal((await reader.next()).done, false);
  }
  await reader.return?.();
});

test('a server that does not begin to answer meets the connect limit', async (t) => {
  const server = await startWatchServer(t);
  server.instead.watch = () => {};
  const client = testClient(t, server.server.url);
  const error = await failure(client.watch({ ...request, connectTimeoutMs: 40, signal: new AbortController().signal }));
  assert.deepEqual([error.reason, error.message.endsWith('no answer within 40 ms')], ['Timeout', true]);
});

test('the caller can give up, with nobody reading and with somebody reading', async (t) => {
  for (const isRead of [false, true]) {
    const { held, events, controller } = await open(t);
    const reading = isRead ? failure(collect(events)) : undefined;
    controller.abort();
    await held.closed;
    if (reading !== undefined) assert.equal((await reading).reason, 'Aborted');
    assert.equal(listenerCount(controller.signal), 0);
  }
});

test('a reader that stops early closes the watch and leaves no listener', async (t) => {
  const { held, events, controller } = await open(t);
  held.send('ADDED', {});
  for await (const _ of events) break;
  await held.closed;
  assert.equal(listenerCount(controller.signal), 0);
});

test('no listener stays on the signal, however a watch ended', async (t) => {
  const { held, events, controller, server } = await open(t);
  held.end();
  await collect(events);
  server.instead.watch = (_, response) => json(response, 410, statusBody(410, 'Expired', 'too old'));
  const client = testClient(t, server.server.url);
  await failure(client.watch({ ...request, signal: controller.signal }));
  assert.equal(listenerCount(controller.signal), 0);
});

const refusals = [
  { status: 410, reason: 'Expired' },
  { status: 403, reason: 'Forbidden' },
  { status: 404, reason: 'NotFound' },
  { status: 500, reason: 'InternalError' },
];
for (const { status, reason } of refusals) {
  test(`a watch that is answered ${status} is refused with it`, async (t) => {
    const server = await startWatchServer(t);
    server.instead.watch = (_, response) => json(response, status, statusBody(status, reason, 'no'));
    const client = testClient(t, server.server.url);
    const error = await failure(client.watch({ ...request, signal: new AbortController().signal }));
    assert.deepEqual([error.status, error.reason], [status, reason]);
  });
}

test('a page in place of a watch is a BadAnswer', async (t) => {
  const server = await startWatchServer(t);
  server.instead.watch = (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
  const client = testClient(t, server.server.url);
  const error = await failure(client.watch({ ...request, signal: new AbortController().signal }));
  assert.equal(error.reason, 'BadAnswer');
});
