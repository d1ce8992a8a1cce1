/** Names early, services late: under `publishNotReadyAddresses` a pod's name resolves before its pairs do. */
import assert from 'node:assert/strict';
import type { RunningAgent } from '../support/agents.ts';
import { type Case, runInBothWays } from '../support/cases.ts';
import { CONFIGMAP } from '../support/role.ts';
import { until } from '../support/until.ts';
import { PAIRS, PORTS, type World } from '../support/world.ts';

/** The control plane's own slices have the name of a pod whose subdomain is the Service. */
const native = { supplement: 'the control plane announces the name, and nothing of ours stands there for it' };
const declaredEarly = `${PORTS}\npublishNotReadyAddresses: true`;

function publishEarly({ server }: World, isEarly = true): void {
  server.admin.edit('services', 'ipa', { spec: { publishNotReadyAddresses: isEarly } });
}

function setReady({ server }: World, podName: string, ready: boolean): void {
  server.admin.setContainerReady({ pod: podName, container: 'server', ready });
}

function addressOf({ server }: World, podName: string): string {
  return server.admin.get('pods', podName)?.status?.podIP ?? '';
}

/** Resolves when DNS has the pod's name with its address, or where `isThere` is false has not. */
function named(world: World, podName: string, isThere = true): Promise<void> {
  const expected = isThere ? [addressOf(world, podName)] : [];
  return until(async () => assert.deepEqual(await world.addressesOf(podName), expected));
}

/** Resolves when the pod beats and none of the pairs that are ours is announced. */
async function unannounced(world: World, agent: RunningAgent): Promise<void> {
  await until(() => assert.deepEqual(world.presence(agent), { isBeating: true, entries: [], slices: [] }));
  await until(async () => {
    const answers = (await Promise.all(world.ours().map((pair) => world.srv(pair)))).flat();
    assert.deepEqual(
      answers.filter((answer) => answer.startsWith(`${agent.podName}:`)),
      [],
    );
  });
}

/** Slices of ours that carry the name alone. */
function nameSlices(world: World, agent: RunningAgent) {
  return world.slicesOf(agent.uid).filter(({ ports }) => (ports ?? []).length === 0);
}

/** Notes from now on when no slice has the pod's name as ready, be it for a moment. */
function watchName(world: World, podName: string): readonly string[] {
  const gaps: string[] = [];
  world.server.store.onChange('endpointslices', ({ type, object }) => {
    const has = world.server.admin
      .list('endpointslices')
      .some(({ endpoints }) =>
        (endpoints ?? []).some(({ hostname, conditions }) => hostname === podName && conditions?.ready !== false),
      );
    if (!has) gaps.push(`${podName} had no name after ${type} ${object.metadata.name}`);
  });
  return gaps;
}

/** An agent in a pod that is not ready, whose name is there already. */
async function startUnready(world: World, podName = 'ipa-0'): Promise<RunningAgent> {
  publishEarly(world);
  world.createPod(podName, { ready: false });
  const agent = world.start(podName);
  await unannounced(world, agent);
  await named(world, podName);
  return agent;
}

