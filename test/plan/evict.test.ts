import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Aged, Ages } from '../../agent/plan/age.ts';
import { isOrphanDue, type PodLife, planPeer, silentOrphans, silentPeers, turnMs } from '../../agent/plan/evict.ts';
import type { PairKey } from '../../agent/plan/pairs.ts';
import { beatValue } from '../support/endpoints.ts';
import { uidOf } from '../support/pods.ts';

function aged(podName: string, age: number): Aged {
  return { value: beatValue(1), promisedMs: 5000, age, podName };
}

/** Peers by pod name and age. */
function peersOf(ages: Readonly<Record<string, number>>): Ages {
  return {
    peers: new Map(Object.entries(ages).map(([podName, age]) => [uidOf(podName), aged(podName, age)])),
    orphans: new Map(),
  };
}

/** Pairs held, by pod name. */
function holdingsOf(held: Readonly<Record<string, readonly PairKey[]>>): ReadonlyMap<string, ReadonlySet<PairKey>> {
  return new Map(Object.entries(held).map(([podName, pairs]) => [uidOf(podName), new Set(pairs)]));
}

type Given = {
  readonly ages: Readonly<Record<string, number>>;
  readonly life?: PodLife;
  readonly held?: Readonly<Record<string, readonly PairKey[]>>;
};

/** What ipa-0 plans for ipa-1. */
function plan({ ages, life = 'listed', held = {} }: Given) {
  return planPeer({
    uid: uidOf('ipa-1'),
    ownUid: uidOf('ipa-0'),
    ages: peersOf(ages),
    life,
    holdings: holdingsOf(held),
  });
}

const evict = (reason: string, ...witnesses: readonly string[]) => ({
  kind: 'evict',
  reason,
  witnesses: witnesses.map(uidOf),
});
const wait = (reason: string) => ({ kind: 'wait', reason });
const spare = (pair: PairKey) => ({ kind: 'spare', reason: 'last-ready-address', pair });
const ldap: readonly PairKey[] = ['ldap/TCP'];
const kerberos: readonly PairKey[] = ['kerberos/TCP', 'kerberos/UDP'];

describe('planPeer: ipa-0 about ipa-1', () => {
  const cases: readonly { readonly name: string; readonly given: Given; readonly expect: unknown }[] = [
    { name: 'a peer that beats is left', given: { ages: { 'ipa-1': 0 } }, expect: wait('alive') },
    {
      name: 'one silent interval is nothing, though its pod be gone',
      given: { ages: { 'ipa-1': 1.9 }, life: 'gone' },
      expect: wait('alive'),
    },
    { name: 'somebody who is not in the register is left', given: { ages: {}, life: 'gone' }, expect: wait('alive') },
    {
      name: 'at 2 a peer whose pod is gone goes',
      given: { ages: { 'ipa-1': 2 }, life: 'gone' },
      expect: evict('pod-gone'),
    },
    {
      name: 'at 2 a peer whose name another pod bears goes',
      given: { ages: { 'ipa-1': 2 }, life: 'replaced' },
      expect: evict('pod-replaced'),
    },
    {
      name: 'at 2 a peer whose pod has ended goes',
      given: { ages: { 'ipa-1': 2 }, life: 'terminal' },
      expect: evict('pod-terminal'),
    },
    {
      name: 'at 2 a peer that is listed is waited for',
      given: { ages: { 'ipa-1': 2.9 } },
      expect: wait('still-listed'),
    },
    {
      name: 'at 2 a peer of whom nothing can be known is waited for',
      given: { ages: { 'ipa-1': 2.9 }, life: 'unknown' },
      expect: wait('still-listed'),
    },
    { name: 'at 3 a listed peer goes', given: { ages: { 'ipa-1': 3 } }, expect: evict('silent') },
    {
      name: 'at 3 a peer of whom nothing can be known goes',
      given: { ages: { 'ipa-1': 3 }, life: 'unknown' },
      expect: evict('silent'),
    },
    {
      name: 'whoever holds the last ready address of a pair stays',
      given: { ages: { 'ipa-1': 3 }, held: { 'ipa-1': ldap } },
      expect: spare('ldap/TCP'),
    },
    {
      name: 'one pair is enough to stay, whoever holds the others',
      given: { ages: { 'ipa-1': 9 }, held: { 'ipa-0': ['kerberos/TCP'], 'ipa-1': kerberos } },
      expect: spare('kerberos/UDP'),
    },
    {
      name: 'the last ready address of a pod that is gone goes all the same',
      given: { ages: { 'ipa-1': 3 }, life: 'gone', held: { 'ipa-1': ldap } },
      expect: evict('pod-gone'),
    },
    {
      name: 'the last ready address of a pod that has ended goes all the same',
      given: { ages: { 'ipa-1': 2 }, life: 'terminal', held: { 'ipa-1': ldap } },
      expect: evict('pod-terminal'),
    },
    {
      name: 'where we hold the pair we vouch for it',
      given: { ages: { 'ipa-1': 3 }, held: { 'ipa-0': ldap, 'ipa-1': ldap } },
      expect: evict('silent', 'ipa-0'),
    },
    {
      name: 'where a live peer holds the pair he vouches for it',
      given: { ages: { 'ipa-1': 3, 'ipa-2': 0 }, held: { 'ipa-1': ldap, 'ipa-2': ldap } },
      expect: evict('silent', 'ipa-2'),
    },
    {
      name: 'where every other holder is silent one of them must still stand',
      given: { ages: { 'ipa-1': 3, 'ipa-2': 3, 'ipa-3': 2 }, held: { 'ipa-1': ldap, 'ipa-2': ldap, 'ipa-3': ldap } },
      expect: evict('silent', 'ipa-2'),
    },
    {
      name: 'a silent witness is taken before one whose beat would disturb the patch',
      given: { ages: { 'ipa-1': 3, 'ipa-2': 0, 'ipa-3': 2 }, held: { 'ipa-1': ldap, 'ipa-2': ldap, 'ipa-3': ldap } },
      expect: evict('silent', 'ipa-3'),
    },
    {
      name: 'one witness may vouch for several pairs',
      given: {
        ages: { 'ipa-1': 3, 'ipa-2': 3, 'ipa-3': 3 },
        held: { 'ipa-1': kerberos, 'ipa-2': ['kerberos/UDP'], 'ipa-3': kerberos },
      },
      expect: evict('silent', 'ipa-3'),
    },
    {
      name: 'pairs with different holders need a witness each',
      given: {
        ages: { 'ipa-1': 3, 'ipa-2': 3, 'ipa-3': 3 },
        held: { 'ipa-1': kerberos, 'ipa-2': ['kerberos/TCP'], 'ipa-3': ['kerberos/UDP'] },
      },
      expect: evict('silent', 'ipa-2', 'ipa-3'),
    },
    {
      name: 'slices that outlived their heartbeat hold nothing up',
      given: { ages: { 'ipa-1': 3 }, held: { 'ipa-1': ldap, 'ipa-9': ldap } },
      expect: spare('ldap/TCP'),
    },
    {
      name: 'whoever holds nothing needs nobody’s word',
      given: { ages: { 'ipa-1': 3, 'ipa-2': 3 }, held: { 'ipa-1': [], 'ipa-2': ldap } },
      expect: evict('silent'),
    },
  ];
  for (const { name, given, expect } of cases) test(name, () => assert.deepEqual(plan(given), expect));
});

