/** Every verb of the Role, missing: what an operator is told, and that it recovers alone once the verb is granted. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FindingCode } from '../../agent/plan/finding.ts';
import type { RunningAgent } from '../support/agents.ts';
import { type Case, runInBothWays } from '../support/cases.ts';
import { baseRules, roleObject, withoutVerb } from '../support/role.ts';
import { until } from '../support/until.ts';
import { PORTS, startWorld, type World } from '../support/world.ts';

/** Takes one verb away from the shipped Role; returns what gives it back. */
function revoke({ server }: World, verb: string, resource: string): () => void {
  const rules = baseRules(['ipa']);
  server.admin.put(roleObject(withoutVerb(rules, verb, resource)));
  return () => {
    server.admin.put(roleObject(rules));
  };
}

/** Resolves when the missing rule stands in the body of /readyz, ready to be pasted. */
async function told(agent: RunningAgent, verb: string, resource: string): Promise<void> {
  await until(() => {
    const { ok, body } = agent.agent.health.readyz();
    assert.equal(ok, true, body);
    // What is listed is watched too: the rule names both.
    const verbs = verb === 'list' || verb === 'watch' ? '"list", "watch"' : `"${verb}"`;
    assert.match(body, new RegExp(`resources: \\["${resource}"\\]\\n(.*\\n)?\\s+verbs: \\[${verbs}\\]`));
  });
}

/** The verbs without which a start comes to nothing. */
const atStart: readonly { readonly verb: string; readonly resource: string; readonly finding: FindingCode }[] = [
  { verb: 'list', resource: 'services', finding: 'request-forbidden' },
  { verb: 'get', resource: 'endpoints', finding: 'request-forbidden' },
  { verb: 'create', resource: 'endpoints', finding: 'request-forbidden' },
  { verb: 'patch', resource: 'endpoints', finding: 'request-forbidden' },
  { verb: 'list', resource: 'configmaps', finding: 'configmap-forbidden' },
  { verb: 'list', resource: 'pods', finding: 'own-pod-forbidden' },
  { verb: 'list', resource: 'endpointslices', finding: 'request-forbidden' },
  { verb: 'create', resource: 'endpointslices', finding: 'request-forbidden' },
  { verb: 'patch', resource: 'endpointslices', finding: 'request-forbidden' },
];

/** The verbs without which it serves what it saw, and sees nothing of what is changed. */
const whileServing: readonly { readonly resource: string; readonly finding: FindingCode }[] = [
  { resource: 'services', finding: 'request-forbidden' },
  { resource: 'configmaps', finding: 'configmap-forbidden' },
  { resource: 'pods', finding: 'own-pod-forbidden' },
  { resource: 'endpointslices', finding: 'request-forbidden' },
];

