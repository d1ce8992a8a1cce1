import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../../agent/plan/finding.ts';
import {
  createHealth,
  type LoopFacts,
  livez,
  type ReadyzFacts,
  readyz,
  type ServiceHealth,
} from '../../agent/status/health.ts';

const missing: Finding = { code: 'service-missing', message: 'Service ipa does not exist', remedy: 'Create it.' };
const notice: Finding = { code: 'configmap-notice', message: 'nodePort is left aside', remedy: 'Nothing to do.' };
const invalid: Finding = {
  code: 'configmap-invalid',
  message: 'ConfigMap p is not valid:\n- a\n- b',
  remedy: 'Correct it.',
};

const loop = (service: string, attemptAgeMs: number): LoopFacts => ({ service, attemptAgeMs, limitMs: 20_000 });

const liveness: readonly { readonly name: string; readonly given: readonly LoopFacts[]; readonly expect: string }[] = [
  { name: 'no Service is declared', given: [], expect: 'ok\n' },
  { name: 'every loop turns', given: [loop('ipa', 0), loop('dns', 20_000)], expect: 'ok\n' },
  {
    name: 'one loop is stuck',
    given: [loop('ipa', 20_001.4), loop('dns', 3)],
    expect: 'stuck\n- ipa: the last pass was attempted 20001 ms ago; the limit is 20000 ms\n',
  },
];

for (const { name, given, expect } of liveness) {
  test(`livez: ${name}`, () => assert.deepEqual(livez({ loops: given }), { ok: expect === 'ok\n', body: expect }));
}

const done: ServiceHealth = { service: 'ipa', firstPass: 'acknowledged', findings: [] };
const refused: ServiceHealth = { service: 'ipa', firstPass: 'refused', findings: [missing] };
const pending: ServiceHealth = { service: 'dns', firstPass: 'pending', findings: [] };
const facts: ReadyzFacts = { isShuttingDown: false, declarations: 'read', services: [done], findings: [] };

const readiness: readonly {
  readonly name: string;
  readonly given: Partial<ReadyzFacts>;
  readonly wasReady?: true;
  readonly ok: boolean;
  readonly body: string;
}[] = [
  { name: 'the first pass of every Service was acknowledged', given: {}, ok: true, body: 'ok\n' },
  { name: 'nothing is declared', given: { services: [] }, ok: true, body: 'ok\n' },
  {
    name: 'nothing is known of the ConfigMap yet',
    given: { declarations: 'unread', services: [] },
    ok: false,
    body: 'not ready\n- the ConfigMap was not read yet\n',
  },
  {
    name: 'a first pass is not finished',
    given: { services: [done, pending] },
    ok: false,
    body: 'not ready\n- dns: the first pass is not finished\n',
  },
  {
    name: 'a Service was refused: ready, degraded, with the remedy',
    given: { services: [refused] },
    ok: true,
    body: 'degraded\n- service-missing: Service ipa does not exist. Create it.\n',
  },
  {
    name: 'an invalid ConfigMap: ready, degraded, with every fault',
    given: { declarations: 'refused', services: [], findings: [invalid] },
    ok: true,
    body: 'degraded\n- configmap-invalid: ConfigMap p is not valid:\n  - a\n  - b\n  Correct it.\n',
  },
  {
    name: 'a warning is shown and degrades nothing',
    given: { findings: [notice] },
    ok: true,
    body: 'ok\n- configmap-notice: nodePort is left aside. Nothing to do.\n',
  },
  {
    name: 'once ready, a Service that is declared later does not unready the pod',
    given: { services: [done, pending] },
    wasReady: true,
    ok: true,
    body: 'ok\n- dns: the first pass is not finished\n',
  },
  { name: 'shutting down', given: { isShuttingDown: true }, ok: false, body: 'not ready\n- shutting down\n' },
  {
    name: 'shutting down, though it was ready',
    given: { isShuttingDown: true },
    wasReady: true,
    ok: false,
    body: 'not ready\n- shutting down\n',
  },
];

for (const { name, given, wasReady = false, ok, body } of readiness) {
  test(`readyz: ${name}`, () => assert.deepEqual(readyz({ ...facts, ...given }, { wasReady }), { ok, body }));
}

test('health remembers that it was ready, whatever comes later, until the shutdown', () => {
  let now: ReadyzFacts = { ...facts, services: [pending] };
  const health = createHealth({ livez: () => ({ loops: [] }), readyz: () => now });
  assert.equal(health.readyz().ok, false);
  now = facts;
  assert.equal(health.readyz().ok, true);
  now = { ...facts, declarations: 'unread', services: [pending, refused] };
  assert.equal(health.readyz().ok, true);
  now = { ...facts, isShuttingDown: true };
  assert.equal(health.readyz().ok, false);
  assert.equal(health.livez().ok, true);
});
