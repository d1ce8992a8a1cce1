/** The mirroring controller with its merging: the trap that the agent exists for. Seen on Kubernetes 1.37.2. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { EndpointAddress, EndpointSubset } from '../../agent/kube/objects.ts';
import { type EmbeddedApiServer, startApiServer } from './server.ts';

let server: EmbeddedApiServer;
let service = '';
let count = 0;

before(async () => {
  server = await startApiServer();
});

after(() => server.close());

beforeEach(() => {
  count += 1;
  service = `m-${count}`;
  server.admin.put({ kind: 'Service', metadata: { name: service }, spec: { clusterIP: 'None' } });
});

const pod = (index: number, uid: 'with-uid' | 'without-uid' = 'with-uid'): EndpointAddress => ({
  ip: `10.9.0.${index}`,
  targetRef: { kind: 'Pod', name: `p-${index}`, ...(uid === 'with-uid' ? { uid: `u-${index}` } : {}) },
});
const over = (protocol: string, ...addresses: readonly EndpointAddress[]): EndpointSubset => ({
  addresses,
  ports: [{ name: 'kerberos', port: 88, protocol }],
});
const put = async (subsets: readonly EndpointSubset[] | null): Promise<void> => {
  if (server.admin.get('endpoints', service) === undefined) {
    server.admin.put({
      kind: 'Endpoints',
      metadata: { name: service, labels: { a: 'b' }, annotations: { c: 'd' } },
      subsets,
    });
  } else server.admin.edit('endpoints', service, { subsets });
  await server.admin.settled();
};
const label = async (labels: Readonly<Record<string, string | null>>): Promise<void> => {
  server.admin.edit('endpoints', service, { metadata: { labels } });
  await server.admin.settled();
};
const mirrored = () =>
  server.admin
    .list('endpointslices')
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service);
/** e.g. `TCP 10.9.0.1 10.9.0.2` */
const told = (): readonly string[] =>
  mirrored()
    .map(({ ports, endpoints }) =>
      [
        ...(ports ?? []).map(({ protocol }) => protocol),
        ...(endpoints ?? []).flatMap(({ addresses }) => addresses).toSorted(),
      ].join(' '),
    )
    .toSorted();

test('TCP and UDP of the same pods become one slice with a duplicate name: nothing is mirrored, no Event tells', async () => {
  await put([over('TCP', pod(1), pod(2)), over('UDP', pod(1), pod(2))]);
  assert.deepEqual(told(), []);
  assert.deepEqual(server.admin.list('events'), []);
});

test('addresses are told apart by uid: without it on UDP both protocols are mirrored', async () => {
  await put([over('TCP', pod(1), pod(2)), over('UDP', pod(1, 'without-uid'), pod(2, 'without-uid'))]);
  assert.deepEqual(told(), ['TCP 10.9.0.1 10.9.0.2', 'UDP 10.9.0.1 10.9.0.2']);
});

test('ports of other names merge into one valid slice', async () => {
  await put([over('TCP', pod(1)), { addresses: [pod(1)], ports: [{ name: 'ldap', port: 389, protocol: 'TCP' }] }]);
  assert.deepEqual(told(), ['TCP TCP 10.9.0.1']);
});

test('what was mirrored once stays when the Endpoints become unmirrorable, and is answered for ever', async () => {
  await put([over('TCP', pod(1), pod(2)), over('UDP', pod(1))]);
  const good = ['TCP 10.9.0.1 10.9.0.2', 'UDP 10.9.0.1'];
  assert.deepEqual(told(), good);
  await put([over('TCP', pod(1), pod(2)), over('UDP', pod(1), pod(2))]);
  assert.deepEqual(told(), good, 'stale');
  await put([over('TCP', pod(2)), over('UDP', pod(2))]);
  assert.deepEqual(told(), good, 'pod 1 has left and is still there');
  await put([over('TCP', pod(2)), over('UDP', pod(2, 'without-uid'))]);
  assert.deepEqual(told(), ['TCP 10.9.0.2', 'UDP 10.9.0.2'], 'repaired');
});

test('labels and annotations are copied, each heartbeat rewrites the slice, its generation stays', async () => {
  await put([over('TCP', pod(1))]);
  const [before] = mirrored();
  assert.deepEqual(before?.metadata.labels, {
    a: 'b',
    'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
    'kubernetes.io/service-name': service,
  });
  assert.deepEqual(before.metadata.annotations, { c: 'd' });
  server.admin.edit('endpoints', service, { metadata: { annotations: { beat: '1' } } });
  await server.admin.settled();
  const [beaten] = mirrored();
  assert.deepEqual(beaten?.metadata.annotations, { beat: '1', c: 'd' });
  assert.equal(beaten.metadata.generation, before.metadata.generation);
  assert.equal(beaten.metadata.name, before.metadata.name);
});

test('a mirrored slice is owned by the Endpoints', async () => {
  await put([over('TCP', pod(1))]);
  const uid = server.admin.get('endpoints', service)?.metadata.uid;
  assert.deepEqual(mirrored()[0]?.metadata.ownerReferences, [
    { apiVersion: 'v1', kind: 'Endpoints', name: service, uid, controller: true, blockOwnerDeletion: true },
  ]);
});

for (const value of ['True', 'yes', '1']) {
  test(`skip-mirror=${value} still mirrors`, async () => {
    await put([over('TCP', pod(1))]);
    await label({ 'endpointslice.kubernetes.io/skip-mirror': value });
    assert.deepEqual(told(), ['TCP 10.9.0.1']);
  });
}

test('skip-mirror=true deletes the mirrored slices, without the label they come back', async () => {
  await put([over('TCP', pod(1))]);
  await label({ 'endpointslice.kubernetes.io/skip-mirror': 'true' });
  assert.deepEqual(told(), []);
  await label({ 'endpointslice.kubernetes.io/skip-mirror': null });
  assert.deepEqual(told(), ['TCP 10.9.0.1']);
});

test('Endpoints that are a leader election lock are not mirrored', async () => {
  await put([over('TCP', pod(1))]);
  server.admin.edit('endpoints', service, {
    metadata: { annotations: { 'control-plane.alpha.kubernetes.io/leader': 'x' } },
  });
  await server.admin.settled();
  assert.deepEqual(told(), []);
});

test('at most 1000 addresses are mirrored, with an Event', async () => {
  await put([
    over('TCP', ...Array.from({ length: 1001 }, (_, index) => ({ ip: `10.8.${index >> 8}.${index & 255}` }))),
  ]);
  assert.equal(mirrored()[0]?.endpoints?.length, 1000);
  const [event] = server.admin.list('events').filter(({ involvedObject }) => involvedObject.name === service);
  assert.equal(event?.reason, 'TooManyAddressesToMirror');
  assert.equal(
    event.message,
    'A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 1 addresses were skipped',
  );
});

test('a mirrored slice that somebody deletes comes back', async () => {
  await put([over('TCP', pod(1))]);
  server.admin.delete('endpointslices', mirrored()[0]?.metadata.name ?? '');
  await server.admin.settled();
  assert.deepEqual(told(), ['TCP 10.9.0.1']);
});

test('without subsets nothing is mirrored', async () => {
  await put([over('TCP', pod(1))]);
  await put(null);
  assert.deepEqual(told(), []);
});
