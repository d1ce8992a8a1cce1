import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readService, registerAddress, sharedAddresses } from '../../agent/plan/service.ts';
import {
  balanced,
  early,
  external,
  factsOf,
  headless,
  offering,
  portFacts,
  selecting,
  serviceOf,
  speaking,
} from '../support/services.ts';

describe('readService', () => {
  const cases = [
    { name: 'clusterIP None is headless', given: [headless], expect: factsOf('ipa') },
    { name: 'a cluster IP is none', given: [balanced('10.96.0.9')], expect: factsOf('ipa', { shape: 'cluster-ip' }) },
    { name: 'a cluster IP that is not given yet is one', given: [], expect: factsOf('ipa', { shape: 'cluster-ip' }) },
    { name: 'ExternalName is neither', given: [external], expect: factsOf('ipa', { shape: 'external-name' }) },
    {
      name: 'ExternalName with clusterIP None is still ExternalName',
      given: [headless, external],
      expect: factsOf('ipa', { shape: 'external-name' }),
    },
    { name: 'a selector is seen', given: [headless, selecting('ipa')], expect: factsOf('ipa', { hasSelector: true }) },
    { name: 'an empty selector selects nothing', given: [headless, withEmptySelector], expect: factsOf('ipa') },
    {
      name: 'its families keep their order: the first is the primary one',
      given: [headless, speaking('IPv6', 'IPv4')],
      expect: factsOf('ipa', { families: ['IPv6', 'IPv4'] }),
    },
    {
      name: 'a family that is none of the two is passed over',
      given: [headless, speaking('IPv9', 'IPv6')],
      expect: factsOf('ipa', { families: ['IPv6'] }),
    },
    {
      name: 'without a list of families a cluster IP tells its one',
      given: [balanced('fd00:96::9')],
      expect: factsOf('ipa', { shape: 'cluster-ip', families: ['IPv6'] }),
    },
    { name: 'without either it is IPv4', given: [headless, speaking()], expect: factsOf('ipa') },
    {
      name: 'names that resolve early are seen',
      given: [headless, early],
      expect: factsOf('ipa', { publishesNotReady: true }),
    },
    {
      name: 'its own ports are read as stored',
      given: [headless, offering('kerberos', 88, { protocol: 'TCP', targetPort: 'krb', appProtocol: 'kerberos' })],
      expect: factsOf('ipa', { ports: [portFacts('kerberos', 88, { targetPort: 'krb', appProtocol: 'kerberos' })] }),
    },
    {
      name: 'a port without a protocol is TCP',
      given: [headless, offering('ldap', 389, { targetPort: 389 })],
      expect: factsOf('ipa', { ports: [portFacts('ldap', 389)] }),
    },
    {
      name: 'a port without a name makes no SRV record, so it is no pair',
      given: [headless, offering(undefined, 389)],
      expect: factsOf('ipa'),
    },
  ];
  for (const { name, given, expect } of cases) {
    test(name, () => assert.deepEqual(readService(serviceOf('ipa', ...given)), expect));
  }
});

describe('addresses', () => {
  const four = { IPv4: '10.0.0.10' };
  const six = { IPv6: 'fd00::10' };
  const cases = [
    { name: 'one family on both sides', families: ['IPv4'], pod: four, register: '10.0.0.10', shared: four },
    {
      name: 'a Service of two families serves a pod that has the second alone',
      families: ['IPv4', 'IPv6'],
      pod: six,
      register: 'fd00::10',
      shared: six,
    },
    {
      name: 'the register takes the Service’s first family, not the pod’s',
      families: ['IPv6', 'IPv4'],
      pod: { ...four, ...six },
      register: 'fd00::10',
      shared: { ...four, ...six },
    },
    {
      name: 'a family that the Service lacks is not published',
      families: ['IPv4'],
      pod: { ...four, ...six },
      register: '10.0.0.10',
      shared: four,
    },
    { name: 'none is shared', families: ['IPv6'], pod: four, register: undefined, shared: {} },
    { name: 'a pod without an address has none', families: ['IPv4', 'IPv6'], pod: {}, register: undefined, shared: {} },
  ] as const;
  for (const { name, families, pod, register, shared } of cases) {
    test(name, () => {
      const service = factsOf('ipa', { families });
      assert.equal(registerAddress(service, pod), register);
      assert.deepEqual(sharedAddresses(service, pod), shared);
    });
  }
});

function withEmptySelector(service: ReturnType<typeof serviceOf>): ReturnType<typeof serviceOf> {
  return { ...service, spec: { ...service.spec, selector: {} } };
}
