/** How things end: pods and their grace period, owners, finalizers, namespaces. Seen on Kubernetes 1.37.2. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestClient, type TestClient } from './client.ts';
import { asObject } from './objects/json.ts';
import { type EmbeddedApiServer, startApiServer } from './server.ts';

let server: EmbeddedApiServer;
let client: TestClient;
const pods = '/api/v1/namespaces/default/pods';

before(async () => {
  server = await startApiServer();
  client = createTestClient(server.url, server.adminToken);
});

after(async () => {
  await client.close();
  await server.close();
});

const secondsLeft = (timestamp: unknown): number => (Date.parse(String(timestamp)) - Date.now()) / 1000;

test('a deleted pod gets a deletionTimestamp and stays for its grace period', async () => {
  server.admin.createPod({ name: 'graceful' });
  const { status, body } = await client.delete(`${pods}/graceful`);
  const metadata = asObject(body['metadata']);
  assert.deepEqual(
    [status, body['kind'], metadata['deletionGracePeriodSeconds'], metadata['generation']],
    [200, 'Pod', 30, 2],
  );
  const left = secondsLeft(metadata['deletionTimestamp']);
  assert.ok(left > 27 && left <= 31, `${left} s`);
  const shorter = await client.delete(`${pods}/graceful?gracePeriodSeconds=5`);
  assert.equal(asObject(shorter.body['metadata'])['deletionGracePeriodSeconds'], 5);
  await client.delete(`${pods}/graceful?gracePeriodSeconds=0`);
  assert.equal((await client.get(`${pods}/graceful`)).status, 404);
});

test('a pod is gone by itself when its grace period is over', async () => {
  server.admin.createPod({ name: 'brief', terminationGracePeriodSeconds: 1 });
  server.admin.terminatePod('brief');
  assert.notEqual(server.admin.get('pods', 'brief'), undefined);
  await server.admin.until('pods', () => server.admin.get('pods', 'brief') === undefined);
});

test('a pod without a node, or that has ended, goes at once', async () => {
  const spec = { containers: [{ name: 'a', image: 'x' }] };
  await client.post(pods, { metadata: { name: 'unscheduled' }, spec });
  await client.delete(`${pods}/unscheduled`);
  server.admin.createPod({ name: 'failed', phase: 'Failed' });
  await client.delete(`${pods}/failed`);
  assert.deepEqual(
    [server.admin.get('pods', 'unscheduled'), server.admin.get('pods', 'failed')],
    [undefined, undefined],
  );
});

test('a finalizer holds a pod beyond its grace period', async () => {
  server.admin.createPod({ name: 'held', finalizers: ['example.com/hold'] });
  await client.delete(`${pods}/held?gracePeriodSeconds=0`);
  assert.notEqual(server.admin.get('pods', 'held')?.metadata.deletionTimestamp, undefined);
  server.admin.edit('pods', 'held', { metadata: { finalizers: null } });
  assert.equal(server.admin.get('pods', 'held'), undefined);
});

test('a write to a pod does not reach its status, nor the other way round', async () => {
  server.admin.createPod({ name: 'split' });
  const main = await client.patch('merge', `${pods}/split`, { status: { phase: 'Failed' } });
  assert.equal(asObject(main.body['status'])['phase'], 'Running');
  const status = await client.patch('merge', `${pods}/split/status`, {
    spec: { hostname: 'x' },
    status: { phase: 'Failed' },
  });
  assert.equal(asObject(status.body['status'])['phase'], 'Failed');
  assert.equal(asObject(status.body['spec'])['hostname'], undefined);
});

const ownedBy = (name: string, owner: { readonly name: string; readonly uid: string }): void => {
  server.admin.put({
    kind: 'EndpointSlice',
    metadata: { name, ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', ...owner }] },
    addressType: 'IPv4',
  });
};

test('a slice owned by its pod stays through the grace period and goes with the pod object', async () => {
  const { uid } = server.admin.createPod({ name: 'owner' }).metadata;
  ownedBy('owned', { name: 'owner', uid });
  server.admin.terminatePod('owner');
  await server.admin.settled();
  assert.notEqual(server.admin.get('endpointslices', 'owned'), undefined);
  server.admin.removePod('owner');
  await server.admin.settled();
  assert.equal(server.admin.get('endpointslices', 'owned'), undefined);
});

test('an owner with a wrong uid or a wrong name does not count', async () => {
  const { uid } = server.admin.createPod({ name: 'alive' }).metadata;
  ownedBy('right', { name: 'alive', uid });
  ownedBy('wrong-uid', { name: 'alive', uid: 'other' });
  ownedBy('wrong-name', { name: 'other', uid });
  await server.admin.settled();
  assert.notEqual(server.admin.get('endpointslices', 'right'), undefined);
  assert.equal(server.admin.get('endpointslices', 'wrong-uid'), undefined);
  assert.equal(server.admin.get('endpointslices', 'wrong-name'), undefined);
});

test('an owner of a kind that the server does not know is taken to exist', async () => {
  server.admin.createPod({
    name: 'set-0',
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'set', uid: 'x' }],
  });
  await server.admin.settled();
  assert.notEqual(server.admin.get('pods', 'set-0'), undefined);
});

test('nothing new comes into a namespace that is being terminated; when it is empty it goes', async () => {
  server.admin.put({ kind: 'Namespace', metadata: { name: 'doomed' } });
  const configMaps = '/api/v1/namespaces/doomed/configmaps';
  await client.post(configMaps, { metadata: { name: 'held', finalizers: ['example.com/hold'] } });
  const { body } = await client.delete('/api/v1/namespaces/doomed');
  assert.equal(asObject(body['status'])['phase'], 'Terminating');
  const refused = await client.post(configMaps, { metadata: { name: 'late' } });
  assert.equal(refused.status, 403);
  assert.equal(
    refused.message,
    'configmaps "late" is forbidden: unable to create new content in namespace doomed because it is being terminated',
  );
  assert.deepEqual(asObject(refused.body['details'])['causes'], [
    { reason: 'NamespaceTerminating', message: 'namespace doomed is being terminated', field: 'metadata.namespace' },
  ]);
  await server.admin.settled();
  assert.equal((await client.get('/api/v1/namespaces/doomed')).status, 200);
  await client.patch('merge', `${configMaps}/held`, { metadata: { finalizers: null } });
  await server.admin.until('namespaces', () => server.admin.get('namespaces', 'doomed') === undefined);
  assert.equal((await client.post(configMaps, { metadata: { name: 'x' } })).message, 'namespaces "doomed" not found');
});

test('a new namespace gets its default ServiceAccount and root certificate', async () => {
  server.admin.put({ kind: 'Namespace', metadata: { name: 'fresh' } });
  await server.admin.settled();
  assert.notEqual(server.admin.get('serviceaccounts', 'default', 'fresh'), undefined);
  assert.notEqual(server.admin.get('configmaps', 'kube-root-ca.crt', 'fresh'), undefined);
});
