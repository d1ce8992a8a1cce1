/** Dual-stack: slices of each IP family that pod and Service share, the register's one address, and what changes of either do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Case, runInBothWays } from '../support/cases.ts';
import { startFleet } from '../support/fleet.ts';
import { until } from '../support/until.ts';
import { PAIRS, startWorld, type World } from '../support/world.ts';

const FOUR = '10.244.7.7';
const SIX = 'fd00::7';

/** Why nothing but the first family can be tried beside a selector. */
const singleStack = {
  supplement: 'the embedded API server is that of a single-stack cluster: it refuses a second family beside a selector',
};

/** The pairs that slices of the pod announce, by family. */
function published(world: World, uid: string): Readonly<Record<string, readonly string[]>> {
  const byFamily = Map.groupBy(world.slicesOf(uid), ({ addressType }) => addressType);
  return Object.fromEntries(
    [...byFamily].map(([family, slices]) => [
      family,
      slices.flatMap(({ ports }) => (ports ?? []).map(({ name, protocol }) => `${name}/${protocol}`)).sort(),
    ]),
  );
}

/** The addresses under which the pod stands in the register, each once. */
function registered(world: World): readonly string[] {
  const { subsets = [] } = world.register();
  return [...new Set(subsets.flatMap(({ addresses = [] }) => addresses.map(({ ip }) => ip)))];
}

const addressesBecome = (world: World, expected: readonly string[]) =>
  until(async () => assert.deepEqual(await world.addressesOf('ipa-0'), expected));

