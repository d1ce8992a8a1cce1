/** Who may do what: tokens bound to pods, RBAC with resourceNames, and the words of a refusal; seen on Kubernetes 1.37.2. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestClient, type Reply, type TestClient } from './client.ts';
import { asList, asObject, type JsonObject } from './objects/json.ts';
import { type EmbeddedApiServer, startApiServer } from './server.ts';

let server: EmbeddedApiServer;
let agent: TestClient;
const core = '/api/v1/namespaces/default';
const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';

const role: JsonObject = {
  kind: 'Role',
  metadata: { name: 'agent' },
  rules: [
    {
      apiGroups: [''],
      resources: ['endpoints'],
      verbs: ['get', 'list', 'watch', 'create', 'patch'],
      resourceNames: ['ipa'],
    },
    { apiGroups: [''], resources: ['configmaps'], verbs: ['watch'], resourceNames: ['cfg'] },
    {
      apiGroups: ['discovery.k8s.io'],
      resources: ['endpointslices'],
      verbs: ['create', 'patch', 'delete'],
      resourceNames: ['ok'],
    },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['patch'], resourceNames: ['patch-only'] },
    { apiGroups: [''], resources: ['pods/status'], verbs: ['patch'] },
  ],
};

before(async () => {
  server = await startApiServer({
    tokenCacheMs: 0,
    objects: [
      role,
      { kind: 'ServiceAccount', metadata: { name: 'agent' } },
      {
        kind: 'RoleBinding',
        metadata: { name: 'agent' },
        subjects: [{ kind: 'ServiceAccount', name: 'agent' }],
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'agent' },
      },
    ],
  });
  agent = createTestClient(server.url, server.mintToken({ serviceAccount: 'agent' }));
});

after(async () => {
  await agent.close();
  await server.close();
});

const who = 'User "system:serviceaccount:default:agent"';
const endpoints = (name: string): JsonObject => ({ apiVersion: 'v1', kind: 'Endpoints', metadata: { name } });
const slice = (name: string): JsonObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name },
  addressType: 'IPv4',
  endpoints: [],
  ports: [],
});

const cases: readonly { name: string; ask: () => Promise<Reply>; expect: number | string }[] = [
  { name: 'a get by name', ask: () => agent.get(`${core}/endpoints/ipa`), expect: 404 },
  {
    name: 'a get of another name',
    ask: () => agent.get(`${core}/endpoints/zzz`),
    expect: `endpoints "zzz" is forbidden: ${who} cannot get resource "endpoints" in API group "" in the namespace "default"`,
  },
  {
    name: 'a list without a name',
    ask: () => agent.get(`${core}/endpoints`),
    expect: `endpoints is forbidden: ${who} cannot list resource "endpoints" in API group "" in the namespace "default"`,
  },
  {
    name: 'a list by label',
    ask: () => agent.get(`${core}/endpoints?labelSelector=a`),
    expect: `endpoints is forbidden: ${who} cannot list resource "endpoints" in API group "" in the namespace "default"`,
  },
  { name: 'a list by name', ask: () => agent.get(`${core}/endpoints?fieldSelector=metadata.name%3Dipa`), expect: 200 },
  {
    name: 'a list by name and namespace',
    ask: () => agent.get(`${core}/endpoints?fieldSelector=metadata.name%3Dipa,metadata.namespace%3Ddefault`),
    expect: 200,
  },
  {
    name: 'a list by another name',
    ask: () => agent.get(`${core}/endpoints?fieldSelector=metadata.name%3Dzzz`),
    expect: `endpoints "zzz" is forbidden: ${who} cannot list resource "endpoints" in API group "" in the namespace "default"`,
  },
  {
    name: 'a list over all namespaces',
    ask: () => agent.get('/api/v1/endpoints'),
    expect: `endpoints is forbidden: ${who} cannot list resource "endpoints" in API group "" at the cluster scope`,
  },
  {
    name: 'a POST, whose name does not count',
    ask: () => agent.post(`${core}/endpoints`, endpoints('ipa')),
    expect: `endpoints is forbidden: ${who} cannot create resource "endpoints" in API group "" in the namespace "default"`,
  },
  {
    name: 'an apply that creates',
    ask: () => agent.patch('apply', `${core}/endpoints/ipa?fieldManager=x`, endpoints('ipa')),
    expect: 201,
  },
  {
    name: 'an apply of another name',
    ask: () => agent.patch('apply', `${core}/endpoints/zzz?fieldManager=x`, endpoints('zzz')),
    expect: `endpoints "zzz" is forbidden: ${who} cannot patch resource "endpoints" in API group "" in the namespace "default"`,
  },
  {
    name: 'an apply that creates, with patch alone',
    ask: () => agent.patch('apply', `${slices}/patch-only?fieldManager=x`, slice('patch-only')),
    expect: `endpointslices.discovery.k8s.io "patch-only" is forbidden: ${who} cannot create resource "endpointslices" in API group "discovery.k8s.io" in the namespace "default"`,
  },
  { name: 'a delete of what is absent', ask: () => agent.delete(`${slices}/ok`), expect: 404 },
  {
    name: 'a subresource',
    ask: () => agent.get(`${core}/pods/x/status`),
    expect: `pods "x" is forbidden: ${who} cannot get resource "pods/status" in API group "" in the namespace "default"`,
  },
  {
    name: 'a cluster-scoped object',
    ask: () => agent.get('/api/v1/nodes/x'),
    expect: `nodes "x" is forbidden: ${who} cannot get resource "nodes" in API group "" at the cluster scope`,
  },
  { name: 'a path', ask: () => agent.get('/metrics'), expect: `forbidden: ${who} cannot get path "/metrics"` },
  { name: 'the version', ask: () => agent.get('/version'), expect: 200 },
];

for (const { name, ask, expect } of cases) {
  test(`${name}: ${typeof expect === 'number' ? expect : 403}`, async () => {
    const reply = await ask();
    assert.deepEqual(
      typeof expect === 'number' ? reply.status : [reply.status, reply.message],
      typeof expect === 'number' ? expect : [403, expect],
    );
  });
}

test('a watch by name needs only watch', async () => {
  const watch = await agent.watch(`${core}/configmaps?watch=1&fieldSelector=metadata.name%3Dcfg`);
  assert.equal(watch.status, 200);
  watch.close();
  assert.equal((await agent.get(`${core}/configmaps?fieldSelector=metadata.name%3Dcfg`)).status, 403);
});

for (const { name, expect } of [
  { name: undefined, expect: false },
  { name: 'ipa', expect: true },
]) {
  test(`an access review of create ${name === undefined ? 'without' : 'with'} a name says ${expect}`, async () => {
    const { status, body } = await agent.post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      spec: {
        resourceAttributes: {
          namespace: 'default',
          verb: 'create',
          resource: 'endpoints',
          ...(name === undefined ? {} : { name }),
        },
      },
    });
    assert.deepEqual([status, asObject(body['status'])['allowed']], [201, expect]);
  });
}

test('a Role is followed as it changes', async () => {
  const path = `${core}/configmaps/other`;
  assert.equal((await agent.get(path)).status, 403);
  server.admin.put({
    ...role,
    metadata: { name: 'agent' },
    rules: [...asList(role['rules']), { apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }],
  });
  assert.equal((await agent.get(path)).status, 404);
});

test('an unknown token is 401, none is anonymous', async () => {
  const stranger = createTestClient(server.url, 'abc');
  const { status, body } = await stranger.get(`${core}/pods/x`);
  assert.equal(status, 401);
  assert.deepEqual(body, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'Unauthorized',
    reason: 'Unauthorized',
    code: 401,
  });
  const nobody = createTestClient(server.url, '');
  assert.equal(
    (await nobody.get(`${core}/pods/x`)).message,
    'pods "x" is forbidden: User "system:anonymous" cannot get resource "pods" in API group "" in the namespace "default"',
  );
  assert.equal((await nobody.get('/livez')).status, 200);
  await Promise.all([stranger.close(), nobody.close()]);
});

test('a pod-bound token works through the grace period and dies with the pod object', async () => {
  server.admin.createPod({ name: 'bound' });
  const bound = createTestClient(server.url, server.mintToken({ serviceAccount: 'agent', pod: 'bound' }));
  const ask = async (): Promise<number> => (await bound.get(`${core}/endpoints/zzz`)).status;
  assert.equal(await ask(), 403);
  server.admin.terminatePod('bound');
  assert.equal(await ask(), 403);
  server.admin.removePod('bound');
  assert.equal(await ask(), 401);
  server.admin.createPod({ name: 'bound' });
  assert.equal(await ask(), 401, 'another pod of that name is another pod');
  await bound.close();
});

test('a check that was good is remembered for the time of the cache', async () => {
  const cached = await startApiServer({ tokenCacheMs: 60_000 });
  cached.admin.createPod({ name: 'bound' });
  const token = cached.mintToken({ serviceAccount: 'agent', pod: 'bound' });
  const bound = createTestClient(cached.url, token);
  assert.equal((await bound.get(`${core}/pods/x`)).status, 403);
  cached.admin.removePod('bound');
  assert.equal((await bound.get(`${core}/pods/x`)).status, 403);
  cached.revokeToken(token);
  assert.equal((await bound.get(`${core}/pods/x`)).status, 401);
  await bound.close();
  await cached.close();
});
