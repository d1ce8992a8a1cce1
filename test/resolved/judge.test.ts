/** What an answer makes of the look at a pair, and when it is asked again. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DnsAnswer } from '../../agent/dns/message.ts';
import { firstLook, judge, type Progress } from '../../agent/resolved/judge.ts';
import { isOurs, lookupsOf, type Published } from '../../agent/resolved/lookup.ts';
import { kerberosUdp, ldapTcp } from '../support/pairs.ts';
import { identityOf } from '../support/pods.ts';

const zone = { namespace: 'identity', clusterDomain: 'cluster.local' };
const published: Published = {
  service: 'ipa',
  identity: identityOf('ipa-0'),
  pairs: [kerberosUdp],
  addresses: { IPv4: '10.0.0.10' },
  isNameOnly: false,
};
const target = 'ipa-0.ipa.identity.svc.cluster.local';
const lookup = lookupsOf(published, zone)[0] ?? assert.fail('nothing to look up');

describe('lookupsOf', () => {
  test('a pair is looked up under its SRV name, and known by port and target', () => {
    assert.deepEqual(lookup, {
      pair: 'kerberos/UDP',
      name: '_kerberos._udp.ipa.identity.svc.cluster.local',
      port: 88,
      targets: [target],
      addresses: ['10.0.0.10'],
    });
  });

  const targets = [
    { name: 'of an IPv4 address', addresses: { IPv4: '10.0.0.10' }, expect: ['10-0-0-10'] },
    { name: 'of an IPv6 address', addresses: { IPv6: 'fd00::a' }, expect: ['fd00--a'] },
    { name: 'of one that ends in colons, which DNS ends in a 0', addresses: { IPv6: 'fd00::' }, expect: ['fd00--0'] },
    { name: 'of each family', addresses: { IPv4: '10.0.0.10', IPv6: 'fd00::a' }, expect: ['10-0-0-10', 'fd00--a'] },
  ];
  for (const { name, addresses, expect } of targets) {
    test(`without a hostname the target is made of the address: ${name}`, () => {
      const identity = identityOf('ipa-0', { hostname: undefined });
      assert.deepEqual(
        lookupsOf({ ...published, identity, addresses }, zone).flatMap((one) => one.targets),
        expect.map((host) => `${host}.ipa.identity.svc.cluster.local`),
      );
    });
  }

  test('a slice that publishes the name alone has nothing to look up', () =>
    assert.deepEqual(lookupsOf({ ...published, isNameOnly: true }, zone), []));

  test('several pairs are several', () =>
    assert.deepEqual(
      lookupsOf({ ...published, pairs: [ldapTcp, kerberosUdp] }, zone).map(({ pair }) => pair),
      ['ldap/TCP', 'kerberos/UDP'],
    ));
});

describe('isOurs', () => {
  const record = (change = {}) => ({ target, port: 88, ttlSeconds: 30, ...change });
  const address = (of: string, name = target) => ({ name, address: of, ttlSeconds: 30 });
  const cases = [
    { name: 'our target and port', given: record(), addresses: [], expect: true },
    { name: 'our target in capitals', given: record({ target: target.toUpperCase() }), addresses: [], expect: true },
    { name: 'our target with our address', given: record(), addresses: [address('10.0.0.10')], expect: true },
    {
      name: 'our target with the address of an earlier pod',
      given: record(),
      addresses: [address('10.0.0.9')],
      expect: false,
    },
    { name: 'our target with another port', given: record({ port: 1088 }), addresses: [], expect: false },
    { name: "a peer's target", given: record({ target: 'ipa-1.x' }), addresses: [address('10.0.0.10')], expect: false },
    {
      name: 'a target that the server named its own way, with our address',
      given: record({ target: '6664656.x' }),
      addresses: [address('10.0.0.10', '6664656.x')],
      expect: true,
    },
  ];
  for (const { name, given, addresses, expect } of cases) {
    test(`${name}: ${expect}`, () => assert.equal(isOurs(given, lookup, addresses), expect));
  }
});

const ours: DnsAnswer = {
  kind: 'answered',
  services: [{ target, port: 88, ttlSeconds: 30 }],
  addresses: [],
  zones: [],
};
const theirs = (...ttls: readonly number[]): DnsAnswer => ({
  ...ours,
  services: ttls.map((ttlSeconds) => ({ target: 'ipa-1.x', port: 88, ttlSeconds })),
});
const negative = (soaMinimumSeconds: number | undefined): DnsAnswer => ({
  kind: 'negative',
  rcode: 'NXDOMAIN',
  soaMinimumSeconds,
});

const START_MS = 5000;
const NOW_MS = 7500;

function judged(answer: DnsAnswer, before: Partial<Progress> = {}, random = 0): Progress & { readonly waitMs: number } {
  const given = { lookup, acknowledgedAtMs: START_MS, nowMs: NOW_MS, random };
  const progress = judge({ ...firstLook(START_MS, 0), ...before }, answer, given);
  return { ...progress, waitMs: progress.dueAtMs - NOW_MS };
}

describe('the first question', () => {
  for (const random of [0, 0.5, 0.999]) {
    test(`is due a second after the acknowledgement at the soonest (random ${random})`, () => {
      const { dueAtMs, state } = firstLook(START_MS, random);
      assert.ok(dueAtMs >= START_MS + 1000 && dueAtMs < START_MS + 1300, `${dueAtMs}`);
      assert.equal(state, 'waiting');
    });
  }
});

describe('judge', () => {
  const cases: readonly {
    readonly name: string;
    readonly answer: DnsAnswer;
    readonly before?: Partial<Progress>;
    readonly expect: Partial<ReturnType<typeof judged>>;
  }[] = [
    {
      name: 'an answer with us resolves the pair, and it is looked at again a minute later',
      answer: ours,
      expect: { state: 'resolved', elapsedMs: 2500, waitMs: 54_000, answeredAtMs: NOW_MS, lack: undefined },
    },
    {
      name: 'the time that it took stays that of the first such answer',
      answer: ours,
      before: { elapsedMs: 1200 },
      expect: { state: 'resolved', elapsedMs: 1200 },
    },
    {
      name: 'after a negative answer its SOA minimum is waited for',
      answer: negative(30),
      expect: { state: 'absent', waitMs: 30_000, elapsedMs: undefined },
    },
    { name: 'at least 5 s', answer: negative(0), expect: { state: 'absent', waitMs: 5000 } },
    { name: 'at most 300 s', answer: negative(3600), expect: { state: 'absent', waitMs: 300_000 } },
    { name: '30 s where it carries no SOA', answer: negative(undefined), expect: { state: 'absent', waitMs: 30_000 } },
    {
      name: 'an answer without us is a cached one: the shortest TTL in it is waited for',
      answer: theirs(30, 12),
      expect: { state: 'cached', waitMs: 12_000, lack: { kind: 'cached', words: 'without this pod, TTL 12 s' } },
    },
    { name: 'at least 2 s of it', answer: theirs(0), expect: { state: 'cached', waitMs: 2000 } },
    { name: 'at most 300 s of it', answer: theirs(86_400), expect: { state: 'cached', waitMs: 300_000 } },
    {
      name: 'silence is asked again soon',
      answer: { kind: 'silent' },
      expect: { state: 'silent', waitMs: 1000, failureCount: 1, answeredAtMs: undefined },
    },
    {
      name: 'a server that refuses is silent on our question',
      answer: { kind: 'refused', rcode: 'SERVFAIL' },
      expect: { state: 'silent', reason: 'DNS answers SERVFAIL' },
    },
    {
      name: 'so is one that cannot be reached',
      answer: { kind: 'unreachable', code: 'ECONNREFUSED' },
      expect: { state: 'silent', reason: 'DNS cannot be reached (ECONNREFUSED)' },
    },
    {
      name: 'silence takes back nothing that was answered',
      answer: { kind: 'silent' },
      before: { lack: { kind: 'NODATA', words: 'NODATA' }, elapsedMs: 1200, answeredAtMs: 6000 },
      expect: { lack: { kind: 'NODATA', words: 'NODATA' }, elapsedMs: 1200, answeredAtMs: 6000 },
    },
    {
      name: 'an answer ends the silence',
      answer: negative(30),
      before: { failureCount: 4 },
      expect: { failureCount: 0 },
    },
    {
      name: 'a pair that was found and is no longer has its time still, and a lack',
      answer: negative(30),
      before: { elapsedMs: 1200, state: 'resolved' },
      expect: { state: 'absent', elapsedMs: 1200, lack: { kind: 'NXDOMAIN', words: 'NXDOMAIN, kept for 30 s' } },
    },
  ];
  for (const { name, answer, before, expect } of cases) {
    test(name, () => {
      const seen = judged(answer, before);
      assert.deepEqual({ ...seen, ...expect }, seen);
    });
  }

  test('a server that stays silent is asked ever more rarely, once a minute at last', () => {
    const waits = [0, 1, 3, 10, 100].map((failureCount) => judged({ kind: 'silent' }, { failureCount }, 0.999).waitMs);
    assert.deepEqual(waits.map(Math.round), [1999, 2998, 8992, 59_941, 59_941]);
  });
});
