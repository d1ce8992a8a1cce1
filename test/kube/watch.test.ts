/** A collection through everything that happens to watches: ended, cut, refused, too old, silent, nonsense. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClock } from '../../agent/clock.ts';
import { createCollection } from '../../agent/kube/watch.ts';
import { createWaiter, fastClock, json, listenerCount, startServer, statusBody, testClient } from './support.ts';
import { item, listBody, path, startWatchServer, watched } from './watchserver.ts';

test('it lists, tells what is there, then says that it is synced, and watches from there', async (t) => {
  const server = await startWatchServer(t);
  server.store.items = [item('a', '3'), item('b', '4')];
  server.store.resourceVersion = '9';
  const { collection, changes, until } = watched(t, server, { fieldSelector: 'metadata.name=a', labelSelector: 'x=y' });
  assert.equal(collection.synced(), false);
  const watch = await server.watch(0);
  assert.deepEqual(changes, ['upserted a@3', 'upserted b@4', 'synced']);
  assert.equal(collection.synced(), true);
  assert.deepEqual([...collection.items().keys()], ['a', 'b']);
  assert.equal(collection.items().get('a')?.kind, 'ConfigMap');

  const selectors = { fieldSelector: 'metadata.name=a', labelSelector: 'x=y' };
  assert.deepEqual(Object.fromEntries(server.lists()[0]?.query ?? []), selectors);
  const { timeoutSeconds, ...query } = Object.fromEntries(watch.query);
  assert.deepEqual(query, { ...selectors, allowWatchBookmarks: 'true', resourceVersion: '9', watch: '1' });
  assert.equal(timeoutSeconds, '270'); // the middle of 240 and 300, as the random number is 0.5

  watch.send('MODIFIED', item('a', '10'));
  watch.send('ADDED', item('c', '11'));
  watch.send('DELETED', item('b', '12'));
  await until('deleted b@12');
  assert.deepEqual(changes.slice(3), ['upserted a@10', 'upserted c@11', 'deleted b@12']);
  assert.deepEqual([...collection.items().keys()], ['a', 'c']);
});

test('an empty list is synced all the same', async (t) => {
  const server = await startWatchServer(t);
  const { until, collection } = watched(t, server);
  await until('synced');
  assert.equal(collection.items().size, 0);
});

for (const end of ['end', 'cut'] as const) {
  test(`after a ${end} it resumes from the newest version, an object's or a bookmark's, and says nothing`, async (t) => {
    const server = await startWatchServer(t);
    const { changes, until } = watched(t, server);
    const first = await server.watch(0);
    first.send('ADDED', item('a', '5'));
    await until('upserted a@5');
    first[end]();
    const second = await server.watch(1);
    assert.equal(second.query.get('resourceVersion'), '5');
    second.send('BOOKMARK', { kind: 'ConfigMap', metadata: { resourceVersion: '8' } });
    second.send('ADDED', item('b', '7'));
    second.send('BOOKMARK', { kind: 'ConfigMap', metadata: { resourceVersion: '9' } });
    await until('upserted b@7');
    second[end]();
    assert.equal((await server.watch(2)).query.get('resourceVersion'), '9');
    assert.equal(server.lists().length, 1);
    assert.deepEqual(changes, ['synced', 'upserted a@5', 'upserted b@7']);
  });
}

test('an event that was cut in the middle is got again', async (t) => {
  const server = await startWatchServer(t);
  const { until, changes } = watched(t, server);
  const first = await server.watch(0);
  first.send('ADDED', item('a', '5'));
  first.write('{"type":"ADDED","object":{"kind":"Config');
  await until('upserted a@5');
  first.cut();
  const second = await server.watch(1);
  assert.equal(second.query.get('resourceVersion'), '5');
  second.send('ADDED', item('b', '6'));
  await until('upserted b@6');
  assert.deepEqual(changes, ['synced', 'upserted a@5', 'upserted b@6']);
});

const expired = statusBody(410, 'Expired', 'too old resource version: 1 (5588)');
const tooOld = ['HTTP 410', 'an ERROR event of code 410'];
for (const form of tooOld) {
  test(`${form} makes it list again, and only the differences are told`, async (t) => {
    const server = await startWatchServer(t);
    server.store.items = [item('same', '2'), item('changed', '2'), item('gone', '2'), item('reborn', '2', 'old')];
    const { changes, until, collection } = watched(t, server);
    const first = await server.watch(0);
    server.store.items = [item('same', '2'), item('changed', '6'), item('new', '7'), item('reborn', '8', 'new')];
    server.store.resourceVersion = '9';
    if (form === 'HTTP 410') {
      server.instead.watch = (_, response) => {
        server.instead.watch = undefined;
        json(response, 410, expired);
      };
      first.end();
    } else first.send('ERROR', expired);
    await until('upserted reborn@8');
    assert.deepEqual(changes.slice(changes.indexOf('synced') + 1), [
      'deleted gone@2',
      'upserted changed@6',
      'upserted new@7',
      'deleted reborn@2',
      'upserted reborn@8',
    ]);
    assert.deepEqual([...collection.items().keys()].sort(), ['changed', 'new', 'reborn', 'same']);
    assert.equal((await server.watch(1)).query.get('resourceVersion'), '9');
    assert.equal(collection.failure(), undefined);
  });
}

const nonsense: readonly { readonly name: string; readonly line: string; readonly told: string }[] = [
  { name: 'a line that is no JSON', line: '<html>\n', told: 'failed BadAnswer' },
  { name: 'an unknown type of event', line: '{"type":"RENAMED","object":{}}\n', told: 'failed BadAnswer' },
  { name: 'an object of another kind', line: '{"type":"ADDED","object":{"kind":"Pod"}}\n', told: 'failed BadAnswer' },
  {
    name: 'an ERROR event that is no 410',
    line: `${JSON.stringify({ type: 'ERROR', object: statusBody(500, 'InternalError', 'etcd') })}\n`,
    told: 'failed InternalError',
  },
];
for (const { name, line, told } of nonsense) {
  test(`${name} is told and makes it list again`, async (t) => {
    const server = await startWatchServer(t);
    const { changes, until, collection } = watched(t, server, { clock: fastClock(20) });
    server.store.items = [item('a', '5')];
    (await server.watch(0)).write(line);
    await server.watch(1);
    assert.deepEqual(
      changes.filter((change) => change !== 'upserted a@5'),
      ['synced', told],
    );
    assert.equal(server.lists().length, 2);
    await until('recovered');
    assert.equal(collection.failure(), undefined);
  });
}

test('a failure and the recovery from it are told once, and what is known is kept', async (t) => {
  const server = await startWatchServer(t);
  server.store.items = [item('a', '5')];
  const { changes, until, collection } = watched(t, server, { clock: fastClock(50) });
  const first = await server.watch(0);
  let attemptCount = 0;
  server.instead.watch = (_, response) => {
    attemptCount += 1;
    if (attemptCount === 5) server.instead.watch = undefined;
    json(response, 500, statusBody(500, 'InternalError', 'no leader'));
  };
  first.cut();
  await until('failed InternalError');
  assert.equal(collection.failure()?.status, 500);
  assert.deepEqual([...collection.items().keys()], ['a']);
  await until('recovered');
  assert.equal(collection.failure(), undefined);
  assert.deepEqual(changes, ['upserted a@5', 'synced', 'failed InternalError', 'recovered']);
});

test('a list that fails at first is tried again', async (t) => {
  const server = await startWatchServer(t);
  server.instead.list = (_, response) => {
    server.instead.list = undefined;
    response.writeHead(502, { 'content-type': 'text/html' }).end('<html>');
  };
  const { changes, until, collection } = watched(t, server, { clock: fastClock(20) });
  await until('failed BadAnswer');
  assert.equal(collection.synced(), false);
  await until('recovered');
  assert.deepEqual(changes, ['failed BadAnswer', 'synced', 'recovered']);
});

test('an outage that turns into a refusal is told again, as another thing is to be done about it', async (t) => {
  const server = await startWatchServer(t);
  const answers = [500, 500, 403, 403];
  server.instead.list = (_, response) => {
    const status = answers.shift();
    if (status === undefined) json(response, 200, listBody(server.store));
    else json(response, status, statusBody(status, status === 403 ? 'Forbidden' : 'InternalError', 'no'));
  };
  const { changes, until } = watched(t, server, { clock: fastClock(20) });
  await until('recovered');
  assert.deepEqual(changes, ['failed InternalError', 'failed Forbidden', 'synced', 'recovered']);
});

test('an unreachable server does not make it list anew: the watch resumes', async (t) => {
  const server = await startWatchServer(t);
  const { until } = watched(t, server, { clock: fastClock(20) });
  const first = await server.watch(0);
  first.send('ADDED', item('a', '5'));
  await until('upserted a@5');
  let cutCount = 0;
  server.instead.watch = (_, response) => {
    cutCount += 1;
    if (cutCount === 3) server.instead.watch = undefined;
    response.destroy();
  };
  first.cut();
  await until('failed Network', 'recovered');
  assert.equal((await server.watch(1)).query.get('resourceVersion'), '5');
  assert.equal(server.lists().length, 1);
});

test('a watch that falls silent is dropped and the list read anew: its version may never come again', async (t) => {
  const server = await startWatchServer(t);
  const { changes, until } = watched(t, server, { idleTimeoutMs: 60 });
  const first = await server.watch(0);
  server.store.items = [item('a', '5')];
  await first.closed;
  await until('upserted a@5');
  await server.watch(1);
  assert.deepEqual(changes, ['synced', 'upserted a@5']);
});

test('a server that accepts and stops answering is given up after the deadline of a request', async (t) => {
  const server = await startWatchServer(t);
  server.instead.list = () => {};
  const { until } = watched(t, server, { requestTimeoutMs: 40 });
  await until('failed Timeout');
  server.instead.list = undefined;
  await until('synced');
});

test('Retry-After is waited for', async (t) => {
  const server = await startWatchServer(t);
  const arrivals: number[] = [];
  server.instead.list = (_, response) => {
    arrivals.push(performance.now());
    if (arrivals.length === 2) server.instead.list = undefined;
    const tooMany = statusBody(429, 'TooManyRequests', 'slow down');
    if (arrivals.length === 1) json(response, 429, tooMany, { 'retry-after': '10' });
    else json(response, 200, listBody(server.store));
  };
  const { until } = watched(t, server, { clock: fastClock(50) });
  await until('synced');
  const [first = 0, second = 0] = arrivals;
  assert.ok(second - first >= 200, `10 s on a clock fifty times as fast, waited ${second - first} ms`);
});

test('Retry-After of an hour is not', async (t) => {
  const server = await startWatchServer(t);
  server.instead.list = (_, response) => {
    server.instead.list = undefined;
    json(response, 503, statusBody(503, 'ServiceUnavailable', 'later'), { 'retry-after': '3600' });
  };
  const { until } = watched(t, server, { clock: fastClock(200) });
  await until('synced'); // a minute is the most: 0.3 s here, where the hour would be 18 s
});

const waits = [
  { name: 'an outage is asked about each second at most', status: 500, reason: 'InternalError', mostMs: 1_000 },
  { name: 'a refusal is asked about each five seconds at most', status: 403, reason: 'Forbidden', mostMs: 5_000 },
];
for (const { name, status, reason, mostMs } of waits) {
  test(`${name}, and the wait doubles up to there`, async (t) => {
    const server = await startWatchServer(t);
    server.instead.list = (_, response) => json(response, status, statusBody(status, reason, 'no'));
    const real = createClock();
    const naps: number[] = [];
    const waiter = createWaiter();
    const clock = {
      ...real,
      sleep: (ms: number, signal: AbortSignal) => {
        if (ms > 10_000) return real.sleep(ms, signal); // the deadline of a request
        naps.push(ms);
        waiter.notify();
        return real.sleep(Math.min(ms, 1), signal);
      },
    };
    watched(t, server, { clock, random: () => 1, requestTimeoutMs: 60_000 });
    await waiter.until(() => naps.length >= 8, 'eight waits');
    const doubled = [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800].map((ms) => Math.min(ms, mostMs));
    assert.deepEqual(naps.slice(0, 8), doubled);
  });
}

test('a server that ends each watch at once is not asked in a tight loop', async (t) => {
  const server = await startWatchServer(t);
  let endedCount = 0;
  server.instead.watch = (_, response) => {
    endedCount += 1;
    response.writeHead(200, { 'content-type': 'application/json' }).end();
  };
  const { changes } = watched(t, server, { random: () => 0.99 });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  assert.ok(endedCount <= 5, `asked ${endedCount} times in a second`);
  assert.deepEqual(changes, ['synced']);
});

test('a watch that stood a while is followed by the next one without a growing wait', async (t) => {
  const server = await startWatchServer(t);
  const clock = fastClock(100);
  const naps: number[] = [];
  const sleep = (ms: number, signal: AbortSignal) => {
    naps.push(ms);
    return clock.sleep(ms, signal);
  };
  watched(t, server, { clock: { ...clock, sleep }, random: () => 0.99 });
  for (let index = 0; index < 4; index += 1) {
    const held = await server.watch(index);
    await new Promise((resolve) => setTimeout(resolve, 30)); // three seconds on that clock
    held.end();
  }
  await server.watch(4);
  // One wait a watch, and one more where a connection was not there yet: none is longer than the first.
  const waits = naps.filter((ms) => ms < 900);
  assert.ok(waits.length >= 4, `${waits.length} waits`);
  assert.deepEqual([...new Set(waits)], [99]);
});

test('kick drops the watch and connects from the newest version at once', async (t) => {
  const server = await startWatchServer(t);
  const real = createClock();
  const naps: number[] = [];
  const sleep = (ms: number, signal: AbortSignal) => {
    naps.push(ms);
    return real.sleep(ms, signal);
  };
  const { collection, until, changes } = watched(t, server, { clock: { ...real, sleep }, random: () => 0.99 });
  const first = await server.watch(0);
  first.send('ADDED', item('a', '5'));
  await until('upserted a@5');
  naps.length = 0;
  collection.kick();
  await first.closed;
  assert.equal((await server.watch(1)).query.get('resourceVersion'), '5');
  assert.deepEqual(
    naps.filter((ms) => ms < 900), // the rest are limits
    [0],
  );
  assert.deepEqual(changes, ['synced', 'upserted a@5']);
});

test('kick ends the wait before the next try', async (t) => {
  const server = await startWatchServer(t);
  server.instead.list = (_, response) => {
    server.instead.list = undefined;
    json(response, 429, statusBody(429, 'TooManyRequests', 'slow down'), { 'retry-after': '60' });
  };
  const { collection, until } = watched(t, server);
  await until('failed TooManyRequests');
  await new Promise((resolve) => setImmediate(resolve)); // the wait begins after the change is told
  collection.kick();
  await until('synced');
});

test('kick lets a request that is under way be: it is a reconnection already', async (t) => {
  const server = await startWatchServer(t);
  server.instead.list = (_, response) => {
    collection.kick();
    json(response, 200, listBody(server.store));
  };
  const { collection, until } = watched(t, server);
  await until('synced');
  assert.equal(server.lists().length, 1);
});

test('it stops when the signal aborts, whatever it is doing, and leaves no listener', async (t) => {
  const during = ['a list', 'a watch', 'a wait'];
  for (const what of during) {
    const server = await startWatchServer(t);
    const { stop, signal, until } = watched(t, server);
    if (what === 'a list') server.instead.list = () => {};
    if (what === 'a wait') {
      server.instead.list = (_, response) =>
        json(response, 429, statusBody(429, 'TooManyRequests', 'slow down'), { 'retry-after': '60' });
      await until('failed TooManyRequests');
    }
    if (what === 'a watch') await server.watch(0);
    await stop();
    assert.equal(listenerCount(signal), 0, what);
  }
});

test('many watches later there is still one listener on the signal', async (t) => {
  const server = await startWatchServer(t);
  const { signal, collection } = watched(t, server);
  for (let index = 0; index < 20; index += 1) {
    await server.watch(index);
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(listenerCount(signal) <= 1, `${listenerCount(signal)} listeners`);
    collection.kick();
    while (server.watches.length === index + 1) {
      collection.kick();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
});

test('a bug in what hears the changes is not swallowed', async (t) => {
  const server = await startServer(t, (_, response) =>
    json(response, 200, listBody({ items: [], resourceVersion: '1' })),
  );
  const collection = createCollection(
    {
      client: testClient(t, server.url),
      clock: createClock(),
      random: Math.random,
      onChange: () => {
        throw new TypeError('a bug');
      },
    },
    { path, parse: () => ({}), requestTimeoutMs: 1_000 },
  );
  await assert.rejects(collection.run(new AbortController().signal), TypeError);
});

test('an answer to a write of ours is known at once, its event is no news, and an older event is not believed', async (t) => {
  const server = await startWatchServer(t);
  server.store.items = [item('a', '5')];
  const { collection, changes, until } = watched(t, server);
  const held = await server.watch(0);
  collection.put(item('a', '20'));
  held.send('MODIFIED', item('a', '19'));
  held.send('MODIFIED', item('a', '20'));
  held.send('MODIFIED', item('a', '21'));
  await until('upserted a@21');
  assert.deepEqual(changes, ['upserted a@5', 'synced', 'upserted a@21']);
});

test('what we deleted does not come back by an event that was under way', async (t) => {
  const server = await startWatchServer(t);
  server.store.items = [item('a', '5'), item('b', '5')];
  const { collection, changes, until } = watched(t, server);
  const held = await server.watch(0);
  collection.drop('a');
  assert.deepEqual([...collection.items().keys()], ['b']);
  held.send('MODIFIED', item('a', '6'));
  held.send('DELETED', item('a', '7'));
  held.send('ADDED', item('a', '8', 'another'));
  await until('upserted a@8');
  assert.deepEqual(changes, ['upserted a@5', 'upserted b@5', 'synced', 'upserted a@8']);
});
