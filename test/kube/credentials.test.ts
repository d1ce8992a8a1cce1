/** The credentials of a pod: read, re-read as they rotate, and used. */
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createClock } from '../../agent/clock.ts';
import type { ConnectionSource } from '../../agent/kube/connection.ts';
import { CredentialsError } from '../../agent/kube/connection.ts';
import { createConnectionSource } from '../../agent/kube/credentials.ts';
import { KubeError } from '../../agent/kube/errors.ts';
import { createAuthority } from './certificates.ts';
import { json, startServer, statusBody, testClient, testFolder } from './support.ts';

const get = { verb: 'GET', path: '/api/v1/namespaces/default/pods/a', timeoutMs: 2_000 } as const;

type Pod = {
  readonly folder: string;
  readonly write: (name: string, text: string) => Promise<void>;
  /** Makes the clock jump. */
  readonly pass: (ms: number) => void;
  readonly source: (host?: string, port?: string) => Promise<ConnectionSource>;
};

async function startPod(t: TestContext, files: Readonly<Record<string, string>>): Promise<Pod> {
  const folder = await testFolder(t);
  const write = (name: string, text: string) => writeFile(join(folder, name), text);
  for (const [name, text] of Object.entries(files)) await write(name, text);
  const real = createClock();
  let jumpedMs = 0;
  const clock = { ...real, monotonicMs: () => real.monotonicMs() + jumpedMs };
  return {
    folder,
    write,
    pass: (ms) => {
      jumpedMs += ms;
    },
    source: (serviceHost = '10.96.0.1', servicePort = '443') =>
      createConnectionSource(
        { clock },
        { kubeconfig: undefined, serviceHost, servicePort, serviceAccountFolder: folder },
      ),
  };
}

const files = { token: 'first\n', 'ca.crt': 'CA', namespace: 'default\n' };
const second = { authorization: 'Bearer second' };

test('the server, the token, the CA and the namespace are those of the pod', async (t) => {
  const source = await (await startPod(t, files)).source();
  assert.equal(source.namespace, 'default');
  assert.deepEqual(await source.current(), {
    transport: { server: 'https://10.96.0.1:443', tls: { ca: 'CA' } },
    headers: { authorization: 'Bearer first' },
  });
});

test('an IPv6 address is put into brackets', async (t) => {
  const source = await (await startPod(t, files)).source('fd00::1', '6443');
  assert.equal((await source.current()).transport.server, 'https://[fd00::1]:6443');
});

test('a pod may have no namespace file', async (t) => {
  const pod = await startPod(t, { token: 'first', 'ca.crt': 'CA' });
  assert.equal((await pod.source()).namespace, undefined);
});

test('all faults are told at once, each with the place and the remedy', async (t) => {
  const pod = await startPod(t, { token: ' \n' });
  await assert.rejects(pod.source('', ''), (error) => {
    assert.ok(error instanceof CredentialsError);
    assert.deepEqual(
      error.faults.map((fault) => fault.replaceAll(pod.folder, 'FOLDER').replace(/;.*/, '')),
      [
        'KUBERNETES_SERVICE_HOST is not set, as it is in every pod: outside of a pod set KUBECONFIG',
        'KUBERNETES_SERVICE_PORT is not set, as it is in every pod: outside of a pod set KUBECONFIG',
        'FOLDER/token is empty',
        'FOLDER/ca.crt cannot be read (ENOENT)',
      ],
    );
    assert.match(error.faults[3] ?? '', /mount the ServiceAccount token at .*; outside of a pod set KUBECONFIG/);
    return true;
  });
});

test('a rotated token is noticed within ten seconds, and not looked for before', async (t) => {
  const pod = await startPod(t, files);
  const source = await pod.source();
  await pod.write('token', 'second');
  pod.pass(9_000);
  assert.deepEqual((await source.current()).headers, { authorization: 'Bearer first' });
  pod.pass(1_000);
  assert.deepEqual((await source.current()).headers, second);
});

test('a refused token is read anew at once', async (t) => {
  const pod = await startPod(t, files);
  const source = await pod.source();
  await pod.write('token', 'second');
  source.refused();
  assert.deepEqual((await source.current()).headers, second);
});

