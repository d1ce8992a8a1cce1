import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { answerQuestion } from './answer.ts';
import { clusterIp, service, slice, source } from './fixtures.ts';
import { recordText } from './text.ts';

const D = 'ipa.default.svc.cluster.local';
const world = source(
  [
    service('ipa'),
    service('nobody'),
    service('early'),
    service('mixed'),
    service('dual'),
    service('nohost'),
    service('vip', clusterIp(['10.96.0.9', 'fd00:96::9'], ['http/TCP/80', 'kerberos-udp/UDP/88'])),
    service('ext', { type: 'ExternalName', externalName: 'example.com' }),
    service('ext-in', { type: 'ExternalName', externalName: D }),
    service('ext-chain', { type: 'ExternalName', externalName: 'ext-in.default.svc.cluster.local' }),
    service('ext-gone', { type: 'ExternalName', externalName: 'gone.default.svc.cluster.local' }),
    service('ext-a', { type: 'ExternalName', externalName: 'ext-b.default.svc.cluster.local' }),
    service('ext-b', { type: 'ExternalName', externalName: 'ext-a.default.svc.cluster.local' }),
    service('ext-ip', { type: 'ExternalName', externalName: '10.9.9.9' }),
  ],
  [
    slice(
      'ipa',
      [
        { ip: '10.0.0.1', hostname: 'ipa-0', ready: true },
        { ip: '10.0.0.2', hostname: 'ipa-1', ready: false },
        { ip: '10.0.0.3', hostname: 'ipa-2' },
      ],
      ['kerberos/TCP/88', 'ldap/TCP/389'],
    ),
    slice('ipa', [{ ip: '10.0.0.1', hostname: 'ipa-0', ready: true }], ['kerberos/UDP/88']),
    slice('early', [{ ip: '10.0.1.1', hostname: 'e-0', ready: true }], []),
    slice('mixed', [{ ip: '10.0.2.1', hostname: 'm-0', ready: true }], []),
    slice('mixed', [{ ip: '10.0.2.1', hostname: 'm-0', ready: true }], ['kerberos/UDP/88']),
    slice('dual', [{ ip: '10.0.3.1', hostname: 'd-0' }], ['kerberos/TCP/88']),
    slice('dual', [{ ip: 'fd00::3:1', hostname: 'd-0' }], ['kerberos/TCP/88']),
    slice('nohost', [{ ip: '10.0.4.1' }, { ip: 'fd00:4::' }], ['kerberos/TCP/88']),
    slice('vip', [{ ip: '10.0.5.1', hostname: 'v-0' }], ['http/TCP/8080']),
    slice('ghost', [{ ip: '10.0.6.1', hostname: 'g-0' }], ['http/TCP/80']),
  ],
);

