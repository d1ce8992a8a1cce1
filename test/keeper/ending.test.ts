/** The own pod's end, in each of the ways it can come: withdrawn at once, and never registered again by this process. */
import assert from 'node:assert/strict';
import type { RunningAgent } from '../support/agents.ts';
import { type Case, runInBothWays } from '../support/cases.ts';
import { CONFIGMAP } from '../support/role.ts';
import { PORTS, type World } from '../support/world.ts';

/** How a pod ends, and what the latch says of it. */
const ends: readonly {
  readonly name: string;
  readonly reason: string;
  readonly come: (world: World) => void;
}[] = [
  {
    name: 'being deleted',
    reason: 'pod-deleting',
    come: ({ server }) => server.admin.terminatePod('ipa-0'),
  },
  { name: 'gone', reason: 'pod-deleted', come: ({ server }) => server.admin.removePod('ipa-0') },
  { name: 'failed', reason: 'pod-terminal', come: ({ server }) => server.admin.setPhase('ipa-0', 'Failed') },
  { name: 'succeeded', reason: 'pod-terminal', come: ({ server }) => server.admin.setPhase('ipa-0', 'Succeeded') },
  {
    name: 'gone, and another one has its name',
    reason: 'pod-deleted',
    come: (world) => {
      world.server.admin.removePod('ipa-0');
      world.createPod('ipa-0', { ready: false });
    },
  },
];

/** What invites an agent to write: none of it may, once the latch is closed. */
async function tempt(world: World): Promise<void> {
  world.declare({ ipa: PORTS.replace(']', ', { name: sip, port: 5060 }]') });
  world.server.admin.delete('services', 'ipa');
  await world.server.admin.settled();
  world.createService();
  await world.server.admin.settled();
}

/** Asserts that a latched agent writes nothing while its peer beats. */
async function neverAgain(world: World, agent: RunningAgent, peer: RunningAgent): Promise<void> {
  world.server.requests.clear();
  await tempt(world);
  await world.beats(peer, 3);
  const writes = world.requestsOf(agent).filter((request) => !/^(get|list) /.test(request));
  assert.deepEqual(writes, []);
  assert.deepEqual(world.presence(agent), { isBeating: false, entries: [], slices: [] });
  assert.equal(agent.agent.status().phase, 'latched');
}

const cases: readonly Case[] = [
  ...ends.map(
    ({ name, reason, come }): Case => ({
      name: `own pod ${name}: withdraws at once, and never registers again`,
      run: async (world) => {
        const [agent, peer] = await world.join('ipa-0', 'ipa-1');
        assert.ok(agent !== undefined && peer !== undefined);
        const losses = world.watchLosses(peer);
        come(world);
        await agent.logged('latch-closed', { reason });
        await world.absent(agent);
        assert.deepEqual(losses, []);
        await neverAgain(world, agent, peer);
        assert.equal(await agent.terminate(), 'withdrawn');
      },
    }),
  ),
  ...ends.map(
    ({ name, come }): Case => ({
      name: `own pod ${name}, which only the question before joining again tells: the same`,
      run: async (world) => {
        const [agent, peer] = await world.join('ipa-0', 'ipa-1');
        assert.ok(agent !== undefined && peer !== undefined);
        const { server } = world;
        server.controllers.garbage.stop();
        server.watches.silence({ resource: 'pods', name: 'ipa-0' });
        come(world);
        const annotation = { [`endpoint-registrar/${agent.uid}`]: null };
        server.admin.edit('endpoints', 'ipa', { metadata: { annotations: annotation } });
        await agent.logged('latch-closed');
        await world.absent(agent);
        await neverAgain(world, agent, peer);
      },
    }),
  ),
  {
    name: 'a container that starts in a pod that is being deleted registers nothing, and withdraws what stands',
    run: async (world) => {
      const [agent] = await world.join('ipa-0');
      assert.ok(agent !== undefined);
      await agent.kill();
      world.server.admin.terminatePod('ipa-0');
      const again = world.start('ipa-0');
      await world.absent(again);
      assert.equal(again.agent.status().phase, 'latched');
      assert.equal(await again.terminate(), 'withdrawn');
    },
  },
  {
    name: 'told to end while the ConfigMap is missing: withdraws what stands',
    run: async (world) => {
      const [agent] = await world.join('ipa-0');
      assert.ok(agent !== undefined);
      world.server.admin.delete('configmaps', CONFIGMAP);
      await agent.finds('configmap-missing');
      assert.equal(await agent.terminate(), 'withdrawn');
      await world.absent(agent);
    },
  },
];

runInBothWays(cases);
