/** The agent put together: what it says of itself from its start to its end, and of settings that cannot be right. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SERVICE_ACCOUNT } from '../support/role.ts';
import { until } from '../support/until.ts';
import { startWorld } from '../support/world.ts';

describe('an agent', { concurrency: 6 }, () => {
  test('says in which phase of its life it is', async (t) => {
    const world = await startWorld(t, 'full');
    world.server.freeze();
    const agent = world.start('ipa-0');
    assert.equal(agent.agent.status().phase, 'starting');
    assert.deepEqual(agent.agent.status().pod.uid, null);
    assert.match(agent.agent.health.readyz().body, /^not ready\n- the ConfigMap was not read yet\n$/);
    world.server.thaw();
    await world.present(agent);
    const { phase, pod, configMap } = agent.agent.status();
    assert.equal(phase, 'running');
    assert.deepEqual(configMap, { name: 'endpoint-registrar', state: 'read' });
    assert.deepEqual(pod, {
      namespace: 'default',
      name: 'ipa-0',
      uid: agent.uid,
      addresses: [world.server.admin.get('pods', 'ipa-0')?.status?.podIP],
      isReady: true,
      reason: null,
    });
    await agent.terminate();
    assert.equal(agent.agent.status().phase, 'shutting-down');
    assert.deepEqual(agent.agent.health.readyz(), { ok: false, body: 'not ready\n- shutting down\n' });
    assert.equal(agent.agent.health.livez().ok, true);
  });

  test('shows its pairs, slices and peers', async (t) => {
    const world = await startWorld(t, 'supplement');
    const [agent, peer] = await world.join('ipa-0', 'ipa-1');
    assert.ok(agent !== undefined && peer !== undefined);
    await until(() =>
      assert.deepEqual(
        agent.service().peers.map(({ podName }) => podName),
        ['ipa-1'],
      ),
    );
    const { pairs, slices, peers, way, intervalMs } = agent.service();
    assert.deepEqual(
      pairs.map(({ name, protocol, kind }) => `${name}/${protocol} ${kind}`),
      ['ldap/TCP left-to-service', 'kerberos/TCP left-to-service', 'kerberos/UDP announced'],
    );
    assert.deepEqual(
      slices.map(({ addressType, ports }) => ({ addressType, ports })),
      [{ addressType: 'IPv4', ports: ['kerberos/UDP 88'] }],
    );
    assert.deepEqual({ way, intervalMs }, { way: 'supplement', intervalMs: 2000 });
    assert.deepEqual(
      peers.map(({ uid, promisedMs }) => ({ uid, promisedMs })),
      [{ uid: peer.uid, promisedMs: 2000 }],
    );
  });

  test('whose pod name is wrong is ready, degraded and tells which setting it is', async (t) => {
    const world = await startWorld(t, 'full');
    const token = world.server.mintToken({ serviceAccount: SERVICE_ACCOUNT });
    const lost = world.start('ipa-0-typo', { token });
    await lost.finds('own-pod-missing');
    await until(() =>
      assert.match(
        lost.agent.health.readyz().body,
        /^degraded\n- own-pod-missing: REGISTRAR_POD_NAME=ipa-0-typo: there is no such pod/,
      ),
    );
    assert.equal(await lost.agent.withdraw(AbortSignal.timeout(5000)), 'incomplete');
  });

  test('tells where the grace period of its pod is shorter than its shutdown budget', async (t) => {
    const world = await startWorld(t, 'full');
    world.createPod('ipa-0', { terminationGracePeriodSeconds: 5 });
    const agent = world.start('ipa-0');
    await agent.finds('shutdown-budget-exceeds-grace');
    await world.present(agent);
    assert.match(agent.agent.health.readyz().body, /^ok\n- shutdown-budget-exceeds-grace: /);
  });

  test('that meets a bug ends with it, instead of going on half', async (t) => {
    const world = await startWorld(t, 'full');
    const agent = world.start('ipa-0', {
      random: () => {
        throw new TypeError('a bug');
      },
    });
    await assert.rejects(agent.running, { name: 'TypeError', message: 'a bug' });
  });
});
