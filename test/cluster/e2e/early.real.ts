/**
 * A server that takes long to become ready: its name resolves from the start, so that the others can connect back to it while it installs, and no SRV record
 * names it before it serves. Once for each way of serving; the Service says publishNotReadyAddresses.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inServer } from './daemons.ts';
import { startLookout } from './lookout.ts';
import { untilRead } from './pods.ts';
import { untilServed } from './served.ts';
import { useWorld } from './turn.ts';
import { report, type Way } from './world.ts';

const ways: readonly Way[] = ['supplement', 'full'];
const pairs = ['_ldap._tcp', '_kerberos._udp', '_kerberos._tcp', '_kpasswd._udp', '_kpasswd._tcp'];
const limitMs = 90_000;
/** Whoever wants to see that nothing comes has to look for a while: two heartbeat intervals. */
const stillMs = 10_000;

for (const way of ways) {
  describe(`names before services, the example's way ${way}`, () => {
    const world = useWorld({ name: `early-${way}`, way, replicas: 2, preStopSeconds: 1, readiness: 'told' });

    for (const { name, before, after } of [
      { name: 'ipa-0', before: [], after: ['ipa-0'] },
      { name: 'ipa-1', before: ['ipa-0'], after: ['ipa-0', 'ipa-1'] },
    ]) {
      test(`${name} is not ready: its name is its address, and no SRV record names it before it is`, async () => {
        const { client, domain } = world();
        const field = async (path: string): Promise<string> =>
          world().kubectl(['get', 'pod', name, '--ignore-not-found', `--output=jsonpath={${path}}`]);
        const started = '.status.containerStatuses[?(@.name=="freeipa")].state.running.startedAt';
        const startedAt = await untilRead('the start of the server', limitMs, () => field(started), Boolean);
        const resolve = async () => (await client.bash(`dig +short ${name}.${domain}.`)).trim();
        const address = await untilRead('the address of the name', limitMs, resolve, Boolean);
        const early = `${Math.round((Date.now() - Date.parse(startedAt)) / 1000)} s after the server's start`;
        assert.equal(address, await field('.status.podIP'));
        const lookout = await startLookout(client, domain, pairs);
        const fromMs = performance.now();
        const elapsed = async () => performance.now() - fromMs;
        await untilRead('a while in which nothing changes', stillMs * 2, elapsed, (ms) => ms > stillMs);
        assert.equal(await resolve(), address);
        assert.equal(await field('.status.conditions[?(@.type=="ContainersReady")].status'), 'False');
        const toldMs = Date.now();
        await inServer(world(), name, 'touch /data/told');
        await untilServed(world(), pairs, after);
        const { sightings } = await lookout.stop();
        for (const pair of pairs) {
          const seen = sightings.filter((sighting) => sighting.pair === pair);
          const servers = seen.map((sighting) => sighting.servers);
          assert.deepEqual(servers, [before, after], pair);
          assert.ok((seen[1]?.atMs ?? 0) >= toldMs);
        }
        const cameMs = Math.max(...sightings.map(({ atMs }) => atMs)) - toldMs;
        report(`${way}: the name of ${name} by ${early}; in all SRV records ${cameMs} ms after it was told to serve`);
      });
    }
  });
}