const cases: readonly Case[] = [
  {
    name: 'a pod of one family is served without a finding, whatever else the Service would take',
    run: async (world) => {
      const [agent] = await world.join('ipa-0');
      assert.ok(agent !== undefined);
      const { ipFamilies } = world.server.admin.get('services', 'ipa')?.spec ?? {};
      assert.deepEqual(ipFamilies, world.way === 'full' ? ['IPv4', 'IPv6'] : ['IPv4']);
      await agent.finds();
      assert.deepEqual(Object.keys(published(world, agent.uid)), ['IPv4']);
    },
  },
  {
    name: 'a pod of two families has slices of both, one target with two addresses, and one entry in the register',
    skip: singleStack,
    run: async (world) => {
      world.createPod('ipa-0', { ip: [FOUR, SIX] });
      const [agent] = await world.join('ipa-0');
      assert.ok(agent !== undefined);
      await until(() => assert.deepEqual(published(world, agent.uid), { IPv4: PAIRS, IPv6: PAIRS }));
      await addressesBecome(world, [FOUR, SIX]);
      assert.deepEqual(await world.srv('kerberos/UDP'), ['ipa-0:88']);
      assert.deepEqual(registered(world), [FOUR]);
      await world.beats(agent, 1);
      world.server.requests.clear();
      await world.beats(agent, 2);
      assert.deepEqual(new Set(world.requestsOf(agent)), new Set(['patch endpoints ipa']));
      await agent.finds();
    },
  },
  {
    name: 'a pod of two families under a Service of one has slices of that one',
    run: async (world) => {
      world.server.admin.edit('services', 'ipa', { spec: { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' } });
      world.createPod('ipa-0', { ip: [FOUR, SIX] });
      const [agent] = await world.join('ipa-0');
      assert.ok(agent !== undefined);
      assert.deepEqual(Object.keys(published(world, agent.uid)), ['IPv4']);
      await addressesBecome(world, [FOUR]);
    },
  },
  {
    name: 'a pod that has the second family alone is served under it, in the register too',
    skip: singleStack,
    run: async (world) => {
      world.createPod('ipa-0', { ip: SIX });
      const [agent] = await world.join('ipa-0');
      assert.ok(agent !== undefined);
      assert.deepEqual(published(world, agent.uid), { IPv6: PAIRS });
      assert.deepEqual(registered(world), [SIX]);
      await addressesBecome(world, [SIX]);
      await agent.finds();
    },
  },
  {
    name: 'a second address that comes later is announced, and the first stays throughout',
    skip: singleStack,
    run: async (world) => {
      world.createPod('ipa-0', { ip: FOUR });
      const [agent] = await world.join('ipa-0');
      assert.ok(agent !== undefined);
      const losses = world.watchLosses(agent);
      world.server.admin.setPodIP('ipa-0', [FOUR, SIX]);
      await until(() => assert.deepEqual(published(world, agent.uid), { IPv4: PAIRS, IPv6: PAIRS }));
      await addressesBecome(world, [FOUR, SIX]);
      assert.deepEqual(losses, []);
    },
  },
  {
    name: 'a family that is taken from the Service goes, and the other one stays throughout',
    skip: singleStack,
    run: async (world) => {
      world.createPod('ipa-0', { ip: [FOUR, SIX] });
      const [agent] = await world.join('ipa-0');
      assert.ok(agent !== undefined);
      await until(() => assert.deepEqual(published(world, agent.uid), { IPv4: PAIRS, IPv6: PAIRS }));
      const four = world.slicesOf(agent.uid).filter(({ addressType }) => addressType === 'IPv4');
      world.server.admin.edit('services', 'ipa', { spec: { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' } });
      await until(() => assert.deepEqual(world.slicesOf(agent.uid), four));
      await world.present(agent);
      await addressesBecome(world, [FOUR]);
    },
  },
  {
    name: 'without a shared family nothing is announced, and a finding says so until there is one',
    skip: singleStack,
    run: async (world) => {
      world.server.admin.edit('services', 'ipa', { spec: { ipFamilies: ['IPv6'], ipFamilyPolicy: 'SingleStack' } });
      world.createPod('ipa-0', { ip: FOUR });
      const agent = world.start('ipa-0');
      await agent.finds('no-address-of-family');
      assert.deepEqual(world.slicesOf(agent.uid), []);
      assert.ok(agent.service().pairs.every(({ reason }) => reason === 'the pod has no IPv6 address'));
      world.server.admin.setPodIP('ipa-0', [FOUR, SIX]);
      await agent.finds();
      assert.deepEqual(published(world, agent.uid), { IPv6: PAIRS });
    },
  },
  {
    name: 'names without pairs have both families too',
    skip: singleStack,
    run: async (world) => {
      world.server.admin.edit('services', 'ipa', { spec: { publishNotReadyAddresses: true } });
      world.createPod('ipa-0', { ip: [FOUR, SIX], ready: false });
      const agent = world.start('ipa-0');
      await addressesBecome(world, [FOUR, SIX]);
      assert.deepEqual(published(world, agent.uid), { IPv4: [], IPv6: [] });
    },
  },
  {
    name: 'a restarted container adopts the slices of both families as they are',
    skip: singleStack,
    run: async (world) => {
      world.createPod('ipa-0', { ip: [FOUR, SIX] });
      const [before] = await world.join('ipa-0');
      assert.ok(before !== undefined);
      await until(() => assert.deepEqual(published(world, before.uid), { IPv4: PAIRS, IPv6: PAIRS }));
      const slices = world.slicesOf(before.uid);
      await before.kill();
      const after = world.start('ipa-0');
      await world.beats(after, 2);
      assert.deepEqual(world.slicesOf(after.uid), slices);
    },
  },
];

runInBothWays(cases);

test('beside a selector the pairs that the Service lacks are announced under both families', async (t) => {
  const world = await startWorld(t, 'supplement');
  world.createPod('ipa-0', { ip: [FOUR, SIX] });
  const pod = startFleet(t, world, 'ipa-0', { families: ['IPv4', 'IPv6'] });
  const ports = [
    { name: 'ldap', protocol: 'TCP', port: 389 },
    { name: 'kerberos', protocol: 'UDP', port: 88 },
  ] as const;
  pod.declare({ service: 'ipa', ports });
  await until(() => assert.deepEqual(published(world, pod.uid), { IPv4: ['kerberos/UDP'], IPv6: ['kerberos/UDP'] }));
  await addressesBecome(world, [FOUR, SIX]);
  await world.resolves('kerberos/UDP', ['ipa-0:88']);
  assert.deepEqual(pod.published()?.addresses, { IPv4: FOUR, IPv6: SIX });
});