const cases: readonly {
  readonly name: string;
  readonly ask: string;
  readonly expect: string | readonly string[];
  readonly additionals?: readonly string[];
}[] = [
  {
    name: 'a headless Service has the addresses that are not unready',
    ask: `A ${D}`,
    expect: ['A 10.0.0.1', 'A 10.0.0.3'],
  },
  { name: 'the other family of an address is NODATA', ask: `AAAA ${D}`, expect: 'NOERROR' },
  {
    name: 'an SRV pair lists its endpoints with shared weight and their addresses',
    ask: `SRV _kerberos._tcp.${D}`,
    expect: [`SRV 0 50 88 ipa-0.${D}`, `SRV 0 50 88 ipa-2.${D}`],
    additionals: [`ipa-0.${D} A 10.0.0.1`, `ipa-2.${D} A 10.0.0.3`],
  },
  {
    name: 'the same name over the other protocol is another pair',
    ask: `SRV _kerberos._udp.${D}`,
    expect: [`SRV 0 100 88 ipa-0.${D}`],
    additionals: [`ipa-0.${D} A 10.0.0.1`],
  },
  { name: 'a pair nobody serves is NXDOMAIN', ask: `SRV _ldap._udp.${D}`, expect: 'NXDOMAIN' },
  { name: 'underscores are optional', ask: `SRV kerberos.udp.${D}`, expect: [`SRV 0 100 88 ipa-0.${D}`] },
  { name: 'a pair has addresses too', ask: `A _kerberos._udp.${D}`, expect: ['A 10.0.0.1'] },
  {
    name: 'the question decides the case of the answer',
    ask: `A ${D.toUpperCase()}`,
    expect: ['A 10.0.0.1', 'A 10.0.0.3'],
  },
  {
    name: 'a target keeps the case of the zone as asked',
    ask: 'SRV _KERBEROS._UDP.ipa.default.svc.Cluster.Local',
    expect: ['SRV 0 100 88 ipa-0.ipa.default.svc.Cluster.Local'],
  },
  { name: 'a hostname resolves', ask: `A ipa-0.${D}`, expect: ['A 10.0.0.1'] },
  { name: 'the hostname of an unready endpoint does not', ask: `A ipa-1.${D}`, expect: 'NXDOMAIN' },
  { name: 'a dashed IP is no name where there is a hostname', ask: `A 10-0-0-1.${D}`, expect: 'NXDOMAIN' },
  {
    name: 'a dashed IPv4 names an endpoint without hostname',
    ask: 'A 10-0-4-1.nohost.default.svc.cluster.local',
    expect: ['A 10.0.4.1'],
  },
  {
    name: 'a dashed IPv6 that would end in a dash gets a zero',
    ask: 'AAAA fd00-4--0.nohost.default.svc.cluster.local',
    expect: ['AAAA fd00:4::'],
  },
  { name: 'three labels before the Service are too many', ask: `SRV a._kerberos._tcp.${D}`, expect: 'NXDOMAIN' },
  { name: 'a star is no wildcard', ask: `SRV _*._tcp.${D}`, expect: 'NXDOMAIN' },
  {
    name: 'a headless Service without endpoints is NXDOMAIN',
    ask: 'A nobody.default.svc.cluster.local',
    expect: 'NXDOMAIN',
  },
  { name: 'a slice without ports gives an address', ask: 'A early.default.svc.cluster.local', expect: ['A 10.0.1.1'] },
  { name: '… and the name of its hostname', ask: 'A e-0.early.default.svc.cluster.local', expect: ['A 10.0.1.1'] },
  { name: '… and no SRV', ask: 'SRV _kerberos._tcp.early.default.svc.cluster.local', expect: 'NXDOMAIN' },
  { name: '… so SRV of the Service is NODATA', ask: 'SRV early.default.svc.cluster.local', expect: 'NOERROR' },
  {
    name: 'beside a slice with ports it doubles no address',
    ask: 'A mixed.default.svc.cluster.local',
    expect: ['A 10.0.2.1'],
  },
  {
    name: '… but halves the weight in the SRV of the whole Service',
    ask: 'SRV mixed.default.svc.cluster.local',
    expect: ['SRV 0 50 88 m-0.mixed.default.svc.cluster.local'],
  },
  {
    name: 'two families of one target are one SRV, two addresses and half the weight',
    ask: 'SRV _kerberos._tcp.dual.default.svc.cluster.local',
    expect: ['SRV 0 50 88 d-0.dual.default.svc.cluster.local'],
    additionals: ['d-0.dual.default.svc.cluster.local A 10.0.3.1', 'd-0.dual.default.svc.cluster.local AAAA fd00::3:1'],
  },
  {
    name: 'a cluster IP Service answers its cluster IP',
    ask: 'A vip.default.svc.cluster.local',
    expect: ['A 10.96.0.9'],
  },
  {
    name: 'its SRV comes from its own ports and targets itself',
    ask: 'SRV _http._tcp.vip.default.svc.cluster.local',
    expect: ['SRV 0 50 80 vip.default.svc.cluster.local'],
    additionals: ['vip.default.svc.cluster.local A 10.96.0.9', 'vip.default.svc.cluster.local AAAA fd00:96::9'],
  },
  { name: 'its endpoints’ ports make no SRV', ask: 'SRV _web._tcp.vip.default.svc.cluster.local', expect: 'NXDOMAIN' },
  {
    name: 'its endpoints’ hostnames resolve all the same',
    ask: 'A v-0.vip.default.svc.cluster.local',
    expect: ['A 10.0.5.1'],
  },
  { name: 'slices without a Service are nothing', ask: 'A ghost.default.svc.cluster.local', expect: 'NXDOMAIN' },
  { name: 'an external name stands alone', ask: 'A ext.default.svc.cluster.local', expect: ['CNAME example.com'] },
  { name: '… also when asked for by type', ask: 'CNAME ext.default.svc.cluster.local', expect: ['CNAME example.com'] },
  { name: '… and has no SRV', ask: 'SRV ext.default.svc.cluster.local', expect: 'NOERROR' },
  { name: '… and no pairs', ask: 'SRV _a._tcp.ext.default.svc.cluster.local', expect: 'NXDOMAIN' },
  {
    name: 'an external name inside the zone is followed',
    ask: 'A ext-chain.default.svc.cluster.local',
    expect: ['CNAME ext-in.default.svc.cluster.local', `CNAME ${D}`, 'A 10.0.0.1', 'A 10.0.0.3'],
  },
  { name: 'one that leads nowhere is NODATA', ask: 'A ext-gone.default.svc.cluster.local', expect: 'NOERROR' },
  { name: 'one that leads in a circle is NODATA', ask: 'A ext-a.default.svc.cluster.local', expect: 'NOERROR' },
  { name: 'one that is an address is NXDOMAIN', ask: 'A ext-ip.default.svc.cluster.local', expect: 'NXDOMAIN' },
  { name: 'a namespace exists', ask: 'A empty.svc.cluster.local', expect: 'NOERROR' },
  { name: 'a missing namespace does not', ask: 'A gone.svc.cluster.local', expect: 'NXDOMAIN' },
  { name: 'the zone exists', ask: 'A cluster.local', expect: 'NOERROR' },
  {
    name: 'a name that exists without records is NXDOMAIN for TXT',
    ask: 'TXT empty.svc.cluster.local',
    expect: 'NXDOMAIN',
  },
  { name: 'a name with records is NODATA for TXT', ask: `TXT ${D}`, expect: 'NOERROR' },
  { name: 'the schema has a version', ask: 'TXT dns-version.cluster.local', expect: ['TXT 1.1.0'] },
  { name: 'an unknown type of a name with records is NODATA', ask: `UNKNOWN_65 ${D}`, expect: 'NOERROR' },
  { name: 'an unknown type of no name is NXDOMAIN', ask: `URI _kerberos.${D}`, expect: 'NXDOMAIN' },
  {
    name: 'any dashed IP in a namespace is a pod',
    ask: 'A 10-1-2-3.default.pod.cluster.local',
    expect: ['A 10.1.2.3'],
  },
  { name: 'a pod name that is no IP is NXDOMAIN', ask: 'A ipa-0.default.pod.cluster.local', expect: 'NXDOMAIN' },
  { name: 'a reverse name is the endpoint’s', ask: 'PTR 1.0.0.10.in-addr.arpa', expect: [`PTR ipa-0.${D}`] },
  {
    name: 'the cluster IP’s is the Service’s',
    ask: 'PTR 9.0.96.10.in-addr.arpa',
    expect: ['PTR vip.default.svc.cluster.local'],
  },
  { name: 'an unready endpoint has none', ask: 'PTR 2.0.0.10.in-addr.arpa', expect: 'NXDOMAIN' },
  {
    name: 'IPv6 has reverse names too',
    ask: `PTR ${[...'fd000000000000000000000000030001'].reverse().join('.')}.ip6.arpa`,
    expect: ['PTR d-0.dual.default.svc.cluster.local'],
  },
  { name: 'a zone transfer is refused', ask: 'AXFR cluster.local', expect: 'REFUSED' },
  { name: 'another zone is refused', ask: 'A example.com', expect: 'REFUSED' },
  { name: 'a name that merely ends alike is another zone', ask: 'A xcluster.local', expect: 'REFUSED' },
];

