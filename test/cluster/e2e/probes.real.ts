/**
 * Each daemon of a server falls sick by itself, in a pod that its own readinessProbe calls ready all the time: the pairs that ask for it leave the DNS,
 * the others stay. Once for each way of serving.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { inServer, tellDaemons } from './daemons.ts';
import { editDeclaration } from './declarations.ts';
import { startLookout } from './lookout.ts';
import { readHeartbeats, readPod, untilRead } from './pods.ts';
import { untilServed } from './served.ts';
import { useWorld } from './turn.ts';
import { person } from './workload.ts';
import { report, type Way } from './world.ts';

const ways: readonly Way[] = ['supplement', 'full'];
const kerberosUdp = ['_kerberos._udp', '_kerberos-master._udp'];
const kerberosTcp = ['_kerberos._tcp', '_kerberos-master._tcp'];
const kpasswd = ['_kpasswd._udp', '_kpasswd._tcp'];
const ldap = ['_ldap._tcp'];
const all = [...kerberosUdp, ...kerberosTcp, ...kpasswd, ...ldap];
const both = ['ipa-0', 'ipa-1'];
const healthy = ['ipa-0'];
const limitMs = 60_000;
/** Three failures in a row, asked for each second, each of which may take a second; the DNS, the lookout and a busy computer add to it. */
const promptMs = 10_000;
/** What libkrb5 waits for a silent KDC, before it turns to the next one. */
const silentKdcMs = 1_000;
const timing = 'periodSeconds: 1, timeoutSeconds: 1';
const notOurs = 'this cluster is not ours: its processes cannot be killed';

const sicknesses = [
  {
    name: 'the KDC hangs over UDP',
    fallSick: tellDaemons('STOP', ['kdc-udp']),
    recover: tellDaemons('CONT', ['kdc-udp']),
    gone: kerberosUdp,
  },
  {
    name: 'the KDC hangs',
    fallSick: tellDaemons('STOP', ['kdc-udp', 'kdc-tcp']),
    recover: tellDaemons('CONT', ['kdc-udp', 'kdc-tcp']),
    gone: [...kerberosUdp, ...kerberosTcp],
  },
  {
    name: 'the KDC lost its database, and answers that',
    fallSick: 'mkdir /data/lost; mv /data/krb5/principal* /data/lost',
    recover: 'mv /data/lost/* /data/krb5; rmdir /data/lost',
    gone: [...kerberosUdp, ...kerberosTcp],
  },
  {
    name: 'the password server hangs',
    fallSick: tellDaemons('STOP', ['kadmind']),
    recover: tellDaemons('CONT', ['kadmind']),
    gone: kpasswd,
  },
  {
    name: 'the LDAP server hangs',
    fallSick: tellDaemons('STOP', ['slapd']),
    recover: tellDaemons('CONT', ['slapd']),
    gone: ldap,
  },
];

