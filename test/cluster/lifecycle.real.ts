/**
 * What the local cluster promises, tried on a real one: an instance of its own, so that a cluster in use is left alone.
 * Run by `node --import tsx --test test/cluster/lifecycle.real.ts`, as root.
 */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Cluster, ClusterNode } from './cluster.ts';
import { widestLayout } from './layout.ts';
import { type Look, until } from './machine/until.ts';
import { bringUp, findFolders, openCluster, takeDown } from './open.ts';
import { createPretendNode } from './pretend.ts';
import { readStatus } from './status.ts';
import { readTraces } from './traces.ts';

const instance = 9;
const folders = findFolders(process.env);
const layout = widestLayout({ instance, stateRoot: folders.state });
/** Seconds where nothing else runs; what it must not do is build or fetch anything. */
const secondStartLimitMs = 60_000;
const podLimitMs = 60_000;
/** Node lifecycle gives a silent node 50 s (kube-controller-manager's default), and looks every 5 s. */
const nodeDeathLimitMs = 75_000;

const report = (line: string): void => void process.stderr.write(`# ${line}\n`);
const start = async (): Promise<Cluster> => (await bringUp(folders, { instance, nodeCount: 2 }, report)).cluster;

let traceless: readonly string[] = [];

before(async () => {
  await takeDown(folders, instance);
  traceless = await readTraces(layout);
});
after(() => takeDown(folders, instance));

test('a component that cannot start is named, with its last lines', async (context) => {
  const inTheWay = join(layout.control.folder, 'etcd');
  await mkdir(layout.control.folder, { recursive: true });
  await writeFile(inTheWay, 'a file where etcd wants a folder');
  context.after(() => rm(inTheWay));
  await assert.rejects(start(), { name: 'PartError', message: /^etcd on control ended; .*not a directory/s });
});

test('what a failed start left is used or replaced by the next one, which is quick', async () => {
  const startMs = performance.now();
  await start();
  assert.ok(performance.now() - startMs < secondStartLimitMs, `took ${performance.now() - startMs} ms`);
  assert.deepEqual(await unready(), []);
});

test('a second start changes nothing', async () => {
  const before = await readStatus(layout);
  await start();
  assert.deepEqual(await readStatus(layout), before);
});

test('its own kubeconfig opens the same cluster, with all that may be done to it', async () => {
  const cluster = await openCluster({ ...process.env, KUBECONFIG: layout.kubeconfig }, report);
  assert.ok(cluster.nodes.every((node) => node.faults !== undefined));
  assert.ok(cluster.components.has('kube-apiserver'));
});

test('another kubeconfig is a cluster that nothing is broken of', async () => {
  const copy = join(layout.stateFolder, 'copy.kubeconfig');
  await writeFile(copy, await readFile(layout.kubeconfig));
  const cluster = await openCluster({ ...process.env, KUBECONFIG: copy }, report);
  assert.deepEqual(
    cluster.nodes.map((node) => [node.name, node.faults]),
    [
      ['node-a', undefined],
      ['node-b', undefined],
    ],
  );
  assert.equal(cluster.components.size, 0);
  assert.throws(() => cluster.images.workload, /CLUSTER_WORKLOAD_IMAGE/);
});

test('a component that was killed is ended in the status, and started again by the next start', async () => {
  const cluster = await start();
  await cluster.components.get('coredns-prompt')?.stop('SIGKILL');
  assert.deepEqual(await unready(), ['control coredns-prompt ended']);
  await start();
  assert.deepEqual(await unready(), []);
});

test('a paused API server answers nothing until it is resumed', async () => {
  const { components, kubectl } = await start();
  await components.get('kube-apiserver')?.pause();
  await assert.rejects(kubectl(['get', 'namespaces'], { timeoutMs: 2_000 }), /not finished/);
  await components.get('kube-apiserver')?.resume();
  assert.match(await kubectl(['get', 'namespaces', '--output=name']), /namespace\/default/);
});

test('pods on two nodes reach each other, the API server and every DNS; a killed container is started again', async () => {
  const cluster = await start();
  await startPods(cluster);
  const addresses = await podAddresses(cluster);
  for (const variant of cluster.dns) {
    const query = ['dig', '+short', `@${variant.podAddress}`, 'pair.default.svc.cluster.local'];
    const answer = await exec(cluster, 'pair-0', query);
    assert.deepEqual(answer.trim().split('\n').sort(), [...addresses].sort(), variant.variant);
  }
  const knock = 'exec 3<>/dev/tcp/kubernetes.default/443';
  await exec(cluster, 'pair-0', ['bash', '-c', knock]);
  for (const address of addresses) await exec(cluster, 'pair-1', ['bash', '-c', `exec 3<>/dev/tcp/${address}/8000`]);

  const container = '.status.containerStatuses[0]';
  const id = await podField(cluster, 'pair-1', `${container}.containerID`);
  assert.ok((await faultsOf(cluster, 1).signal(id.replace('containerd://', ''), 'SIGKILL')) > 0);
  await untilEqual('restarts', podLimitMs, '1', () => podField(cluster, 'pair-1', `${container}.restartCount`));
});