describe('who is asked for', () => {
  const ages: Ages = {
    peers: peersOf({ 'ipa-1': 1.9, 'ipa-2': 2, 'ipa-3': 7 }).peers,
    orphans: peersOf({ 'ipa-4': 2.9, 'ipa-5': 3 }).peers,
  };
  test('peers from age 2', () => assert.deepEqual([...silentPeers(ages).keys()], [uidOf('ipa-2'), uidOf('ipa-3')]));
  test('orphans from age 3', () => assert.deepEqual([...silentOrphans(ages).keys()], [uidOf('ipa-5')]));
});

describe('isOrphanDue', () => {
  const cases: readonly {
    readonly name: string;
    readonly given: readonly [number, PodLife];
    readonly expect: boolean;
  }[] = [
    { name: 'before 3 an orphan stays, though its pod be gone', given: [2.9, 'gone'], expect: false },
    { name: 'at 3 one whose pod is gone goes', given: [3, 'gone'], expect: true },
    { name: 'at 3 one whose pod was replaced goes', given: [3, 'replaced'], expect: true },
    { name: 'at 3 one whose pod has ended goes', given: [3, 'terminal'], expect: true },
    { name: 'at 3 one whose pod is listed stays: it may register again', given: [3, 'listed'], expect: false },
    { name: 'at 3 one whose pod cannot be asked for stays', given: [5.9, 'unknown'], expect: false },
    { name: 'at 6 one whose pod is listed goes', given: [6, 'listed'], expect: true },
    { name: 'at 6 one whose pod cannot be asked for goes', given: [6, 'unknown'], expect: true },
  ];
  for (const { name, given, expect } of cases) {
    const [age, life] = given;
    test(name, () => assert.equal(isOrphanDue({ ...aged('ipa-1', age), value: undefined }, life), expect));
  }
});

describe('turnMs of ipa-3', () => {
  const cases = [
    { name: 'alone there is nothing to wait for', given: {}, expect: 0 },
    { name: 'the lowest UID among the live goes first', given: { 'ipa-4': 0, 'ipa-5': 0 }, expect: 0 },
    { name: 'each live peer before us is half a second', given: { 'ipa-0': 0, 'ipa-1': 1, 'ipa-4': 0 }, expect: 1000 },
    { name: 'the silent have no turn', given: { 'ipa-0': 2, 'ipa-1': 3, 'ipa-2': 0 }, expect: 500 },
    {
      name: 'nobody waits for more than two and a half seconds',
      given: Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`ipa-1${index}`, 0])),
      expect: 2500,
    },
  ];
  for (const { name, given, expect } of cases) {
    test(name, () => assert.equal(turnMs(peersOf(given), uidOf('ipa-3')), expect));
  }
});
