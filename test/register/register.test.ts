/** Register, slices and pods as the keeper sees them, over a real API server: every outcome is a value. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createClock } from '../../agent/clock.ts';
import { createApi } from '../../agent/kube/api.ts';
import { createApiClient } from '../../agent/kube/client.ts';
import type { EndpointSlice } from '../../agent/kube/objects.ts';
import { createEndpointsRegister } from '../../agent/register/endpoints.ts';
import { createPods } from '../../agent/register/pods.ts';
import { createServiceSlices } from '../../agent/register/slices.ts';
import { startApiServer } from '../embedded/server.ts';
import { serviceObject } from '../support/world.ts';

const call = { timeoutMs: 5000, signal: new AbortController().signal };
const patch = [
  { op: 'test', path: '/subsets', value: null },
  { op: 'add', path: '/metadata/annotations/endpoint-registrar~1u-1', value: '1 5s' },
] as const;

async function setUp(t: TestContext) {
  const server = await startApiServer({ objects: [serviceObject('ipa', 'full')] });
  const connection = {
    transport: { server: server.url, tls: {} },
    headers: { authorization: `Bearer ${server.adminToken}` },
  };
  const client = createApiClient({
    connection: { namespace: undefined, current: async () => connection, refused: () => {} },
    clock: createClock(),
    userAgent: 'test',
  });
  t.after(() => Promise.all([client.close(), server.close()]));
  const api = createApi(client, { namespace: 'default' });
  return { server, api, register: createEndpointsRegister(api, { namespace: 'default', service: 'ipa' }) };
}

describe('the register', () => {
  test('is absent, is created once whoever comes first, and takes a write', async (t) => {
    const { server, register } = await setUp(t);
    assert.deepEqual(await register.read(call), { kind: 'absent' });
    assert.deepEqual(await register.write(patch, call), { kind: 'absent' });
    const [first, second] = await Promise.all([register.create(call), register.create(call)]);
    assert.equal(first.kind, 'present');
    assert.deepEqual(second, first);
    const written = await register.write(patch, call);
    assert.equal(written.kind, 'acknowledged');
    const read = await register.read(call);
    assert.deepEqual(read.kind === 'present' && [...read.view.heartbeats], [['u-1', '1 5s']]);
    assert.deepEqual(server.admin.get('endpoints', 'ipa')?.metadata.labels, {
      'endpointslice.kubernetes.io/skip-mirror': 'true',
    });
  });

  test('creation leaves what others made of the object meanwhile', async (t) => {
    const { server, register } = await setUp(t);
    const subsets = [{ addresses: [{ ip: '10.9.9.9' }], ports: [{ name: 'ldap', port: 389, protocol: 'TCP' }] }];
    server.admin.put({ kind: 'Endpoints', metadata: { name: 'ipa', annotations: { note: 'theirs' } }, subsets });
    const created = await register.create(call);
    assert.equal(created.kind === 'present' && created.view.skipsMirror, true);
    assert.deepEqual(server.admin.get('endpoints', 'ipa')?.subsets, subsets);
    assert.equal(server.admin.get('endpoints', 'ipa')?.metadata.annotations?.['note'], 'theirs');
  });

  test('says outrun where a test fails, and where the API server lost against other writers', async (t) => {
    const { server, register } = await setUp(t);
    await register.create(call);
    await register.write(patch, call);
    const wrong = [{ op: 'test', path: '/metadata/annotations/endpoint-registrar~1u-1', value: 'other' }] as const;
    assert.deepEqual(await register.write(wrong, call), { kind: 'outrun' });
    server.faults.add({ verb: 'patch' }, { kind: 'error', code: 409, reason: 'Conflict' }, { times: 1 });
    assert.deepEqual(await register.write(patch, call), { kind: 'outrun' });
  });

  const failures = [
    { fault: { kind: 'error', code: 503 }, verdict: 'retry', reason: 'ServiceUnavailable' },
    {
      fault: { kind: 'error', code: 429, retryAfterSeconds: 7 },
      verdict: 'retry',
      reason: 'TooManyRequests',
      retryAfterMs: 7000,
    },
    { fault: { kind: 'error', code: 401 }, verdict: 'retry', reason: 'Unauthorized' },
    { fault: { kind: 'error', code: 403 }, verdict: 'give-up', reason: 'Forbidden' },
    {
      fault: { kind: 'error', code: 422, details: { name: 'ipa', causes: [] } },
      verdict: 'give-up',
      reason: 'Invalid',
    },
    { fault: { kind: 'cut', when: 'after' }, verdict: 'retry', reason: 'Network' },
    { fault: { kind: 'garbage', text: '<html>' }, verdict: 'retry', reason: 'BadAnswer' },
  ] as const;
  for (const { fault, verdict, reason, ...more } of failures) {
    test(`a write that meets ${JSON.stringify(fault)}: ${verdict}, ${reason}`, async (t) => {
      const { server, register } = await setUp(t);
      await register.create(call);
      server.faults.add({ verb: 'patch' }, fault, { times: 1 });
      const answer = await register.write(patch, call);
      assert.ok(answer.kind === 'failed', answer.kind);
      assert.deepEqual({ verdict: answer.verdict, reason: answer.reason }, { verdict, reason });
      assert.equal(answer.retryAfterMs, 'retryAfterMs' in more ? more.retryAfterMs : undefined);
      assert.equal(answer.isTerminating, false);
    });
  }
});

describe('pods', () => {
  test('are listed, deleting, terminal, replaced or gone', async (t) => {
    const { server, api } = await setUp(t);
    const pods = createPods(api);
    const { uid } = server.admin.createPod({ name: 'ipa-0' }).metadata;
    const lifeOf = (asked: string) => pods.lifeOf({ podName: 'ipa-0', uid: asked }, call);
    assert.deepEqual(await lifeOf(uid), { kind: 'life', life: 'listed', isDeleting: false });
    assert.deepEqual(await lifeOf('another'), { kind: 'life', life: 'replaced', isDeleting: false });
    server.admin.terminatePod('ipa-0');
    assert.deepEqual(await lifeOf(uid), { kind: 'life', life: 'listed', isDeleting: true });
    server.admin.setPhase('ipa-0', 'Failed');
    assert.deepEqual(await lifeOf(uid), { kind: 'life', life: 'terminal', isDeleting: false });
    server.admin.removePod('ipa-0');
    assert.deepEqual(await lifeOf(uid), { kind: 'life', life: 'gone', isDeleting: false });
  });
});

describe('slices', () => {
  const sliceOf = (podUid: string, owner: string): EndpointSlice => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: 'ipa-0-1',
      namespace: 'default',
      labels: {
        'kubernetes.io/service-name': 'ipa',
        'endpointslice.kubernetes.io/managed-by': 'endpoint-registrar',
        'endpoint-registrar/pod-uid': podUid,
      },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'ipa-0', uid: owner }],
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'] }],
    ports: [{ name: 'ldap', protocol: 'TCP', port: 389 }],
  });

  test('are applied, listed by their pod, and removed by UID: another one of the name stays', async (t) => {
    const { server, api } = await setUp(t);
    const { uid } = server.admin.createPod({ name: 'ipa-0' }).metadata;
    const known = new Map<string, EndpointSlice>();
    const collection = {
      items: () => known,
      put: (slice: EndpointSlice) => void known.set(slice.metadata?.name ?? '', slice),
      drop: (name: string) => void known.delete(name),
    };
    const slices = createServiceSlices(api, collection, 'ipa');
    assert.deepEqual(await slices.apply(sliceOf('u-1', uid), call), { kind: 'done' });
    const [applied] = slices.known();
    assert.ok(applied !== undefined);
    const listed = await slices.listOf('u-1', call);
    assert.deepEqual(listed.kind === 'listed' && listed.slices.map(({ metadata }) => metadata?.name), ['ipa-0-1']);
    const others = await slices.listOf('u-2', call);
    assert.deepEqual(others, { kind: 'listed', slices: [] });
    server.admin.delete('endpointslices', 'ipa-0-1');
    server.admin.put({ ...sliceOf('u-2', uid) });
    assert.deepEqual(await slices.remove(applied, call), { kind: 'done' });
    assert.deepEqual(slices.known(), []);
    assert.equal(server.admin.get('endpointslices', 'ipa-0-1')?.metadata.labels?.['endpoint-registrar/pod-uid'], 'u-2');
    assert.deepEqual(await slices.remove(applied, call), { kind: 'done' }, 'one that is gone already is a success');
  });
});
