/** What others wrote is never touched, and what others did to ours is repaired, or told where it cannot be. */
import assert from 'node:assert/strict';
import { INTERVAL_MS } from '../support/agents.ts';
import { type Case, runInBothWays } from '../support/cases.ts';
import { until } from '../support/until.ts';
import type { World } from '../support/world.ts';

const SKIP_MIRROR = 'endpointslice.kubernetes.io/skip-mirror';
const stranger = { ip: '10.9.9.9', hostname: 'stranger', targetRef: { kind: 'Pod', name: 'stranger', uid: 'u-9' } };
const foreignSubset = {
  addresses: [stranger],
  notReadyAddresses: [{ ip: '10.9.9.8' }],
  ports: [{ name: 'ldap', port: 389, protocol: 'TCP' }],
};
const ofControlPlane = 'the control plane overwrites what others put into the Endpoints of a selector';

function putEndpoints(world: World, labels: Readonly<Record<string, string>>): void {
  const annotations = { 'example.org/note': 'theirs' };
  world.server.admin.put({
    kind: 'Endpoints',
    metadata: { name: 'ipa', labels: { 'example.org/team': 'identity', ...labels }, annotations },
    subsets: [foreignSubset],
  });
}

/** What of the Endpoints is not ours. */
function foreignParts(world: World): unknown {
  const { subsets = [], labels, annotations = {} } = world.register();
  const others = Object.entries(annotations).filter(([key]) => !key.startsWith('endpoint-registrar'));
  return {
    subsets: subsets.filter(({ addresses = [] }) => addresses.some(({ ip }) => ip === stranger.ip)),
    labels: Object.fromEntries(Object.entries(labels ?? {}).filter(([key]) => key !== SKIP_MIRROR)),
    annotations: Object.fromEntries(others),
  };
}

const untouched = {
  subsets: [foreignSubset],
  labels: { 'example.org/team': 'identity' },
  annotations: { 'example.org/note': 'theirs' },
};

