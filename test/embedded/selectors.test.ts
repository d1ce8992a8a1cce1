/** Services with a selector: the endpoints and endpointslice controllers, and what they do to what others wrote. Seen on Kubernetes 1.37.2. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { JsonObject } from './objects/json.ts';
import { type EmbeddedApiServer, startApiServer } from './server.ts';

let server: EmbeddedApiServer;
let service = '';
let count = 0;

before(async () => {
  server = await startApiServer();
});

after(() => server.close());

beforeEach(async () => {
  count += 1;
  service = `s-${count}`;
  server.admin.put({
    kind: 'Service',
    metadata: { name: service, labels: { team: 'x' } },
    spec: { clusterIP: 'None', selector: { app: service }, ports: [{ name: 'kerberos', port: 88, targetPort: 'krb' }] },
  });
  await server.admin.settled();
});

const addPod = async (index: number, change: JsonObject = {}): Promise<string> => {
  const name = `${service}-${index}`;
  const ports = [{ name: 'krb', containerPort: 8088 }];
  server.admin.createPod({
    name,
    labels: { app: service },
    ip: `10.7.${count}.${index}`,
    containers: [{ name: 'kdc', ports }],
    ...change,
  });
  await server.admin.settled();
  return name;
};
const slices = (managedBy = 'endpointslice-controller.k8s.io') =>
  server.admin
    .list('endpointslices')
    .filter(
      ({ metadata: { labels } }) =>
        labels?.['kubernetes.io/service-name'] === service &&
        labels['endpointslice.kubernetes.io/managed-by'] === managedBy,
    );
const endpoints = () => server.admin.get('endpoints', service);
/** e.g. `10.7.1.1 ready serving` */
const told = (): readonly string[] =>
  slices().flatMap((slice) =>
    (slice.endpoints ?? []).map(({ addresses, conditions = {} }) =>
      [...addresses, ...Object.entries(conditions).flatMap(([name, value]) => (value === true ? [name] : []))].join(
        ' ',
      ),
    ),
  );
const editService = async (change: JsonObject): Promise<void> => {
  server.admin.edit('services', service, change);
  await server.admin.settled();
};

test('without pods there is a placeholder slice and empty Endpoints', () => {
  const [placeholder] = slices();
  assert.deepEqual([placeholder?.endpoints, placeholder?.ports], [null, null]);
  assert.deepEqual(placeholder?.metadata.labels, {
    'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
    'kubernetes.io/service-name': service,
    'service.kubernetes.io/headless': '',
    team: 'x',
  });
  assert.deepEqual(endpoints()?.metadata.labels, {
    'endpoints.kubernetes.io/managed-by': 'endpoint-controller',
    'service.kubernetes.io/headless': '',
    team: 'x',
  });
  assert.equal(endpoints()?.subsets, undefined);
});

test('a ready pod is an endpoint with its container port, and its hostname where the subdomain is the Service', async () => {
  const name = await addPod(1, { hostname: 'one', subdomain: service });
  const uid = server.admin.get('pods', name)?.metadata.uid;
  const [slice] = slices();
  assert.deepEqual(slice?.endpoints, [
    {
      addresses: [`10.7.${count}.1`],
      conditions: { ready: true, serving: true, terminating: false },
      hostname: 'one',
      targetRef: { kind: 'Pod', namespace: 'default', name, uid },
      nodeName: 'node-1',
    },
  ]);
  assert.deepEqual(slice?.ports, [{ name: 'kerberos', protocol: 'TCP', port: 8088 }]);
  assert.deepEqual(endpoints()?.subsets, [
    {
      addresses: [
        {
          ip: `10.7.${count}.1`,
          hostname: 'one',
          nodeName: 'node-1',
          targetRef: { kind: 'Pod', namespace: 'default', name, uid },
        },
      ],
      ports: [{ name: 'kerberos', port: 8088, protocol: 'TCP' }],
    },
  ]);
});

test('an unready pod is there as not ready, unless the Service publishes it', async () => {
  await addPod(1, { ready: false });
  assert.deepEqual(told(), [`10.7.${count}.1`]);
  assert.equal(endpoints()?.subsets?.[0]?.notReadyAddresses?.length, 1);
  await editService({ spec: { publishNotReadyAddresses: true } });
  assert.deepEqual(told(), [`10.7.${count}.1 ready`]);
  assert.equal(endpoints()?.subsets?.[0]?.addresses?.length, 1);
});

test('a terminating pod leaves the Endpoints and stays in the slice as serving and terminating', async () => {
  const name = await addPod(1);
  server.admin.terminatePod(name);
  await server.admin.settled();
  assert.deepEqual(told(), [`10.7.${count}.1 serving terminating`]);
  assert.equal(endpoints()?.subsets, undefined);
  server.admin.removePod(name);
  await server.admin.settled();
  assert.deepEqual(told(), []);
  assert.equal(slices().length, 1, 'the slice stays as the placeholder');
});

