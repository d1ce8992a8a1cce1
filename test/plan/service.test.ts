import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readService } from '../../agent/plan/service.ts';
import {
  balanced,
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
      name: 'the first family is the primary one',
      given: [headless, speaking('IPv6', 'IPv4')],
      expect: factsOf('ipa', { family: 'IPv6' }),
    },
    { name: 'the second family is not', given: [headless, speaking('IPv4', 'IPv6')], expect: factsOf('ipa') },
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

function withEmptySelector(service: ReturnType<typeof serviceOf>): ReturnType<typeof serviceOf> {
  return { ...service, spec: { ...service.spec, selector: {} } };
}
