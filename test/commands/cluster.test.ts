/** Which cluster, namespace and ConfigMap a command means, and what a read comes to; against the embedded API server. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createClock } from '../../agent/clock.ts';
import { readArguments } from '../../agent/commands/arguments.ts';
import { clusterOptions, openCluster } from '../../agent/commands/cluster.ts';
import type { Command } from '../../agent/commands/command.ts';
import { CredentialsError } from '../../agent/kube/connection.ts';
import { type EmbeddedApiServer, startApiServer } from '../embedded/server.ts';
import { createRunningClock } from '../support/running-clock.ts';
import { type KeptIo, keepIo } from './io.ts';

const command: Command = { name: 'ask', summary: '', options: clusterOptions, notes: [], run: async () => 'good' };

function open(argv: readonly string[], change: object = {}) {
  const read = readArguments(command, argv);
  assert.ok(read.kind === 'given', JSON.stringify(read));
  const io: KeptIo = { ...keepIo(), ...change };
  return openCluster(read.given, { ...io, clock: createClock() });
}

type Scene = { readonly server: EmbeddedApiServer; readonly kubeconfig: string; readonly home: string };

async function scene(t: TestContext, namespace = 'identity'): Promise<Scene> {
  const server = await startApiServer();
  const home = await mkdtemp(join(tmpdir(), 'endpoint-registrar-'));
  t.after(() => Promise.all([server.close(), rm(home, { recursive: true })]));
  const kubeconfig = join(home, 'kubeconfig');
  await writeFile(kubeconfig, server.kubeconfig(server.adminToken, namespace));
  return { server, kubeconfig, home };
}

const names: readonly {
  readonly name: string;
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly expect: { readonly namespace: string; readonly configMap: string };
}[] = [
  {
    name: 'those of the kubeconfig and the default',
    expect: { namespace: 'identity', configMap: 'endpoint-registrar' },
  },
  {
    name: "the agent's settings before them",
    env: { REGISTRAR_NAMESPACE: 'a', REGISTRAR_CONFIGMAP: 'b' },
    expect: { namespace: 'a', configMap: 'b' },
  },
  {
    name: 'not settings that are empty',
    env: { REGISTRAR_NAMESPACE: '', REGISTRAR_CONFIGMAP: '' },
    expect: { namespace: 'identity', configMap: 'endpoint-registrar' },
  },
  {
    name: 'the options before all',
    argv: ['-n', 'c', '--configmap', 'd'],
    env: { REGISTRAR_NAMESPACE: 'a', REGISTRAR_CONFIGMAP: 'b' },
    expect: { namespace: 'c', configMap: 'd' },
  },
];
for (const { name, argv = [], env = {}, expect } of names) {
  test(`namespace and ConfigMap: ${name}`, async (t) => {
    const { kubeconfig } = await scene(t);
    const cluster = await open(argv, { env: { KUBECONFIG: kubeconfig, ...env } });
    t.after(cluster.close);
    const { namespace, configMap, isInPod } = cluster;
    assert.deepEqual({ namespace, configMap, isInPod }, { ...expect, isInPod: false });
  });
}

test('--kubeconfig wins over KUBECONFIG, and both over the pod', async (t) => {
  const { kubeconfig } = await scene(t);
  const env = { KUBECONFIG: '/nonexistent', KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };
  const cluster = await open(['--kubeconfig', kubeconfig], { env });
  t.after(cluster.close);
  assert.equal(cluster.namespace, 'identity');
});

test('~/.kube/config is read where nothing else says where', async () => {
  const asked: string[] = [];
  const readFile = async (path: string) => {
    asked.push(path);
    return '';
  };
  // Found, and then read by the credentials themselves: there is no such file.
  await assert.rejects(open([], { env: { HOME: '/nonexistent' }, readFile }), (error) => {
    assert.ok(error instanceof CredentialsError);
    assert.match(error.faults.join(), /\/nonexistent\/\.kube\/config/);
    assert.doesNotMatch(error.faults.join(), /nothing says/);
    return true;
  });
  assert.deepEqual(asked, ['/nonexistent/.kube/config']);
});

const refusals = [
  {
    name: 'no cluster at all',
    argv: [],
    env: { HOME: '/nonexistent' },
    expect:
      /nothing says which cluster is meant.*\/nonexistent\/\.kube\/config cannot be read.*Set KUBECONFIG or give --kubeconfig FILE/,
  },
  {
    name: 'a kubeconfig that is not there',
    argv: ['--kubeconfig', '/nonexistent/a'],
    env: {},
    expect: /\/nonexistent\/a/,
  },
  {
    name: 'a pod without a token',
    argv: [],
    env: { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' },
    expect: /serviceaccount/,
  },
  {
    name: 'a context, which a pod has none of',
    argv: ['--context', 'lab'],
    env: { HOME: '/nonexistent', KUBERNETES_SERVICE_HOST: '10.96.0.1' },
    expect: /nothing says which cluster is meant/,
  },
];
for (const { name, argv, env, expect } of refusals) {
  test(`refused: ${name}`, async () => {
    await assert.rejects(open(argv, { env }), (error) => {
      assert.ok(error instanceof CredentialsError);
      assert.match(error.faults.join('\n'), expect);
      return true;
    });
  });
}

test('a context that the kubeconfig does not have is a fault', async (t) => {
  const { kubeconfig } = await scene(t);
  await assert.rejects(open(['--kubeconfig', kubeconfig, '--context', 'lab']), CredentialsError);
});

test('what a read comes to: found, absent, refused, unreachable', async (t) => {
  const { server, kubeconfig } = await scene(t, 'default');
  server.admin.put({ kind: 'ServiceAccount', metadata: { name: 'nobody' } });
  await writeFile(kubeconfig, server.kubeconfig(server.mintToken({ serviceAccount: 'nobody' }), 'default'));
  const nobody = await open(['--kubeconfig', kubeconfig]);
  await writeFile(kubeconfig, server.kubeconfig(server.adminToken, 'default'));
  const admin = await open(['--kubeconfig', kubeconfig]);
  t.after(() => Promise.all([nobody.close(), admin.close()]));

  const path = '/api/v1/namespaces/default/configmaps';
  const found = await admin.read(path, { fieldSelector: 'metadata.name=none' });
  assert.equal(found.kind, 'found');
  assert.equal((await admin.read(`${path}/none`)).kind, 'absent');
  const refused = await nobody.read(path);
  assert.ok(refused.kind === 'failed' && refused.error.status === 403, JSON.stringify(refused));
  await server.stop();
  const unreachable = await admin.read(path);
  assert.ok(unreachable.kind === 'failed' && unreachable.error.status === 0, JSON.stringify(unreachable));
});

test('a read ends with the signal and with its time', async (t) => {
  const { server, kubeconfig } = await scene(t, 'default');
  const given = readArguments(command, ['--kubeconfig', kubeconfig]);
  assert.ok(given.kind === 'given');
  const stop = new AbortController();
  const patient = await openCluster(given.given, { ...keepIo(), signal: stop.signal, clock: createClock() });
  const hasty = await openCluster(given.given, { ...keepIo(), clock: createRunningClock(100) });
  t.after(() => Promise.all([patient.close(), hasty.close()]));
  server.freeze();
  t.after(server.thaw);
  const path = '/api/v1/namespaces/default/pods';
  const late = await hasty.read(path);
  assert.ok(late.kind === 'failed' && late.error.reason === 'Timeout', JSON.stringify(late));
  const reading = patient.read(path);
  stop.abort();
  const ended = await reading;
  assert.ok(ended.kind === 'failed' && ended.error.reason === 'Aborted', JSON.stringify(ended));
});
