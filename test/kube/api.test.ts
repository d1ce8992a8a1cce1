/** The typed calls: what goes over the wire, and what each answer becomes. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createApi } from '../../agent/kube/api.ts';
import { KubeError } from '../../agent/kube/errors.ts';
import { type Handler, json, startServer, statusBody, testClient } from './support.ts';

const call = { timeoutMs: 2_000 };
const endpoints = { apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 'ipa', uid: 'u' } } as const;
const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'ipa-0', uid: 'p' } } as const;
const slice = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'ipa-0-x', uid: 's' },
  addressType: 'IPv4',
  endpoints: [],
} as const;
const core = '/api/v1/namespaces/default';
const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';

async function start(t: TestContext, handler: Handler) {
  const server = await startServer(t, handler);
  const asked = () => {
    const { method, path, query, body, headers } = server.requests[0] ?? assert.fail('nothing was asked');
    const sent = { method, path, query: Object.fromEntries(query) };
    return body === '' ? sent : { ...sent, type: headers['content-type'], body: JSON.parse(body) as unknown };
  };
  return { api: createApi(testClient(t, server.url), { namespace: 'default' }), asked };
}

const answering =
  (status: number, body: unknown): Handler =>
  (_, response) =>
    json(response, status, body);
const refusing = (status: number, reason: string, details?: unknown) =>
  answering(status, statusBody(status, reason, 'said so', details));

test('reads find the object or say that it is absent', async (t) => {
  const found = await start(t, answering(200, endpoints));
  assert.deepEqual(await found.api.getEndpoints('ipa', call), { kind: 'found', object: endpoints });
  assert.deepEqual(found.asked(), { method: 'GET', path: `${core}/endpoints/ipa`, query: {} });
  const pods = await start(t, answering(200, pod));
  assert.deepEqual(await pods.api.getPod('ipa-0', call), { kind: 'found', object: pod });
  assert.equal(pods.asked().path, `${core}/pods/ipa-0`);
  const absent = await start(t, refusing(404, 'NotFound'));
  assert.deepEqual(await absent.api.getEndpoints('ipa', call), { kind: 'absent' });
  assert.deepEqual(await absent.api.getPod('ipa-0', call), { kind: 'absent' });
});

const query = { fieldManager: 'endpoint-registrar', force: 'true' };
const type = 'application/apply-patch+yaml';

test('an Endpoints object is applied, with our field manager and by force', async (t) => {
  const { api, asked } = await start(t, answering(201, endpoints));
  assert.deepEqual(await api.applyEndpoints(endpoints, call), endpoints);
  assert.deepEqual(asked(), { method: 'PATCH', path: `${core}/endpoints/ipa`, query, type, body: endpoints });
});

test('so is a slice', async (t) => {
  const { api, asked } = await start(t, answering(200, slice));
  assert.deepEqual(await api.applySlice(slice, call), slice);
  assert.deepEqual(asked(), { method: 'PATCH', path: `${slices}/ipa-0-x`, query, type, body: slice });
});

test('an apply that cannot be is an error, whatever the client calls an outcome', async (t) => {
  for (const [status, reason] of [
    [404, 'NotFound'],
    [409, 'Conflict'],
  ] as const) {
    const { api } = await start(t, refusing(status, reason));
    await assert.rejects(api.applySlice(slice, call), (error) => error instanceof KubeError && error.status === status);
  }
});

test('a patch is sent as JSON patch, with our field manager', async (t) => {
  const operations = [
    { op: 'test', path: '/subsets', value: null },
    { op: 'remove', path: '/x' },
  ] as const;
  const { api, asked } = await start(t, answering(200, endpoints));
  assert.deepEqual(await api.patchEndpoints('ipa', operations, call), { kind: 'patched', object: endpoints });
  assert.deepEqual(asked(), {
    method: 'PATCH',
    path: `${core}/endpoints/ipa`,
    query: { fieldManager: 'endpoint-registrar' },
    type: 'application/json-patch+json',
    body: operations,
  });
});

const condition = { type: 'endpoint-registrar/published', status: 'True' };

test("a condition of a pod is sent as strategic merge patch of this very pod's status", async (t) => {
  const { api, asked } = await start(t, answering(200, pod));
  const ofPod = { podName: 'ipa-0', uid: 'p' };
  assert.deepEqual(await api.patchPodStatus(ofPod, { conditions: [condition] }, call), { kind: 'found', object: pod });
  assert.deepEqual(asked(), {
    method: 'PATCH',
    path: `${core}/pods/ipa-0/status`,
    query: { fieldManager: 'endpoint-registrar' },
    type: 'application/strategic-merge-patch+json',
    body: { metadata: { uid: 'p' }, status: { conditions: [condition] } },
  });
});

test('of a pod that is gone it is absent, of the next one of its name an error', async (t) => {
  const gone = await start(t, refusing(404, 'NotFound'));
  assert.deepEqual(await gone.api.patchPodStatus({ podName: 'ipa-0', uid: 'p' }, {}, call), { kind: 'absent' });
  const next = await start(t, refusing(422, 'Invalid', { name: 'ipa-0', causes: [{ reason: 'FieldValueInvalid' }] }));
  await assert.rejects(next.api.patchPodStatus({ podName: 'ipa-0', uid: 'p' }, {}, call), KubeError);
});

const patches = [
  { name: 'empty details', handler: refusing(422, 'Invalid'), expect: 'not-applied' },
  { name: 'a conflict that the server could not settle', handler: refusing(409, 'Conflict'), expect: 'not-applied' },
  { name: '404', handler: refusing(404, 'NotFound'), expect: 'absent' },
];
for (const { name, handler, expect } of patches) {
  test(`a patch answered with ${name} is ${expect}`, async (t) => {
    const { api } = await start(t, handler);
    assert.deepEqual(await api.patchEndpoints('ipa', [], call), { kind: expect });
  });
}

test('a patch that leaves the object invalid is an error', async (t) => {
  const { api } = await start(t, refusing(422, 'Invalid', { name: 'ipa', causes: [{ reason: 'FieldValueRequired' }] }));
  await assert.rejects(api.patchEndpoints('ipa', [], call), KubeError);
});

test('a slice is deleted by name and uid', async (t) => {
  const { api, asked } = await start(t, answering(200, { kind: 'Status', apiVersion: 'v1', status: 'Success' }));
  assert.equal(await api.deleteSlice('ipa-0-x', { uid: 's' }, call), 'deleted');
  assert.deepEqual(asked(), {
    method: 'DELETE',
    path: `${slices}/ipa-0-x`,
    query: {},
    type: 'application/json',
    body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 's' } },
  });
});

for (const [status, reason] of [
  [404, 'NotFound'],
  [409, 'Conflict'],
] as const) {
  test(`a deletion answered with ${status} finds it absent already`, async (t) => {
    const { api } = await start(t, refusing(status, reason));
    assert.equal(await api.deleteSlice('ipa-0-x', { uid: 's' }, call), 'absent');
  });
}

test('a list of slices is one of slices: kind and apiVersion are filled in', async (t) => {
  const { kind: _, apiVersion: __, ...bare } = slice;
  const body = {
    kind: 'EndpointSliceList',
    apiVersion: 'discovery.k8s.io/v1',
    metadata: { resourceVersion: '5' },
    items: [bare],
  };
  const { api, asked } = await start(t, answering(200, body));
  assert.deepEqual(await api.listSlices('a=b', call), [slice]);
  assert.deepEqual(asked(), { method: 'GET', path: slices, query: { labelSelector: 'a=b' } });
});

const wrong = [
  { name: 'another kind', body: { ...endpoints, kind: 'Service' } },
  { name: 'another apiVersion', body: { ...endpoints, apiVersion: 'v2' } },
  { name: 'no name', body: { ...endpoints, metadata: {} } },
  { name: 'no metadata', body: { apiVersion: 'v1', kind: 'Endpoints' } },
];
for (const { name, body } of wrong) {
  test(`an answer with ${name} is a BadAnswer that names the request`, async (t) => {
    const { api } = await start(t, answering(200, body));
    await assert.rejects(
      api.getEndpoints('ipa', call),
      (error) => error instanceof KubeError && error.reason === 'BadAnswer' && error.message.includes('GET /api/v1/'),
    );
  });
}

const wrongLists = [
  { name: 'no list', body: slice },
  { name: 'no version', body: { kind: 'EndpointSliceList', metadata: {}, items: [] } },
  { name: 'items that are none', body: { kind: 'EndpointSliceList', metadata: { resourceVersion: '5' }, items: {} } },
  {
    name: 'an item that is null',
    body: { kind: 'EndpointSliceList', metadata: { resourceVersion: '5' }, items: [null] },
  },
];
for (const { name, body } of wrongLists) {
  test(`a list with ${name} is a BadAnswer`, async (t) => {
    const { api } = await start(t, answering(200, body));
    const isBad = (error: unknown) => error instanceof KubeError && error.reason === 'BadAnswer';
    await assert.rejects(api.listSlices('a=b', call), isBad);
  });
}

test('a list whose items are null is empty', async (t) => {
  const { api } = await start(
    t,
    answering(200, { kind: 'EndpointSliceList', metadata: { resourceVersion: '5' }, items: null }),
  );
  assert.deepEqual(await api.listSlices('a=b', call), []);
});

const event = {
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: 'ipa-0.e' },
  involvedObject: { kind: 'Pod', name: 'ipa-0' },
} as const;

test('an Event is created with our field manager; one that is there already is an outcome', async (t) => {
  const { api, asked } = await start(t, answering(201, event));
  assert.equal(await api.createEvent(event, call), 'created');
  assert.deepEqual(asked(), {
    method: 'POST',
    path: `${core}/events`,
    query: { fieldManager: 'endpoint-registrar' },
    type: 'application/json',
    body: event,
  });
  const taken = await start(t, refusing(409, 'AlreadyExists'));
  assert.equal(await taken.api.createEvent(event, call), 'already-exists');
  const nowhere = await start(t, refusing(404, 'NotFound'));
  await assert.rejects(nowhere.api.createEvent(event, call), KubeError);
});

test('an Event is changed by a merge patch, and may be forgotten by then', async (t) => {
  const { api, asked } = await start(t, answering(200, event));
  const change = { count: 2, lastTimestamp: '2026-01-01T00:00:00Z' };
  assert.deepEqual(await api.patchEvent('ipa-0.e', change, call), { kind: 'found', object: event });
  assert.deepEqual(asked(), {
    method: 'PATCH',
    path: `${core}/events/ipa-0.e`,
    query: { fieldManager: 'endpoint-registrar' },
    type: 'application/merge-patch+json',
    body: change,
  });
  const forgotten = await start(t, refusing(404, 'NotFound'));
  assert.deepEqual(await forgotten.api.patchEvent('ipa-0.e', change, call), { kind: 'absent' });
});

test('a name is never more than a part of the path', async (t) => {
  const { api, asked } = await start(t, refusing(404, 'NotFound'));
  await api.getPod('../../secrets', call);
  assert.equal(asked().path, `${core}/pods/..%2F..%2Fsecrets`);
});
