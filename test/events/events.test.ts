/** The Events on the own pod, written to a real API server with the rights of the shipped Role; time is the test's. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createClock } from '../../agent/clock.ts';
import { createEvents } from '../../agent/events/events.ts';
import { createApi } from '../../agent/kube/api.ts';
import { createApiClient } from '../../agent/kube/client.ts';
import type { Finding } from '../../agent/plan/finding.ts';
import { startApiServer } from '../embedded/server.ts';
import { createFakeClock } from '../support/clock.ts';
import { createLogBook } from '../support/log.ts';
import { baseObjects, baseRules, roleObject, SERVICE_ACCOUNT, withoutVerb } from '../support/role.ts';
import { until } from '../support/until.ts';

/** As long as a finding must stand before it is told. */
const SETTLED_MS = 3000;
const MINUTE_MS = 60_000;

const missing: Finding = { code: 'service-missing', message: 'Service ipa: not found', remedy: 'Create it.' };
const differs: Finding = { code: 'port-differs-from-service', message: 'Service ipa: 88 and 89', remedy: 'Agree.' };
const quiet: Finding = { code: 'configmap-notice', message: 'nodePort has no effect', remedy: 'Leave it out.' };

async function setUp(t: TestContext) {
  const server = await startApiServer({ objects: baseObjects(['ipa']) });
  const uid = server.admin.createPod({ name: 'ipa-0', serviceAccount: SERVICE_ACCOUNT }).metadata.uid;
  const token = server.mintToken({ serviceAccount: SERVICE_ACCOUNT, pod: 'ipa-0' });
  const connection = {
    transport: { server: server.url, tls: {} },
    headers: { authorization: `Bearer ${token}` },
  };
  const client = createApiClient({
    connection: { namespace: undefined, current: async () => connection, refused: () => {} },
    clock: createClock(),
    userAgent: 'ipa-0',
  });
  const api = createApi(client, { namespace: 'default' });
  const clock = createFakeClock();
  const { log, lines } = createLogBook();
  const over = new AbortController();
  let identity: { readonly namespace: string; readonly podName: string; readonly uid: string } | undefined;
  const running: Promise<void>[] = [];
  const start = () => {
    const events = createEvents({ clock, api, log, podIdentity: () => identity });
    running.push(events.run(over.signal));
    return events;
  };
  const end = async () => {
    over.abort();
    await Promise.all(running);
  };
  t.after(async () => {
    await end();
    await Promise.all([client.close(), server.close()]);
  });
  const know = () => {
    identity = { namespace: 'default', podName: 'ipa-0', uid };
  };
  know();
  /** Reason and count of each Event, in the order in which they were made. */
  const written = () => server.admin.list('events').map(({ reason, count }) => `${reason} x${count}`);
  const writes = (...expected: readonly string[]) =>
    until(async () => {
      await clock.advance(0);
      assert.deepEqual(written().sort(), [...expected].sort());
    });
  const requests = () =>
    server.requests.matching({ resource: 'events' }).map(({ verb, status }) => `${verb} ${status}`);
  const logged = (event: string) => lines.filter((line) => line['event'] === event);
  return {
    server,
    clock,
    uid,
    start,
    end,
    know,
    forget: () => (identity = undefined),
    written,
    writes,
    requests,
    logged,
  };
}

test('a finding is told once, on the own pod, however often it is said to stand', async (t) => {
  const { server, clock, uid, start, writes, requests } = await setUp(t);
  const events = start();
  for (let pass = 0; pass < 5; pass += 1) {
    events.findings('ipa', [missing, differs, quiet]);
    await clock.advance(1000);
  }
  await writes('ServiceMissing x1', 'PortDiffersFromService x1');
  assert.deepEqual(requests(), ['create 201', 'create 201']);
  const event = server.admin.list('events').find(({ reason }) => reason === 'ServiceMissing');
  assert.deepEqual(
    [event?.involvedObject.uid, event?.message, event?.type],
    [uid, 'Service ipa: not found. Create it.', 'Warning'],
  );
});

test('what comes again within the hour raises the count of the same Event', async (t) => {
  const { server, clock, start, writes, requests } = await setUp(t);
  const events = start();
  events.findings('ipa', [missing]);
  await clock.advance(SETTLED_MS);
  await writes('ServiceMissing x1');
  events.findings('ipa', []);
  await clock.advance(10 * MINUTE_MS - SETTLED_MS);
  events.findings('ipa', [missing]);
  await clock.advance(SETTLED_MS);
  await writes('ServiceMissing x2');
  assert.deepEqual(requests(), ['create 201', 'patch 200']);
  const [event] = server.admin.list('events');
  assert.deepEqual([event?.firstTimestamp, event?.lastTimestamp], ['2026-01-01T00:00:00Z', '2026-01-01T00:10:00Z']);
});

test('what stands on is told again before the API server forgets it, and no more once it is over', async (t) => {
  const { clock, start, writes, requests } = await setUp(t);
  const events = start();
  events.findings('ipa', [missing]);
  await clock.advance(SETTLED_MS);
  await writes('ServiceMissing x1');
  await clock.advance(30 * MINUTE_MS);
  await writes('ServiceMissing x2');
  events.findings('ipa', []);
  await clock.advance(90 * MINUTE_MS);
  await writes('ServiceMissing x2');
  assert.deepEqual(requests(), ['create 201', 'patch 200']);
});