test('a node whose power is cut turns Unknown, and its pods unready, a pretended one stays Ready; with the power back all is well', async () => {
  const cluster = await start();
  const pretended = await createPretendNode(cluster.kubectl, 'pretended');
  const [, node] = cluster.nodes;
  assert.ok(node !== undefined);
  const ready = () => nodeReadiness(cluster, node.name);
  const podOnIt = await cluster.kubectl([
    'get',
    'pods',
    '--output=jsonpath={.items[?(@.spec.nodeName=="node-b")].metadata.name}',
  ]);
  await faultsOf(cluster, 1).kill();
  await untilEqual('Ready of the dead node', nodeDeathLimitMs, 'Unknown', ready);
  assert.equal(await nodeReadiness(cluster, pretended.name), 'True');
  await pretended.remove();
  await untilEqual('Ready of its pod', podLimitMs, 'False', () => podReadiness(cluster, podOnIt));
  await faultsOf(cluster, 1).start();
  await untilEqual('Ready of its pod', podLimitMs, 'True', () => podReadiness(cluster, podOnIt));
  assert.equal(await ready(), 'True');
});

test('a control plane alone stays one when a suite opens it', async () => {
  await takeDown(folders, instance);
  await bringUp(folders, { instance, nodeCount: 0 }, report);
  const cluster = await openCluster({ ...process.env, KUBECONFIG: layout.kubeconfig }, report);
  assert.deepEqual(cluster.nodes, []);
  const machines = new Set((await readStatus(layout)).map((row) => row.machine));
  assert.deepEqual([...machines], [layout.control.name]);
});

test('a cluster of the same number, kept in another folder, is refused, and so is taking it down: this one goes on', async (context) => {
  const before = await readStatus(layout);
  const elsewhere = { ...folders, state: await mkdtemp(join(tmpdir(), 'endpoint-registrar-')) };
  context.after(() => rm(elsewhere.state, { recursive: true }));
  const refusal = {
    message: /in use by the cluster kept in .*cluster-9, and not by the one in .*: choose another instance/,
  };
  await assert.rejects(bringUp(elsewhere, { instance, nodeCount: 0 }, report), refusal);
  await assert.rejects(takeDown(elsewhere, instance), refusal);
  assert.deepEqual(await readStatus(layout), before);
  assert.deepEqual(await unready(), []);
});

test('taking it down leaves nothing of it: no process, mount, interface, namespace, cgroup, rule, setting or file', async () => {
  await takeDown(folders, instance);
  assert.deepEqual(await readTraces(layout), traceless);
  assert.deepEqual(await readStatus(layout), []);
});

async function unready(): Promise<readonly string[]> {
  const rows = (await readStatus(layout)).filter((row) => row.state !== 'ready');
  return rows.map((row) => `${row.machine} ${row.program} ${row.state}`);
}

/** Two pods, one on each node, that listen on 8000, behind a headless Service. */
async function startPods(cluster: Cluster): Promise<void> {
  const labels = { app: 'pair' };
  const pods = cluster.nodes.map((node, index) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `pair-${index}`, labels },
    spec: {
      nodeName: node.name,
      containers: [
        {
          name: 'listener',
          image: cluster.images.workload,
          imagePullPolicy: 'Never',
          command: [
            'perl',
            '-MIO::Socket::INET',
            '-e',
            'my $s = IO::Socket::INET->new(LocalPort => 8000, Listen => 5, ReuseAddr => 1) or die; while (1) { $s->accept }',
          ],
          readinessProbe: { tcpSocket: { port: 8000 }, periodSeconds: 1 },
        },
      ],
    },
  }));
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'pair' },
    spec: { clusterIP: 'None', selector: labels, ports: [{ name: 'listener', port: 8000 }] },
  };
  await cluster.kubectl(['apply', '-f', '-'], {
    input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [service, ...pods] }),
  });
  const wait = ['wait', '--for=condition=Ready', '--timeout=60s', 'pod/pair-0', 'pod/pair-1'];
  await cluster.kubectl(wait, { timeoutMs: podLimitMs + 5_000 });
}

function faultsOf(cluster: Cluster, index: number): NonNullable<ClusterNode['faults']> {
  const faults = cluster.nodes[index]?.faults;
  assert.ok(faults !== undefined);
  return faults;
}

async function podAddresses(cluster: Cluster): Promise<readonly string[]> {
  return (
    await cluster.kubectl(['get', 'pods', '--selector=app=pair', '--output=jsonpath={.items[*].status.podIP}'])
  ).split(' ');
}

function podField(cluster: Cluster, pod: string, path: string): Promise<string> {
  return cluster.kubectl(['get', 'pod', pod, `--output=jsonpath={${path}}`]);
}

function podReadiness(cluster: Cluster, pod: string): Promise<string> {
  return podField(cluster, pod, '.status.conditions[?(@.type=="Ready")].status');
}

function nodeReadiness(cluster: Cluster, name: string): Promise<string> {
  return cluster.kubectl(['get', 'node', name, '--output=jsonpath={.status.conditions[?(@.type=="Ready")].status}']);
}

function exec(cluster: Cluster, pod: string, command: readonly string[]): Promise<string> {
  return cluster.kubectl(['exec', pod, '--', ...command]);
}

function untilEqual(what: string, limitMs: number, wanted: string, read: () => Promise<string>): Promise<void> {
  return until(what, { limitMs, everyMs: 200 }, async (): Promise<Look<void>> => {
    const seen = await read();
    return seen === wanted ? { kind: 'done', value: undefined } : { kind: 'waiting', seen: `"${seen}"` };
  });
}
