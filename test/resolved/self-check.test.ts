/** The self-check from publication to verdict: when it asks, what it shows, what it tells. Real sockets, a fake clock. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { negative, refusing, srv } from '../dns/scripted.ts';
import { kerberosTcp, kerberosUdp, ldapTcp } from '../support/pairs.ts';
import { identityOf } from '../support/pods.ts';
import { until } from '../support/until.ts';
import { type AskedAt, publishedOf, startBench, TARGET } from './support.ts';

const found = ({ name }: AskedAt) => ({ answers: [srv(name, TARGET, name.startsWith('_ldap') ? 389 : 88)] });
const nameOf = (pair: string) => `_${pair}.ipa.identity.svc.cluster.local`;
const codes = (findings: readonly { readonly code: string }[]) => findings.map(({ code }) => code);

describe('a pair that was published', () => {
  test('is asked for a second later and never before, then once a minute', async (t) => {
    const bench = await startBench(t, found);
    await bench.pass(5000);
    bench.check.published(publishedOf([kerberosUdp]));
    await bench.pass(750);
    assert.deepEqual(bench.questions(), []);
    assert.deepEqual(bench.check.pairs('ipa')[0]?.state, 'waiting');
    await bench.pass(250);
    assert.deepEqual(
      bench.questions().map(({ name, type, atMs }) => [name, type, atMs]),
      [[nameOf('kerberos._udp'), 'SRV', 6000]],
    );
    await bench.states('resolved');
    await bench.pass(60_000);
    assert.equal(bench.questions().length, 2);
  });

  test('is shown with the time that it took, measured and told once', async (t) => {
    const bench = await startBench(t, found);
    bench.check.published(publishedOf([kerberosUdp, ldapTcp]));
    await bench.pass(1000);
    await bench.states('resolved', 'resolved');
    assert.deepEqual(bench.check.pairs('ipa')[0], {
      pair: 'kerberos/UDP',
      state: 'resolved',
      reason: 'DNS answers with this pod',
      answeredAgeMs: 0,
      elapsedMs: 1000,
    });
    await bench.pass(120_000);
    assert.deepEqual(bench.measured, [
      { service: 'ipa', elapsedMs: 1000 },
      { service: 'ipa', elapsedMs: 1000 },
    ]);
    assert.deepEqual(
      bench.lines.map(({ event, service, pairs, elapsedMs }) => ({ event, service, pairs, elapsedMs })),
      [{ event: 'dns-resolved', service: 'ipa', pairs: ['kerberos/UDP', 'ldap/TCP'], elapsedMs: 1000 }],
    );
  });

  test('and said to be so again and again is not asked for sooner, nor anew', async (t) => {
    const bench = await startBench(t, found);
    bench.check.published(publishedOf([kerberosUdp]));
    await bench.pass(2000);
    const changeCount = bench.changeCount();
    for (let ms = 0; ms < 10_000; ms += 500) {
      bench.check.published(publishedOf([kerberosUdp]));
      await bench.pass(500);
    }
    assert.equal(bench.changeCount(), changeCount, 'nothing changed, and nobody is called');
    assert.deepEqual(
      bench.questions().map(({ atMs }) => atMs),
      [1000],
    );
  });

  test('with another port or address is asked for anew, a second later', async (t) => {
    const bench = await startBench(t, found);
    bench.check.published(publishedOf([kerberosUdp]));
    await bench.pass(3000);
    bench.check.published(publishedOf([kerberosUdp], { addresses: { IPv4: '10.0.0.77' } }));
    await bench.pass(1000);
    bench.check.published(publishedOf([{ ...kerberosUdp, port: 1088 }]));
    await bench.pass(1000);
    assert.deepEqual(
      bench.questions().map(({ atMs }) => atMs),
      [1000, 4000, 5000],
    );
  });
});

describe('what is not there any more', () => {
  test('is never asked for: withdrawn, forgotten, or the name alone', async (t) => {
    const bench = await startBench(t, found);
    bench.check.published(publishedOf([kerberosUdp, ldapTcp]));
    bench.check.published(publishedOf([ldapTcp], { service: 'other' }));
    bench.check.published(publishedOf([kerberosTcp], { service: 'third' }));
    await bench.pass(750);
    bench.check.published(publishedOf([ldapTcp]));
    bench.check.forget('other');
    bench.check.published(publishedOf([kerberosTcp], { service: 'third', isNameOnly: true }));
    await bench.pass(100_000);
    assert.deepEqual([...new Set(bench.questions().map(({ name }) => name))], [nameOf('ldap._tcp')]);
    assert.deepEqual(bench.check.pairs('other'), []);
  });

  test('makes nothing of an answer that comes when the pair was withdrawn and published anew', async (t) => {
    const held = Promise.withResolvers<ReturnType<typeof found>>();
    const bench = await startBench(t, () => held.promise);
    bench.check.published(publishedOf([kerberosUdp]));
    await bench.clock.advance(1000);
    const [asked] = await until(() => {
      assert.equal(bench.questions().length, 1);
      return bench.questions();
    });
    if (asked === undefined) assert.fail('nothing was asked');
    bench.check.forget('ipa');
    bench.check.published(publishedOf([kerberosUdp]));
    held.resolve(found(asked));
    await bench.pass(750);
    assert.deepEqual(bench.check.pairs('ipa')[0]?.state, 'waiting');
    assert.deepEqual(bench.measured, []);
  });
});

describe('DNS that lacks a pair', () => {
  test('a negative answer is left alone for its SOA minimum, then asked for again', async (t) => {
    const bench = await startBench(t, (asked) => (asked.atMs < 30_000 ? negative('NXDOMAIN', 30) : found(asked)));
    bench.check.published(publishedOf([kerberosUdp]));
    await bench.pass(30_750);
    assert.equal(bench.questions().length, 1);
    await bench.states('absent');
    await bench.pass(500);
    assert.deepEqual(
      bench.questions().map(({ atMs }) => atMs),
      [1000, 31_000],
    );
    await bench.states('resolved');
    assert.deepEqual(bench.measured, [{ service: 'ipa', elapsedMs: 31_000 }]);
    assert.deepEqual(bench.check.findings(), []);
  });

  test('an answer without us is a cached one, and asked for again when its TTL is over', async (t) => {
    const bench = await startBench(t, (asked) =>
      asked.atMs < 7000 ? { answers: [srv(asked.name, 'ipa-1.x', 88, 7)] } : found(asked),
    );
    bench.check.published(publishedOf([kerberosUdp]));
    await bench.pass(1000);
    await bench.states('cached');
    await bench.pass(7000);
    await bench.states('resolved');
    assert.deepEqual(
      bench.questions().map(({ atMs }) => atMs),
      [1000, 8000],
    );
  });

  test('is a finding after a minute, which names the answer, and goes with it', async (t) => {
    let isThere = false;
    const bench = await startBench(t, (asked) => {
      if (asked.type === 'A') return { answers: [{ name: asked.name, type: 'A', ttl: 5, data: '10.0.0.9' }] };
      return isThere ? found(asked) : negative('NXDOMAIN', 30);
    });
    bench.check.published(publishedOf([kerberosUdp, ldapTcp]));
    await bench.pass(59_750);
    assert.deepEqual(bench.check.findings(), []);
    await bench.pass(500);
    const [finding] = bench.check.findings();
    assert.deepEqual(codes(bench.check.findings()), ['dns-lacks-pairs']);
    assert.equal(
      finding?.message,
      `Service ipa: DNS server ${bench.server} does not answer kerberos/UDP, ldap/TCP with this pod a minute after they were published; to ${nameOf('kerberos._udp')} it answers NXDOMAIN, kept for 30 s`,
    );
    assert.match(finding?.remedy ?? '', /reads Endpoints alone, as kube-dns does/);
    const changeCount = bench.changeCount();
    await bench.pass(3000);
    assert.deepEqual(bench.check.findings(), [finding]);
    isThere = true;
    await bench.pass(40_000);
    assert.deepEqual(bench.check.findings(), []);
    assert.ok(bench.changeCount() > changeCount);
  });

  test('where the Service itself has no name there, another domain is the cause', async (t) => {
    const bench = await startBench(t, () => negative('NXDOMAIN', 300));
    bench.check.published(publishedOf([kerberosUdp]));
    await bench.pass(61_000);
    const [finding] = bench.check.findings();
    assert.match(finding?.message ?? '', /ipa\.identity\.svc\.cluster\.local itself is NXDOMAIN too$/);
    assert.match(
      finding?.remedy ?? '',
      /Is "cluster\.local" the cluster's domain .* Set REGISTRAR_CLUSTER_DOMAIN, or REGISTRAR_DNS_SERVER\.$/,
    );
    // Its absence would be kept too: it is asked for once, and only now.
    assert.deepEqual(
      bench.questions().map(({ type, atMs }) => [type, atMs]),
      [
        ['SRV', 1000],
        ['A', 60_000],
      ],
    );
  });

  test('a cache that outlives its TTL is named as such', async (t) => {
    const bench = await startBench(t, ({ name }) => ({ answers: [srv(name, 'ipa-1.x', 88, 10)] }));
    bench.check.published(publishedOf([kerberosUdp]));
    await bench.pass(60_000);
    const [finding] = bench.check.findings();
    assert.match(finding?.message ?? '', /it answers without this pod, TTL 10 s$/);
    assert.match(finding?.remedy ?? '', /NodeLocal DNSCache/);
  });

  test('a pair that was found is a finding once two answers in a row lack it', async (t) => {
    const bench = await startBench(t, (asked) => (asked.atMs < 50_000 ? found(asked) : negative('NOERROR', 30)));
    bench.check.published(publishedOf([kerberosUdp]));
    await bench.pass(57_000);
    await bench.states('absent');
    assert.deepEqual(bench.check.findings(), []);
    await bench.pass(30_000);
    assert.match(bench.check.findings()[0]?.message ?? '', /with this pod any more, though still published/);
    bench.check.forget('ipa');
    await bench.pass(250);
    assert.deepEqual(bench.check.findings(), []);
  });

  test('pairs that were lost for a moment, as after an eviction that was a mistake, are none', async (t) => {
    const bench = await startBench(t, (asked) =>
      asked.atMs < 50_000 || asked.atMs > 58_000 ? found(asked) : negative('NXDOMAIN', 5),
    );
    const seen = new Set<string>();
    bench.check.published(publishedOf([kerberosUdp, kerberosTcp, ldapTcp]));
    for (let ms = 0; ms < 70_000; ms += 250) {
      await bench.pass(250);
      for (const { message } of bench.check.findings()) seen.add(message);
    }
    await bench.states('resolved', 'resolved', 'resolved');
    assert.deepEqual([...seen], []);
  });

  test('pairs that are lost together are one finding, told once all of them were asked for', async (t) => {
    const seen = new Set<string>();
    const bench = await startBench(t, (asked) => {
      // At most two are asked at once, so that the third comes between the answers.
      for (const { message } of bench.check.findings()) seen.add(message);
      return asked.atMs < 50_000 ? found(asked) : { answers: [srv(asked.name, 'ipa-1.x', 88, 10)] };
    });
    bench.check.published(publishedOf([kerberosUdp, kerberosTcp, ldapTcp]));
    await bench.pass(80_000);
    assert.equal(bench.questions().length, 12);
    assert.deepEqual(
      [...seen].map((message) => / not answer (.*) with this pod any more/.exec(message)?.[1]),
      ['kerberos/UDP, kerberos/TCP, ldap/TCP'],
    );
  });
});

describe('a silent server', () => {
  test('is a finding after 10 s, and its silence is known before', async (t) => {
    let isSilent = true;
    const bench = await startBench(t, (asked) => (isSilent ? undefined : found(asked)));
    bench.check.published(publishedOf([kerberosUdp]));
    await bench.pass(3500);
    await bench.states('silent');
    assert.deepEqual(bench.check.server(), { kind: 'on', silentForMs: 2500 });
    assert.deepEqual(bench.check.findings(), []);
    await bench.pass(8000);
    assert.deepEqual(codes(bench.check.findings()), ['dns-silent']);
    assert.match(bench.check.findings()[0]?.message ?? '', /^DNS server 127\.0\.0\.1:\d+ does not answer: whether/);
    assert.match(bench.check.findings()[0]?.remedy ?? '', /Set REGISTRAR_DNS_SERVER/);
    isSilent = false;
    await bench.pass(61_000);
    assert.deepEqual(bench.check.findings(), []);
    assert.deepEqual(bench.check.server(), { kind: 'on', silentForMs: 0 });
    await bench.states('resolved');
  });

  test('that refuses is named with what it says', async (t) => {
    const bench = await startBench(t, () => refusing('REFUSED'));
    bench.check.published(publishedOf([kerberosUdp]));
    await bench.pass(12_000);
    assert.match(bench.check.findings()[0]?.message ?? '', /answers REFUSED/);
  });

  test('is asked two questions at once at most', async (t) => {
    const bench = await startBench(t, () => undefined);
    bench.check.published(publishedOf([kerberosUdp, kerberosTcp, ldapTcp]));
    await bench.pass(2750);
    assert.equal(bench.questions().length, 2);
    await bench.pass(500);
    assert.equal(new Set(bench.questions().map(({ name }) => name)).size, 3);
  });
});

describe('DNS that is off', () => {
  test('is never asked; each pair says why', async (t) => {
    const reason = '/etc/resolv.conf begins with 127.0.0.1';
    const bench = await startBench(t, found, { kind: 'off', reason });
    bench.check.published(publishedOf([kerberosUdp], { identity: identityOf('ipa-0') }));
    await bench.pass(100_000);
    assert.deepEqual(bench.questions(), []);
    assert.deepEqual(bench.check.pairs('ipa'), [
      { pair: 'kerberos/UDP', state: 'off', reason, answeredAgeMs: null, elapsedMs: null },
    ]);
    assert.deepEqual(bench.check.server(), { kind: 'off', reason });
    assert.deepEqual(bench.check.findings(), []);
  });
});
