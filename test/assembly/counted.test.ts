/** Failed requests are counted wherever they come from, and fail as before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countFailures } from '../../agent/assembly/counted.ts';
import type { ApiClient } from '../../agent/kube/client.ts';
import { KubeError } from '../../agent/kube/errors.ts';

const failure = new KubeError('PATCH /x: no answer', { status: 0, reason: 'Timeout', verb: 'PATCH', path: '/x' });

function counted(outcome: () => Promise<never>) {
  const reasons: string[] = [];
  const client: ApiClient = { request: outcome, watch: outcome, reset: () => {}, close: async () => {} };
  return { reasons, client: countFailures(client, { requestFailed: ({ reason }) => reasons.push(reason) }) };
}

test('a request and a watch that fail are counted by their reason and reject with the same error', async () => {
  const { client, reasons } = counted(() => Promise.reject(failure));
  const signal = AbortSignal.timeout(1000);
  await assert.rejects(client.request({ verb: 'GET', path: '/x', timeoutMs: 1 }), failure);
  await assert.rejects(client.watch({ path: '/x', query: {}, connectTimeoutMs: 1, idleTimeoutMs: 1, signal }), failure);
  assert.deepEqual(reasons, ['Timeout', 'Timeout']);
});

test("a bug is nobody's request: it is thrown on and not counted", async () => {
  const { client, reasons } = counted(() => Promise.reject(new TypeError('x is not a function')));
  await assert.rejects(client.request({ verb: 'GET', path: '/x', timeoutMs: 1 }), TypeError);
  assert.deepEqual(reasons, []);
});
