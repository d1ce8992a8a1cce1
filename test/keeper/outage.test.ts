/** What nobody can see costs nobody anything: outages of the API server, watches that break, own pauses, wrong clocks. */
import assert from 'node:assert/strict';
import { INTERVAL_MS, REAL_INTERVAL_MS, type RunningAgent } from '../support/agents.ts';
import { type Case, runInBothWays } from '../support/cases.ts';
import { until } from '../support/until.ts';
import { PAIRS, PORTS, type World } from '../support/world.ts';

const withSip = PORTS.replace(']', ', { name: sip, protocol: UDP, port: 5060 }]');

/** Resolves when the agents have been silent for so many intervals. */
async function silent(agents: readonly RunningAgent[], intervals: number): Promise<void> {
  for (const agent of agents) {
    await until(() => assert.ok((agent.service().lastHeartbeatAgeMs ?? 0) > intervals * INTERVAL_MS));
  }
}

function evictionsOf(agents: readonly RunningAgent[]): readonly unknown[] {
  return agents.flatMap(({ lines }) => lines.filter(({ event }) => event === 'peer-evicted'));
}

const outages: readonly {
  readonly name: string;
  /** Shorter than the outage where nothing else ends a request. */
  readonly requestTimeoutMs: number;
  readonly begin: (world: World) => void | Promise<void>;
  readonly end: (world: World) => void | Promise<void>;
}[] = [
  {
    name: 'frozen',
    requestTimeoutMs: 4 * INTERVAL_MS,
    begin: ({ server }) => server.freeze(),
    end: ({ server }) => server.thaw(),
  },
  {
    name: 'killed',
    requestTimeoutMs: 10 * INTERVAL_MS,
    begin: ({ server }) => server.stop(),
    end: ({ server }) => server.resume(),
  },
];

async function joinAll(world: World, requestTimeoutMs: number): Promise<readonly RunningAgent[]> {
  const agents = ['ipa-0', 'ipa-1', 'ipa-2'].map((podName) => world.start(podName, { requestTimeoutMs }));
  for (const agent of agents) await world.present(agent);
  return agents;
}