const cases: readonly Case[] = [
  ...atStart.map(
    ({ verb, resource, finding }): Case => ({
      name: `without ${verb} on ${resource} it is ready, degraded and says the rule; it registers once that is granted`,
      ...(verb === 'create' && resource === 'endpoints'
        ? { skip: { supplement: 'the control plane creates the Endpoints of a selector' } }
        : {}),
      run: async (world) => {
        const grant = revoke(world, verb, resource);
        const agent = world.start('ipa-0');
        await told(agent, verb, resource);
        assert.ok(agent.findings().includes(finding), agent.findings().join());
        grant();
        await world.present(agent);
        await agent.finds();
      },
    }),
  ),
  ...whileServing.map(
    ({ resource, finding }): Case => ({
      name: `without watch on ${resource} it serves what it saw and says the rule, and follows again once that is granted`,
      run: async (world) => {
        const grant = revoke(world, 'watch', resource);
        const agent = world.start('ipa-0');
        await told(agent, 'watch', resource);
        assert.ok(agent.findings().includes(finding), agent.findings().join());
        await world.present(agent);
        grant();
        await agent.finds();
        world.declare({ ipa: PORTS.replace(']', ', { name: sip, protocol: UDP, port: 5060 }]') });
        await world.resolves('sip/UDP', ['ipa-0:5060']);
      },
    }),
  ),
  {
    name: 'a Service that the Role does not name is refused, and the others are served',
    run: async (world) => {
      world.createService('ldap');
      world.declare({ ipa: PORTS, ldap: PORTS });
      const agent = world.start('ipa-0');
      await world.present(agent);
      await agent.finds('request-forbidden');
      await world.beats(agent, 1);
      assert.deepEqual(world.presence(agent, 'ldap'), { isBeating: false, entries: [], slices: [] });
      world.server.admin.put(roleObject(baseRules(['ipa', 'ldap'])));
      await until(() => assert.deepEqual(world.presence(agent, 'ldap').slices, world.ours()));
      await agent.finds();
    },
  },
  {
    name: 'slices that may not be written any more are no reason to stop beating',
    run: async (world) => {
      const [agent] = await world.join('ipa-0');
      assert.ok(agent !== undefined);
      const losses = world.watchLosses(agent);
      const grant = revoke(world, 'patch', 'endpointslices');
      world.declare({ ipa: PORTS.replace(']', ', { name: sip, protocol: UDP, port: 5060 }]') });
      await told(agent, 'patch', 'endpointslices');
      await world.beats(agent, 2);
      assert.deepEqual(losses, []);
      grant();
      await world.resolves('sip/UDP', ['ipa-0:5060']);
      await agent.finds();
    },
  },
  {
    name: 'without delete on endpointslices a slice that must go is told, and goes once that is granted',
    run: async (world) => {
      const grant = revoke(world, 'delete', 'endpointslices');
      const [agent] = await world.join('ipa-0');
      assert.ok(agent !== undefined);
      world.server.admin.setContainerReady({ pod: 'ipa-0', container: 'server', ready: false });
      await told(agent, 'delete', 'endpointslices');
      grant();
      await world.present(agent, []);
      await agent.finds();
    },
  },
  {
    name: 'without get on pods nobody is called gone: silence alone decides, and the operator is told',
    run: async (world) => {
      const grant = revoke(world, 'get', 'pods');
      const [agent, dead] = await world.join('ipa-0', 'ipa-1');
      assert.ok(agent !== undefined && dead !== undefined);
      await dead.kill();
      await told(agent, 'get', 'pods');
      await agent.logged('peer-evicted', { peerUid: dead.uid, reason: 'silent' });
      await until(() => assert.deepEqual(world.presence(dead), { isBeating: false, entries: [], slices: [] }));
      await world.present(agent);
      grant();
      await agent.finds();
    },
  },
  {
    name: 'rights that are taken away while it serves take nothing back, and the shutdown says what may remain',
    run: async (world) => {
      const [agent] = await world.join('ipa-0');
      assert.ok(agent !== undefined);
      const losses = world.watchLosses(agent);
      world.server.admin.delete('rolebindings', 'endpoint-registrar');
      await told(agent, 'patch', 'endpoints');
      assert.equal(agent.agent.health.livez().ok, true);
      assert.deepEqual(losses, []);
      const budget = new AbortController();
      const ending = agent.agent.withdraw(budget.signal);
      await world.server.requests.waitFor({ verb: 'delete', resource: 'endpointslices' });
      budget.abort();
      assert.equal(await ending, 'incomplete');
      assert.deepEqual(losses, []);
    },
  },
  {
    name: 'in a namespace that is terminating, says so and goes on',
    run: async (world) => {
      const fault = world.server.faults.add(
        { verb: 'patch', resource: 'endpointslices' },
        {
          kind: 'error',
          code: 403,
          message:
            'endpointslices is forbidden: unable to create new content in namespace default because it is being terminated',
          details: { causes: [{ reason: 'NamespaceTerminating', message: 'namespace default is being terminated' }] },
        },
      );
      const agent = world.start('ipa-0');
      await agent.finds('namespace-terminating');
      assert.equal(agent.agent.health.readyz().ok, true);
      fault.remove();
      await world.present(agent);
      await agent.finds();
    },
  },
];

runInBothWays(cases);

describe('a start that nobody may know of', () => {
  test('without any right it is ready and degraded, alive, and withdraws in vain but in time', async (t) => {
    const world = await startWorld(t, 'full');
    world.server.admin.delete('rolebindings', 'endpoint-registrar');
    const agent = world.start('ipa-0');
    await agent.finds('configmap-forbidden', 'own-pod-forbidden');
    assert.equal(agent.agent.health.readyz().ok, true);
    assert.equal(agent.agent.health.livez().ok, true);
    assert.equal(await agent.agent.withdraw(AbortSignal.timeout(5000)), 'incomplete');
  });

  test('without list on endpointslices it cannot know what an earlier container registered, and says so in time', async (t) => {
    const world = await startWorld(t, 'full');
    revoke(world, 'list', 'endpointslices');
    const agent = world.start('ipa-0');
    await told(agent, 'list', 'endpointslices');
    const budget = new AbortController();
    const ending = agent.agent.withdraw(budget.signal);
    await world.server.requests.waitFor({ verb: 'list', resource: 'endpointslices' });
    budget.abort();
    assert.equal(await ending, 'incomplete');
  });
});