const zone = { source: world, zone: 'cluster.local', ttlSeconds: 5, serial: () => 42 };

function ask(text: string) {
  const [type = '', name = ''] = text.split(' ');
  return answerQuestion({ type, name }, zone);
}

describe('answers', () => {
  for (const { name, ask: text, expect, additionals } of cases) {
    test(name, () => {
      const reply = ask(text);
      assert.deepEqual(
        reply.answers.length > 0 || reply.rcode !== 'NOERROR'
          ? [reply.rcode, reply.answers.map(recordText)]
          : [reply.rcode, []],
        typeof expect === 'string' ? [expect, []] : ['NOERROR', expect],
      );
      if (additionals !== undefined) {
        assert.deepEqual(
          reply.additionals.map((record) => `${record.name} ${recordText(record)}`),
          additionals,
        );
      }
    });
  }
});

test('records are named as asked and live for the TTL', () => {
  const name = 'IPA.default.svc.cluster.local';
  const [first] = ask(`A ${name}`).answers;
  assert.equal(first?.name, name);
  assert.equal(first?.ttl, 5);
});

for (const [text, isNegative] of [
  [`A nope.${D}`, true],
  [`AAAA ${D}`, true],
  [`A ${D}`, false],
] as const) {
  test(`${text} ${isNegative ? 'says in its SOA how long its absence may be remembered' : 'has no SOA'}`, () => {
    const { authorities, isAuthoritative } = ask(text);
    assert.ok(isAuthoritative);
    const soa = 'SOA ns.dns.cluster.local hostmaster.cluster.local 42 7200 1800 86400 5';
    assert.deepEqual(authorities.map(recordText), isNegative ? [soa] : []);
  });
}

test('a refusal carries no authority', () => {
  const { isAuthoritative, authorities } = ask('A example.com');
  assert.deepEqual({ isAuthoritative, authorities }, { isAuthoritative: false, authorities: [] });
});