test('the transport stays the same object until the CA changes', async (t) => {
  const pod = await startPod(t, files);
  const source = await pod.source();
  const { transport } = await source.current();
  pod.pass(10_000);
  assert.equal((await source.current()).transport, transport);
  await pod.write('ca.crt', 'another CA');
  pod.pass(10_000);
  assert.deepEqual((await source.current()).transport.tls, { ca: 'another CA' });
});

test('a file that is missing while it is replaced does no harm until the token is refused', async (t) => {
  const pod = await startPod(t, files);
  const source = await pod.source();
  await rm(join(pod.folder, 'token'));
  pod.pass(10_000);
  assert.deepEqual((await source.current()).headers, { authorization: 'Bearer first' });
  source.refused();
  await assert.rejects(source.current(), CredentialsError);
  await assert.rejects(source.current(), CredentialsError);
  await pod.write('token', 'second');
  assert.deepEqual((await source.current()).headers, second);
});

test('many requests at a time read once', async (t) => {
  const pod = await startPod(t, files);
  const source = await pod.source();
  source.refused();
  const connections = await Promise.all(Array.from({ length: 20 }, () => source.current()));
  assert.equal(new Set(connections).size, 1);
});

test('a 401 is answered with the rotated token at the next request', async (t) => {
  const authority = createAuthority();
  const pod = await startPod(t, { ...files, 'ca.crt': authority.cert });
  const server = await startServer(
    t,
    (request, response) => {
      if (request.headers.authorization === second.authorization) json(response, 200, { kind: 'Pod' });
      else json(response, 401, statusBody(401, 'Unauthorized', 'Unauthorized'));
    },
    { tls: authority.issue() },
  );
  const client = testClient(t, await pod.source('127.0.0.1', `${server.port}`));
  await pod.write('token', 'second');
  await assert.rejects(client.request(get), (error) => error instanceof KubeError && error.status === 401);
  assert.equal((await client.request(get)).kind, 'ok');
});

test('the server is reached by TLS at an IPv6 address', async (t) => {
  const authority = createAuthority();
  const pod = await startPod(t, { ...files, 'ca.crt': authority.cert });
  const answer = (_: unknown, response: Parameters<typeof json>[0]) => json(response, 200, { kind: 'Pod' });
  const server = await startServer(t, answer, { tls: authority.issue(), host: '::1' });
  assert.equal((await testClient(t, await pod.source('::1', `${server.port}`)).request(get)).kind, 'ok');
});

test('a server that the CA did not sign is a network error that names the certificate', async (t) => {
  const pod = await startPod(t, { ...files, 'ca.crt': createAuthority().cert });
  const server = await startServer(t, () => {}, { tls: createAuthority().issue() });
  const client = testClient(t, await pod.source('127.0.0.1', `${server.port}`));
  await assert.rejects(client.request(get), (error) => {
    assert.ok(error instanceof KubeError && error.reason === 'Network');
    assert.match(error.message, /certificate|signature/);
    return true;
  });
});

test('a new CA makes new connections, and a request that is under way ends on the old one', async (t) => {
  const [old, fresh] = [createAuthority(), createAuthority()];
  const pod = await startPod(t, { ...files, 'ca.crt': old.cert });
  const held: Parameters<typeof json>[0][] = [];
  const server = await startServer(
    t,
    (request, response) => {
      if (request.path === '/held') held.push(response);
      else json(response, 200, { kind: 'Pod' });
    },
    { tls: old.issue() },
  );
  const client = testClient(t, await pod.source('127.0.0.1', `${server.port}`));
  assert.equal((await client.request(get)).kind, 'ok');
  const underWay = client.request({ ...get, path: '/held' });
  while (held.length === 0) await client.request(get);
  const before = server.connectionCount();

  await pod.write('ca.crt', `${old.cert}${fresh.cert}`);
  pod.pass(10_000);
  assert.equal((await client.request(get)).kind, 'ok');
  assert.equal(server.connectionCount(), before + 1);
  for (const response of held) json(response, 200, { kind: 'Pod' });
  assert.equal((await underWay).kind, 'ok');
});