const cases: readonly Case[] = [
  {
    name: 'the name resolves while the pod is not ready, its pairs when it is',
    run: async (world) => {
      const agent = await startUnready(world);
      await agent.finds();
      assert.equal(nameSlices(world, agent).length, world.way === 'full' ? 1 : 0);
      setReady(world, 'ipa-0', true);
      await world.present(agent);
      await named(world, 'ipa-0');
      await agent.finds();
    },
  },
  {
    name: 'the name has no gap while the pod becomes ready and unready, and its slice is written once',
    run: async (world) => {
      const agent = await startUnready(world);
      const gaps = watchName(world, 'ipa-0');
      const slices = nameSlices(world, agent);
      for (const ready of [true, false, true]) {
        setReady(world, 'ipa-0', ready);
        if (ready) await world.present(agent);
        else await unannounced(world, agent);
      }
      assert.deepEqual(gaps, []);
      assert.deepEqual(nameSlices(world, agent), slices);
    },
  },
  {
    name: 'without the flag there is no name before readiness',
    skip: native,
    run: async (world) => {
      world.createPod('ipa-0', { ready: false });
      const agent = world.start('ipa-0');
      await unannounced(world, agent);
      await world.beats(agent, 1);
      await named(world, 'ipa-0', false);
      assert.deepEqual(world.slicesOf(agent.uid), []);
    },
  },
  {
    name: 'a flag that is set on the Service, and taken off it, is followed, and pairs stay throughout',
    skip: native,
    run: async (world) => {
      const [agent] = await world.join('ipa-0');
      assert.ok(agent !== undefined);
      const losses = world.watchLosses(agent);
      const gaps = watchName(world, 'ipa-0');
      publishEarly(world);
      await until(() => assert.equal(nameSlices(world, agent).length, 1));
      await world.beats(agent, 1);
      publishEarly(world, false);
      await until(() => assert.equal(nameSlices(world, agent).length, 0));
      await world.present(agent);
      assert.deepEqual([...losses, ...gaps], []);
    },
  },
  {
    name: 'a name whose flag is taken away goes, and the pod beats on',
    skip: native,
    run: async (world) => {
      const agent = await startUnready(world);
      publishEarly(world, false);
      await named(world, 'ipa-0', false);
      await world.beats(agent, 1);
      assert.deepEqual(world.slicesOf(agent.uid), []);
    },
  },
  {
    name: 'nothing is written where nothing differs: the server gives an empty list of ports back as null',
    skip: native,
    run: async (world) => {
      const agent = await startUnready(world);
      assert.deepEqual(
        nameSlices(world, agent).map(({ ports }) => ports),
        [null],
      );
      await world.beats(agent, 1);
      world.server.requests.clear();
      await world.beats(agent, 3);
      assert.deepEqual(new Set(world.requestsOf(agent)), new Set(['patch endpoints ipa']));
    },
  },
  {
    name: 'a name slice that somebody deleted is written again, after a beat that was acknowledged',
    skip: native,
    run: async (world) => {
      const agent = await startUnready(world);
      await world.beats(agent, 1);
      const name = nameSlices(world, agent)[0]?.metadata?.name ?? '';
      world.server.requests.clear();
      world.server.admin.delete('endpointslices', name);
      await until(() => assert.equal(nameSlices(world, agent).length, 1));
      const requests = world.requestsOf(agent);
      // A beat that was under way when the slice went has vouched for it too.
      assert.ok(requests.indexOf('patch endpoints ipa') < requests.indexOf(`patch endpointslices ${name}`));
      assert.deepEqual(
        requests.filter((request) => request.startsWith('patch endpointslices')),
        [`patch endpointslices ${name}`],
      );
    },
  },
  {
    name: 'told to end, it takes its name along',
    skip: native,
    run: async (world) => {
      const agent = await startUnready(world);
      assert.equal(await agent.terminate(), 'withdrawn');
      await world.absent(agent);
      assert.deepEqual(world.slicesOf(agent.uid), []);
      await named(world, 'ipa-0', false);
    },
  },
  {
    name: '`ports: []` takes the name along',
    skip: native,
    run: async (world) => {
      const agent = await startUnready(world);
      world.declare({ ipa: 'ports: []' });
      await named(world, 'ipa-0', false);
      await until(() => assert.deepEqual(agent.agent.status().services, []));
      assert.equal(world.presence(agent).isBeating, false);
    },
  },
  {
    name: 'the name of a pod that fell silent goes with its heartbeat',
    skip: native,
    run: async (world) => {
      const [peer] = await world.join('ipa-1');
      assert.ok(peer !== undefined);
      const agent = await startUnready(world);
      await agent.kill();
      await named(world, 'ipa-0', false);
      assert.deepEqual(world.slicesOf(agent.uid), []);
      await until(() => assert.equal(world.presence(agent).isBeating, false));
      await named(world, 'ipa-1');
    },
  },
  {
    name: 'a name without a heartbeat goes as any slice that outlived its agent',
    skip: native,
    run: async (world) => {
      const [peer] = await world.join('ipa-1');
      assert.ok(peer !== undefined);
      const agent = await startUnready(world);
      await agent.kill();
      const annotations = { [`endpoint-registrar/${agent.uid}`]: null };
      world.server.admin.edit('endpoints', 'ipa', { metadata: { annotations } });
      await peer.logged('orphan-removed');
      await named(world, 'ipa-0', false);
      assert.deepEqual(world.slicesOf(agent.uid), []);
    },
  },
  {
    name: 'a Service that gets a selector takes the name over',
    skip: { supplement: 'it has one' },
    run: async (world) => {
      const agent = await startUnready(world);
      const spec = { selector: { app: 'ipa' }, ipFamilyPolicy: 'SingleStack' };
      world.server.admin.edit('services', 'ipa', { spec });
      await until(() => assert.equal(agent.service().way, 'supplement'));
      await until(() => assert.deepEqual(world.slicesOf(agent.uid), []));
      await named(world, 'ipa-0');
    },
  },
  ...(['missing', 'read late', 'read'] as const).map(
    (fate): Case => ({
      name: `a container that restarts while its pod is not ready keeps its name and beats; the ConfigMap is ${fate}`,
      skip: native,
      run: async (world) => {
        const before = await startUnready(world);
        await before.kill();
        const gaps = watchName(world, 'ipa-0');
        const slices = world.slicesOf(before.uid);
        const { admin, faults } = world.server;
        if (fate === 'missing') admin.delete('configmaps', CONFIGMAP);
        const slow = { verb: ['list', 'watch'], resource: 'configmaps' };
        const fault = fate === 'read late' ? faults.add(slow, { kind: 'delay', ms: 1000 }) : undefined;
        const after = world.start('ipa-0');
        await world.beats(after, 2);
        assert.deepEqual(world.slicesOf(after.uid), slices);
        fault?.remove();
        if (fate === 'missing') world.declare({ ipa: PORTS });
        setReady(world, 'ipa-0', true);
        await world.present(after);
        await after.finds();
        assert.deepEqual(gaps, []);
      },
    }),
  ),
  {
    name: 'declared with publishNotReadyAddresses, pairs do not wait for readiness either',
    run: async (world) => {
      world.declare({ ipa: declaredEarly });
      world.createPod('ipa-0', { ready: false });
      const agent = world.start('ipa-0');
      const announced = world.ours();
      await until(() => assert.deepEqual(world.presence(agent).slices, announced));
      for (const pair of announced) await until(async () => assert.equal((await world.srv(pair)).length, 1));
      const losses = world.watchLosses(agent);
      setReady(world, 'ipa-0', true);
      await world.present(agent);
      setReady(world, 'ipa-0', false);
      await world.beats(agent, 2);
      assert.deepEqual(losses, []);
      world.declare({ ipa: PORTS });
      await unannounced(world, agent);
    },
  },
  {
    name: 'such a container restarts without a gap while its pod is not ready, however late the ConfigMap is read',
    run: async (world) => {
      world.declare({ ipa: declaredEarly });
      world.createPod('ipa-0', { ready: false });
      const before = world.start('ipa-0');
      await until(() => assert.deepEqual(world.presence(before).slices, world.ours()));
      await before.kill();
      const losses = world.watchLosses(before);
      const slow = { verb: ['list', 'watch'], resource: 'configmaps' };
      const fault = world.server.faults.add(slow, { kind: 'delay', ms: 1000 });
      const after = world.start('ipa-0');
      await world.beats(after, 2);
      fault.remove();
      await after.logged('declarations-changed');
      await world.beats(after, 2);
      assert.deepEqual(losses, []);
      assert.deepEqual(world.presence(after).slices, world.ours(PAIRS));
    },
  },
];

runInBothWays(cases);
