/** A container that restarts in the same pod: it finds what it had registered, and no moment passes without it. */
import assert from 'node:assert/strict';
import { type Case, runInBothWays } from '../support/cases.ts';
import { CONFIGMAP } from '../support/role.ts';
import { until } from '../support/until.ts';
import { PAIRS, PORTS } from '../support/world.ts';

const two = { services: ['ipa', 'ldap'] };

const cases: readonly Case[] = [
  {
    name: 'adopts what is there: no deletion, the same slices, no moment without',
    run: async (world) => {
      const [before, peer] = await world.join('ipa-0', 'ipa-1');
      assert.ok(before !== undefined && peer !== undefined);
      const slices = world.slicesOf(before.uid);
      const losses = world.watchLosses(before, peer);
      world.server.requests.clear();
      await before.kill();
      const after = world.start('ipa-0');
      assert.equal(after.uid, before.uid);
      await world.beats(after, 2);
      await world.present(after);
      assert.deepEqual(world.slicesOf(after.uid), slices);
      assert.deepEqual(losses, []);
      const writes = world.requestsOf(after).filter((request) => !/^(get|list) /.test(request));
      assert.deepEqual(new Set(writes), new Set(['patch endpoints ipa']));
    },
  },
  ...(['missing', 'invalid', 'forbidden'] as const).map(
    (trouble): Case => ({
      name: `while the ConfigMap is ${trouble}, what is registered goes on beating, and the next good one is followed`,
      run: async (world) => {
        const [before] = await world.join('ipa-0');
        assert.ok(before !== undefined);
        await before.kill();
        const losses = world.watchLosses(before);
        const { admin, faults } = world.server;
        if (trouble === 'missing') admin.delete('configmaps', CONFIGMAP);
        if (trouble === 'invalid') world.declare({ ipa: 'ports: [{ nam: sip }]' });
        const fault =
          trouble === 'forbidden' ? faults.add({ resource: 'configmaps' }, { kind: 'error', code: 403 }) : undefined;
        const after = world.start('ipa-0');
        await after.finds(`configmap-${trouble}`);
        await world.beats(after, 2);
        await world.present(after);
        assert.deepEqual(losses, []);
        assert.equal(after.agent.health.readyz().ok, true);
        fault?.remove();
        world.declare({ ipa: PORTS.replace(']', ', { name: sip, protocol: UDP, port: 5060 }]') });
        await world.present(after, [...PAIRS, 'sip/UDP']);
        await after.finds();
        assert.deepEqual(losses, []);
      },
    }),
  ),
  {
    name: 'withdraws what an earlier container registered under a Service that is not declared any more',
    world: two,
    run: async (world) => {
      world.createService('ldap');
      world.declare({ ipa: PORTS, ldap: PORTS });
      const before = world.start('ipa-0');
      await world.present(before);
      await until(() => assert.deepEqual(world.presence(before, 'ldap').slices, world.ours()));
      await before.kill();
      world.declare({ ipa: PORTS });
      const after = world.start('ipa-0');
      await until(() => assert.deepEqual(world.presence(after, 'ldap'), { isBeating: false, entries: [], slices: [] }));
      await world.present(after);
      await until(() =>
        assert.deepEqual(
          after.agent.status().services.map(({ service }) => service),
          ['ipa'],
        ),
      );
    },
  },
  ...(['declared', 'not declared any more'] as const).map(
    (fate): Case => ({
      name: `told to end before it knows what it had registered, under a Service that is ${fate}: withdraws that too`,
      run: async (world) => {
        const [before] = await world.join('ipa-0');
        assert.ok(before !== undefined);
        await before.kill();
        if (fate !== 'declared') world.declare({});
        const slow = { verb: 'list', resource: ['endpointslices', 'configmaps'] };
        world.server.faults.add(slow, { kind: 'delay', ms: 500 });
        const after = world.start('ipa-0');
        await until(() => assert.equal(after.agent.status().pod.uid, after.uid));
        assert.equal(await after.terminate(), 'withdrawn');
        assert.deepEqual(world.presence(after), { isBeating: false, entries: [], slices: [] });
      },
    }),
  ),
  {
    name: 'with other pairs declared by then, becomes what is declared',
    run: async (world) => {
      world.declare({ ipa: PORTS.replace(']', ', { name: sip, protocol: UDP, port: 5060 }]') });
      const before = world.start('ipa-0');
      await world.present(before, [...PAIRS, 'sip/UDP']);
      await before.kill();
      world.declare({ ipa: PORTS });
      const after = world.start('ipa-0');
      await world.present(after);
      await world.resolves('sip/UDP', []);
    },
  },
  {
    name: 'while the Service is missing, keeps its slices, and joins when it is back',
    run: async (world) => {
      const [before] = await world.join('ipa-0');
      assert.ok(before !== undefined);
      await before.kill();
      world.server.admin.delete('services', 'ipa');
      await world.server.admin.settled();
      const slices = world.slicesOf(before.uid);
      const after = world.start('ipa-0');
      await after.finds('service-missing');
      assert.deepEqual(world.slicesOf(after.uid), slices);
      world.createService();
      await world.present(after);
      assert.deepEqual(
        world.slicesOf(after.uid).map(({ metadata }) => metadata?.uid),
        slices.map(({ metadata }) => metadata?.uid),
      );
    },
  },
  {
    name: 'with Endpoints that refuse to be served by then, keeps slices and heartbeat',
    skip: { supplement: 'the control plane overwrites what others put into the Endpoints of a selector' },
    run: async (world) => {
      const [before] = await world.join('ipa-0');
      assert.ok(before !== undefined);
      await before.kill();
      const { subsets = [] } = world.register();
      world.server.admin.edit('endpoints', 'ipa', {
        metadata: { labels: { 'endpointslice.kubernetes.io/skip-mirror': null } },
        subsets: [...subsets, { addresses: [{ ip: '10.9.9.9' }], ports: [{ name: 'ldap', port: 389 }] }],
      });
      const losses = world.watchLosses(before);
      const after = world.start('ipa-0');
      await after.finds('foreign-addresses');
      await world.beats(after, 2);
      assert.deepEqual(losses, []);
    },
  },
];

runInBothWays(cases);
