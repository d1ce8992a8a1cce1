/** Edits of the ConfigMap while agents serve: in force at once where valid, and without any effect where not. */
import assert from 'node:assert/strict';
import { type Case, runInBothWays } from '../support/cases.ts';
import { CONFIGMAP } from '../support/role.ts';
import { until } from '../support/until.ts';
import { PAIRS, PORTS } from '../support/world.ts';

const withSip = PORTS.replace(/\]$/, ', { name: sip, protocol: UDP, port: 5060 }]');
const withoutUdp = PORTS.replace(/, \{ name: kerberos, protocol: UDP.*$/, ']');
const two = { services: ['ipa', 'ldap'] };

const cases: readonly Case[] = [
  {
    name: 'a pair that is added is announced by every pod, and the others stay throughout',
    run: async (world) => {
      const agents = await world.join('ipa-0', 'ipa-1');
      const losses = world.watchLosses(...agents);
      world.declare({ ipa: withSip });
      for (const agent of agents) await world.present(agent, [...PAIRS, 'sip/UDP']);
      await world.resolves('sip/UDP', ['ipa-0:5060', 'ipa-1:5060']);
      assert.deepEqual(losses, []);
    },
  },
  {
    name: 'a pair that is removed is gone, and the others stay',
    run: async (world) => {
      world.declare({ ipa: withSip });
      const agent = world.start('ipa-0');
      await world.present(agent, [...PAIRS, 'sip/UDP']);
      const losses = world.watchLosses(agent);
      world.declare({ ipa: PORTS });
      await world.present(agent);
      await world.resolves('sip/UDP', []);
      assert.deepEqual(new Set(losses.map((loss) => loss.replace(/ from.*/, ''))), new Set(['ipa-0 lost sip/UDP']));
    },
  },
  {
    name: 'a port number that is changed is announced in place of the old one',
    run: async (world) => {
      const agent = world.start('ipa-0');
      await world.present(agent);
      world.declare({ ipa: PORTS.replace('UDP, port: 88', 'UDP, port: 1088') });
      await world.resolves('kerberos/UDP', ['ipa-0:1088']);
      await world.present(agent);
    },
  },
  {
    name: 'where the Service has every declared pair, only the heartbeat is kept',
    skip: { full: 'the Service has no ports of its own' },
    run: async (world) => {
      world.declare({ ipa: withoutUdp });
      const agent = world.start('ipa-0');
      await world.present(agent, ['ldap/TCP', 'kerberos/TCP']);
      await agent.finds();
    },
  },
  {
    name: 'a key that is removed withdraws that Service and no other',
    world: two,
    run: async (world) => {
      world.createService('ldap');
      world.declare({ ipa: PORTS, ldap: PORTS });
      const agent = world.start('ipa-0');
      await world.present(agent);
      await until(() => assert.ok(world.presence(agent, 'ldap').isBeating));
      const losses = world.watchLosses(agent);
      world.declare({ ipa: PORTS });
      await until(() => assert.deepEqual(world.presence(agent, 'ldap'), { isBeating: false, entries: [], slices: [] }));
      await world.beats(agent, 1);
      assert.deepEqual(losses, []);
      world.declare({ ipa: PORTS, ldap: PORTS });
      await until(() => assert.deepEqual(world.presence(agent, 'ldap').slices, world.ours()));
    },
  },
  {
    name: '`ports: []` withdraws, and ports that come back are announced again',
    run: async (world) => {
      const agent = world.start('ipa-0');
      await world.present(agent);
      world.declare({ ipa: 'ports: []' });
      await world.absent(agent);
      await until(() => assert.deepEqual(agent.agent.status().services, []));
      world.declare({ ipa: PORTS });
      await world.present(agent);
    },
  },
  {
    name: 'a declaration that goes and comes back at once is served in the end',
    run: async (world) => {
      const agent = world.start('ipa-0');
      await world.present(agent);
      for (const data of [{}, { ipa: 'ports: []' }]) {
        world.declare(data);
        world.declare({ ipa: PORTS });
        await world.beats(agent, 1);
        await world.present(agent);
      }
    },
  },
  {
    name: 'an edit that is not valid changes nothing, says what is wrong, and is over with the next good one',
    run: async (world) => {
      const agent = world.start('ipa-0');
      await world.present(agent);
      const losses = world.watchLosses(agent);
      world.declare({ ipa: 'ports: [{ nam: sip, port: 5060 }]' });
      await agent.finds('configmap-invalid');
      assert.match(agent.agent.health.readyz().body, /^degraded\n[\s\S]*nam/);
      await world.beats(agent, 2);
      await world.present(agent);
      assert.deepEqual(losses, []);
      world.declare({ ipa: withSip });
      await world.present(agent, [...PAIRS, 'sip/UDP']);
      await agent.finds();
    },
  },
  {
    name: 'a ConfigMap that is deleted changes nothing, and is followed when it is back',
    run: async (world) => {
      const agent = world.start('ipa-0');
      await world.present(agent);
      const losses = world.watchLosses(agent);
      world.server.admin.delete('configmaps', CONFIGMAP);
      await agent.finds('configmap-missing');
      await world.beats(agent, 2);
      assert.deepEqual(losses, []);
      world.declare({ ipa: withSip });
      await world.present(agent, [...PAIRS, 'sip/UDP']);
      await agent.finds();
    },
  },
  {
    name: 'a targetPort that no container has withholds that pair alone, until it is corrected',
    run: async (world) => {
      world.createPod('ipa-0', {
        containers: [{ name: 'server', ports: [{ name: 'krb', containerPort: 8888, protocol: 'TCP' }] }],
      });
      const named = PORTS.replace('UDP, port: 88', 'UDP, port: 88, targetPort: krb');
      world.declare({ ipa: named });
      const agent = world.start('ipa-0');
      await agent.finds('target-port-unresolved');
      await world.present(agent, ['ldap/TCP', 'kerberos/TCP']);
      world.declare({ ipa: named.replace('targetPort: krb', 'targetPort: 8888') });
      await world.resolves('kerberos/UDP', ['ipa-0:8888']);
      await agent.finds();
    },
  },
  {
    name: 'where the Service has the same pair with another port, the Service wins',
    skip: { full: 'the Service has no ports of its own' },
    run: async (world) => {
      world.declare({ ipa: PORTS.replace('389', '636') });
      const agent = world.start('ipa-0');
      await agent.finds('port-differs-from-service');
      await world.present(agent);
      await world.resolves('ldap/TCP', ['ipa-0:389']);
    },
  },
];

runInBothWays(cases);
