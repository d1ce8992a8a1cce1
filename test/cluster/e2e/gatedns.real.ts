/**
 * The readiness gate while the DNS is silent: a server that serves is not counted as ready before it can be found, and yet not held back for long
 * where nobody can say whether it is found. Only a DNS of ours may be paused.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Component } from '../cluster.ts';
import { inServer } from './daemons.ts';
import { untilRead } from './pods.ts';
import { useWorld } from './turn.ts';
import { report } from './world.ts';

const limitMs = 60_000;
/** The agent gives the DNS 10 s to say something. */
const heldMs = 4_000;
const notOurs = 'this cluster is not ours: its DNS cannot be paused';

describe('the readiness gate while the DNS is silent', () => {
  const world = useWorld({
    name: 'gate-dns',
    way: 'full',
    replicas: 2,
    preStopSeconds: 1,
    readiness: 'told',
    components: ['readiness-gate'],
  });

  test('its containers are ready and the pod is not; once the DNS answers, the gate opens because every pair was resolved', async (context) => {
    const dns = world().cluster.components.get('coredns-kubeadm');
    if (dns === undefined) return context.skip(notOurs);
    await inSilence('ipa-0', dns, async () => {
      const fromMs = performance.now();
      const held = async () => ({
        elapsedMs: performance.now() - fromMs,
        ready: await readCondition('ipa-0', 'Ready'),
      });
      const { ready } = await untilRead('a while of silence', limitMs, held, ({ elapsedMs }) => elapsedMs > heldMs);
      assert.deepEqual(ready, { status: 'False', reason: 'ReadinessGatesNotReady' });
    });
    const answeringMs = performance.now();
    assert.equal((await untilReady('ipa-0')).reason, 'PairsResolved');
    report(
      `the DNS answered again: the server counts as ready after ${Math.round(performance.now() - answeringMs)} ms`,
    );
  });

  test('a DNS that stays silent does not hold a server back', async (context) => {
    const dns = world().cluster.components.get('coredns-kubeadm');
    if (dns === undefined) return context.skip(notOurs);
    await inSilence('ipa-1', dns, async () => {
      const fromMs = performance.now();
      assert.equal((await untilReady('ipa-1')).reason, 'DnsSilent');
      report(`a silent DNS held a server back for ${Math.round((performance.now() - fromMs) / 1000)} s`);
    });
  });

  /** Pauses the DNS, lets the server serve, and looks when its containers are ready. */
  async function inSilence(name: string, dns: Component, look: () => Promise<void>): Promise<void> {
    const running = '.status.containerStatuses[?(@.name=="freeipa")].state.running.startedAt';
    await untilRead('the start of the server', limitMs, () => readField(name, running), Boolean);
    await dns.pause();
    try {
      await inServer(world(), name, 'touch /data/told');
      const isReady = ({ status }: { status: string }) => status === 'True';
      await untilRead('its containers', limitMs, () => readCondition(name, 'ContainersReady'), isReady);
      await look();
    } finally {
      await dns.resume();
    }
  }

  /** Resolves to the gate's own condition, once the pod is ready. */
  async function untilReady(name: string): Promise<{ readonly status: string; readonly reason: string }> {
    const read = () => readCondition(name, 'Ready');
    await untilRead('the pod', limitMs, read, ({ status }) => status === 'True');
    return readCondition(name, 'endpoint-registrar/published');
  }

  async function readCondition(
    name: string,
    type: string,
  ): Promise<{ readonly status: string; readonly reason: string }> {
    const condition = `.status.conditions[?(@.type=="${type}")]`;
    return {
      status: await readField(name, `${condition}.status`),
      reason: await readField(name, `${condition}.reason`),
    };
  }

  function readField(name: string, path: string): Promise<string> {
    return world().kubectl(['get', 'pod', name, '--ignore-not-found', `--output=jsonpath={${path}}`]);
  }
});
