/**
 * What people change on a running world: the declarations, and in the end whether there is a sidecar at all. Once for each way of serving.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { editDeclaration } from './declarations.ts';
import { startLookout } from './lookout.ts';
import { untilRead } from './pods.ts';
import { useWorld } from './turn.ts';
import { report, type Way } from './world.ts';

const ways: readonly Way[] = ['supplement', 'full'];
const both = ['ipa-0', 'ipa-1'];
const limitMs = 120_000;
/** What README promises: in under a second; the lookout and a busy computer add to it. */
const promptMs = 3_000;
const added = '_krb-added._udp';
const removed = '_kpasswd._tcp';
const kept = '_kerberos._udp';

for (const way of ways) {
  describe(`the example's way ${way}`, () => {
    const world = useWorld({ name: `change-${way}`, way, replicas: 2, preStopSeconds: 1 });

    test('an edit of the ConfigMap is in the DNS at once: a pair more, a pair less, the others untouched', async () => {
      const { client, domain } = world();
      await untilRead(
        'both servers',
        limitMs,
        () => client.servers(removed),
        (found) => found.length === both.length,
      );
      await untilRead(
        'both servers',
        limitMs,
        () => client.servers(kept),
        (found) => found.length === both.length,
      );
      const lookout = await startLookout(client, domain, [added, removed, kept]);
      const sinceMs = Date.now();
      await editDeclaration(world(), (text) =>
        text.replace(/^.*name: kpasswd, protocol: TCP.*$/m, '- { name: krb-added, protocol: UDP, port: 88 }'),
      );
      const isAll = (servers: readonly string[]): boolean => servers.join() === both.join();
      const came = await lookout.awaitSighting({ pair: added, sinceMs, limitMs, isWanted: isAll });
      const went = await lookout.awaitSighting({
        pair: removed,
        sinceMs,
        limitMs,
        isWanted: (found) => found.length === 0,
      });
      const { sightings } = await lookout.stop();
      assert.deepEqual(
        sightings.filter(({ pair }) => pair === kept).map(({ servers }) => servers),
        [both],
      );
      const tookMs = [came, went].map(({ atMs }) => atMs - sinceMs);
      assert.ok(Math.max(...tookMs) < promptMs, `${tookMs} ms`);
      report(
        `${way}: ConfigMap edited: the new pair with both servers after ${tookMs[0]} ms, the old one gone after ${tookMs[1]} ms`,
      );
    });

    test('the sidecar is removed from the workload: nothing of it is left behind', async () => {
      const { client, kubectl, awaitServers, domain } = world();
      const initContainers = [{ name: 'endpoint-registrar', $patch: 'delete' }];
      const patch = JSON.stringify({ spec: { template: { spec: { initContainers } } } });
      await kubectl(['patch', 'statefulset', 'ipa', '--type=strategic', `--patch=${patch}`]);
      await awaitServers(both.length);
      const containers = await kubectl(['get', 'pods', '--output=jsonpath={.items[*].spec.initContainers[*].name}']);
      assert.doesNotMatch(containers, /endpoint-registrar/);
      await untilRead('the traces in slices', limitMs, readSlices, (text) => text === '');
      await untilRead('the traces in Endpoints', limitMs, readRegister, (text) => text === '');
      assert.deepEqual(await client.srv(kept), []);
      // What the control plane announces for a selector is its own, and stays.
      const names = await client.bash(`for name in ${both.join(' ')}; do dig +short A $name.${domain}.; done`);
      assert.equal(names.split('\n').filter(Boolean).length, way === 'supplement' ? both.length : 0, names);
    });

    function readSlices(): Promise<string> {
      const selector = '--selector=endpointslice.kubernetes.io/managed-by=endpoint-registrar';
      return world().kubectl(['get', 'endpointslices', selector, '--output=name']);
    }

    /** Heartbeats, and in the way `full` the addresses: in the other those are the control plane's. */
    async function readRegister(): Promise<string> {
      const fields = way === 'full' ? '{.metadata.annotations}{.subsets}' : '{.metadata.annotations}';
      const text = await world().kubectl([
        'get',
        'endpoints',
        'ipa',
        '--ignore-not-found',
        `--output=jsonpath=${fields}`,
      ]);
      return /endpoint-registrar\/[0-9a-f-]{36}|"ip"/.exec(text)?.[0] ?? '';
    }
  });
}