test('an Event that was deleted meanwhile is made anew', async (t) => {
  const { server, clock, start, writes, requests } = await setUp(t);
  const events = start();
  events.note({ type: 'Warning', reason: 'PeerEvicted', message: 'evicted ipa-1' });
  await writes('PeerEvicted x1');
  for (const { metadata } of server.admin.list('events')) server.admin.delete('events', metadata.name);
  await clock.advance(MINUTE_MS);
  events.note({ type: 'Warning', reason: 'PeerEvicted', message: 'evicted ipa-1' });
  await writes('PeerEvicted x1');
  assert.deepEqual(requests(), ['create 201', 'patch 404', 'create 201']);
});

test('a restarted container goes on with the Event of the one before', async (t) => {
  const { start, clock, writes, requests } = await setUp(t);
  start().findings('ipa', [missing]);
  await clock.advance(SETTLED_MS);
  await writes('ServiceMissing x1');
  const events = start();
  events.findings('ipa', [missing]);
  await clock.advance(SETTLED_MS);
  await until(async () => {
    await clock.advance(0);
    assert.deepEqual(requests(), ['create 201', 'create 409', 'patch 200']);
  });
  events.findings('ipa', []);
  events.findings('ipa', [missing]);
  await clock.advance(SETTLED_MS);
  await writes('ServiceMissing x2');
});

test('a finding that passes within three seconds is told to nobody', async (t) => {
  const { clock, start, writes, requests } = await setUp(t);
  const events = start();
  events.findings('ipa', [missing]);
  await clock.advance(SETTLED_MS - 1);
  events.findings('ipa', [differs]);
  await clock.advance(SETTLED_MS);
  await writes('PortDiffersFromService x1');
  assert.deepEqual(requests(), ['create 201']);
});

test('a storm is ten Events, then one each half minute; what is over by then is not told', async (t) => {
  const { clock, start, written, writes } = await setUp(t);
  const events = start();
  const many = Array.from({ length: 13 }, (_, index) => ({ ...missing, message: `Service s-${index}: not found` }));
  events.findings(undefined, many);
  await clock.advance(SETTLED_MS);
  const told = (count: number) => writes(...Array.from({ length: count }, () => 'ServiceMissing x1'));
  await told(10);
  await clock.advance(29_000);
  assert.equal(written().length, 10);
  await clock.advance(1000);
  await told(11);
  events.findings(undefined, many.slice(0, 12));
  await clock.advance(30_000);
  await told(12);
  await clock.advance(10 * MINUTE_MS);
  assert.equal(written().length, 12);
});

test('of a queue that overflows the newest remain', async (t) => {
  const { server, clock, start, know, forget, written } = await setUp(t);
  forget();
  const events = start();
  for (let index = 0; index < 40; index += 1) {
    events.note({ type: 'Normal', reason: `Note${index}`, message: 'seen' });
  }
  await clock.advance(1000);
  assert.deepEqual(written(), [], 'the own pod is not known yet');
  know();
  await clock.advance(1000);
  await until(async () => {
    await clock.advance(30_000);
    assert.equal(written().length, 32);
  });
  assert.ok(server.admin.list('events').every(({ reason }) => Number(reason?.slice('Note'.length)) >= 8));
});

test('where the Role lacks the rule it is said once, and tried again after ten minutes', async (t) => {
  const { server, clock, start, writes, requests, logged } = await setUp(t);
  const rules = baseRules(['ipa']);
  server.admin.put(roleObject(withoutVerb(rules, 'create', 'events')));
  const events = start();
  events.findings('ipa', [missing]);
  await clock.advance(SETTLED_MS);
  await until(async () => {
    await clock.advance(0);
    assert.equal(logged('event-refused').length, 1);
  });
  const [line] = logged('event-refused');
  assert.equal(line?.['level'], 'info');
  assert.match(String(line?.['remedy']), /resources: \["events"\]\n {2}verbs: \["create", "patch"\]/);
  events.findings('ipa', [missing, differs]);
  await clock.advance(9 * MINUTE_MS);
  assert.deepEqual(requests(), ['create 403']);
  await clock.advance(MINUTE_MS);
  await until(async () => {
    await clock.advance(0);
    assert.deepEqual(requests(), ['create 403', 'create 403']);
  });
  server.admin.put(roleObject(rules));
  await clock.advance(10 * MINUTE_MS);
  await writes('ServiceMissing x1', 'PortDiffersFromService x1');
  assert.equal(logged('event-refused').length, 1);
});

test('a failure is one line at debug, and the next is told all the same', async (t) => {
  const { server, clock, start, writes, logged } = await setUp(t);
  server.faults.add({ resource: 'events' }, { kind: 'error', code: 500 }, { times: 1 });
  const events = start();
  events.findings('ipa', [missing]);
  await clock.advance(SETTLED_MS);
  await until(async () => {
    await clock.advance(0);
    assert.deepEqual(
      logged('event-dropped').map(({ level, reason }) => [level, reason]),
      [['debug', 'ServiceMissing']],
    );
  });
  events.findings('ipa', [missing, differs]);
  await clock.advance(SETTLED_MS);
  await writes('PortDiffersFromService x1');
});

test('nobody waits for an API server that does not answer, and the end cuts the request short', async (t) => {
  const { server, clock, start, end, requests, logged } = await setUp(t);
  server.faults.add({ resource: 'events' }, { kind: 'hang', when: 'before' });
  const events = start();
  events.findings('ipa', [missing]);
  await clock.advance(SETTLED_MS);
  await until(async () => {
    await clock.advance(0);
    assert.equal(requests().length, 1);
  });
  events.findings('ipa', [missing, differs]);
  await clock.advance(SETTLED_MS);
  events.note({ type: 'Normal', reason: 'Note', message: 'returns at once' });
  await end();
  assert.deepEqual(logged('event-dropped'), []);
});
