/** A whole agent tells on its own pod what a person must act on, and does its work where it may not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseRules, roleObject, withoutVerb } from '../support/role.ts';
import { until } from '../support/until.ts';
import { startWorld } from '../support/world.ts';

test('a Service that is missing, and a broken ConfigMap, stand on the pod of the agent', async (t) => {
  const { server, start, declare } = await startWorld(t, 'full');
  server.admin.delete('services', 'ipa');
  const { uid, finds } = start('ipa-0');
  await finds('service-missing');
  declare({ ipa: 'ports: 5' });
  await until(() => {
    const events = server.admin.list('events').filter(({ involvedObject }) => involvedObject.uid === uid);
    assert.deepEqual(events.map(({ reason, type, count }) => `${type} ${reason} x${count}`).sort(), [
      'Warning ConfigMapInvalid x1',
      'Warning ServiceMissing x1',
    ]);
  });
});

test('an agent that may not write Events registers all the same, and is ready', async (t) => {
  const { server, start, present, declare } = await startWorld(t, 'full');
  server.admin.put(roleObject(withoutVerb(baseRules(['ipa']), 'create', 'events')));
  const agent = start('ipa-0');
  await present(agent);
  declare({ ipa: 'ports: 5' });
  await agent.logged('event-refused', { level: 'info' });
  assert.equal(agent.agent.health.readyz().ok, true);
  await present(agent);
  assert.deepEqual(agent.findings(), ['configmap-invalid']);
});
