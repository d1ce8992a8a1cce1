/** List and watch: versions, selectors, bookmarks, and how a watch fails; seen on Kubernetes 1.37.2. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestClient, type TestClient, type WatchLine } from './client.ts';
import { asList, asObject, type JsonObject } from './objects/json.ts';
import { type EmbeddedApiServer, startApiServer } from './server.ts';

let server: EmbeddedApiServer;
let client: TestClient;
const path = '/api/v1/namespaces/default/configmaps';

before(async () => {
  server = await startApiServer();
  client = createTestClient(server.url, server.adminToken);
  await server.admin.settled();
});

after(async () => {
  await client.close();
  await server.close();
});

const put = (name: string, labels: JsonObject = {}, data: JsonObject = {}): void => {
  server.admin.put({ kind: 'ConfigMap', metadata: { name, labels }, data });
};
const metadataOf = ({ object }: WatchLine): JsonObject => asObject(object['metadata']);
const told = (events: readonly WatchLine[]): readonly string[] =>
  events.map((event) => `${event.type} ${String(metadataOf(event)['name'] ?? metadataOf(event)['annotations'] ?? '')}`);
const listVersion = async (): Promise<string> =>
  String(asObject((await client.get(path)).body['metadata'])['resourceVersion']);

test('the items of a list carry neither kind nor version, the list its revision', async () => {
  put('listed', { only: 'this' });
  const { body } = await client.get(`${path}?labelSelector=only%3Dthis`);
  assert.equal(body['kind'], 'ConfigMapList');
  assert.equal(asObject(body['metadata'])['resourceVersion'], String(server.store.revision()));
  assert.deepEqual(
    asList(body['items']).map((item) => Object.keys(asObject(item))),
    [['metadata']],
  );
});

test('a list comes in pages where it is limited', async () => {
  for (const name of ['page-1', 'page-2', 'page-3']) put(name, { paged: 'x' });
  const first = await client.get(`${path}?labelSelector=paged&limit=2`);
  const metadata = asObject(first.body['metadata']);
  assert.equal(metadata['remainingItemCount'], 1);
  const second = await client.get(`${path}?labelSelector=paged&limit=2&continue=${String(metadata['continue'])}`);
  assert.equal(JSON.stringify(second.body).includes('page-3'), true);
});

test("a watch from a list's version tells everything after it and nothing before", async () => {
  put('early');
  const version = await listVersion();
  put('late-1');
  const watch = await client.watch(`${path}?watch=1&resourceVersion=${version}`);
  put('late-2');
  server.admin.delete('configmaps', 'late-1');
  const events = await watch.until((all) => all.length >= 3);
  assert.deepEqual(told(events), ['ADDED late-1', 'ADDED late-2', 'DELETED late-1']);
  assert.ok(Number(metadataOf(events[2] ?? { type: '', object: {} })['resourceVersion']) > Number(version));
  watch.close();
});

for (const query of ['', '&resourceVersion=0', '&sendInitialEvents=true&resourceVersionMatch=NotOlderThan']) {
  test(`a watch with "${query}" begins with what is, and a bookmark that says so`, async () => {
    put('present');
    const watch = await client.watch(
      `${path}?watch=1&allowWatchBookmarks=true&fieldSelector=metadata.name%3Dpresent${query}`,
    );
    const events = await watch.until((all) => all.length >= 2);
    assert.equal(told(events)[0], 'ADDED present');
    assert.deepEqual(events[1], {
      type: 'BOOKMARK',
      object: {
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: {
          resourceVersion: String(server.store.revision()),
          annotations: { 'k8s.io/initial-events-end': 'true' },
        },
      },
    });
    watch.close();
  });
}

test('an object that leaves the selection is told as DELETED in its former state, one that enters as ADDED', async () => {
  put('mover', { l: '1' });
  const watch = await client.watch(`${path}?watch=1&resourceVersion=${await listVersion()}&labelSelector=l%3D1`);
  server.admin.edit('configmaps', 'mover', { metadata: { labels: { l: '2' } } });
  const version = server.admin.get('configmaps', 'mover')?.metadata.resourceVersion;
  server.admin.edit('configmaps', 'mover', { data: { unseen: '1' } });
  server.admin.edit('configmaps', 'mover', { metadata: { labels: { l: '1' } } });
  const events = await watch.until((all) => all.length >= 2);
  assert.deepEqual(told(events), ['DELETED mover', 'ADDED mover']);
  const [left] = events.map(metadataOf);
  assert.deepEqual([left?.['labels'], left?.['resourceVersion']], [{ l: '1' }, version]);
  watch.close();
});

const selectors: readonly { selector: string; expect: readonly string[] }[] = [
  { selector: 'tier in (a,b)', expect: ['sel-1', 'sel-2'] },
  { selector: 'tier notin (a),sel', expect: ['sel-2', 'sel-3'] },
  { selector: 'sel,!tier', expect: ['sel-3'] },
  { selector: 'tier=a', expect: ['sel-1'] },
  { selector: 'sel==1,tier!=a', expect: ['sel-2', 'sel-3'] },
];

for (const { selector, expect } of selectors) {
  test(`the label selector "${selector}" selects ${expect.join(' and ')}`, async () => {
    put('sel-1', { sel: '1', tier: 'a' });
    put('sel-2', { sel: '1', tier: 'b' });
    put('sel-3', { sel: '1' });
    const { body } = await client.get(`${path}?labelSelector=${encodeURIComponent(selector)}`);
    assert.deepEqual(
      asList(body['items']).map((item) => asObject(asObject(item)['metadata'])['name']),
      expect,
    );
  });
}

test('pods are selected by node', async () => {
  server.admin.createPod({ name: 'here' });
  const { body } = await client.get('/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-1');
  assert.equal(JSON.stringify(body).includes('"here"'), true);
});

const refusals: readonly { query: string; status: number; message: string }[] = [
  {
    query: 'fieldSelector=data%3Dx',
    status: 400,
    message: '"data" is not a known field selector: only "metadata.name", "metadata.namespace"',
  },
  { query: 'labelSelector=x+in+a', status: 400, message: "unable to parse requirement: found 'a' expected: '('" },
  { query: 'watch=1&timeoutSeconds=abc', status: 400, message: 'strconv.ParseInt: parsing "abc": invalid syntax' },
  {
    query: 'watch=1&resourceVersion=abc',
    status: 500,
    message: 'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
  },
  {
    query: 'sendInitialEvents=true',
    status: 422,
    message:
      'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list',
  },
  {
    query: 'watch=1&sendInitialEvents=true',
    status: 422,
    message:
      'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
  },
];

for (const { query, status, message } of refusals) {
  test(`"${query}" is refused`, async () => {
    const reply = await client.get(`${path}?${query}`);
    assert.deepEqual([reply.status, reply.message], [status, message]);
  });
}

test('a field selector that a kind does not know is worded by the kind', async () => {
  const { message } = await client.get('/api/v1/namespaces/default/pods?fieldSelector=metadata.uid%3Dx');
  assert.equal(message, 'field label not supported: metadata.uid');
});

test('a watch from a version that is forgotten gets 200 and an ERROR event, then ends', async () => {
  const version = Number(await listVersion());
  put('forgotten');
  server.store.compact();
  const watch = await client.watch(`${path}?watch=1&resourceVersion=${version}`);
  assert.equal(watch.status, 200);
  await watch.ended();
  assert.deepEqual(watch.events(), [
    {
      type: 'ERROR',
      object: {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: `too old resource version: ${version} (${server.store.revision()})`,
        reason: 'Expired',
        code: 410,
      },
    },
  ]);
});

test('a watch from the future is silent, a list from there is 504', async () => {
  const watch = await client.watch(`${path}?watch=1&resourceVersion=99999999&timeoutSeconds=1`);
  put('unheard');
  await watch.ended();
  assert.deepEqual(watch.events(), []);
  const list = await client.get(`${path}?resourceVersion=99999999`);
  assert.deepEqual(
    [list.status, list.message],
    [504, `Timeout: Too large resource version: 99999999, current: ${server.store.revision()}`],
  );
});

test('bookmarks come to those who allowed them', async () => {
  const version = await listVersion();
  const watch = await client.watch(`${path}?watch=1&resourceVersion=${version}&allowWatchBookmarks=true`);
  const deaf = await client.watch(`${path}?watch=1&resourceVersion=${version}`);
  put('after');
  server.watches.bookmark();
  const events = await watch.until((all) => all.length >= 2);
  assert.deepEqual(events[1]?.object, {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { resourceVersion: String(server.store.revision()) },
  });
  await deaf.until((all) => all.length === 1);
  watch.close();
  deaf.close();
});

test('a watch of a name that is absent stays open and tells of its creation', async () => {
  const watch = await client.watch(`${path}?watch=1&fieldSelector=metadata.name%3Dunborn`);
  assert.equal(watch.status, 200);
  put('unborn');
  assert.deepEqual(told(await watch.until((all) => all.length === 1)), ['ADDED unborn']);
  watch.close();
});