const cases: readonly Case[] = [
  {
    name: 'refuses Endpoints that others filled and that are mirrored, writes nothing there, and joins when they are gone',
    skip: { supplement: ofControlPlane },
    run: async (world) => {
      putEndpoints(world, {});
      const before = world.server.admin.get('endpoints', 'ipa');
      const agent = world.start('ipa-0');
      await agent.finds('foreign-addresses');
      await world.server.requests.waitFor({ verb: 'get', resource: 'endpoints' });
      assert.deepEqual(world.server.admin.get('endpoints', 'ipa'), before);
      await world.resolves('ldap/TCP', ['stranger:389']);
      assert.equal(agent.agent.health.readyz().ok, true);
      for (const { kind, reason } of agent.service().pairs) {
        assert.equal(kind, 'withheld');
        assert.match(reason, /its Endpoints hold addresses that are not ours/);
      }
      world.server.admin.delete('endpoints', 'ipa');
      await world.present(agent);
      await agent.finds();
    },
  },
  {
    name: 'registers beside addresses that are not mirrored, reports them, and leaves them as they were to the end',
    skip: { supplement: ofControlPlane },
    run: async (world) => {
      putEndpoints(world, { [SKIP_MIRROR]: 'true' });
      const agent = world.start('ipa-0');
      await world.present(agent);
      await agent.finds('foreign-addresses-beside-ours');
      assert.deepEqual(foreignParts(world), untouched);
      world.server.admin.setContainerReady({ pod: 'ipa-0', container: 'server', ready: false });
      await world.present(agent, []);
      assert.deepEqual(foreignParts(world), untouched);
      world.server.admin.setContainerReady({ pod: 'ipa-0', container: 'server', ready: true });
      await world.present(agent);
      await agent.terminate();
      await world.absent(agent);
      assert.deepEqual(foreignParts(world), untouched);
      assert.equal(world.register().skipsMirror, true);
    },
  },
  {
    name: 'sets the skip-mirror label again where it is lost, or says something else than true',
    skip: { supplement: 'nothing is mirrored for a Service with a selector' },
    run: async (world) => {
      const [agent] = await world.join('ipa-0');
      assert.ok(agent !== undefined);
      for (const value of [null, 'yes']) {
        world.server.admin.edit('endpoints', 'ipa', { metadata: { labels: { [SKIP_MIRROR]: value } } });
        await until(() => assert.equal(world.register().skipsMirror, true));
        await world.present(agent);
      }
      world.server.admin.edit('endpoints', 'ipa', { metadata: { labels: null } });
      await until(() => assert.equal(world.register().skipsMirror, true));
    },
  },
  {
    name: 'keeps what it serves and adds nothing where the label is lost and others have addresses by then',
    skip: { supplement: ofControlPlane },
    run: async (world) => {
      const [agent] = await world.join('ipa-0');
      assert.ok(agent !== undefined);
      const { subsets = [] } = world.register();
      world.server.admin.edit('endpoints', 'ipa', {
        metadata: { labels: { [SKIP_MIRROR]: null } },
        subsets: [...subsets, foreignSubset],
      });
      await agent.finds('foreign-addresses');
      await world.beats(agent, 2);
      await world.present(agent);
      assert.equal(world.register().skipsMirror, false);
      world.server.admin.setContainerReady({ pod: 'ipa-0', container: 'server', ready: false });
      await until(() => assert.deepEqual(world.presence(agent).slices, []));
      world.server.admin.setContainerReady({ pod: 'ipa-0', container: 'server', ready: true });
      await world.beats(agent, 2);
      assert.deepEqual(world.presence(agent).slices, [], 'nothing is added');
      assert.deepEqual([...new Set(agent.service().pairs.map(({ kind }) => kind))], ['withheld'], 'nor said to be');
    },
  },
  {
    name: 'leaves slices that others publish under the Service as they are',
    run: async (world) => {
      world.server.admin.put({
        kind: 'EndpointSlice',
        metadata: { name: 'theirs', labels: { 'kubernetes.io/service-name': 'ipa' } },
        addressType: 'IPv4',
        endpoints: [{ addresses: ['10.9.9.9'], hostname: 'stranger' }],
        ports: [{ name: 'ldap', port: 389, protocol: 'TCP' }],
      });
      const before = world.server.admin.get('endpointslices', 'theirs');
      const [agent] = await world.join('ipa-0');
      assert.ok(agent !== undefined);
      await world.resolves('ldap/TCP', ['ipa-0:389', 'stranger:389']);
      await agent.terminate();
      assert.deepEqual(world.server.admin.get('endpointslices', 'theirs'), before);
    },
  },
  {
    name: 'keeps labels and annotations that others put on its slices',
    run: async (world) => {
      const [agent] = await world.join('ipa-0');
      const name = world.slicesOf(agent?.uid ?? '')[0]?.metadata?.name ?? '';
      const marks = { labels: { 'example.org/team': 'identity' }, annotations: { 'example.org/note': 'theirs' } };
      world.server.admin.edit('endpointslices', name, { metadata: marks });
      world.server.requests.clear();
      assert.ok(agent !== undefined);
      await world.beats(agent, 2);
      assert.deepEqual(new Set(world.requestsOf(agent)), new Set(['patch endpoints ipa']));
      world.server.admin.setPodIP('ipa-0', '10.244.7.7');
      await until(() => {
        const { metadata, endpoints } = world.server.admin.get('endpointslices', name) ?? {};
        assert.deepEqual(endpoints?.[0]?.addresses, ['10.244.7.7']);
        assert.equal(metadata?.labels?.['example.org/team'], 'identity');
        assert.deepEqual(metadata?.annotations, marks.annotations);
      });
    },
  },
  ...(['deleted', 'changed'] as const).map(
    (deed): Case => ({
      name: `a slice of ours that somebody ${deed} is written again, after a beat that was acknowledged`,
      run: async (world) => {
        const [agent, peer] = await world.join('ipa-0', 'ipa-1');
        assert.ok(agent !== undefined && peer !== undefined);
        await world.beats(agent, 1);
        const losses = world.watchLosses(peer);
        const [slice] = world.slicesOf(agent.uid);
        const name = slice?.metadata?.name ?? '';
        world.server.requests.clear();
        if (deed === 'deleted') world.server.admin.delete('endpointslices', name);
        else world.server.admin.edit('endpointslices', name, { ports: [{ name: 'odd', port: 1, protocol: 'TCP' }] });
        await world.present(agent);
        const requests = world.requestsOf(agent);
        assert.ok(requests.indexOf('patch endpoints ipa') < requests.indexOf(`patch endpointslices ${name}`));
        assert.deepEqual(
          requests.filter((request) => request.startsWith('patch endpointslices')),
          [`patch endpointslices ${name}`],
        );
        assert.deepEqual(losses, []);
      },
    }),
  ),
  {
    name: 'somebody who deletes its slices again and again is reported, and is answered once an interval from then on',
    run: async (world) => {
      // Long enough for many repairs between two beats.
      const agent = world.start('ipa-0', { intervalMs: 3 * INTERVAL_MS });
      await world.present(agent);
      const { store, admin } = world.server;
      let deletions = 0;
      const fight = store.onChange('endpointslices', ({ type, object }) => {
        if (type === 'DELETED') return;
        deletions += 1;
        setImmediate(() => admin.delete('endpointslices', object.metadata.name));
      });
      for (const { metadata } of world.slicesOf(agent.uid)) admin.delete('endpointslices', metadata?.name ?? '');
      await agent.finds('slices-contested');
      const before = deletions;
      await world.beats(agent, 1);
      assert.ok(deletions - before <= 14, `${deletions - before} repairs within a beat`);
      fight();
      await world.present(agent);
      await agent.finds();
    },
  },
  {
    name: 'Endpoints that somebody deleted: asks for the own pod, then registers again, with no moment without slices',
    run: async (world) => {
      const agents = await world.join('ipa-0', 'ipa-1');
      const losses = world.watchLosses(...agents);
      world.server.requests.clear();
      world.server.admin.delete('endpoints', 'ipa');
      for (const agent of agents) {
        await world.present(agent);
        const requests = world.requestsOf(agent);
        const asked = requests.indexOf(`get pods ${agent.podName}`);
        assert.ok(asked >= 0, requests.join());
        // The first patch found the object gone; only those behind the question write.
        assert.ok(requests.lastIndexOf('patch endpoints ipa') > asked, requests.join());
      }
      assert.deepEqual(
        losses.filter((loss) => loss.endsWith('slices')),
        [],
      );
    },
  },
  {
    name: 'an evictor who took the heartbeat: asks for the own pod, then registers again',
    run: async (world) => {
      const [agent, peer] = await world.join('ipa-0', 'ipa-1');
      assert.ok(agent !== undefined && peer !== undefined);
      const losses = world.watchLosses(peer);
      world.server.requests.clear();
      const { subsets = [] } = world.register();
      const without = subsets.map(({ addresses = [], ...subset }) => ({
        ...subset,
        addresses: addresses.filter(({ targetRef }) => targetRef?.uid !== agent.uid),
      }));
      world.server.admin.edit('endpoints', 'ipa', {
        metadata: { annotations: { [`endpoint-registrar/${agent.uid}`]: null } },
        ...(world.way === 'full' ? { subsets: without } : {}),
      });
      for (const { metadata } of world.slicesOf(agent.uid)) {
        world.server.admin.delete('endpointslices', metadata?.name ?? '');
      }
      await world.present(agent);
      const requests = world.requestsOf(agent);
      const asked = requests.indexOf('get pods ipa-0');
      assert.ok(asked >= 0 && requests.lastIndexOf('patch endpoints ipa') > asked, requests.join());
      assert.deepEqual(losses, []);
    },
  },
];

runInBothWays(cases);
