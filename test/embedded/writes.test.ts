/** Creating, replacing and deleting over HTTP; every status and sentence was seen on Kubernetes 1.37.2. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestClient, type TestClient } from './client.ts';
import { asList, asObject, type JsonObject } from './objects/json.ts';
import { type EmbeddedApiServer, startApiServer } from './server.ts';

let server: EmbeddedApiServer;
let client: TestClient;
const endpoints = '/api/v1/namespaces/default/endpoints';
const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
const subset = { addresses: [{ ip: '10.1.1.1' }], ports: [{ name: 'kerberos', port: 88, protocol: 'TCP' }] };

before(async () => {
  server = await startApiServer({ controllersOff: ['mirroring', 'endpoints'] });
  client = createTestClient(server.url, server.adminToken);
  server.admin.put({ kind: 'Endpoints', metadata: { name: 'p', annotations: { k: 'v' } }, subsets: [subset] });
});

after(async () => {
  await client.close();
  await server.close();
});

const metadataOf = (body: JsonObject): JsonObject => asObject(body['metadata']);

test('an object is created with identity, defaults and owners', async () => {
  const { status, body, header } = await client.post(`${endpoints}?fieldManager=tester`, {
    metadata: { name: 'made', labels: { x: 'y' } },
    subsets: [{ addresses: [{ ip: '10.1.1.1' }], ports: [{ name: 'kerberos', port: 88 }] }],
  });
  assert.equal(status, 201);
  assert.equal(
    header('warning'),
    '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"',
  );
  assert.deepEqual(body['subsets'], [subset], 'the protocol is filled in');
  const metadata = metadataOf(body);
  assert.match(String(metadata['uid']), /^[0-9a-f-]{36}$/);
  assert.match(String(metadata['creationTimestamp']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.equal(metadata['generation'], undefined, 'Endpoints have no generation');
  const [owner] = asList(metadata['managedFields']).map(asObject);
  assert.equal(owner?.['manager'], 'tester');
  assert.deepEqual(owner?.['fieldsV1'], { 'f:metadata': { 'f:labels': { '.': {}, 'f:x': {} } }, 'f:subsets': {} });
});

test('absent, null and empty subsets are all stored as absent', async () => {
  for (const [index, body] of [{}, { subsets: null }, { subsets: [] }].entries()) {
    const made = await client.post(endpoints, { metadata: { name: `empty-${index}` }, ...body });
    assert.equal(Object.hasOwn(made.body, 'subsets'), false);
  }
});

test('an unnamed slice port has an empty name, and what is always there is null when empty', async () => {
  const made = await client.post(slices, { metadata: { name: 'bare' }, addressType: 'IPv4', ports: [{ port: 88 }] });
  assert.equal(made.body['endpoints'], null);
  assert.deepEqual(made.body['ports'], [{ name: '', protocol: 'TCP', port: 88 }]);
  assert.equal(metadataOf(made.body)['generation'], 1);
});

test('unknown fields are dropped with a warning, or refused when the client is strict', async () => {
  const body = { metadata: { name: 'odd', colour: 1 }, spec: 1 };
  const strict = await client.post(`${endpoints}?fieldValidation=Strict`, body);
  assert.equal(strict.status, 400);
  assert.equal(
    strict.message,
    'Endpoints in version "v1" cannot be handled as a Endpoints: strict decoding error: unknown field "metadata.colour", unknown field "spec"',
  );
  const lenient = await client.post(endpoints, body);
  assert.equal(lenient.status, 201);
  assert.match(lenient.header('warning') ?? '', /299 - "unknown field \\"metadata.colour\\""/);
});

const refusedCreates: readonly { name: string; path?: string; body: unknown; status: number; message: string }[] = [
  {
    name: 'a name that is taken',
    body: { metadata: { name: 'made' } },
    status: 409,
    message: 'endpoints "made" already exists',
  },
  {
    name: 'an object without a name',
    body: { metadata: {} },
    status: 422,
    message: 'Endpoints "" is invalid: metadata.name: Required value: name or generateName is required',
  },
  {
    name: 'a wrong type',
    body: { metadata: { name: 'z' }, subsets: [{ ports: [{ port: 'x' }] }] },
    status: 400,
    message:
      'Endpoints in version "v1" cannot be handled as a Endpoints: json: cannot unmarshal string into Go struct field EndpointPort.subsets.ports.port of type int32',
  },
  {
    name: 'another namespace in the body',
    body: { metadata: { name: 'z', namespace: 'other' } },
    status: 400,
    message: 'the namespace of the provided object does not match the namespace sent on the request',
  },
  {
    name: 'a resourceVersion',
    body: { metadata: { name: 'z', resourceVersion: '5' } },
    status: 500,
    message: 'resourceVersion should not be set on objects to be created',
  },
  {
    name: 'a namespace that does not exist',
    path: '/api/v1/namespaces/nono/endpoints',
    body: { metadata: { name: 'z' } },
    status: 404,
    message: 'namespaces "nono" not found',
  },
  {
    name: 'half a body',
    body: '{"metadata":',
    status: 400,
    message:
      'the object provided is unrecognized (must be of type Endpoints): couldn\'t get version/kind; json parse error: unexpected end of JSON input ({"metadata":)',
  },
];

for (const { name, path, body, status, message } of refusedCreates) {
  test(`POST refuses ${name}`, async () => {
    const reply = await client.post(path ?? endpoints, body);
    assert.deepEqual([reply.status, reply.message], [status, message]);
  });
}

test('PUT with a stale resourceVersion conflicts, without one it overwrites', async () => {
  const { body } = await client.get(`${endpoints}/p`);
  const old = { ...body, metadata: { ...metadataOf(body), resourceVersion: '1' } };
  assert.equal((await client.put(`${endpoints}/p`, old)).status, 409);
  const bare = await client.put(`${endpoints}/p`, { metadata: { name: 'p' }, subsets: [subset] });
  assert.equal(bare.status, 200);
  assert.equal(metadataOf(bare.body)['annotations'], undefined);
});

test('PUT creates Endpoints but not EndpointSlices', async () => {
  assert.equal((await client.put(`${endpoints}/by-put`, { metadata: { name: 'by-put' } })).status, 201);
  const slice = await client.put(`${slices}/by-put`, { metadata: { name: 'by-put' }, addressType: 'IPv4' });
  assert.deepEqual([slice.status, slice.message], [404, 'endpointslices.discovery.k8s.io "by-put" not found']);
});

test('a precondition of a deletion that does not hold is a conflict that names the kind', async () => {
  const { body } = await client.get(`${endpoints}/p`);
  const { uid, resourceVersion } = metadataOf(body);
  const byUid = await client.delete(`${endpoints}/p`, { preconditions: { uid: 'abc' } });
  assert.equal(
    byUid.message,
    `Operation cannot be fulfilled on Endpoints "p": the UID in the precondition (abc) does not match the UID in record (${String(uid)}). The object might have been deleted and then recreated`,
  );
  const byVersion = await client.delete(`${endpoints}/p`, { preconditions: { resourceVersion: '1' } });
  assert.equal(
    byVersion.message,
    `Operation cannot be fulfilled on Endpoints "p": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (${String(resourceVersion)}). The object might have been modified`,
  );
  const gone = await client.delete(`${endpoints}/p`, { preconditions: { uid } });
  assert.equal(gone.body['status'], 'Success');
  assert.deepEqual(gone.body['details'], { name: 'p', kind: 'endpoints', uid });
  assert.deepEqual((await client.delete(`${endpoints}/p`)).message, 'endpoints "p" not found');
});

test('generateName makes a name', async () => {
  const event = { involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' }, reason: 'X', type: 'Warning' };
  const { body } = await client.post('/api/v1/namespaces/default/events', {
    metadata: { generateName: 'e-' },
    ...event,
  });
  assert.match(String(metadataOf(body)['name']), /^e-[b-df-hj-np-tv-z2-9]{5}$/);
  assert.equal(body['eventTime'], null);
});

test('only the metadata is answered where the client asks for it, also to a PATCH', async () => {
  await client.post(endpoints, { metadata: { name: 'partial' }, subsets: [subset] });
  const accept = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
  const change = { metadata: { annotations: { a: 'b' } } };
  const patched = await client.patch('merge', `${endpoints}/partial`, change, { accept });
  assert.deepEqual(Object.keys(patched.body), ['kind', 'apiVersion', 'metadata']);
  assert.equal(patched.body['kind'], 'PartialObjectMetadata');
  const list = await client.get(endpoints, { accept });
  assert.equal(list.status, 406);
  const unknown = await client.get(`${endpoints}/partial`, { accept: 'application/json;as=Foo;g=meta.k8s.io;v=v1' });
  assert.equal(unknown.status, 406);
});

test('paths that lead nowhere and methods that do not fit', async () => {
  assert.equal(
    (await client.get('/api/v1/namespaces/default/foos')).message,
    'the server could not find the requested resource',
  );
  assert.equal((await client.get('/foo')).body['text'], '404 page not found\n');
  const put = await client.put(endpoints, {});
  assert.deepEqual([put.status, put.message], [405, 'the server does not allow this method on the requested resource']);
});
