/** Server-side apply (KEP-555) as an agent uses it; every status and sentence was seen on Kubernetes 1.37.2. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestClient, type Reply, type TestClient } from './client.ts';
import { asList, asObject, type JsonObject } from './objects/json.ts';
import { type EmbeddedApiServer, startApiServer } from './server.ts';

let server: EmbeddedApiServer;
let client: TestClient;
const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
const endpoints = '/api/v1/namespaces/default/endpoints';

before(async () => {
  server = await startApiServer({ controllersOff: ['mirroring', 'endpoints'] });
  client = createTestClient(server.url, server.adminToken);
});

after(async () => {
  await client.close();
  await server.close();
});

const slice = (name: string, change: JsonObject = {}, labels: JsonObject = { a: 'b' }): JsonObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name, labels },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['10.0.0.1'] }],
  ports: [{ name: 'a', port: 88, protocol: 'TCP' }],
  ...change,
});

const applySlice = (name: string, body: JsonObject, query = 'fieldManager=er&force=true'): Promise<Reply> =>
  client.patch('apply', `${slices}/${name}?${query}`, body);

const metadataOf = ({ body }: Reply): JsonObject => asObject(body['metadata']);
const ownersOf = (reply: Reply): readonly unknown[] =>
  asList(metadataOf(reply)['managedFields']).map((entry) => {
    const { manager, operation, fieldsV1 } = asObject(entry);
    return [manager, operation, fieldsV1];
  });

test('applying creates what is absent, and the applier owns what it asked for', async () => {
  const made = await applySlice('s1', slice('s1'));
  assert.equal(made.status, 201);
  assert.deepEqual(ownersOf(made), [
    [
      'er',
      'Apply',
      { 'f:addressType': {}, 'f:endpoints': {}, 'f:metadata': { 'f:labels': { 'f:a': {} } }, 'f:ports': {} },
    ],
  ]);
});

test('applying the same again changes nothing', async () => {
  const first = await applySlice('s2', slice('s2'));
  const again = await applySlice('s2', slice('s2'));
  assert.equal(again.status, 200);
  assert.deepEqual(again.body, first.body);
});

test('what a manager applied before and now leaves out is removed, what others own stays', async () => {
  await applySlice('s3', slice('s3', {}, { a: 'b', c: 'd' }));
  await client.patch('merge', `${slices}/s3?fieldManager=other`, { metadata: { labels: { theirs: 'x' } } });
  const less = await applySlice('s3', slice('s3', { ports: [] }, { a: 'b' }));
  assert.deepEqual(metadataOf(less)['labels'], { a: 'b', theirs: 'x' });
  assert.equal(less.body['ports'], null);
});

test('a field that another manager owns with another value conflicts unless forced', async () => {
  await applySlice('s4', slice('s4'));
  await client.patch('merge', `${slices}/s4?fieldManager=other`, { metadata: { labels: { a: 'z', z: 'z' } } });
  const wanted = slice('s4', {}, { a: 'b', z: 'y' });
  const refused = await applySlice('s4', wanted, 'fieldManager=er');
  assert.equal(refused.status, 409);
  assert.equal(
    refused.message,
    'Apply failed with 2 conflicts: conflicts with "other" using discovery.k8s.io/v1:\n- .metadata.labels.a\n- .metadata.labels.z',
  );
  const forced = await applySlice('s4', wanted);
  assert.deepEqual(metadataOf(forced)['labels'], { a: 'b', z: 'y' });
  assert.deepEqual(
    ownersOf(forced).map((owner) => asList(owner)[0]),
    ['er'],
  );
});

test('an empty list that is applied differs from a stored null: it conflicts with the owner of the field', async () => {
  await applySlice('s6', slice('s6', { endpoints: null, ports: [] }), 'fieldManager=first');
  const refused = await applySlice('s6', slice('s6', { endpoints: null, ports: [] }), 'fieldManager=second');
  assert.equal(refused.message, 'Apply failed with 1 conflict: conflict with "first": .ports');
});

test('a constant body applied again leaves alone what patches of the same manager wrote', async () => {
  const body = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      name: 'e1',
      labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
      annotations: { fixed: 'x' },
    },
  };
  const path = `${endpoints}/e1?fieldManager=er`;
  await client.patch('apply', `${path}&force=true`, body);
  const joined = await client.patch('json', path, [
    { op: 'test', path: '/subsets', value: null },
    { op: 'add', path: '/subsets', value: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ name: 'a', port: 88 }] }] },
    { op: 'add', path: '/metadata/annotations/beat', value: '1' },
  ]);
  const again = await client.patch('apply', `${path}&force=true`, body);
  assert.deepEqual(again.body, joined.body);
  assert.deepEqual(ownersOf(again), [
    [
      'er',
      'Apply',
      {
        'f:metadata': {
          'f:annotations': { 'f:fixed': {} },
          'f:labels': { 'f:endpointslice.kubernetes.io/skip-mirror': {} },
        },
      },
    ],
    ['er', 'Update', { 'f:metadata': { 'f:annotations': { 'f:beat': {} } }, 'f:subsets': {} }],
  ]);
});

test('an object without owners gets a "before-first-apply" when it is applied to', async () => {
  await client.patch('apply', `${endpoints}/e2?fieldManager=er`, {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'e2', labels: { a: 'b' } },
  });
  await client.patch('merge', `${endpoints}/e2`, { metadata: { managedFields: [{}] } });
  const again = await client.patch('apply', `${endpoints}/e2?fieldManager=er`, {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'e2', labels: { a: 'b' } },
  });
  assert.deepEqual(ownersOf(again), [
    ['er', 'Apply', { 'f:metadata': { 'f:labels': { 'f:a': {} } } }],
    ['before-first-apply', 'Update', { 'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } } }],
  ]);
});

test('labels count for the generation of a slice, annotations do not', async () => {
  await applySlice('s5', slice('s5'));
  const labelled = await client.patch('merge', `${slices}/s5`, { metadata: { labels: { q: 'r' } } });
  assert.equal(metadataOf(labelled)['generation'], 2);
  const annotated = await client.patch('merge', `${slices}/s5`, { metadata: { annotations: { q: 'r' } } });
  assert.equal(metadataOf(annotated)['generation'], 2);
});

const refusals: readonly {
  name: string;
  query?: string;
  object: string;
  body: JsonObject;
  status: number;
  message: string;
}[] = [
  {
    name: 'no fieldManager',
    query: '',
    object: 's1',
    body: slice('s1'),
    status: 422,
    message: 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
  },
  {
    name: 'a uid where nothing exists',
    object: 'absent',
    body: slice('absent', { metadata: { name: 'absent', uid: 'abc' } }),
    status: 409,
    message:
      'Operation cannot be fulfilled on endpointslices.discovery.k8s.io "absent": uid mismatch: the provided object specified uid abc, and no existing object was found',
  },
  {
    name: 'a wrong uid',
    object: 's1',
    body: slice('s1', { metadata: { name: 's1', uid: 'zz' } }),
    status: 422,
    message: 'EndpointSlice.discovery.k8s.io "s1" is invalid: metadata.uid: Invalid value: "zz": field is immutable',
  },
  {
    name: 'a stale resourceVersion',
    object: 's1',
    body: slice('s1', { metadata: { name: 's1', resourceVersion: '1' } }),
    status: 409,
    message:
      'Operation cannot be fulfilled on endpointslices.discovery.k8s.io "s1": the object has been modified; please apply your changes to the latest version and try again',
  },
  {
    name: 'another address type',
    object: 's1',
    body: slice('s1', { addressType: 'IPv6', endpoints: [] }),
    status: 422,
    message: 'EndpointSlice.discovery.k8s.io "s1" is invalid: addressType: Invalid value: null: field is immutable',
  },
  {
    name: 'a field that the kind does not have',
    object: 's1',
    body: slice('s1', { colour: 1 }),
    status: 500,
    message:
      'failed to create typed patch object (/s1; discovery.k8s.io/v1, Kind=EndpointSlice): .colour: field not declared in schema',
  },
  {
    name: 'another kind',
    object: 's1',
    body: slice('s1', { apiVersion: 'v1', kind: 'Endpoints' }),
    status: 400,
    message: 'invalid object type: /v1, Kind=Endpoints',
  },
];

for (const { name, query, object, body, status, message } of refusals) {
  test(`apply refuses ${name}`, async () => {
    const reply = await applySlice(object, body, query ?? 'fieldManager=er');
    assert.deepEqual([reply.status, reply.message], [status, message]);
  });
}
