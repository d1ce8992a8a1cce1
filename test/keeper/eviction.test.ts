/** Who removes the dead: by silence and a question, in turns, never the last one that answers, never one that lives. */
import assert from 'node:assert/strict';
import { INTERVAL_MS, REAL_INTERVAL_MS, type RunningAgent } from '../support/agents.ts';
import { type Case, runInBothWays } from '../support/cases.ts';
import { until } from '../support/until.ts';
import type { World } from '../support/world.ts';

type Eviction = { readonly by: string; readonly peer: unknown; readonly reason: unknown; readonly age: unknown };

/** Every eviction that one of these agents logged. */
function evictionsOf(agents: readonly RunningAgent[]): readonly Eviction[] {
  return agents.flatMap(({ podName, lines }) =>
    lines
      .filter(({ event }) => event === 'peer-evicted')
      .map(({ peer, reason, age }) => ({ by: podName, peer, reason, age })),
  );
}

/** What can have become of the pod of an agent that was killed, and what follows. */
const fates: readonly {
  readonly name: string;
  readonly come: (world: World) => void;
  readonly reason: string;
  readonly leastAge: number;
}[] = [
  { name: 'is gone', come: ({ server }) => server.admin.removePod('ipa-2'), reason: 'pod-gone', leastAge: 2 },
  {
    name: 'has failed',
    come: ({ server }) => server.admin.setPhase('ipa-2', 'Failed'),
    reason: 'pod-terminal',
    leastAge: 2,
  },
  {
    name: 'was replaced',
    come: (world) => {
      world.server.admin.removePod('ipa-2');
      world.createPod('ipa-2', { ready: false });
    },
    reason: 'pod-replaced',
    leastAge: 2,
  },
  { name: 'is still listed', come: () => {}, reason: 'silent', leastAge: 3 },
];

