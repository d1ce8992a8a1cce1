/** The Service's shape decides the way: each row of the table, and every live change from one row to another. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FindingCode } from '../../agent/plan/finding.ts';
import type { RunningAgent } from '../support/agents.ts';
import { until } from '../support/until.ts';
import { PAIRS, PORTS, serviceObject, startWorld, type World } from '../support/world.ts';

/** What a Service can become, and what an agent makes of it. */
type Shape = {
  readonly name: string;
  readonly become: (world: World) => Promise<void>;
  readonly way: 'full' | 'supplement' | 'hold' | 'withdraw';
  readonly finding?: FindingCode;
};

/** Deletes the Service, lets the control plane clear up behind it, and makes another one. */
async function recreate({ server: { admin } }: World, service: ReturnType<typeof serviceObject>): Promise<void> {
  admin.delete('services', 'ipa');
  await admin.settled();
  admin.put(service);
}

const ports = [{ name: 'ldap', port: 389 }];

const shapes: readonly Shape[] = [
  {
    name: 'headless without a selector',
    become: (world) => recreate(world, serviceObject('ipa', 'full')),
    way: 'full',
  },
  {
    name: 'headless with a selector',
    become: (world) => recreate(world, serviceObject('ipa', 'supplement')),
    way: 'supplement',
  },
  {
    name: 'missing',
    become: async (world) => world.server.admin.delete('services', 'ipa'),
    way: 'hold',
    finding: 'service-missing',
  },
  {
    name: 'with a cluster IP',
    become: (world) => recreate(world, { kind: 'Service', metadata: { name: 'ipa' }, spec: { ports } }),
    way: 'withdraw',
    finding: 'service-has-cluster-ip',
  },
  {
    name: 'of type ExternalName',
    become: (world) =>
      recreate(world, {
        kind: 'Service',
        metadata: { name: 'ipa' },
        spec: { type: 'ExternalName', externalName: 'ipa.example.org' },
      }),
    way: 'withdraw',
    finding: 'service-is-external-name',
  },
];

/** Resolves when the agent serves the Service as its shape asks for. `before`: pairs that it announced until now. */
async function served(world: World, agent: RunningAgent, shape: Shape, before: readonly string[]): Promise<void> {
  const { uid } = agent;
  await until(() => assert.equal(agent.service().way, shape.way));
  await agent.finds(...(shape.finding === undefined ? [] : [shape.finding]));
  await until(async () => {
    const { isBeating, entries, slices } = world.presence(agent);
    const announced = await Promise.all(PAIRS.map((pair) => world.srv(pair)));
    switch (shape.way) {
      case 'full':
        assert.deepEqual({ isBeating, entries, slices }, { isBeating: true, entries: PAIRS, slices: PAIRS });
        assert.deepEqual(announced, [['ipa-0:88'], ['ipa-0:88'], ['ipa-0:389']]);
        return;
      case 'supplement':
        assert.deepEqual({ isBeating, entries, slices }, { isBeating: true, entries: [], slices: ['kerberos/UDP'] });
        assert.deepEqual(announced, [['ipa-0:88'], ['ipa-0:88'], ['ipa-0:389']]);
        return;
      case 'hold':
        assert.deepEqual(slices, before, 'the slices are kept as they were');
        assert.deepEqual(announced, [[], [], []]);
        return;
      case 'withdraw':
        assert.deepEqual({ isBeating, entries, slices }, { isBeating: false, entries: [], slices: [] });
        assert.deepEqual(world.slicesOf(uid), []);
        return;
      default:
        shape.way satisfies never;
    }
  });
}

describe('every live change of a Service', { concurrency: 8 }, () => {
  for (const from of shapes) {
    test(`from ${from.name} to each other, and back`, async (t) => {
      const world = await startWorld(t, 'full');
      await from.become(world);
      const agent = world.start('ipa-0');
      await served(world, agent, from, []);
      for (const to of shapes.filter((shape) => shape !== from)) {
        for (const shape of [to, from]) {
          const before = world.presence(agent).slices;
          await shape.become(world);
          await served(world, agent, shape, before);
        }
      }
    });
  }
});

describe('a Service that is there, and another time not', { concurrency: 8 }, () => {
  for (const way of ['full', 'supplement'] as const) {
    test(`${way}: another UID under the name is joined anew, with no moment without slices`, async (t) => {
      const world = await startWorld(t, way);
      const agents = await world.join('ipa-0', 'ipa-1');
      const slices = agents.map(({ uid }) => world.slicesOf(uid).map(({ metadata }) => metadata?.uid));
      for (let round = 0; round < 3; round += 1) {
        world.server.admin.delete('services', 'ipa');
        world.createService();
        for (const agent of agents) await world.present(agent);
      }
      assert.deepEqual(
        agents.map(({ uid }) => world.slicesOf(uid).map(({ metadata }) => metadata?.uid)),
        slices,
      );
    });

    test(`${way}: a start while it is missing waits, ready and degraded, and joins when it comes`, async (t) => {
      const world = await startWorld(t, way);
      world.server.admin.delete('services', 'ipa');
      const agent = world.start('ipa-0');
      await agent.finds('service-missing');
      await until(() => assert.match(agent.agent.health.readyz().body, /^degraded\n- service-missing: /));
      assert.deepEqual(world.presence(agent), { isBeating: false, entries: [], slices: [] });
      world.createService();
      await world.present(agent);
      await agent.finds();
    });

    test(`${way}: ends while it is missing, and leaves no slices behind`, async (t) => {
      const world = await startWorld(t, way);
      const [agent] = await world.join('ipa-0');
      assert.ok(agent !== undefined);
      world.server.admin.delete('services', 'ipa');
      await agent.finds('service-missing');
      assert.equal(await agent.terminate(), 'withdrawn');
      assert.deepEqual(world.slicesOf(agent.uid), []);
    });
  }
});