for (const way of ways) {
  describe(`probes, the example's way ${way}`, () => {
    const world = useWorld({ name: `probes-${way}`, way, replicas: 2, preStopSeconds: 1, readiness: 'started' });

    before(async () => {
      await editDeclaration(world(), withProbes(timing));
      await untilServed(world(), all, both);
    });

    for (const { name, fallSick, recover, gone } of sicknesses) {
      test(`${name}: just ${gone.join(', ')} without that server, until it is well`, async () => {
        const { client, domain } = world();
        const lookout = await startLookout(client, domain, all);
        const until = async (pairs: readonly string[], sinceMs: number, names: readonly string[]): Promise<number> => {
          const isWanted = (servers: readonly string[]): boolean => servers.join() === names.join();
          const seen = await Promise.all(
            pairs.map((pair) => lookout.awaitSighting({ pair, sinceMs, limitMs, isWanted })),
          );
          return Math.max(...seen.map(({ atMs }) => atMs)) - sinceMs;
        };
        const sickMs = Date.now();
        await inServer(world(), 'ipa-1', fallSick);
        const goneMs = await until(gone, sickMs, healthy);
        assert.equal(await readyServers(), both.length, 'its container is ready all the same');
        const wellMs = Date.now();
        await inServer(world(), 'ipa-1', recover);
        const backMs = await until(gone, wellMs, both);
        const { sightings } = await lookout.stop();
        for (const pair of all) {
          const wanted = gone.includes(pair) ? [both, healthy, both] : [both];
          const seen = sightings.filter((sighting) => sighting.pair === pair).map(({ servers }) => servers);
          assert.deepEqual(seen, wanted, pair);
        }
        assert.ok(goneMs < promptMs && backMs < promptMs, `gone after ${goneMs} ms, back after ${backMs} ms`);
        report(`${way}: ${name}: gone from ${gone} after ${goneMs} ms; back ${backMs} ms after it was well`);
      });
    }

    test('while a KDC hangs over UDP, every login succeeds, and none waits for it once the DNS has left it out', async () => {
      await inServer(world(), 'ipa-1', tellDaemons('STOP', ['kdc-udp']));
      const atOnceMs = await timeLogins(6);
      await untilServed(world(), kerberosUdp, healthy);
      const tookMs = await timeLogins(10);
      await inServer(world(), 'ipa-1', tellDaemons('CONT', ['kdc-udp']));
      assert.ok(Math.max(...tookMs) < silentKdcMs, `${tookMs} ms`);
      await untilServed(world(), ['_kerberos._udp'], both);
      const early = `logins over UDP in the first moments: ${atOnceMs} ms`;
      report(`${way}: a KDC hangs; ${early}; ten without it in the DNS: ${Math.max(...tookMs)} ms at most`);
    });

    test('the agents are killed while every probe is pending, one KDC hanging: what was known of both stays', async (context) => {
      const { client, domain } = world();
      await inServer(world(), 'ipa-1', tellDaemons('STOP', ['kdc-udp']));
      await untilServed(world(), kerberosUdp, healthy);
      await editDeclaration(world(), (text) => text.replaceAll(timing, `${timing}, initialDelaySeconds: 10`));
      const lookout = await startLookout(client, domain, all);
      for (const name of both) {
        const pod = await readPod(world(), name);
        const faults = world().cluster.nodes.find((node) => node.name === pod.node)?.faults;
        if (faults === undefined) return context.skip(notOurs);
        assert.equal(await faults.signal(pod.agent.id, 'SIGKILL'), 1);
        const isBack = ({ agent }: typeof pod) => agent.id !== pod.agent.id && agent.isReady;
        await untilRead('the restarted sidecar', limitMs, () => readPod(world(), name), isBack);
        const beat = async () => (await readHeartbeats(world())).get(pod.uid);
        const adopted = await beat();
        await untilRead('a heartbeat of the new process', limitMs, beat, (value) => value !== adopted);
      }
      const { sightings, lookCount, blindMs } = await lookout.stop();
      for (const pair of all) {
        const seen = sightings.filter((sighting) => sighting.pair === pair).map(({ servers }) => servers);
        assert.deepEqual(seen, [kerberosUdp.includes(pair) ? healthy : both], pair);
      }
      await inServer(world(), 'ipa-1', tellDaemons('CONT', ['kdc-udp']));
      await untilServed(world(), ['_kerberos._udp'], both);
      report(`${way}: both agents killed: ${lookCount} looks, none different, blind ${blindMs} ms at most`);
    });

    async function readyServers(): Promise<number> {
      const query = ['get', 'statefulset', 'ipa', '--output=jsonpath={.status.readyReplicas}'];
      return Number(await world().kubectl(query));
    }

    /** What each login took, in the client itself: what `kubectl exec` takes is not a client's. Throws CommandError when one fails. */
    async function timeLogins(count: number): Promise<readonly number[]> {
      const output = await world().client.bash(`
export KRB5_CONFIG=/tmp/udp.conf
for _ in $(seq ${count}); do
  from=\${EPOCHREALTIME/./}
  echo '${person.password}' | kinit ${person.name} > /dev/null || exit 1
  echo $(( (\${EPOCHREALTIME/./} - from) / 1000 ))
done`);
      return output.trim().split('\n').map(Number);
    }
  });
}

/** Each pair is asked by what it is, and by nothing else: `kerberos-master` as `kerberos`. */
function withProbes(schedule: string): (text: string) => string {
  return (text) =>
    text.replace(
      /^(- \{ name: (ldap|kpasswd|kerberos)(?:-master)?, protocol: \w+, port: \d+)\b.* \}$/gm,
      (_line, port, action) => `${port}, probe: { ${action}: {}, ${schedule} } }`,
    );
}