const cases: readonly Case[] = [
  ...fates.map(
    ({ name, come, reason, leastAge }): Case => ({
      name: `an agent that died silently and whose pod ${name} is evicted at age ${leastAge}, by one peer`,
      run: async (world) => {
        const [first, second, dead] = await world.join('ipa-0', 'ipa-1', 'ipa-2');
        assert.ok(first !== undefined && second !== undefined && dead !== undefined);
        // From a beat on everybody knows the others' pods by name.
        await Promise.all([first, second].map((agent) => world.beats(agent, 1)));
        // Where the control plane keeps the entries, a peer's name is learnt from its slices, at the next beat.
        await Promise.all([first, second].map((agent) => world.beats(agent, 1)));
        const losses = world.watchLosses(first, second);
        world.server.requests.clear();
        await dead.kill();
        come(world);
        await until(() => assert.deepEqual(world.presence(dead), { isBeating: false, entries: [], slices: [] }));
        await until(() => assert.equal(evictionsOf([first, second]).length, 1));
        const [eviction] = evictionsOf([first, second]);
        assert.equal(eviction?.reason, reason);
        assert.ok(Number(eviction?.age) >= leastAge && Number(eviction?.age) <= leastAge + 1.5, `${eviction?.age}`);
        const deleters = [first, second].filter((agent) =>
          world.requestsOf(agent).some((request) => request.startsWith('delete endpointslices')),
        );
        assert.deepEqual(
          deleters.map(({ podName }) => podName).filter((podName) => podName !== eviction?.by),
          [],
        );
        await Promise.all([first, second].map((agent) => world.beats(agent, 1)));
        assert.equal(evictionsOf([first, second]).length, 1, 'nobody evicts twice');
        assert.deepEqual(losses, []);
      },
    }),
  ),
  {
    name: 'several that die at once are all gone',
    run: async (world) => {
      const agents = await world.join('ipa-0', 'ipa-1', 'ipa-2', 'ipa-3', 'ipa-4');
      const [first, second, ...dead] = agents;
      assert.ok(first !== undefined && second !== undefined);
      const losses = world.watchLosses(first, second);
      for (const agent of dead) await agent.kill();
      for (const agent of dead) await world.server.admin.setPhase(agent.podName, 'Failed');
      for (const agent of dead) {
        await until(() => assert.deepEqual(world.presence(agent), { isBeating: false, entries: [], slices: [] }));
      }
      await until(() => assert.equal(evictionsOf([first, second]).length, 3));
      assert.deepEqual(losses, []);
    },
  },
  {
    name: 'the last ready address of a pair stays while its pod is listed, is reported, and goes when another is ready',
    run: async (world) => {
      world.createPod('ipa-1', { ready: false });
      const [dead] = await world.join('ipa-0');
      assert.ok(dead !== undefined);
      const other = world.start('ipa-1');
      await world.present(other, []);
      const losses = world.watchLosses(dead);
      await dead.kill();
      await other.finds('last-ready-address-is-silent');
      await world.beats(other, 2);
      assert.deepEqual(losses, []);
      await world.resolves('kerberos/UDP', ['ipa-0:88']);
      world.server.admin.setContainerReady({ pod: 'ipa-1', container: 'server', ready: true });
      await until(() => assert.deepEqual(world.presence(dead), { isBeating: false, entries: [], slices: [] }));
      await other.finds();
      await world.resolves('kerberos/UDP', ['ipa-1:88']);
    },
  },
  {
    name: 'of two dead holders of a pair one goes, vouched for by the other, which stays',
    run: async (world) => {
      world.createPod('ipa-2', { ready: false });
      const [first, second] = await world.join('ipa-0', 'ipa-1');
      assert.ok(first !== undefined && second !== undefined);
      const other = world.start('ipa-2');
      await world.present(other, []);
      world.server.requests.clear();
      await first.kill();
      await second.kill();
      await other.finds('last-ready-address-is-silent');
      await world.beats(other, 1);
      const left = [first, second].filter((agent) => world.presence(agent).isBeating);
      const [evicted] = [first, second].filter((agent) => !left.includes(agent));
      assert.equal(left.length, 1);
      const patch = world.server.requests
        .all()
        .find(({ body }) =>
          body.includes(`{"op":"remove","path":"/metadata/annotations/endpoint-registrar~1${evicted?.uid}"`),
        );
      assert.match(
        patch?.body ?? '',
        new RegExp(`"op":"test","path":"/metadata/annotations/endpoint-registrar~1${left[0]?.uid}"`),
      );
      await world.resolves('kerberos/UDP', [`${left[0]?.podName}:88`]);
    },
  },
  {
    name: 'an agent that lives and was evicted asks for its pod, and registers again',
    run: async (world) => {
      const [first, second] = await world.join('ipa-0', 'ipa-1');
      assert.ok(first !== undefined && second !== undefined);
      second.clock.stop();
      await until(() => assert.deepEqual(world.presence(second), { isBeating: false, entries: [], slices: [] }));
      world.server.requests.clear();
      second.clock.resume();
      await world.present(second);
      const requests = world.requestsOf(second);
      const asked = requests.indexOf('get pods ipa-1');
      assert.ok(asked >= 0 && asked < requests.lastIndexOf('patch endpoints ipa'), requests.join());
      assert.deepEqual(evictionsOf([second]), []);
      await world.present(first);
    },
  },
  ...([true, false] as const).map(
    (isListed): Case => ({
      name: `slices that outlived their heartbeat go ${isListed ? 'though the pod is listed, later' : 'once the pod is gone'}`,
      run: async (world) => {
        const [first, dead] = await world.join('ipa-0', 'ipa-1');
        assert.ok(first !== undefined && dead !== undefined);
        await world.beats(first, 1);
        await dead.kill();
        world.server.controllers.garbage.stop();
        if (!isListed) world.server.admin.removePod('ipa-1');
        const { subsets = [] } = world.register();
        world.server.admin.edit('endpoints', 'ipa', {
          metadata: { annotations: { [`endpoint-registrar/${dead.uid}`]: null } },
          ...(world.way === 'full'
            ? {
                subsets: subsets.map(({ addresses = [], ...subset }) => ({
                  ...subset,
                  addresses: addresses.filter(({ targetRef }) => targetRef?.uid !== dead.uid),
                })),
              }
            : {}),
        });
        const startMs = performance.now();
        await until(() => assert.deepEqual(world.presence(dead).slices, []));
        const { life } = await first.logged('orphan-removed', { peerUid: dead.uid });
        assert.equal(life, isListed ? 'listed' : 'gone');
        // It counts from the first answer without the heartbeat; a beat may come up to a tenth early.
        const least = (isListed ? 5 : 2) * 0.9 * REAL_INTERVAL_MS;
        assert.ok(performance.now() - startMs > least, `${performance.now() - startMs} ms`);
        await world.present(first);
      },
    }),
  ),
  {
    name: 'a new pod of the same name takes its predecessor out when it joins',
    run: async (world) => {
      const [old] = await world.join('ipa-0');
      assert.ok(old !== undefined);
      // Slow to beat, so that it is not the peer who is first.
      const peer = world.start('ipa-1', { intervalMs: 20 * INTERVAL_MS });
      await world.present(peer);
      await old.kill();
      world.server.controllers.garbage.stop();
      world.server.admin.removePod('ipa-0');
      const next = world.start('ipa-0');
      await world.present(next);
      await until(() => assert.deepEqual(world.presence(old), { isBeating: false, entries: [], slices: [] }));
      await until(() => {
        const evictions = evictionsOf([next, peer]).map(({ by, reason }) => ({ by, reason }));
        assert.deepEqual(evictions, [{ by: 'ipa-0', reason: 'predecessor' }]);
      });
      await world.resolves('kerberos/UDP', ['ipa-0:88', 'ipa-1:88']);
    },
  },
];

runInBothWays(cases);
