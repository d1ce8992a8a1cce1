/**
 * The Component readiness-gate on the example: a pod counts as ready only once the DNS answers what its agent published, so a rollout does not take
 * the next server away before. Once for each way of serving.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Sighting, startLookout, startSteadyClient } from './lookout.ts';
import { untilServed } from './served.ts';
import { useWorld } from './turn.ts';
import { report, type Way } from './world.ts';

const ways: readonly Way[] = ['supplement', 'full'];
const pair = '_kerberos._udp';
const both = ['ipa-0', 'ipa-1'];
const rolloutLimitMs = 300_000;
/** The API server writes a condition's time in whole seconds, cut off. */
const cutMs = 1_000;

interface Condition {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly sinceMs: number;
}

for (const way of ways) {
  describe(`the readiness gate, the example's way ${way}`, () => {
    const world = useWorld({
      name: `gate-${way}`,
      way,
      replicas: 2,
      preStopSeconds: 5,
      components: ['readiness-gate'],
    });

    test('it is open in each pod, for the reason that every pair was resolved', async () => {
      for (const name of both) {
        const { status, reason, message } = await readCondition(name, 'endpoint-registrar/published');
        assert.deepEqual({ status, reason }, { status: 'True', reason: 'PairsResolved' }, message);
        report(`${way}: the gate of ${name} is open: ${reason}: ${message}`);
      }
    });

    test('a rolling restart goes on only when the new server is in the DNS: no moment without one, no login fails', async () => {
      const { client, domain, kubectl } = world();
      await untilServed(world(), [pair], both);
      const lookout = await startLookout(client, domain, [pair]);
      const logins = await startSteadyClient(client, domain, 'any');
      const startMs = performance.now();
      await kubectl(['rollout', 'restart', 'statefulset/ipa']);
      await kubectl(['rollout', 'status', 'statefulset/ipa', `--timeout=${rolloutLimitMs / 1000}s`], {
        timeoutMs: rolloutLimitMs + 5_000,
      });
      const tookMs = Math.round(performance.now() - startMs);
      await untilServed(world(), [pair], both);
      const { failures, loginCount } = await logins.stop();
      const { sightings } = await lookout.stop();
      assert.deepEqual(failures, []);
      assert.ok(sightings.every(({ servers }) => servers !== 'silent' && servers.length > 0));
      for (const name of both) {
        const opened = await readCondition(name, 'endpoint-registrar/published');
        const ready = await readCondition(name, 'Ready');
        const seenMs = cameBack(sightings, name);
        assert.equal(opened.reason, 'PairsResolved', opened.message);
        assert.ok(opened.sinceMs + cutMs >= seenMs, `the gate opened ${seenMs - opened.sinceMs} ms before the DNS`);
        assert.ok(ready.sinceMs >= opened.sinceMs);
      }
      report(`${way}: rolling restart of two servers with the gate: ${tookMs} ms, ${loginCount} logins`);
    });

    /** When the server was answered again, after it had been away. */
    function cameBack(sightings: readonly Sighting[], name: string): number {
      const lacks = sightings.findIndex(({ servers }) => !servers.includes(name));
      const back = sightings.slice(lacks).find(({ servers }) => servers.includes(name));
      assert.ok(lacks >= 0 && back !== undefined, `${name} was never away, or never came back`);
      return back.atMs;
    }

    async function readCondition(pod: string, type: string): Promise<Condition> {
      const fields = ['status', 'reason', 'lastTransitionTime', 'message'];
      const path = fields.map((field) => `{.status.conditions[?(@.type=="${type}")].${field}}`).join('{"\\n"}');
      const text = await world().kubectl(['get', 'pod', pod, `--output=jsonpath=${path}`]);
      const [status = '', reason = '', since = '', message = ''] = text.split('\n');
      return { status, reason, message, sinceMs: Date.parse(since) };
    }
  });
}