describe('a Service with a selector whose Endpoints nobody makes', () => {
  test('is waited for, ready and degraded; the object is never made by us', async (t) => {
    const world = await startWorld(t, 'supplement', { server: { controllersOff: ['endpoints'] } });
    const agent = world.start('ipa-0');
    await agent.finds('endpoints-missing');
    await until(() => assert.equal(agent.agent.health.readyz().ok, true));
    await world.server.requests.waitFor({ verb: 'get', resource: 'endpoints', name: 'ipa' });
    assert.equal(world.server.requests.count({ verb: 'patch' }), 0);
    world.server.controllers.endpoints.start();
    await world.present(agent);
    await agent.finds();
  });
});

describe('a selector that is edited in place', { concurrency: 8 }, () => {
  const families = { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4'] };

  test('added: the entries become those of the control plane, the slices shrink to what the Service lacks', async (t) => {
    const world = await startWorld(t, 'full');
    const [agent] = await world.join('ipa-0');
    assert.ok(agent !== undefined);
    const { spec } = serviceObject('ipa', 'supplement');
    world.server.admin.edit('services', 'ipa', { spec: { ...Object(spec), ...families } });
    await until(() => assert.deepEqual(world.presence(agent).slices, ['kerberos/UDP']));
    for (const pair of PAIRS) await world.resolves(pair, [pair === 'ldap/TCP' ? 'ipa-0:389' : 'ipa-0:88']);
    await world.beats(agent, 2);
    await agent.finds();
  });

  test('removed: what is published stays and beats, nothing is added, and the remedy leads to the way full', async (t) => {
    const world = await startWorld(t, 'supplement');
    const { admin, requests } = world.server;
    const agents = await world.join('ipa-0', 'ipa-1');
    const losses = world.watchLosses(...agents);
    admin.edit('services', 'ipa', { spec: { selector: null, ports: null } });
    for (const agent of agents) await agent.finds('controller-slices-left');
    requests.clear();
    world.declare({ ipa: PORTS.replace(']', ', { name: sip, port: 5060 }]') });
    await Promise.all(agents.map((agent) => world.beats(agent, 2)));
    for (const agent of agents) {
      assert.deepEqual(new Set(world.requestsOf(agent)), new Set(['patch endpoints ipa']));
      assert.deepEqual(world.presence(agent).slices, ['kerberos/UDP']);
    }
    const left = admin
      .list('endpointslices')
      .filter(
        ({ metadata: { labels = {} } }) =>
          labels['endpointslice.kubernetes.io/managed-by'] === 'endpointslice-controller.k8s.io',
      );
    assert.ok(left.length > 0);
    for (const { metadata } of left) admin.delete('endpointslices', metadata.name);
    for (const agent of agents) await agent.finds('controller-endpoints-left');
    assert.deepEqual(losses, []);
    admin.delete('endpoints', 'ipa');
    for (const agent of agents) {
      await until(() => {
        const all = [...PAIRS, 'sip/TCP'].sort();
        assert.deepEqual(world.presence(agent), { isBeating: true, entries: all, slices: all });
      });
    }
    for (const agent of agents) await agent.finds();
    await world.resolves('kerberos/UDP', ['ipa-0:88', 'ipa-1:88']);
  });

  test('removed: a pair that is taken out of the ConfigMap goes all the same', async (t) => {
    const world = await startWorld(t, 'supplement');
    const [agent] = await world.join('ipa-0');
    assert.ok(agent !== undefined);
    world.server.admin.edit('services', 'ipa', { spec: { selector: null } });
    await agent.finds('controller-slices-left');
    world.declare({ ipa: 'ports: [{ name: ldap, port: 389 }]' });
    await until(() => assert.deepEqual(world.presence(agent).slices, []));
    await world.beats(agent, 1);
  });
});

describe('the ports of a Service with a selector', { concurrency: 8 }, () => {
  test('one that is added takes the pair over, one that is removed gives it to us, and DNS never lacks it', async (t) => {
    const world = await startWorld(t, 'supplement');
    const [agent] = await world.join('ipa-0');
    assert.ok(agent !== undefined);
    const { admin } = world.server;
    const ldap = { name: 'ldap', port: 389, targetPort: 389, protocol: 'TCP' };
    admin.edit('services', 'ipa', { spec: { ports: [ldap] } });
    await until(() => assert.deepEqual(world.presence(agent).slices, ['kerberos/TCP', 'kerberos/UDP']));
    await world.resolves('kerberos/TCP', ['ipa-0:88']);
    admin.edit('services', 'ipa', { spec: { ports: [ldap, { name: 'kerberos', port: 88, protocol: 'UDP' }] } });
    await until(() => assert.deepEqual(world.presence(agent).slices, ['kerberos/TCP']));
    for (const pair of PAIRS) await world.resolves(pair, [pair === 'ldap/TCP' ? 'ipa-0:389' : 'ipa-0:88']);
  });
});
