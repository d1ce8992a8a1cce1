/** JSON and merge patches over HTTP; every status and sentence was seen on Kubernetes 1.37.2. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestClient, type TestClient } from './client.ts';
import { asObject, type JsonObject } from './objects/json.ts';
import { type EmbeddedApiServer, startApiServer } from './server.ts';

let server: EmbeddedApiServer;
let client: TestClient;
const endpoints = '/api/v1/namespaces/default/endpoints';
const subset = { addresses: [{ ip: '10.1.1.1' }], ports: [{ name: 'kerberos', port: 88, protocol: 'TCP' }] };

before(async () => {
  server = await startApiServer({ controllersOff: ['mirroring', 'endpoints'] });
  client = createTestClient(server.url, server.adminToken);
  server.admin.put({ kind: 'Endpoints', metadata: { name: 'p' }, subsets: [subset] });
});

after(async () => {
  await client.close();
  await server.close();
});

const metadataOf = (body: JsonObject): JsonObject => asObject(body['metadata']);
const versionOf = (body: JsonObject): unknown => metadataOf(body)['resourceVersion'];

test('a JSON patch that does not apply is 422 with empty details', async () => {
  const { status, body } = await client.patch('json', `${endpoints}/p`, [
    { op: 'test', path: '/subsets', value: null },
  ]);
  assert.equal(status, 422);
  assert.deepEqual(body, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'the server rejected our request due to an error in our request',
    reason: 'Invalid',
    details: {},
    code: 422,
  });
});

test('a JSON patch whose result is invalid is 422 with causes', async () => {
  const { status, body, message } = await client.patch('json', `${endpoints}/p`, [
    { op: 'remove', path: '/subsets/0/addresses/0' },
  ]);
  assert.equal(status, 422);
  assert.equal(
    message,
    'Endpoints "p" is invalid: subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`',
  );
  assert.deepEqual(body['details'], {
    name: 'p',
    kind: 'Endpoints',
    causes: [
      {
        reason: 'FieldValueRequired',
        message: 'Required value: must specify `addresses` or `notReadyAddresses`',
        field: 'subsets[0]',
      },
    ],
  });
});

test('a test compares stored values: a port without its protocol never matches', async () => {
  const bare = [{ ...subset, ports: [{ name: 'kerberos', port: 88 }] }];
  const { status } = await client.patch('json', `${endpoints}/p`, [{ op: 'test', path: '/subsets', value: bare }]);
  assert.equal(status, 422);
});

test('replacing the resourceVersion makes a JSON patch a compare-and-swap', async () => {
  const { status, message, body } = await client.patch('json', `${endpoints}/p`, [
    { op: 'replace', path: '/metadata/resourceVersion', value: '1' },
    { op: 'add', path: '/metadata/labels', value: { a: 'b' } },
  ]);
  assert.equal(status, 409);
  assert.equal(
    message,
    'Operation cannot be fulfilled on endpoints "p": the object has been modified; please apply your changes to the latest version and try again',
  );
  assert.equal(body['reason'], 'Conflict');
  assert.deepEqual(body['details'], { name: 'p', kind: 'endpoints' });
});

test('concurrent patches without a resourceVersion never conflict and lose nothing', async () => {
  await client.post(endpoints, { metadata: { name: 'busy', annotations: { seed: '1' } } });
  const replies = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      client.patch('json', `${endpoints}/busy`, [{ op: 'add', path: `/metadata/annotations/k${index}`, value: 'v' }]),
    ),
  );
  assert.deepEqual([...new Set(replies.map(({ status }) => status))], [200]);
  const { body } = await client.get(`${endpoints}/busy`);
  assert.equal(Object.keys(asObject(metadataOf(body)['annotations'])).length, 51);
});

test('a write that changes nothing keeps the resourceVersion', async () => {
  const first = await client.patch('merge', `${endpoints}/p`, { metadata: { annotations: { k: 'v' } } });
  const again = await client.patch('merge', `${endpoints}/p`, { metadata: { annotations: { k: 'v', absent: null } } });
  assert.equal(again.status, 200);
  assert.equal(versionOf(again.body), versionOf(first.body));
});

test('a merge patch creates the annotations map, which a JSON patch cannot', async () => {
  await client.post(endpoints, { metadata: { name: 'unannotated' } });
  const path = '/metadata/annotations/k';
  const json = await client.patch('json', `${endpoints}/unannotated`, [{ op: 'add', path, value: 'v' }]);
  assert.equal(json.status, 422);
  const merge = await client.patch('merge', `${endpoints}/unannotated`, { metadata: { annotations: { k: 'v' } } });
  assert.deepEqual(metadataOf(merge.body)['annotations'], { k: 'v' });
});

const refusedPatches: readonly {
  name: string;
  type: 'json' | 'merge';
  object?: string;
  body: unknown;
  status: number;
  message: string;
}[] = [
  { name: 'what is no JSON', type: 'json', body: 'x{', status: 400, message: 'invalid JSON patch' },
  {
    name: 'an object that is absent',
    type: 'json',
    object: 'nope',
    body: [],
    status: 404,
    message: 'endpoints "nope" not found',
  },
  {
    name: 'another uid',
    type: 'merge',
    body: { metadata: { uid: 'abc' } },
    status: 422,
    message: 'Endpoints "p" is invalid: metadata.uid: Invalid value: "abc": field is immutable',
  },
  {
    name: 'another name',
    type: 'merge',
    body: { metadata: { name: 'abc' } },
    status: 400,
    message: 'the name of the object (abc) does not match the name on the URL (p)',
  },
  {
    name: 'a list where an object belongs',
    type: 'merge',
    body: [],
    status: 400,
    message: 'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
  },
];

for (const { name, type, object = 'p', body, status, message } of refusedPatches) {
  test(`PATCH refuses ${name}`, async () => {
    const reply = await client.patch(type, `${endpoints}/${object}`, body);
    assert.deepEqual([reply.status, reply.message], [status, message]);
  });
}
