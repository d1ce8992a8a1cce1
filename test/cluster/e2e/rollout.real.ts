/**
 * Servers come and go by plan: scaled from one to three and back to two, and restarted one after the other. Two clients log in all the while.
 * One asks an uncached DNS and tries every server that it names, over both protocols. The other is an ordinary one behind a cache of 30 s.
 * Neither may fail once: a server is announced when it answers, and goes on answering (`preStop.sleep`) longer than any cache keeps its name.
 * Except, in the way `full`, at a server whose name went out of the DNS between the two questions of a client that asks for each: an ordinary one takes the next.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type Lookout, nameIsGone, type SteadyClient, startLookout, startSteadyClient } from './lookout.ts';
import { useWorld } from './turn.ts';
import { report, type Way } from './world.ts';

const ways: readonly Way[] = ['supplement', 'full'];
const pair = '_kerberos._udp';
const rolloutLimitMs = 300_000;
/** As in k8s/examples/freeipa: longer than kubeadm's ttl, and the cache, of 30 s. */
const preStopSeconds = 40;

for (const way of ways) {
  describe(`servers come and go by plan, the example's way ${way}`, () => {
    const world = useWorld({ name: `rollout-${way}`, way, replicas: 1, preStopSeconds });

    interface Watch {
      readonly lookout: Lookout;
      readonly clients: readonly SteadyClient[];
    }
    let startClients: () => Promise<Watch>;

    before(async () => {
      const { client, domain, cluster } = world();
      const hasCache = cluster.dns.some(({ variant }) => variant === 'cached');
      const cached = hasCache ? await world().addClient('cached', 'cached') : client;
      startClients = async () => ({
        lookout: await startLookout(client, domain, [pair]),
        clients: [await startSteadyClient(client, domain, 'each'), await startSteadyClient(cached, domain, 'any')],
      });
    });

    test('one server becomes three, and three become two: each is in the DNS while it serves, and no login fails', async () => {
      const watch = await startClients();
      const scale = async (count: number): Promise<number> => {
        const sinceMs = Date.now();
        await world().kubectl(['scale', 'statefulset', 'ipa', `--replicas=${count}`]);
        const wanted = Array.from({ length: count }, (_, ordinal) => `ipa-${ordinal}`).join();
        const isWanted = (servers: readonly string[]): boolean => servers.join() === wanted;
        return (await watch.lookout.awaitSighting({ pair, sinceMs, limitMs: rolloutLimitMs, isWanted })).atMs - sinceMs;
      };
      report(`scaled: three are answered after ${await scale(3)} ms, two after ${await scale(2)} ms`);
      // Until its server is really gone: what a cache kept of it is over by then.
      await world().kubectl(['wait', '--for=delete', 'pod/ipa-2', '--timeout=90s'], { timeoutMs: 95_000 });
      await assertNoFailure(watch);
    });

    test('a rolling restart: at every moment a KDC is in the DNS, every one that is there answers, and no login fails', async () => {
      const { kubectl, awaitServers } = world();
      await awaitServers(2);
      const watch = await startClients();
      const startMs = performance.now();
      await kubectl(['rollout', 'restart', 'statefulset/ipa']);
      await kubectl(['rollout', 'status', 'statefulset/ipa', `--timeout=${rolloutLimitMs / 1000}s`], {
        timeoutMs: rolloutLimitMs + 5_000,
      });
      await awaitServers(2);
      report(`rolling restart of two servers: ${Math.round((performance.now() - startMs) / 1000)} s`);
      await assertNoFailure(watch);
    });

    async function assertNoFailure({ lookout, clients }: Watch): Promise<void> {
      const fared = await Promise.all(clients.map((client) => client.stop()));
      const { sightings, lookCount, blindMs } = await lookout.stop();
      for (const { loginCount, slowestMs, failures } of fared) {
        report(`${loginCount} logins, ${failures.length} failures, the slowest took ${slowestMs} ms`);
      }
      report(
        `${lookCount} looks, blind ${blindMs} ms at most: ${sightings.map(({ servers }) => `[${servers}]`).join(' ')}`,
      );
      // Without a selector a server's name goes together with its records: whoever has just read them finds it no more.
      const failures = fared.flatMap((one) => one.failures);
      const isExcused = (line: string): boolean => way === 'full' && line.trimEnd().endsWith(nameIsGone);
      report(`${failures.filter(isExcused).length} of the failures: ${nameIsGone}`);
      assert.deepEqual(
        failures.filter((line) => !isExcused(line)),
        [],
      );
      assert.ok(fared.every(({ loginCount }) => loginCount > 20));
      assert.ok(sightings.every(({ servers }) => servers !== 'silent' && servers.length > 0));
    }
  });
}
