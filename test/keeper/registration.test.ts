/** Joining, beating, readiness, the own address, and leaving: what a pod's life does to register, slices and DNS. */
import assert from 'node:assert/strict';
import { promisedMs } from '../../agent/plan/heartbeat.ts';
import { INTERVAL_MS, REAL_INTERVAL_MS } from '../support/agents.ts';
import { type Case, runInBothWays } from '../support/cases.ts';
import { until } from '../support/until.ts';
import { PAIRS } from '../support/world.ts';

const cases: readonly Case[] = [
  {
    name: 'joins, and announces every pair that the Service itself does not',
    run: async (world) => {
      const agents = await world.join('ipa-0', 'ipa-1', 'ipa-2');
      for (const pair of PAIRS) {
        const port = pair.startsWith('ldap') ? 389 : 88;
        await world.resolves(
          pair,
          agents.map(({ podName }) => `${podName}:${port}`),
        );
      }
      for (const agent of agents) {
        await agent.finds();
        assert.equal(agent.service().way, world.way);
        assert.equal(agent.agent.health.readyz().body, 'ok\n');
      }
    },
  },
  {
    name: 'keeps one subset a pair in the register, which nobody mirrors',
    skip: { supplement: 'the subsets are those of the control plane' },
    run: async (world) => {
      await world.join('ipa-0', 'ipa-1');
      const { subsets = [], skipsMirror } = world.register();
      const ports = subsets.map((subset) => subset.ports?.map(({ name, protocol }) => `${name}/${protocol}`));
      assert.deepEqual(ports.sort(), [['kerberos/TCP'], ['kerberos/UDP'], ['ldap/TCP']]);
      for (const { addresses = [], notReadyAddresses } of subsets) {
        assert.deepEqual(addresses.map(({ hostname }) => hostname).sort(), ['ipa-0', 'ipa-1']);
        assert.equal(notReadyAddresses, undefined);
      }
      assert.equal(skipsMirror, true);
    },
  },
  {
    name: 'leaves subsets and labels of the Endpoints to the control plane',
    skip: { full: 'the subsets are ours' },
    run: async (world) => {
      world.createPod('ipa-0');
      await world.server.admin.settled();
      const { subsets, labels } = world.register();
      const [agent] = await world.join('ipa-0');
      assert.ok(agent !== undefined);
      await world.beats(agent, 2);
      assert.deepEqual(world.register().subsets, subsets);
      assert.deepEqual(world.register().labels, labels);
    },
  },
  {
    name: 'takes a pod out of slices and entries while a container is not ready, and goes on beating',
    run: async (world) => {
      const [agent] = await world.join('ipa-0', 'ipa-1');
      assert.ok(agent !== undefined);
      world.server.admin.setContainerReady({ pod: 'ipa-0', container: 'server', ready: false });
      await world.present(agent, []);
      await world.beats(agent, 1);
      assert.deepEqual(
        new Set(
          agent
            .service()
            .pairs.filter(({ kind }) => kind !== 'left-to-service')
            .map(({ reason }) => reason),
        ),
        new Set(['not ready: container server']),
      );
      world.server.admin.setContainerReady({ pod: 'ipa-0', container: 'server', ready: true });
      await world.present(agent);
    },
  },
  {
    name: 'does not look at the readiness of the own container',
    run: async (world) => {
      world.createPod('ipa-0', { sidecars: [{ name: 'endpoint-registrar', ready: false }] });
      const [agent] = await world.join('ipa-0');
      assert.ok(agent !== undefined);
      await world.beats(agent, 1);
      await world.present(agent);
    },
  },
  {
    name: 'beats once an interval, each value another one that promises the interval',
    run: async (world) => {
      const [agent] = await world.join('ipa-0');
      assert.ok(agent !== undefined);
      const seen: { readonly value: string; readonly atMs: number }[] = [];
      const look = () => {
        const value = world.register().heartbeats.get(agent.uid) ?? 'none';
        if (value !== seen.at(-1)?.value) seen.push({ value, atMs: performance.now() });
      };
      const stop = world.server.store.onChange('endpoints', look);
      await until(() => assert.ok(seen.length >= 5));
      stop();
      assert.deepEqual(new Set(seen.map(({ value }) => promisedMs(value))), new Set([INTERVAL_MS]));
      const gaps = seen.slice(1).map(({ atMs }, index) => atMs - (seen[index]?.atMs ?? 0));
      const least = 0.9 * REAL_INTERVAL_MS;
      // One answer may have taken longer than the next: the beats began an interval apart, and we see them land.
      assert.ok(gaps.reduce((sum, gap) => sum + gap, 0) > least * gaps.length - 0.5 * REAL_INTERVAL_MS, `${gaps}`);
    },
  },
  {
    name: 'writes nothing where nothing differs: one PATCH an interval',
    run: async (world) => {
      const agents = await world.join('ipa-0', 'ipa-1');
      await Promise.all(agents.map((agent) => world.beats(agent, 1)));
      world.server.requests.clear();
      const [first] = agents;
      assert.ok(first !== undefined);
      await world.beats(first, 4);
      for (const agent of agents) {
        const requests = world.requestsOf(agent);
        assert.deepEqual(new Set(requests), new Set(['patch endpoints ipa']));
        assert.ok(requests.length >= 3 && requests.length <= 6, `${requests.length} beats`);
      }
    },
  },
  {
    name: 'follows a changed pod address',
    run: async (world) => {
      const [agent] = await world.join('ipa-0');
      assert.ok(agent !== undefined);
      world.server.admin.setPodIP('ipa-0', '10.244.7.7');
      await until(() => {
        const slices = world.slicesOf(agent.uid);
        assert.deepEqual(
          new Set(slices.flatMap(({ endpoints = [] }) => endpoints.flatMap(({ addresses }) => addresses))),
          new Set(['10.244.7.7']),
        );
        const { subsets = [] } = world.register();
        const ips = subsets.flatMap(({ addresses = [] }) => addresses.map(({ ip }) => ip));
        assert.deepEqual(new Set(ips), new Set(['10.244.7.7']));
      });
      await world.present(agent);
    },
  },
  {
    name: 'waits for the address of a pod that has none yet',
    run: async (world) => {
      world.createPod('ipa-0', { ip: [], ready: false });
      const agent = world.start('ipa-0');
      await agent.finds('no-address-of-family');
      assert.deepEqual(world.presence(agent).slices, []);
      world.server.admin.setPodIP('ipa-0', '10.244.7.7');
      world.server.admin.setContainerReady({ pod: 'ipa-0', container: 'server', ready: true });
      await world.present(agent);
      await agent.finds();
    },
  },
  {
    name: 'promises longer intervals where many share the object: 20 s at sixty',
    run: async (world) => {
      const [first] = await world.join('ipa-0');
      assert.ok(first !== undefined);
      const others = Array.from({ length: 59 }, (_, index) => [`endpoint-registrar/u-${index}`, `${index} 20s`]);
      world.server.admin.edit('endpoints', 'ipa', { metadata: { annotations: Object.fromEntries(others) } });
      await until(() => assert.equal(promisedMs(world.register().heartbeats.get(first.uid) ?? ''), 20_000));
      await until(() => assert.equal(first.service().intervalMs, 20_000));
    },
  },
  {
    name: 'is gone from everywhere when told to end, and its peers stay',
    run: async (world) => {
      const [leaver, peer] = await world.join('ipa-0', 'ipa-1');
      assert.ok(leaver !== undefined && peer !== undefined);
      const losses = world.watchLosses(peer);
      assert.equal(await leaver.terminate(), 'withdrawn');
      await world.absent(leaver);
      await world.beats(peer, 1);
      await world.present(peer);
      assert.deepEqual(losses, []);
    },
  },
  {
    name: 'takes the slices away before the entries, and nothing else',
    run: async (world) => {
      const [agent] = await world.join('ipa-0');
      assert.ok(agent !== undefined);
      world.server.requests.clear();
      await agent.terminate();
      const writes = world.requestsOf(agent).filter((request) => !/^(get|list) /.test(request));
      const deletions = writes.filter((request) => request.startsWith('delete endpointslices ipa-0-'));
      assert.equal(deletions.length, world.way === 'full' ? 2 : 1);
      assert.deepEqual(writes.slice(-1), ['patch endpoints ipa']);
      assert.deepEqual(writes.slice(0, -1).slice(-deletions.length), deletions);
    },
  },
];

runInBothWays(cases);