const cases: readonly Case[] = [
  ...outages.map(
    ({ name, requestTimeoutMs, begin, end }): Case => ({
      name: `an API server that was ${name} for six intervals: nothing withdrawn, nobody evicted, all beat again`,
      run: async (world) => {
        const agents = await joinAll(world, requestTimeoutMs);
        const losses = world.watchLosses(...agents);
        world.server.requests.clear();
        await begin(world);
        await silent(agents, 6);
        for (const agent of agents) {
          assert.equal(agent.agent.health.livez().ok, true);
          assert.equal(agent.agent.health.readyz().ok, true);
        }
        world.declare({ ipa: withSip });
        await end(world);
        for (const agent of agents) {
          await world.beats(agent, 1);
          await world.present(agent, [...PAIRS, 'sip/UDP']);
          await agent.logged('pass-recovered');
        }
        await Promise.all(agents.map((agent) => world.beats(agent, 3)));
        assert.deepEqual(losses, []);
        assert.deepEqual(evictionsOf(agents), []);
        assert.equal(world.server.requests.count({ verb: 'delete' }), 0);
      },
    }),
  ),
  ...outages.map(
    ({ name, requestTimeoutMs, begin, end }): Case => ({
      name: `who died while the API server was ${name} goes afterwards, and nobody else does`,
      run: async (world) => {
        const agents = await joinAll(world, requestTimeoutMs);
        const [first, second, dead] = agents;
        assert.ok(first !== undefined && second !== undefined && dead !== undefined);
        const losses = world.watchLosses(first, second);
        await begin(world);
        await dead.kill();
        await silent([first, second], 4);
        await end(world);
        await until(() => assert.deepEqual(world.presence(dead), { isBeating: false, entries: [], slices: [] }));
        for (const agent of [first, second]) await world.present(agent, PAIRS);
        assert.deepEqual(losses, []);
      },
    }),
  ),
  {
    name: 'an agent that starts before the API server does waits, alive and not ready, and then registers',
    run: async (world) => {
      world.createPod('ipa-0');
      await world.server.admin.settled();
      await world.server.stop();
      const agent = world.start('ipa-0');
      await agent.logged('api-unreachable');
      assert.equal(agent.agent.health.readyz().ok, false);
      assert.equal(agent.agent.health.livez().ok, true);
      await world.server.resume();
      await world.present(agent);
      assert.equal(agent.agent.health.readyz().ok, true);
    },
  },
  {
    name: 'watches that are cut, ended, garbled or too old are taken up again, and no edit is missed',
    run: async (world) => {
      const [agent] = await world.join('ipa-0');
      assert.ok(agent !== undefined);
      const losses = world.watchLosses(agent);
      const { server } = world;
      const breaks = [
        () => server.watches.cut(),
        () => server.watches.end(),
        () => server.watches.send({}, 'no json\n'),
        () => {
          server.watches.cut();
          server.store.compact();
        },
      ];
      for (const [index, breakWatches] of breaks.entries()) {
        breakWatches();
        world.declare({ ipa: PORTS.replace(']', `, { name: sip, protocol: UDP, port: ${5060 + index} }]`) });
        await world.resolves('sip/UDP', [`ipa-0:${5060 + index}`]);
      }
      server.watches.cut();
      server.admin.setContainerReady({ pod: 'ipa-0', container: 'server', ready: false });
      await world.resolves('kerberos/UDP', []);
      await world.beats(agent, 1);
      assert.deepEqual(
        losses.filter((loss) => loss.endsWith('heartbeat')),
        [],
      );
    },
  },
  {
    name: 'a pause of our own makes nobody older, and is followed by a question about the own pod',
    run: async (world) => {
      world.createPod('ipa-1', { ready: false });
      const [paused] = await world.join('ipa-0');
      assert.ok(paused !== undefined);
      const other = world.start('ipa-1');
      await world.present(other, []);
      const third = world.start('ipa-2', { intervalMs: INTERVAL_MS });
      await world.present(third);
      world.server.admin.setContainerReady({ pod: 'ipa-2', container: 'server', ready: false });
      await world.present(third, []);
      await world.beats(paused, 1);
      paused.clock.stop();
      await third.kill();
      // The last address that answers is left in place, so the silence is all that there is.
      await other.finds('last-ready-address-is-silent');
      // A peer counts its own intervals, which may be shorter than ours; what is asserted begins after three of ours.
      await silent([paused], 3.5);
      const losses = world.watchLosses(paused, other);
      world.server.requests.clear();
      paused.clock.resume();
      await world.beats(paused, 2);
      await other.finds();
      assert.ok(world.requestsOf(paused).includes('get pods ipa-0'), world.requestsOf(paused).join());
      assert.deepEqual(losses, []);
      await world.present(paused);
    },
  },
  {
    name: 'after an outage everybody gets a full term anew, however silent before',
    run: async (world) => {
      const [agent, dead] = await world.join('ipa-0', 'ipa-1');
      assert.ok(agent !== undefined && dead !== undefined);
      const ageOf = () => agent.service().peers.find(({ uid }) => uid === dead.uid)?.age ?? 0;
      await dead.kill();
      await until(() => assert.ok(ageOf() >= 2));
      await world.server.stop();
      await silent([agent], 3);
      const last = agent.service().lastHeartbeatAgeMs ?? 0;
      await world.server.resume();
      const after = await until(() => {
        assert.ok((agent.service().lastHeartbeatAgeMs ?? last) < last);
        return ageOf();
      });
      assert.ok(after < 2, `age ${after} at the first beat after the outage`);
      await until(() => assert.deepEqual(world.presence(dead), { isBeating: false, entries: [], slices: [] }));
    },
  },
  {
    name: 'beats out of turn make nobody older',
    run: async (world) => {
      const [agent, dead] = await world.join('ipa-0', 'ipa-1');
      assert.ok(agent !== undefined && dead !== undefined);
      await world.beats(agent, 1);
      await dead.kill();
      const startMs = performance.now();
      for (let repair = 0; repair < 5; repair += 1) {
        world.server.admin.delete('endpointslices', world.slicesOf(agent.uid)[0]?.metadata?.name ?? '');
        await world.present(agent);
      }
      const age = agent.service().peers.find(({ uid }) => uid === dead.uid)?.age ?? 0;
      const intervals = (performance.now() - startMs) / REAL_INTERVAL_MS;
      assert.ok(age <= intervals / 0.9 + 1, `age ${age} after ${intervals} intervals`);
    },
  },
  {
    name: 'a wall clock that is stepped back or forth changes nothing: beats differ, and that is all that counts',
    run: async (world) => {
      const agents = await world.join('ipa-0', 'ipa-1');
      const [stepped] = agents;
      assert.ok(stepped !== undefined);
      const losses = world.watchLosses(...agents);
      for (const stepMs of [-3_600_000, 7_200_000]) {
        stepped.clock.stepWall(stepMs);
        await Promise.all(agents.map((agent) => world.beats(agent, 3)));
      }
      assert.deepEqual(losses, []);
      assert.deepEqual(evictionsOf(agents), []);
    },
  },
];

// At this speed a dozen agents without an API server dial some thousand times a second: few cases at a time.
runInBothWays(cases, { concurrency: 3 });
