/** Which server and which domain: from settings and from the resolv.conf files that pods have. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { chooseDns, parseResolvConf } from '../../agent/dns/resolv-conf.ts';

const kubelet = `search identity.svc.cluster.local svc.cluster.local cluster.local example.com
nameserver 10.96.0.10
options ndots:5
`;
const unset = { server: undefined, clusterDomain: undefined };
const at = (address: string, port = 53) => ({ kind: 'at', address, port });

describe('parseResolvConf', () => {
  const cases = [
    {
      name: 'as kubelet writes it',
      text: kubelet,
      expect: {
        nameservers: ['10.96.0.10'],
        searches: ['identity.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'example.com'],
      },
    },
    {
      name: 'comments, tabs, capitals and final dots',
      text: '# nameserver 1.1.1.1\n;nameserver 1.1.1.2\nsearch\tA.Example. b\r\nnameserver  fd00::a \n',
      expect: { nameservers: ['fd00::a'], searches: ['a.example', 'b'] },
    },
    {
      name: 'the last search or domain counts, every server does',
      text: 'search a\ndomain b\nnameserver 1.1.1.1\nnameserver 1.1.1.2',
      expect: { nameservers: ['1.1.1.1', '1.1.1.2'], searches: ['b'] },
    },
    { name: 'lines without a value', text: 'search\nnameserver\n', expect: { nameservers: [], searches: [] } },
    { name: 'nothing', text: '', expect: { nameservers: [], searches: [] } },
  ];
  for (const { name, text, expect } of cases) {
    test(name, () => assert.deepEqual(parseResolvConf(text), expect));
  }
});

describe('the server', () => {
  const choose = (resolvConf: string | undefined, server: Parameters<typeof chooseDns>[0]['server'] = undefined) =>
    chooseDns({ ...unset, server }, { resolvConf, namespace: 'identity' }).server;

  test('is the first of resolv.conf', () => {
    assert.deepEqual(choose('nameserver 10.96.0.10\nnameserver 127.0.0.1'), at('10.96.0.10'));
    assert.deepEqual(choose('nameserver fd00::a'), at('fd00::a'));
    assert.deepEqual(choose('nameserver 169.254.20.10'), at('169.254.20.10'));
  });

  test('is the one that is set, a loopback one too', () => {
    assert.deepEqual(choose(kubelet, { kind: 'at', address: '127.0.0.1', port: 1053 }), at('127.0.0.1', 1053));
    assert.deepEqual(choose('nameserver 127.0.0.1', { kind: 'at', address: '10.96.0.10', port: 53 }), at('10.96.0.10'));
  });

  const off = [
    {
      name: 'it is set to off',
      text: kubelet,
      server: { kind: 'off' } as const,
      expect: /REGISTRAR_DNS_SERVER is off/,
    },
    {
      name: 'the first is 127.0.0.1, as in a FreeIPA pod',
      text: 'nameserver 127.0.0.1',
      expect: /127\.0\.0\.1, the pod's own/,
    },
    {
      name: 'the first is another loopback',
      text: 'nameserver 127.0.0.53\nnameserver 10.96.0.10',
      expect: /127\.0\.0\.53/,
    },
    { name: 'the first is ::1', text: 'nameserver ::1', expect: /begins with ::1/ },
    { name: 'the first is ::1 written out', text: 'nameserver 0:0:0:0:0:0:0:1', expect: /pod's own/ },
    { name: 'there is none', text: 'search a', expect: /names no server/ },
    { name: 'the file cannot be read', text: undefined, expect: /cannot be read/ },
  ];
  for (const { name, text, server, expect } of off) {
    test(`is not asked where ${name}`, () => {
      const chosen = choose(text, server);
      assert.equal(chosen.kind, 'off');
      assert.match(chosen.kind === 'off' ? chosen.reason : '', expect);
    });
  }
});

describe('the domain', () => {
  const cases = [
    { name: 'is behind svc.', search: 'identity.svc.k8s.example svc.k8s.example k8s.example', expect: 'k8s.example' },
    { name: 'is behind the own namespace', search: 'identity.svc.k8s.example', expect: 'k8s.example' },
    {
      name: "is not behind another one's Service",
      search: 'ipa.identity.svc.other example.com',
      expect: 'cluster.local',
    },
    { name: 'is cluster.local where nothing says so', search: 'example.com', expect: 'cluster.local' },
    { name: 'is not empty', search: 'svc. example.com', expect: 'cluster.local' },
  ];
  for (const { name, search, expect } of cases) {
    test(name, () => {
      const given = { resolvConf: `search ${search}\n`, namespace: 'identity' };
      assert.equal(chooseDns(unset, given).clusterDomain, expect);
      assert.equal(chooseDns({ ...unset, clusterDomain: 'set.example' }, given).clusterDomain, 'set.example');
    });
  }

  test('is cluster.local without resolv.conf', () =>
    assert.equal(chooseDns(unset, { resolvConf: undefined, namespace: 'identity' }).clusterDomain, 'cluster.local'));
});
