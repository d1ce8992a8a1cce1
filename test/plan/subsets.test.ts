import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EndpointSubset } from '../../agent/kube/objects.ts';
import type { Pair } from '../../agent/plan/pairs.ts';
import { planSubsets, planSubsetsWithout } from '../../agent/plan/subsets.ts';
import { addressIn, beatValue, strangerIn, subsetOf } from '../support/endpoints.ts';
import { kerberosTcp, kerberosUdp, ldapTcp } from '../support/pairs.ts';
import { uidOf } from '../support/pods.ts';

/** The heartbeats of these pods. */
function alive(...podNames: readonly string[]): ReadonlyMap<string, string> {
  return new Map(podNames.map((podName) => [uidOf(podName), beatValue(0)]));
}

const all = alive('ipa-0', 'ipa-1', 'ipa-2');
const stranger = strangerIn('10.9.9.9');
const inSync = { kind: 'leave', reason: 'in-sync' } as const;
const write = (...subsets: readonly EndpointSubset[]) =>
  ({ kind: 'write', reason: 'entries-differ', subsets }) as const;

type Case = {
  readonly name: string;
  readonly given: {
    readonly current: readonly EndpointSubset[];
    readonly pairs: readonly Pair[];
    readonly heartbeats?: ReadonlyMap<string, string>;
  };
  readonly expect: ReturnType<typeof planSubsets>;
};

