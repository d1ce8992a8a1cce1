/** What probes say decides about each pair by itself; when they run follows from the workload; what stands is told. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Declaration, DeclaredPort } from '../../agent/plan/declaration.ts';
import { defaultTiming, type ProbeVerdict } from '../../agent/plan/probe.ts';
import { type RunningFleet, startFleet } from '../support/fleet.ts';
import { until } from '../support/until.ts';
import { PAIRS, type ServedWay, startWorld, type World } from '../support/world.ts';

const probes = [{ ...defaultTiming, action: { kind: 'kerberos' } }] as const;
const ldap: DeclaredPort = { name: 'ldap', protocol: 'TCP', port: 389 };
const kerberosTcp: DeclaredPort = { name: 'kerberos', protocol: 'TCP', port: 88 };
const kerberosUdp: DeclaredPort = { name: 'kerberos', protocol: 'UDP', port: 88 };
const kpasswdUdp: DeclaredPort = { name: 'kpasswd', protocol: 'UDP', port: 464 };
const declaring = (...ports: readonly DeclaredPort[]): Declaration => ({ service: 'ipa', ports });
const plain = declaring(ldap, kerberosTcp, kerberosUdp, kpasswdUdp);
const probed = declaring(ldap, kerberosTcp, { ...kerberosUdp, probes }, kpasswdUdp);
const all = [...PAIRS, 'kpasswd/UDP'].sort();
const others = all.filter((pair) => pair !== 'kerberos/UDP');

const passing: ProbeVerdict = { kind: 'passing', reason: 'it answers' };
const failing: ProbeVerdict = { kind: 'failing', reason: 'kerberos: no answer within 1000 ms' };

/** Resolves when the pod stands in slices, and in full in the register too, with exactly those of these pairs that are ours. */
function stands(world: World, pod: RunningFleet, pairs: readonly string[]): Promise<void> {
  const slices = world.ours(pairs);
  const entries = world.way === 'full' ? slices : [];
  return until(() => assert.deepEqual(world.presence(pod), { isBeating: true, entries, slices }));
}

type Case = {
  readonly name: string;
  readonly skip?: Partial<Readonly<Record<ServedWay, string>>>;
  readonly run: (world: World, start: (podName: string) => RunningFleet) => Promise<void>;
};