test('a pod that fails stays an endpoint until its readiness changes too', async () => {
  const name = await addPod(1);
  server.admin.setPhase(name, 'Failed');
  await server.admin.settled();
  assert.deepEqual(told(), [`10.7.${count}.1 ready serving`], 'another phase alone is no reason to sync');
  server.admin.setContainerReady({ pod: name, container: 'kdc', ready: false });
  await server.admin.settled();
  assert.deepEqual(told(), []);
});

test('a pod whose Node does not exist is skipped', async () => {
  await addPod(1, { nodeName: 'nowhere' });
  assert.deepEqual(told(), []);
});

test('foreign subsets and labels stay until the next sync, then are overwritten; annotations survive', async () => {
  const name = await addPod(1);
  server.admin.edit('endpoints', service, {
    metadata: {
      annotations: { 'endpoint-registrar/u': '1' },
      labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
    },
    subsets: [{ addresses: [{ ip: '10.66.6.6' }] }],
  });
  server.admin.edit('pods', name, { metadata: { labels: { irrelevant: '1' } } });
  await server.admin.settled();
  assert.equal(endpoints()?.subsets?.[0]?.addresses?.[0]?.ip, '10.66.6.6', 'an irrelevant label is no reason to sync');
  await editService({ metadata: { labels: { team: 'y' } } });
  assert.equal(endpoints()?.subsets?.[0]?.addresses?.[0]?.ip, `10.7.${count}.1`);
  assert.equal(endpoints()?.metadata.labels?.['endpointslice.kubernetes.io/skip-mirror'], undefined);
  assert.equal(endpoints()?.metadata.annotations?.['endpoint-registrar/u'], '1');
});

test('own slices are left alone, one that claims to be native is deleted', async () => {
  await addPod(1);
  for (const [name, managedBy] of [
    ['own', 'endpoint-registrar'],
    ['fake', 'endpointslice-controller.k8s.io'],
  ]) {
    server.admin.put({
      kind: 'EndpointSlice',
      metadata: {
        name: `${service}-${name}`,
        labels: { 'kubernetes.io/service-name': service, 'endpointslice.kubernetes.io/managed-by': managedBy },
      },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.7.0.9'] }],
      ports: [{ name: 'kerberos', port: 88, protocol: 'UDP' }],
    });
  }
  await editService({ metadata: { labels: { team: 'z' } } });
  assert.equal(slices('endpoint-registrar').length, 1);
  assert.deepEqual(told(), [`10.7.${count}.1 ready serving`]);
});

test('a selector that is removed leaves ghosts: native slices, and stale Endpoints that are mirrored too', async () => {
  const name = await addPod(1);
  await editService({ spec: { selector: null } });
  server.admin.removePod(name);
  await server.admin.settled();
  assert.deepEqual(told(), [`10.7.${count}.1 ready serving`]);
  assert.equal(slices('endpointslicemirroring-controller.k8s.io').length, 1);
  server.admin.edit('endpoints', service, {
    metadata: { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
  });
  await server.admin.settled();
  assert.equal(slices('endpointslicemirroring-controller.k8s.io').length, 0);
  assert.equal(slices().length, 1, 'skip-mirror removes only the mirrored one');
});

test('with the Service go its Endpoints and native slices; own slices stay', async () => {
  await addPod(1);
  server.admin.put({
    kind: 'EndpointSlice',
    metadata: {
      name: `${service}-own`,
      labels: { 'kubernetes.io/service-name': service, 'endpointslice.kubernetes.io/managed-by': 'endpoint-registrar' },
    },
    addressType: 'IPv4',
  });
  server.admin.delete('services', service);
  await server.admin.settled();
  assert.equal(endpoints(), undefined);
  assert.equal(slices().length, 0);
  assert.equal(slices('endpoint-registrar').length, 1);
});

test('Endpoints without a Service: created they stay, deleted and created again the new ones are lost', async () => {
  server.admin.put({ kind: 'Endpoints', metadata: { name: 'lonely' } });
  await server.admin.settled();
  assert.notEqual(server.admin.get('endpoints', 'lonely'), undefined);
  server.admin.delete('endpoints', 'lonely');
  server.admin.put({ kind: 'Endpoints', metadata: { name: 'lonely' } });
  await server.admin.settled();
  assert.equal(server.admin.get('endpoints', 'lonely'), undefined);
});

test('a controller that is off does nothing, and catches up when it is on again', async () => {
  server.controllers.endpointSlices.stop();
  await addPod(1);
  assert.deepEqual(told(), []);
  server.controllers.endpointSlices.start();
  await server.admin.settled();
  assert.deepEqual(told(), [`10.7.${count}.1 ready serving`]);
});
