/** Requests that fail, answers that are lost, rights that are missing: nothing is withdrawn, and it recovers alone. */
import assert from 'node:assert/strict';
import type { Fault, FaultLimits } from '../embedded/faults/faults.ts';
import type { Matcher } from '../embedded/faults/matcher.ts';
import { SPEED } from '../support/agents.ts';
import { type Case, runInBothWays } from '../support/cases.ts';
import { until } from '../support/until.ts';

const register: Matcher = { verb: 'patch', resource: 'endpoints' };
const ownSlices: Matcher = { verb: 'patch', resource: 'endpointslices' };
const lost: Fault = { kind: 'cut', when: 'after' };

/** Faults under which a start must come to its end all the same, each over before the last try. */
const starts: readonly {
  readonly name: string;
  readonly matcher: Matcher;
  readonly fault: Fault;
  readonly limits?: FaultLimits;
}[] = [
  {
    name: 'the answers to its first two writes of the register are lost',
    matcher: register,
    fault: lost,
    limits: { times: 2 },
  },
  { name: 'the answer to a slice is lost', matcher: ownSlices, fault: lost, limits: { times: 1 } },
  {
    name: 'the first list of each kind is cut',
    matcher: { verb: 'list' },
    fault: { kind: 'cut', when: 'before' },
    limits: { times: 5 },
  },
  {
    name: 'every other request is answered 500',
    matcher: {},
    fault: { kind: 'error', code: 500 },
    limits: { probability: 0.5, times: 30 },
  },
  {
    name: 'patches meet conflicts, 422 with empty details',
    matcher: register,
    fault: { kind: 'error', code: 422, details: {} },
    limits: { times: 8 },
  },
  {
    name: 'patches meet conflicts, 409',
    matcher: register,
    fault: { kind: 'error', code: 409, reason: 'Conflict' },
    limits: { times: 8 },
  },
  { name: 'every answer takes longer than an interval', matcher: {}, fault: { kind: 'delay', ms: 300 } },
  {
    name: 'the register is read from a stale cache',
    matcher: { verb: 'get', resource: 'endpoints' },
    fault: { kind: 'stale', versions: 3 },
    limits: { times: 6 },
  },
  {
    name: 'a proxy answers with a page',
    matcher: {},
    fault: { kind: 'garbage', text: '<html>busy</html>', contentType: 'text/html' },
    limits: { times: 6 },
  },
  {
    name: 'the server is overloaded (429 with Retry-After)',
    matcher: {},
    fault: { kind: 'error', code: 429, retryAfterSeconds: 1 },
    limits: { times: 4 },
  },
];

/** Faults that strike agents who are registered: nobody may lose anything by them, not for a moment. */
const disturbances: readonly {
  readonly name: string;
  readonly matcher: Matcher;
  readonly fault: Fault;
  readonly limits?: FaultLimits;
}[] = [
  { name: 'the answers to beats are lost', matcher: register, fault: lost, limits: { times: 4 } },
  {
    name: 'beats are cut before they land',
    matcher: register,
    fault: { kind: 'cut', when: 'before' },
    limits: { times: 3 },
  },
  { name: 'beats are answered 503', matcher: register, fault: { kind: 'error', code: 503 }, limits: { times: 3 } },
  {
    name: 'beats meet conflicts',
    matcher: register,
    fault: { kind: 'error', code: 422, details: {} },
    limits: { times: 6 },
  },
  {
    name: 'beats land late',
    matcher: register,
    fault: { kind: 'delay', ms: { minMs: 0, maxMs: 200 } },
    limits: { times: 12 },
  },
];

