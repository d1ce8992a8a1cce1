import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { heartbeatKey } from '../../agent/plan/identity.ts';
import { ownerOf, readRegister } from '../../agent/plan/register.ts';
import {
  addressIn,
  annotated,
  beating,
  beatValue,
  type EndpointsTrait,
  endpointsOf,
  holding,
  keptByControlPlane,
  labelled,
  registered,
  strangerIn,
  subsetOf,
  unmirrored,
  viewOf,
} from '../support/endpoints.ts';
import { kerberosTcp, kerberosUdp, ldapTcp } from '../support/pairs.ts';
import { uidOf } from '../support/pods.ts';

describe('readRegister: who beats and who holds what', () => {
  const cases: readonly {
    readonly name: string;
    readonly given: readonly EndpointsTrait[];
    readonly expect: {
      readonly holdings: Readonly<Record<string, readonly string[]>>;
      readonly foreign: readonly string[];
    };
  }[] = [
    { name: 'an empty object holds nobody', given: [], expect: { holdings: {}, foreign: [] } },
    {
      name: 'a pod that beats holds the pairs under which its address stands',
      given: [registered('ipa-0', kerberosTcp, kerberosUdp)],
      expect: { holdings: { 'ipa-0': ['kerberos/TCP', 'kerberos/UDP'] }, foreign: [] },
    },
    {
      name: 'a pod that beats and is not ready holds nothing',
      given: [beating('ipa-0')],
      expect: { holdings: { 'ipa-0': [] }, foreign: [] },
    },
    {
      name: 'an address whose pod does not beat is foreign',
      given: [holding(subsetOf(ldapTcp, 'ipa-0'))],
      expect: { holdings: {}, foreign: ['10.0.0.10'] },
    },
    {
      name: 'an address without a targetRef is foreign, beside ours too',
      given: [
        beating('ipa-0'),
        holding({ addresses: [addressIn('ipa-0'), strangerIn('10.9.9.9')], ports: [{ name: 'ldap', port: 389 }] }),
      ],
      expect: { holdings: { 'ipa-0': ['ldap/TCP'] }, foreign: ['10.9.9.9'] },
    },
    {
      name: 'an address that is not ready is held by nobody, and is still not foreign',
      given: [beating('ipa-0'), holding({ notReadyAddresses: [addressIn('ipa-0')], ports: [{ ...ldapTcp }] })],
      expect: { holdings: { 'ipa-0': [] }, foreign: [] },
    },
    {
      name: 'a stranger that is not ready is foreign as well, and counted once',
      given: [
        holding({ notReadyAddresses: [strangerIn('10.9.9.9')], ports: [{ ...ldapTcp }] }),
        holding({ addresses: [strangerIn('10.9.9.9')], ports: [{ ...kerberosTcp }] }),
      ],
      expect: { holdings: {}, foreign: ['10.9.9.9'] },
    },
    {
      name: 'a reference to something that is no Pod is foreign, even with the UID of one that beats',
      given: [
        beating('ipa-0'),
        holding({
          addresses: [{ ip: '10.0.0.10', targetRef: { kind: 'Node', uid: uidOf('ipa-0') } }],
          ports: [{ ...ldapTcp }],
        }),
      ],
      expect: { holdings: { 'ipa-0': [] }, foreign: ['10.0.0.10'] },
    },
    {
      name: 'all ports of a subset are held',
      given: [
        beating('ipa-0'),
        holding({ addresses: [addressIn('ipa-0')], ports: [{ ...ldapTcp }, { ...kerberosUdp }] }),
      ],
      expect: { holdings: { 'ipa-0': ['ldap/TCP', 'kerberos/UDP'] }, foreign: [] },
    },
  ];
  for (const { name, given, expect } of cases) {
    test(name, () => {
      const { holdings, foreign } = viewOf(...given);
      const held = Object.fromEntries([...holdings].map(([uid, { pairs }]) => [uid, [...pairs]]));
      const wanted = Object.entries(expect.holdings).map(([podName, pairs]) => [uidOf(podName), pairs]);
      assert.deepEqual({ held, foreign }, { held: Object.fromEntries(wanted), foreign: expect.foreign });
    });
  }

  test('an entry gives away its pod’s name; a heartbeat alone does not', () => {
    const { holdings } = viewOf(registered('ipa-0', ldapTcp), beating('ipa-1'));
    assert.equal(holdings.get(uidOf('ipa-0'))?.podName, 'ipa-0');
    assert.equal(holdings.get(uidOf('ipa-1'))?.podName, undefined);
  });

  test('only our annotations are heartbeats', () => {
    const { heartbeats } = viewOf(
      annotated('endpoint-registrar-format', '1'),
      annotated('endpoints.kubernetes.io/last-change-trigger-time', '2026-11-22T20:00:00Z'),
      annotated(heartbeatKey('a'), beatValue(1)),
    );
    assert.deepEqual([...heartbeats], [['a', beatValue(1)]]);
  });
});

describe('readRegister: the object itself', () => {
  const cases = [
    {
      name: 'the label keeps the mirror away',
      given: [unmirrored],
      expect: { skipsMirror: true, keptByController: false },
    },
    {
      name: 'only exactly "true" does (seen on Kubernetes 1.37)',
      given: [labelled('endpointslice.kubernetes.io/skip-mirror', 'True')],
      expect: { skipsMirror: false, keptByController: false },
    },
    {
      name: 'the control plane’s own is recognised',
      given: [keptByControlPlane],
      expect: { skipsMirror: false, keptByController: true },
    },
    {
      name: 'another manager is not the control plane',
      given: [labelled('endpoints.kubernetes.io/managed-by', 'somebody')],
      expect: { skipsMirror: false, keptByController: false },
    },
    { name: 'no labels say neither', given: [], expect: { skipsMirror: false, keptByController: false } },
  ];
  for (const { name, given, expect } of cases) {
    test(name, () => {
      const { skipsMirror, keptByController } = viewOf(...given);
      assert.deepEqual({ skipsMirror, keptByController }, expect);
    });
  }

  test('an empty list of subsets is none, as the server stores it', () => {
    assert.equal(readRegister({ ...endpointsOf('ipa'), subsets: [] }).subsets, undefined);
  });
});

describe('ownerOf', () => {
  const heartbeats = new Map([[uidOf('ipa-0'), beatValue(0)]]);
  const cases = [
    { name: 'a pod that beats owns its address', given: addressIn('ipa-0'), expect: uidOf('ipa-0') },
    { name: 'a pod that does not beat owns nothing', given: addressIn('ipa-1'), expect: undefined },
    { name: 'an address without a targetRef is nobody’s', given: strangerIn('10.9.9.9'), expect: undefined },
    {
      name: 'a targetRef without a UID is nobody’s',
      given: { ip: '10.0.0.10', targetRef: { kind: 'Pod', name: 'ipa-0' } },
      expect: undefined,
    },
  ];
  for (const { name, given, expect } of cases) test(name, () => assert.equal(ownerOf(given, heartbeats), expect));
});
