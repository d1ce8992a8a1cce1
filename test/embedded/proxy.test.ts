/** `pods/proxy` as kube-apiserver serves it: who may, which pod is meant, and the words where nobody answers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { createTestClient, type Reply, type TestClient } from './client.ts';
import { type EmbeddedApiServer, startApiServer } from './server.ts';

let server: EmbeddedApiServer;
let admin: TestClient;
let reader: TestClient;
const pod = createServer((request, response) => {
  response.writeHead(request.url === '/status?a=1' ? 200 : 404, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ path: request.url }));
});
const pods = '/api/v1/namespaces/default/pods';

before(async () => {
  server = await startApiServer({
    objects: [
      { kind: 'Role', metadata: { name: 'reader' }, rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
      { kind: 'ServiceAccount', metadata: { name: 'reader' } },
      {
        kind: 'RoleBinding',
        metadata: { name: 'reader' },
        subjects: [{ kind: 'ServiceAccount', name: 'reader' }],
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
      },
    ],
  });
  admin = createTestClient(server.url, server.adminToken);
  reader = createTestClient(server.url, server.mintToken({ serviceAccount: 'reader' }));
  pod.listen(0, '127.0.0.1');
  await once(pod, 'listening');
  const address = pod.address();
  assert.ok(typeof address === 'object' && address !== null);
  server.admin.createPod({ name: 'ipa-0', ip: '10.244.0.7' });
  server.admin.createPod({ name: 'unborn', ip: [] });
  server.podPorts.open({ pod: 'ipa-0', port: 9797 }, address.port);
});

after(async () => {
  pod.close();
  await Promise.all([admin.close(), reader.close()]);
  await server.close();
});

const cases: readonly {
  readonly name: string;
  readonly ask: () => Promise<Reply>;
  readonly status: number;
  readonly message?: string;
  readonly reason?: string;
  readonly path?: string;
}[] = [
  {
    name: 'the pod answers',
    ask: () => admin.get(`${pods}/ipa-0:9797/proxy/status?a=1`),
    status: 200,
    path: '/status?a=1',
  },
  {
    name: 'its scheme may be named',
    ask: () => admin.get(`${pods}/http:ipa-0:9797/proxy/status?a=1`),
    status: 200,
    path: '/status?a=1',
  },
  {
    name: "the pod's own refusal is handed on",
    ask: () => admin.get(`${pods}/ipa-0:9797/proxy/a/b`),
    status: 404,
    path: '/a/b',
  },
  {
    name: 'nobody listens at that port',
    ask: () => admin.get(`${pods}/ipa-0:80/proxy/status`),
    status: 503,
    reason: 'ServiceUnavailable',
    message: 'error trying to reach service: dial tcp 10.244.0.7:80: connect: connection refused',
  },
  {
    name: 'there is no such pod',
    ask: () => admin.get(`${pods}/ipa-9:80/proxy/status`),
    status: 404,
    message: 'pods "ipa-9" not found',
  },
  {
    name: 'a pod without an address',
    ask: () => admin.get(`${pods}/unborn:80/proxy/status`),
    status: 400,
    message: 'address not allowed',
  },
  {
    name: 'who may get pods may not use their proxy',
    ask: () => reader.get(`${pods}/ipa-0:9797/proxy/status`),
    status: 403,
    message:
      'pods "ipa-0:9797" is forbidden: User "system:serviceaccount:default:reader" cannot get resource "pods/proxy" in API group "" in the namespace "default"',
  },
];
for (const { name, ask, status, message = '', reason, path } of cases) {
  test(name, async () => {
    const reply = await ask();
    assert.equal(reply.status, status, reply.message);
    assert.equal(reply.message, message);
    if (reason !== undefined) assert.equal(reply.body['reason'], reason);
    if (path !== undefined) assert.equal(reply.body['path'], path);
  });
}