const cases: readonly Case[] = [
  ...starts.map(
    ({ name, matcher, fault, limits }): Case => ({
      name: `a start while ${name}: registers, once and whole`,
      run: async (world) => {
        const [peer] = await world.join('ipa-1');
        assert.ok(peer !== undefined);
        const active = world.server.faults.add(matcher, fault, limits);
        const agent = world.start('ipa-0');
        await world.present(agent);
        await world.beats(agent, 1);
        await until(() => assert.ok(active.hits() > 0));
        active.remove();
        const { subsets = [] } = world.register();
        for (const { addresses = [] } of subsets) {
          const ips = addresses.map(({ ip }) => ip);
          assert.equal(new Set(ips).size, ips.length, 'nobody stands twice in a subset');
        }
        await world.present(peer);
        await agent.finds();
        assert.equal(await agent.terminate(), 'withdrawn');
        await world.absent(agent);
      },
    }),
  ),
  ...disturbances.map(
    ({ name, matcher, fault, limits }): Case => ({
      name: `while ${name}: nobody is evicted, nothing is lost`,
      run: async (world) => {
        const agents = await world.join('ipa-0', 'ipa-1');
        const losses = world.watchLosses(...agents);
        const active = world.server.faults.add(matcher, fault, limits);
        await Promise.all(agents.map((agent) => world.beats(agent, 3)));
        await until(() => assert.equal(active.hits(), limits?.times ?? active.hits()));
        active.remove();
        for (const agent of agents) {
          await world.beats(agent, 2);
          await world.present(agent);
          assert.deepEqual(
            agent.lines.filter(({ event }) => event === 'peer-evicted'),
            [],
          );
          await until(() => assert.equal(agent.agent.health.livez().ok, true));
        }
        assert.deepEqual(losses, []);
      },
    }),
  ),
  {
    name: 'an adopted beat whose answer was lost needs no question about the own pod',
    run: async (world) => {
      const [agent] = await world.join('ipa-0');
      assert.ok(agent !== undefined);
      await world.beats(agent, 1);
      world.server.requests.clear();
      const fault = world.server.faults.add(register, lost, { times: 1 });
      await world.beats(agent, 3);
      assert.equal(fault.hits(), 1);
      assert.deepEqual(new Set(world.requestsOf(agent)), new Set(['patch endpoints ipa', 'get endpoints ipa']));
    },
  },
  {
    name: 'an eviction whose answer was lost is finished all the same',
    run: async (world) => {
      const [agent, dead] = await world.join('ipa-0', 'ipa-1');
      assert.ok(agent !== undefined && dead !== undefined);
      await world.beats(agent, 1);
      await dead.kill();
      world.server.controllers.garbage.stop();
      let isLost = false;
      const stop = world.server.store.onChange('endpoints', () => {
        isLost ||= !world.presence(dead).isBeating;
      });
      // The patch that takes the heartbeat away is the one whose answer goes missing.
      world.server.faults.add({ ...register, where: () => agent.service().peers.some(({ age }) => age >= 3) }, lost, {
        times: 1,
      });
      await until(() => assert.ok(isLost));
      stop();
      await until(() => assert.deepEqual(world.presence(dead), { isBeating: false, entries: [], slices: [] }));
      await world.present(agent);
    },
  },
  {
    name: 'a withdrawal during which answers are lost is finished all the same',
    run: async (world) => {
      const [agent, peer] = await world.join('ipa-0', 'ipa-1');
      assert.ok(agent !== undefined && peer !== undefined);
      await world.beats(peer, 1);
      world.server.faults.add({ verb: 'delete', resource: 'endpointslices' }, lost, { times: 1 });
      world.server.faults.add({ verb: 'list', resource: 'endpointslices' }, { kind: 'error', code: 500 }, { times: 1 });
      world.server.faults.add(register, lost, { times: 1 });
      assert.equal(await agent.terminate(), 'withdrawn');
      await world.absent(agent);
      await world.present(peer);
    },
  },
  {
    name: 'a server that asks to wait is not asked again before',
    run: async (world) => {
      const [agent] = await world.join('ipa-0');
      assert.ok(agent !== undefined);
      await world.beats(agent, 1);
      const busy: Fault = { kind: 'error', code: 429, retryAfterSeconds: 4 };
      world.server.faults.add(register, busy, { times: 1 });
      const refused = await world.server.requests.waitFor({ ...register, where: () => true });
      const first = refused.status === 429 ? refused : await world.server.requests.waitFor(register);
      assert.equal(first.status, 429);
      // An edit in between must not make it ask sooner.
      world.server.admin.setContainerReady({ pod: 'ipa-0', container: 'server', ready: false });
      const next = await world.server.requests.waitFor(register);
      assert.ok(next.startedAtMs - first.startedAtMs >= 4000 / SPEED, `${next.startedAtMs - first.startedAtMs} ms`);
      await world.present(agent, []);
    },
  },
];

runInBothWays(cases);
