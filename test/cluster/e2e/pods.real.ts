/**
 * A pod's bad days: its sidecar is killed, it is deleted, deleted by force, all of its processes are killed. A lookout in the client writes down
 * every answer of the DNS meanwhile, so that gaps and late answers are seen whenever they come.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { startLookout } from './lookout.ts';
import { type PodView, readHeartbeats, readPod, untilRead } from './pods.ts';
import { useWorld } from './turn.ts';
import { report } from './world.ts';

const watched = ['_kerberos._udp', '_kerberos._tcp', '_ldap._tcp'];
const both = ['ipa-0', 'ipa-1'];
const podLimitMs = 120_000;
/** README promises less than 1 s; the lookout and a busy computer add to it. */
const promptMs = 2_000;
/** How long the deleted pod's server goes on answering. */
const preStopSeconds = 5;
const notOurs = 'this cluster is not ours: its processes cannot be killed';

describe('a pod', () => {
  const world = useWorld({ name: 'pods', way: 'supplement', replicas: 2, preStopSeconds });
  before(() => untilServed());

  test('a sidecar that is killed comes back and adopts what is registered: no gap at all', async (context) => {
    const { client, domain } = world();
    const pod = await readPod(world(), 'ipa-0');
    const slices = await ownSlices();
    const lookout = await startLookout(client, domain, watched);
    const from = performance.now();
    const killedCount = await signalProcesses(pod, pod.agent.id);
    if (killedCount === undefined) return context.skip(notOurs);
    assert.equal(killedCount, 1);
    await untilPod('the restarted sidecar', 'ipa-0', ({ agent }) => agent.id !== pod.agent.id && agent.isReady);
    const backMs = performance.now() - from;
    const adopted = (await readHeartbeats(world())).get(pod.uid);
    const read = async () => (await readHeartbeats(world())).get(pod.uid);
    await untilRead(
      'a heartbeat of the new process',
      podLimitMs,
      read,
      (value) => value !== undefined && value !== adopted,
    );
    const { sightings, lookCount, blindMs } = await lookout.stop();
    assert.deepEqual(
      sightings.map(({ servers }) => servers),
      watched.map(() => both),
    );
    assert.deepEqual(await ownSlices(), slices, 'the slices are the very same');
    report(
      `sidecar killed: ready again after ${round(backMs)} ms; ${lookCount} looks, none different, blind ${blindMs} ms at most`,
    );
  });

  test('a deleted pod is out of the DNS at once, while its server still answers those who know it', async () => {
    const { client, domain, kubectl } = world();
    const lookout = await startLookout(client, domain, watched);
    const atMs = Date.now();
    await kubectl(['delete', 'pod', 'ipa-1', '--wait=false']);
    const goneMs: number[] = [];
    for (const pair of watched) {
      const gone = await lookout.awaitSighting({ pair, sinceMs: atMs, limitMs: podLimitMs, isWanted: lacks('ipa-1') });
      goneMs.push(gone.atMs - atMs);
    }
    const terminating = await kubectl([
      'get',
      'pod',
      'ipa-1',
      '--output=jsonpath={.metadata.deletionTimestamp}{.metadata.uid}',
    ]);
    assert.notEqual(terminating, '');
    assert.ok(Math.max(...goneMs) < promptMs, `${goneMs} ms`);
    const late = await client.bash(`dig +short ipa-1.${domain}.`);
    assert.notEqual(late, '', 'the name itself resolves until the pod is gone: publishNotReadyAddresses');
    await client.bash(`exec 3<>/dev/tcp/${late.trim()}/88`);
    await world().awaitServers(2);
    const back = await lookout.awaitSighting({
      pair: '_ldap._tcp',
      sinceMs: atMs,
      limitMs: podLimitMs,
      isWanted: has('ipa-1'),
    });
    await lookout.stop();
    report(`pod deleted: out of ${watched} after ${goneMs} ms, the next one is in after ${back.atMs - atMs} ms`);
  });

  test('a pod that is deleted by force goes with its object', async () => {
    const { client, domain, kubectl } = world();
    await untilServed();
    const lookout = await startLookout(client, domain, watched);
    const atMs = Date.now();
    await kubectl(['delete', 'pod', 'ipa-1', '--force', '--grace-period=0', '--wait=false']);
    const gone = await lookout.awaitSighting({
      pair: '_kerberos._udp',
      sinceMs: atMs,
      limitMs: podLimitMs,
      isWanted: lacks('ipa-1'),
    });
    assert.ok(gone.atMs - atMs < promptMs, `${gone.atMs - atMs} ms`);
    await world().awaitServers(2);
    await untilServed();
    const heartbeats = await untilRead(
      'a heartbeat for each pod, and none of the dead',
      podLimitMs,
      async () => (await readHeartbeats(world())).size,
      (count) => count === 2,
    );
    await lookout.stop();
    report(`pod deleted by force: gone after ${gone.atMs - atMs} ms; ${heartbeats} heartbeats in the end`);
  });

  test("all of a pod's processes are killed: it comes back with another address, and that one is answered", async (context) => {
    const { client, domain } = world();
    await untilServed();
    const pod = await readPod(world(), 'ipa-0');
    const lookout = await startLookout(client, domain, watched);
    const before = await client.bash(`dig +short ipa-0.${domain}.`);
    const atMs = Date.now();
    const killedCount = await signalProcesses(pod, pod.uid);
    if (killedCount === undefined) return context.skip(notOurs);
    assert.ok(killedCount >= 5, `${killedCount} processes`);
    await untilPod(
      'the restarted pod',
      'ipa-0',
      // Not the number of its restarts: with the sandbox, kubelet begins to count anew.
      ({ agent }) => agent.id !== pod.agent.id && agent.isReady,
    );
    await world().awaitServers(2);
    const after = await untilRead(
      'the new address',
      podLimitMs,
      () => client.bash(`dig +short ipa-0.${domain}.`),
      (text) => text !== '' && text !== before,
    );
    await untilServed();
    const { code, text } = await client.kinit('udp');
    assert.equal(code, 0, text);
    const { sightings } = await lookout.stop();
    const story = sightings.map((seen) => `${seen.atMs - atMs} ms ${seen.pair} ${seen.servers}`);
    report(`all processes of ipa-0 killed: ${before.trim()} -> ${after.trim()}; ${story.join('; ')}`);
  });

  /** The other servers stay in every answer. */
  function lacks(server: string): (servers: readonly string[]) => boolean {
    return (servers) => !servers.includes(server) && servers.length === both.length - 1;
  }

  function has(server: string): (servers: readonly string[]) => boolean {
    return (servers) => servers.includes(server);
  }

  async function untilServed(): Promise<void> {
    const { client } = world();
    for (const pair of watched) {
      const read = async () => (await client.servers(pair)).map((text) => text.split(' ')[0]);
      await untilRead(`both servers under ${pair}`, podLimitMs, read, (names) => names.join() === both.join());
    }
  }

  async function untilPod(what: string, name: string, isWanted: (pod: PodView) => boolean): Promise<void> {
    await untilRead(what, podLimitMs, () => readPod(world(), name), isWanted);
  }

  function ownSlices(): Promise<string> {
    const selector = '--selector=endpointslice.kubernetes.io/managed-by=endpoint-registrar';
    return world().kubectl(['get', 'endpointslices', selector, '--output=jsonpath={.items[*].metadata.uid}']);
  }

  /** Resolves to the number of killed processes; undefined where they are not ours to kill. */
  async function signalProcesses(pod: PodView, id: string): Promise<number | undefined> {
    return world()
      .cluster.nodes.find(({ name }) => name === pod.node)
      ?.faults?.signal(id, 'SIGKILL');
  }

  function round(ms: number): number {
    return Math.round(ms);
  }
});
