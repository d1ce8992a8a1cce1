import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EndpointSlice } from '../../agent/kube/objects.ts';
import { type Ages, countPods, noAges, observeAges } from '../../agent/plan/age.ts';
import type { RegisterView } from '../../agent/plan/register.ts';
import { beating, beatValue, holding, registered, subsetOf, viewOf } from '../support/endpoints.ts';
import { ldapTcp } from '../support/pairs.ts';
import { uidOf } from '../support/pods.ts';
import { sliceManagedBy, slicesOf } from '../support/slices.ts';

type Seen = { readonly view?: RegisterView; readonly slices?: readonly EndpointSlice[]; readonly stepMs?: number };

/** Takes in one state after the other, as ipa-0. A step of 5 s unless said otherwise. */
function after(...states: readonly Seen[]): Ages {
  return states.reduce<Ages>(
    (ages, { view = viewOf(), slices = [], stepMs = 5000 }) =>
      observeAges(ages, { view, slices, ownUid: uidOf('ipa-0'), stepMs }),
    noAges,
  );
}

const peerAge = (ages: Ages) => ages.peers.get(uidOf('ipa-1'))?.age;
const orphanAge = (ages: Ages) => ages.orphans.get(uidOf('ipa-1'))?.age;

const one: Seen = { view: viewOf(beating('ipa-1', beatValue(1))) };
const two: Seen = { view: viewOf(beating('ipa-1', beatValue(2))) };
const slow: Seen = { view: viewOf(beating('ipa-1', beatValue(1, '20s'))) };
const quick: Seen = { view: viewOf(beating('ipa-1', beatValue(1, '1s'))) };
const vague: Seen = { view: viewOf(beating('ipa-1', 'no promise at all')) };
const left: Seen = { slices: slicesOf('ipa-1', ldapTcp) };

describe('the age of a peer', () => {
  const cases = [
    { name: 'whoever is seen first is of age 0', given: [one], expect: 0 },
    { name: 'a silent interval is 1', given: [one, one], expect: 1 },
    { name: 'three silent intervals are 3', given: [one, one, one, one], expect: 3 },
    { name: 'a changed value is 0 again', given: [one, one, one, two], expect: 0 },
    { name: 'an earlier value that comes back is a change as well', given: [one, two, two, one], expect: 0 },
    {
      name: 'an answer out of turn makes nobody older',
      given: [one, { ...one, stepMs: 0 }, { ...one, stepMs: 0 }],
      expect: 0,
    },
    { name: 'an answer out of turn makes nobody younger', given: [one, one, { ...one, stepMs: 0 }], expect: 1 },
    { name: 'an answer out of turn that brings a change sets 0', given: [one, one, { ...two, stepMs: 0 }], expect: 0 },
    { name: 'a peer that promised four of our intervals ages a quarter each', given: [slow, slow, slow], expect: 0.5 },
    { name: 'a peer that promised less than ours ages by one at most', given: [quick, quick], expect: 1 },
    { name: 'a value without a promise counts our intervals', given: [vague, vague, vague], expect: 2 },
    { name: 'whoever was away and returns begins anew', given: [one, one, {}, one], expect: 0 },
    { name: 'whoever is gone has no age', given: [one, one, {}], expect: undefined },
  ];
  for (const { name, given, expect } of cases) test(name, () => assert.equal(peerAge(after(...given)), expect));
});

describe('the age of an orphan', () => {
  const cases = [
    { name: 'slices without a heartbeat are of age 0 when first seen', given: [left], expect: 0 },
    { name: 'they age with our intervals where no promise was ever seen', given: [left, left, left], expect: 2 },
    {
      name: 'they age by the last promise that was seen',
      given: [{ ...slow, ...left }, left, left, left],
      expect: 0.5,
    },
    { name: 'that promise is remembered', given: [{ ...slow, ...left }, left, left, left, left, left], expect: 1 },
    { name: 'a peer’s age is not carried over', given: [one, one, one, left], expect: 0 },
    { name: 'while nothing counts they do not age either', given: [left, { ...left, stepMs: 0 }], expect: 0 },
    { name: 'a heartbeat that comes back ends it', given: [left, left, { ...one, ...left }], expect: undefined },
    { name: 'and so do slices that go', given: [left, left, {}], expect: undefined },
  ];
  for (const { name, given, expect } of cases) test(name, () => assert.equal(orphanAge(after(...given)), expect));
});

describe('who has no age at all', () => {
  const cases = [
    { name: 'we ourselves', given: [{ view: viewOf(registered('ipa-0', ldapTcp)) }] },
    {
      name: 'we ourselves, while our slices stand without our heartbeat',
      given: [{ slices: slicesOf('ipa-0', ldapTcp) }],
    },
    { name: 'a controller', given: [{ slices: [sliceManagedBy('endpointslice-controller.k8s.io', 'a')] }] },
    { name: 'a stranger', given: [{ view: viewOf(holding(subsetOf(ldapTcp, 'ipa-1'))) }] },
  ];
  for (const { name, given } of cases) test(name, () => assert.deepEqual(after(...given, ...given), noAges));
});

describe('the pod’s name', () => {
  const nameOf = (ages: Ages) => (ages.peers.get(uidOf('ipa-1')) ?? ages.orphans.get(uidOf('ipa-1')))?.podName;
  const [bare] = slicesOf('ipa-1', ldapTcp).map((slice) => ({ ...slice, endpoints: [] }));
  const cases = [
    { name: 'is read from an entry', given: [{ view: viewOf(registered('ipa-1', ldapTcp)) }], expect: 'ipa-1' },
    { name: 'is read from a slice where there is no entry', given: [{ ...one, ...left }], expect: 'ipa-1' },
    {
      name: 'is read from a slice’s owner where it has no endpoint',
      given: [{ slices: bare === undefined ? [] : [bare] }],
      expect: 'ipa-1',
    },
    { name: 'is remembered when entry and slices are gone', given: [{ ...one, ...left }, one], expect: 'ipa-1' },
    { name: 'is unknown while nothing gave it away', given: [one], expect: undefined },
  ];
  for (const { name, given, expect } of cases) test(name, () => assert.equal(nameOf(after(...given)), expect));
});

describe('countPods', () => {
  const cases = [
    { name: 'we count even before we are in it', given: {}, expect: 1 },
    { name: 'heartbeats count, ours once', given: { view: viewOf(beating('ipa-0'), beating('ipa-1')) }, expect: 2 },
    { name: 'slices count where there is no heartbeat', given: left, expect: 2 },
    { name: 'a pod with both counts once', given: { ...one, ...left }, expect: 2 },
    { name: 'a controller’s slices count for nobody', given: { slices: [sliceManagedBy('somebody', 'a')] }, expect: 1 },
  ];
  for (const { name, given, expect } of cases) {
    test(name, () => {
      const { view = viewOf(), slices = [] }: Seen = given;
      assert.equal(countPods(view, slices, uidOf('ipa-0')), expect);
    });
  }
});