const cases: readonly Case[] = [
  {
    name: 'a pair with a probe comes with its first success, its neighbours at once',
    run: async (world, start) => {
      const pod = start('ipa-0');
      pod.declare(probed);
      await stands(world, pod, others);
      assert.equal(pod.stateOf('kerberos/UDP'), 'withheld: not asked yet');
      assert.deepEqual(await world.srv('kerberos/UDP'), []);
      pod.judge('kerberos/UDP', passing);
      await stands(world, pod, all);
      await world.resolves('kerberos/UDP', ['ipa-0:88']);
    },
  },
  {
    name: 'a pair whose probe fails goes alone, says why, and comes back',
    run: async (world, start) => {
      const pod = start('ipa-0');
      pod.declare(probed);
      pod.judge('kerberos/UDP', passing);
      await stands(world, pod, all);
      const losses = world.watchLosses(pod);
      pod.judge('kerberos/UDP', failing);
      await stands(world, pod, others);
      await world.resolves('kerberos/UDP', []);
      assert.equal(pod.stateOf('kerberos/UDP'), `withheld: ${failing.reason}`);
      assert.ok(
        losses.length > 0 && losses.every((loss) => loss.startsWith('ipa-0 lost kerberos/UDP ')),
        losses.join(),
      );
      pod.judge('kerberos/UDP', passing);
      await stands(world, pod, all);
      await pod.finds();
    },
  },
  {
    name: 'a probe that is added takes nothing away before it has failed',
    run: async (world, start) => {
      const pod = start('ipa-0');
      pod.declare(plain);
      await stands(world, pod, all);
      const losses = world.watchLosses(pod);
      pod.declare(probed);
      await until(() => assert.equal(pod.stateOf('kerberos/UDP'), 'announced: not asked yet'));
      await world.beats(pod, 1);
      assert.deepEqual(losses, []);
      pod.judge('kerberos/UDP', failing);
      await stands(world, pod, others);
      pod.judge('kerberos/UDP', undefined);
      await world.beats(pod, 1);
      await stands(world, pod, others);
    },
  },
  {
    name: 'a container that starts anew keeps what stands until its probes have an answer',
    run: async (world, start) => {
      const before = start('ipa-0');
      before.declare(probed);
      before.judge('kerberos/UDP', passing);
      await stands(world, before, all);
      await before.kill();
      const losses = world.watchLosses(before);
      const after = start('ipa-0');
      after.declare(probed);
      await world.beats(after, 2);
      assert.equal(after.stateOf('kerberos/UDP'), 'announced: not asked yet');
      assert.deepEqual(losses, []);
    },
  },
  {
    name: 'probes run while the workload is ready, under a Service that is served, and no longer',
    run: async (world, start) => {
      const { admin } = world.server;
      const pod = start('ipa-0');
      const address = admin.get('pods', 'ipa-0')?.status?.podIP;
      const target = {
        service: 'ipa',
        address,
        pairs: [{ name: 'kerberos', protocol: 'UDP', port: 88, probes }],
        namedPorts: [],
      };
      const aims = (expected: unknown) => until(() => assert.deepEqual(pod.aimed(), expected));
      pod.declare(probed);
      await aims(target);
      admin.setContainerReady({ pod: 'ipa-0', container: 'server', ready: false });
      await aims(undefined);
      pod.declare({ ...probed, publishNotReadyAddresses: true });
      await aims(target);
      admin.delete('services', 'ipa');
      await aims(undefined);
      await admin.settled();
      world.createService();
      await aims(target);
      pod.declare(undefined);
      await aims(undefined);
      pod.declare({ ...probed, publishNotReadyAddresses: true });
      await aims(target);
      await pod.terminate();
      assert.equal(pod.aimed(), undefined);
    },
  },
  {
    name: 'a probe of a pair that the Service has itself is not run, and a finding says so',
    skip: { full: 'the Service has no ports of its own' },
    run: async (world, start) => {
      const pod = start('ipa-0');
      pod.declare(declaring({ ...ldap, probes }, kerberosTcp, kerberosUdp));
      await pod.finds('probe-without-effect');
      assert.equal(pod.aimed(), undefined);
      await stands(world, pod, PAIRS);
      pod.declare(plain);
      await pod.finds();
    },
  },
  {
    name: 'what the slices announce is told as acknowledged, and that nothing is left',
    run: async (world, start) => {
      const pod = start('ipa-0');
      const tells = (pairs: readonly string[], isNameOnly = false) =>
        until(() => {
          const seen = pod.published();
          assert.deepEqual(
            {
              uid: seen?.identity.uid,
              pairs: seen?.pairs.map(({ name, protocol, port }) => `${name}/${protocol} ${port}`).sort(),
              isNameOnly: seen?.isNameOnly,
            },
            { uid: pod.uid, pairs, isNameOnly },
          );
        });
      const ports = new Map([ldap, kerberosTcp, kerberosUdp].map((one) => [`${one.name}/${one.protocol}`, one.port]));
      pod.declare(declaring(ldap, kerberosTcp, kerberosUdp));
      await tells(world.ours().map((pair) => `${pair} ${ports.get(pair)}`));
      const { podIP = '' } = world.server.admin.get('pods', 'ipa-0')?.status ?? {};
      assert.deepEqual(pod.published()?.addresses, { IPv4: podIP });
      world.server.admin.setContainerReady({ pod: 'ipa-0', container: 'server', ready: false });
      await tells([]);
      world.server.admin.edit('services', 'ipa', { spec: { publishNotReadyAddresses: true } });
      await tells([], world.way === 'full');
      await pod.terminate();
      await tells([]);
      assert.deepEqual(pod.published()?.addresses, {});
    },
  },
];

describe('probes', { concurrency: 2 }, () => {
  for (const way of ['full', 'supplement'] as const) {
    describe(`in the way ${way}`, { concurrency: 4 }, () => {
      for (const { name, skip, run } of cases) {
        test(name, { skip: skip?.[way] ?? false }, async (t) => {
          const world = await startWorld(t, way);
          await run(world, (podName) => startFleet(t, world, podName));
        });
      }
    });
  }
});