describe('planSubsets for ipa-0', () => {
  const cases: readonly Case[] = [
    {
      name: 'the first pod makes one subset a pair',
      given: { current: [], pairs: [kerberosTcp, kerberosUdp] },
      expect: write(subsetOf(kerberosTcp, 'ipa-0'), subsetOf(kerberosUdp, 'ipa-0')),
    },
    {
      name: 'a later one is appended to the pair’s subset',
      given: { current: [subsetOf(kerberosTcp, 'ipa-1'), subsetOf(kerberosUdp, 'ipa-1')], pairs: [kerberosUdp] },
      expect: write(subsetOf(kerberosTcp, 'ipa-1'), subsetOf(kerberosUdp, 'ipa-1', 'ipa-0')),
    },
    {
      name: 'entries that stand are left: no write',
      given: { current: [subsetOf(ldapTcp, 'ipa-1', 'ipa-0', 'ipa-2')], pairs: [ldapTcp] },
      expect: inSync,
    },
    { name: 'nothing wanted of nothing is no write', given: { current: [], pairs: [] }, expect: inSync },
    {
      name: 'nothing wanted beside others is no write',
      given: { current: [subsetOf(ldapTcp, 'ipa-1')], pairs: [] },
      expect: inSync,
    },
    {
      name: 'a pair that is wanted no longer loses our address alone',
      given: {
        current: [subsetOf(kerberosTcp, 'ipa-0', 'ipa-1'), subsetOf(kerberosUdp, 'ipa-0', 'ipa-1')],
        pairs: [kerberosTcp],
      },
      expect: write(subsetOf(kerberosTcp, 'ipa-0', 'ipa-1'), subsetOf(kerberosUdp, 'ipa-1')),
    },
    {
      name: 'the last to leave a pair takes its subset along',
      given: { current: [subsetOf(kerberosTcp, 'ipa-0'), subsetOf(ldapTcp, 'ipa-1')], pairs: [] },
      expect: write(subsetOf(ldapTcp, 'ipa-1')),
    },
    {
      name: 'a changed port number moves us to a subset of its own, and nobody else',
      given: { current: [subsetOf(kerberosTcp, 'ipa-0', 'ipa-1')], pairs: [{ ...kerberosTcp, port: 1088 }] },
      expect: write(subsetOf(kerberosTcp, 'ipa-1'), subsetOf({ ...kerberosTcp, port: 1088 }, 'ipa-0')),
    },
    {
      name: 'another appProtocol is another subset',
      given: { current: [subsetOf(ldapTcp, 'ipa-1')], pairs: [{ ...ldapTcp, appProtocol: 'ldap' }] },
      expect: write(subsetOf(ldapTcp, 'ipa-1'), subsetOf({ ...ldapTcp, appProtocol: 'ldap' }, 'ipa-0')),
    },
    {
      name: 'an old address of ours is replaced where it stands',
      given: {
        current: [
          {
            addresses: [addressIn('ipa-1'), { ...addressIn('ipa-0'), ip: '10.0.0.99' }, addressIn('ipa-2')],
            ports: [{ ...ldapTcp }],
          },
        ],
        pairs: [ldapTcp],
      },
      expect: write(subsetOf(ldapTcp, 'ipa-1', 'ipa-0', 'ipa-2')),
    },
    {
      name: 'an address of ours that stands twice stands once afterwards',
      given: { current: [subsetOf(ldapTcp, 'ipa-0', 'ipa-1', 'ipa-0')], pairs: [ldapTcp] },
      expect: write(subsetOf(ldapTcp, 'ipa-0', 'ipa-1')),
    },
    {
      name: 'of two subsets for one pair we keep the first',
      given: { current: [subsetOf(ldapTcp, 'ipa-1'), subsetOf(ldapTcp, 'ipa-2', 'ipa-0')], pairs: [ldapTcp] },
      expect: write(subsetOf(ldapTcp, 'ipa-1', 'ipa-0'), subsetOf(ldapTcp, 'ipa-2')),
    },
    {
      name: 'our address among those that are not ready becomes ready',
      given: { current: [{ notReadyAddresses: [addressIn('ipa-0')], ports: [{ ...ldapTcp }] }], pairs: [ldapTcp] },
      expect: write(subsetOf(ldapTcp, 'ipa-0')),
    },
    {
      name: 'a peer that is not ready stays where it is',
      given: {
        current: [
          { addresses: [addressIn('ipa-0')], notReadyAddresses: [addressIn('ipa-1')], ports: [{ ...ldapTcp }] },
        ],
        pairs: [],
      },
      expect: write({ notReadyAddresses: [addressIn('ipa-1')], ports: [{ ...ldapTcp }] }),
    },
    {
      name: 'a subset with a stranger in it is not joined',
      given: { current: [{ addresses: [stranger], ports: [{ ...ldapTcp }] }], pairs: [ldapTcp] },
      expect: write({ addresses: [stranger], ports: [{ ...ldapTcp }] }, subsetOf(ldapTcp, 'ipa-0')),
    },
    {
      name: 'a subset that a stranger came into is left to him',
      given: { current: [{ addresses: [addressIn('ipa-0'), stranger], ports: [{ ...ldapTcp }] }], pairs: [ldapTcp] },
      expect: write({ addresses: [stranger], ports: [{ ...ldapTcp }] }, subsetOf(ldapTcp, 'ipa-0')),
    },
    {
      name: 'a pod that does not beat is a stranger',
      given: { current: [subsetOf(ldapTcp, 'ipa-1')], pairs: [ldapTcp], heartbeats: alive('ipa-0') },
      expect: write(subsetOf(ldapTcp, 'ipa-1'), subsetOf(ldapTcp, 'ipa-0')),
    },
    {
      name: 'a restarted container adopts its entries before its first beat: no write',
      given: { current: [subsetOf(ldapTcp, 'ipa-0', 'ipa-1')], pairs: [ldapTcp], heartbeats: alive('ipa-1') },
      expect: inSync,
    },
    {
      name: 'a subset of several ports is not ours to join',
      given: {
        current: [{ addresses: [addressIn('ipa-1')], ports: [{ ...ldapTcp }, { ...kerberosTcp }] }],
        pairs: [ldapTcp],
      },
      expect: write(
        { addresses: [addressIn('ipa-1')], ports: [{ ...ldapTcp }, { ...kerberosTcp }] },
        subsetOf(ldapTcp, 'ipa-0'),
      ),
    },
    {
      name: 'our address in a subset of several ports moves to one of its own',
      given: {
        current: [{ addresses: [addressIn('ipa-0'), addressIn('ipa-1')], ports: [{ ...ldapTcp }, { ...kerberosTcp }] }],
        pairs: [ldapTcp],
      },
      expect: write(
        { addresses: [addressIn('ipa-1')], ports: [{ ...ldapTcp }, { ...kerberosTcp }] },
        subsetOf(ldapTcp, 'ipa-0'),
      ),
    },
    {
      name: 'foreign subsets that look odd are left as they are: no write',
      given: { current: [{ addresses: [], notReadyAddresses: [], ports: [{ port: 1 }] }, {}], pairs: [] },
      expect: inSync,
    },
  ];
  for (const { name, given, expect } of cases) {
    test(name, () => {
      const { current, pairs, heartbeats = all } = given;
      const plan = planSubsets(current, heartbeats, { uid: uidOf('ipa-0'), address: addressIn('ipa-0'), pairs });
      assert.deepEqual(plan, expect);
    });
  }
});

describe('planSubsetsWithout', () => {
  const cases = [
    {
      name: 'a pod is taken out of every subset, strangers’ too',
      given: [
        subsetOf(kerberosTcp, 'ipa-1', 'ipa-0'),
        { addresses: [stranger, addressIn('ipa-0')], notReadyAddresses: [addressIn('ipa-0')], ports: [{ port: 7 }] },
        subsetOf(ldapTcp, 'ipa-0'),
      ],
      expect: write(subsetOf(kerberosTcp, 'ipa-1'), { addresses: [stranger], ports: [{ port: 7 }] }),
    },
    { name: 'the last one leaves nothing', given: [subsetOf(ldapTcp, 'ipa-0')], expect: write() },
    { name: 'a pod that is not there is no write', given: [subsetOf(ldapTcp, 'ipa-1')], expect: inSync },
  ];
  for (const { name, given, expect } of cases) {
    test(name, () => assert.deepEqual(planSubsetsWithout(given, all, uidOf('ipa-0')), expect));
  }
});
