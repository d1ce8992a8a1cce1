/** What holds for every input: of the subsets and patches, of heartbeats, names and ages. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { EndpointSlice, EndpointSubset, Endpoints } from '../../agent/kube/objects.ts';
import { parseSlice } from '../../agent/kube/parse.ts';
import { type Ages, noAges, observeAges } from '../../agent/plan/age.ts';
import { formatHeartbeat, intervalInForceMs, promisedMs } from '../../agent/plan/heartbeat.ts';
import { heartbeatKey, heartbeatUid, pointer, sliceName } from '../../agent/plan/identity.ts';
import { pairKey } from '../../agent/plan/pairs.ts';
import { planEviction, planOwnPatch, planWithdrawal, type Wanted } from '../../agent/plan/patch.ts';
import { readRegister } from '../../agent/plan/register.ts';
import { pairsOf, planSlices, standingSlices, wantedSlices } from '../../agent/plan/slices.ts';
import { planSubsets } from '../../agent/plan/subsets.ts';
import { endpoints, podName, podNames, somePairs, subsets } from '../support/arbitraries.ts';
import { addressIn, beating, beatValue, viewOf } from '../support/endpoints.ts';
import { patched } from '../support/patches.ts';
import { identityOf, ipOf, uidOf } from '../support/pods.ts';
import { publicationOf, slicesOf } from '../support/slices.ts';

const check = <T extends [unknown, ...unknown[]]>(property: fc.IProperty<T>) => fc.assert(property, { numRuns: 300 });
const own = uidOf('ipa-0');
const isOwn = (address: { readonly targetRef?: { readonly uid?: string } }) => address.targetRef?.uid === own;
const heartbeats = new Map(podNames.slice(0, 3).map((name) => [uidOf(name), beatValue(0)]));

/** All that is not ipa-0's, in its order; a subset that held nobody else is not there. */
function othersIn(all: readonly EndpointSubset[]): readonly unknown[] {
  return all.flatMap(({ addresses = [], notReadyAddresses = [], ...rest }) => {
    const ready = addresses.filter((address) => !isOwn(address));
    const notReady = notReadyAddresses.filter((address) => !isOwn(address));
    return ready.length + notReady.length === 0 ? [] : [{ ready, notReady, rest }];
  });
}

/** The ports under which ipa-0 stands ready, each as often as it does. */
function ownPorts(all: readonly EndpointSubset[]): readonly string[] {
  return all
    .flatMap(({ addresses = [], ports = [] }) =>
      addresses
        .filter(isOwn)
        .flatMap(() => ports.map((port) => `${pairKey(port)} ${port.port} ${port.appProtocol ?? ''}`)),
    )
    .sort();
}

describe('planSubsets', () => {
  const plan = (current: readonly EndpointSubset[], pairs: Parameters<typeof planSubsets>[2]['pairs']) => {
    const planned = planSubsets(current, heartbeats, { uid: own, address: addressIn('ipa-0'), pairs });
    return planned.kind === 'leave' ? current : planned.subsets;
  };

  test('planned, applied and planned again it leaves', () =>
    check(
      fc.property(subsets, somePairs, (current, pairs) => {
        const address = addressIn('ipa-0');
        const again = planSubsets(plan(current, pairs), heartbeats, { uid: own, address, pairs });
        assert.deepEqual(again, { kind: 'leave', reason: 'in-sync' });
      }),
    ));

  test('whatever is not ours keeps its place, its order and its unknown fields', () =>
    check(
      fc.property(subsets, somePairs, (current, pairs) => {
        assert.deepEqual(othersIn(plan(current, pairs)), othersIn(current));
      }),
    ));

  test('we stand once under each pair that is wanted, in a subset of that one port, and nowhere else', () =>
    check(
      fc.property(subsets, somePairs, (current, pairs) => {
        const after = plan(current, pairs);
        const wanted = pairs.map((pair) => `${pairKey(pair)} ${pair.port} ${pair.appProtocol ?? ''}`).sort();
        assert.deepEqual(ownPorts(after), wanted);
        assert.equal(
          after.some(({ notReadyAddresses = [] }) => notReadyAddresses.some(isOwn)),
          false,
        );
        for (const { addresses = [], ports = [] } of after) assert.ok(!addresses.some(isOwn) || ports.length === 1);
      }),
    ));

  test('a stranger never shares a subset with us', () =>
    check(
      fc.property(subsets, somePairs, (current, pairs) => {
        for (const { addresses = [], notReadyAddresses = [] } of plan(current, pairs)) {
          if (!addresses.some(isOwn)) continue;
          const everybody = [...addresses, ...notReadyAddresses].map(({ targetRef }) => targetRef?.uid ?? '');
          assert.ok(everybody.every((uid) => uid === own || heartbeats.has(uid)));
        }
      }),
    ));

  test('the input is not changed', () =>
    check(
      fc.property(subsets, somePairs, (current, pairs) => {
        const before = JSON.stringify(current);
        plan(current, pairs);
        assert.equal(JSON.stringify(current), before);
      }),
    ));
});

describe('the patches of the register', () => {
  const wants = (pairs: NonNullable<Wanted['entries']>['pairs']): Wanted => ({
    identity: identityOf('ipa-0'),
    entries: { address: ipOf('ipa-0'), pairs },
  });
  const others = ({ metadata, ...rest }: Endpoints) => {
    const { [heartbeatKey(own)]: _beat, ...annotations } = metadata?.annotations ?? {};
    const { 'endpointslice.kubernetes.io/skip-mirror': _label, ...labels } = metadata?.labels ?? {};
    return { ...rest, metadata: { ...metadata, annotations, labels }, subsets: othersIn(rest.subsets ?? []) };
  };

  test('the own patch applies to what it was planned on, and then only a beat is left', () =>
    check(
      fc.property(endpoints, somePairs, (object, pairs) => {
        const after = patched(object, planOwnPatch(readRegister(object), wants(pairs), beatValue(1)).operations);
        assert.ok(after !== undefined);
        const view = readRegister(after);
        assert.equal(view.heartbeats.get(own), beatValue(1));
        assert.equal(view.skipsMirror, true);
        assert.equal(planOwnPatch(view, wants(pairs), beatValue(2)).kind, 'beat');
      }),
    ));

  test('the own patch changes nothing of anybody else', () =>
    check(
      fc.property(endpoints, somePairs, (object, pairs) => {
        const after = patched(object, planOwnPatch(readRegister(object), wants(pairs), beatValue(1)).operations);
        assert.deepEqual(after && others(after), others(object));
      }),
    ));

  test('a withdrawal takes all that is ours and nothing else, and a second one is no write', () =>
    check(
      fc.property(endpoints, (object) => {
        const operations = planWithdrawal(readRegister(object), own);
        const after = operations === undefined ? object : patched(object, operations);
        assert.ok(after !== undefined);
        assert.equal(JSON.stringify(after).includes(own), false);
        assert.deepEqual(others(after), others(object));
        assert.equal(planWithdrawal(readRegister(after), own), undefined);
      }),
    ));

  test('an eviction takes one peer and nothing else', () =>
    check(
      fc.property(endpoints, podName, (object, name) => {
        const before = readRegister(object);
        const operations = planEviction(before, uidOf(name), []);
        assert.equal(operations === undefined, !before.heartbeats.has(uidOf(name)));
        if (operations === undefined) return;
        const after = patched(object, operations);
        assert.equal(JSON.stringify(after).includes(uidOf(name)), false);
        const left = readRegister(after ?? object);
        assert.deepEqual(left.foreign, before.foreign);
        assert.deepEqual(left.holdings, new Map([...before.holdings].filter(([uid]) => uid !== uidOf(name))));
      }),
    ));

  test('a patch that writes subsets is refused wherever the subsets are not those it was planned on', () =>
    check(
      fc.property(endpoints, subsets, somePairs, (object, changed, pairs) => {
        fc.pre(JSON.stringify(changed) !== JSON.stringify(object.subsets ?? []));
        const { operations } = planOwnPatch(readRegister(object), wants(pairs), beatValue(1));
        fc.pre(operations.some(({ path }) => path === '/subsets'));
        const { subsets: _old, ...rest } = object;
        assert.equal(patched(changed.length === 0 ? rest : { ...rest, subsets: changed }, operations), undefined);
      }),
    ));

  test('no patch passes over a heartbeat that is not the one it was planned on', () =>
    check(
      fc.property(endpoints, somePairs, (object, pairs) => {
        const now = beating('ipa-0', beatValue(30))(object);
        const view = readRegister(object);
        assert.equal(patched(now, planOwnPatch(view, wants(pairs), beatValue(31)).operations), undefined);
        assert.equal(patched(now, planEviction(view, own, []) ?? [{ op: 'remove', path: '/none' }]), undefined);
      }),
    ));
});

describe('planSlices', () => {
  const publication = fc
    .record({
      addresses: fc.constantFrom({ IPv4: '10.0.0.10' }, { IPv6: 'fd00::10' }, { IPv4: '10.0.0.10', IPv6: 'fd00::10' }),
      pairs: somePairs,
      hasName: fc.boolean(),
      isServing: fc.boolean(),
    })
    .map((change) => publicationOf(identityOf('ipa-0'), change));
  /** As the server gives it back: a list that was written empty is null. */
  const stored = (slice: EndpointSlice) =>
    parseSlice({ ...slice, ports: (slice.ports ?? []).length === 0 ? null : slice.ports });
  const applied = (current: readonly EndpointSlice[], wanted: readonly EndpointSlice[]) => {
    const held = new Map(current.map((slice) => [slice.metadata?.name, slice]));
    for (const { kind, slice } of planSlices(current, wanted)) {
      if (kind === 'delete') held.delete(slice.metadata?.name);
      else held.set(slice.metadata?.name, stored(slice));
    }
    return [...held.values()];
  };
  const announcing = (slices: readonly EndpointSlice[]) =>
    slices.flatMap((slice) => pairsOf(slice).map((pair) => `${slice.addressType} ${pair}`));

  test('applied, it has nothing left to do', () =>
    check(
      fc.property(publication, publication, (before, after) => {
        const wanted = wantedSlices(after);
        const current = applied(applied([], wantedSlices(before)), wanted);
        assert.deepEqual(planSlices(current, wanted), []);
        assert.equal(current.length, wanted.length);
      }),
    ));

  test('what stands of what is wanted adds nothing, and loses nothing that stays', () =>
    check(
      fc.property(publication, publication, (before, after) => {
        const current = applied([], wantedSlices(before));
        const wanted = wantedSlices(after);
        const kept = applied(current, standingSlices(current, wanted));
        const stood = new Set(announcing(current));
        const asked = new Set(announcing(wanted));
        assert.ok(announcing(kept).every((pair) => stood.has(pair) && asked.has(pair)));
        const names = (slices: readonly EndpointSlice[]) =>
          slices.filter(({ ports }) => (ports ?? []).length === 0).map(({ metadata }) => metadata?.name);
        assert.deepEqual(
          names(kept).sort(),
          names(current)
            .filter((name) => names(wanted).includes(name))
            .sort(),
        );
      }),
    ));
});

describe('heartbeats', () => {
  const moment = fc.date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true });
  const promise = fc.integer({ min: 1, max: 999_999_999 });

  test('a value is never equal to the last one, and gives its promise back', () =>
    check(
      fc.property(moment, promise, fc.boolean(), (now, promised, isStill) => {
        const last = isStill ? formatHeartbeat(now, promised, undefined) : undefined;
        const value = formatHeartbeat(now, promised, last);
        assert.notEqual(value, last);
        assert.equal(promisedMs(value), promised);
      }),
    ));

  test('whatever is written in our annotation is read or refused, never thrown over', () =>
    check(
      fc.property(fc.string(), (text) => {
        const ms = promisedMs(text);
        assert.ok(ms === undefined || ms > 0);
      }),
    ));

  test('more pods never beat faster, and what is in force can be promised', () =>
    check(
      fc.property(fc.integer({ min: 100, max: 600_000 }), fc.integer({ min: 1, max: 2000 }), (settingMs, podCount) => {
        const ms = intervalInForceMs(settingMs, podCount);
        assert.ok(ms >= settingMs && ms <= intervalInForceMs(settingMs, podCount + 1));
        assert.equal(promisedMs(formatHeartbeat(new Date(0), ms, undefined)), ms);
      }),
    ));
});

describe('names and keys', () => {
  const letter = fc.constantFrom(...'abz09');
  const middle = fc.constantFrom(...'abz09-.');
  /** A pod's name: a DNS subdomain of up to 253 characters. */
  const anyPodName = fc
    .tuple(letter, fc.array(middle, { maxLength: 251 }), letter)
    .map(([first, rest, last]) => `${first}${rest.join('')}${last}`.replaceAll(/[-.]*\.[-.]*/g, '.'));
  const slice = fc.record({
    service: fc.constantFrom('ipa', 'sip', 'i', 'pa'),
    family: fc.constantFrom('IPv4' as const, 'IPv6' as const),
    protocol: fc.constantFrom('TCP' as const, 'UDP' as const, 'SCTP' as const),
  });
  const uid = fc.constantFrom('u1', 'u2', 'ipa', 'a');

  test('the name of a slice is a DNS subdomain of at most 63 characters', () =>
    check(
      fc.property(anyPodName, uid, slice, (name, podUid, of) => {
        const text = sliceName({ podName: name, uid: podUid }, of);
        assert.ok(text.length <= 63);
        assert.match(text, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
      }),
    ));

  test('two slices have one name only where UID, Service, family and protocol are all the same', () =>
    check(
      fc.property(anyPodName, fc.tuple(uid, slice), fc.tuple(uid, slice), (name, [uidA, a], [uidB, b]) => {
        const isSame = sliceName({ podName: name, uid: uidA }, a) === sliceName({ podName: name, uid: uidB }, b);
        assert.equal(isSame, JSON.stringify([uidA, a]) === JSON.stringify([uidB, b]));
      }),
    ));

  test('a heartbeat’s key gives its UID back', () =>
    check(fc.property(fc.string(), (text) => assert.equal(heartbeatUid(heartbeatKey(text)), text))));

  test('a pointer gives its keys back', () =>
    check(
      fc.property(fc.array(fc.string()), (keys) => {
        const [, ...parts] = pointer(...keys).split('/');
        assert.deepEqual(
          parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')),
          keys,
        );
      }),
    ));
});

describe('ages', () => {
  const state = fc.record({
    value: fc.option(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.constantFrom('1s', '5s', '20s')), { freq: 6 }),
    hasSlices: fc.boolean(),
    stepMs: fc.constantFrom(0, 5000, 20_000),
  });

  test('nobody is older than the scheduled beats since they last changed, and without one nobody ages', () =>
    check(
      fc.property(fc.array(state, { maxLength: 30 }), (states) => {
        let ages: Ages = noAges;
        let stepCount = 0;
        let last: string | undefined;
        for (const { value: drawn, hasSlices, stepMs } of states) {
          const value = drawn === null ? undefined : beatValue(...drawn);
          const before = ages.peers.get(uidOf('ipa-1'))?.age;
          const view = value === undefined ? viewOf() : viewOf(beating('ipa-1', value));
          ages = observeAges(ages, { view, slices: hasSlices ? slicesOf('ipa-1') : [], ownUid: own, stepMs });
          stepCount = value === last ? stepCount + (stepMs === 0 ? 0 : 1) : 0;
          last = value;
          const age = ages.peers.get(uidOf('ipa-1'))?.age;
          assert.equal(age === undefined, value === undefined);
          if (age === undefined) continue;
          assert.ok(age >= 0 && age <= stepCount);
          if (stepCount > 0 || stepMs === 0) assert.ok(stepCount === 0 ? age === 0 : age >= (before ?? 0));
          if (stepMs === 0 && stepCount > 0) assert.equal(age, before);
        }
      }),
    ));

  test('an orphan ages like a peer, and never has a heartbeat', () =>
    check(
      fc.property(fc.array(state, { maxLength: 30 }), (states) => {
        let ages: Ages = noAges;
        const slices = slicesOf('ipa-1', { name: 'ldap', protocol: 'TCP', port: 389 });
        for (const { value: drawn, hasSlices, stepMs } of states) {
          const before = ages.orphans.get(uidOf('ipa-1'))?.age;
          const view = drawn === null ? viewOf() : viewOf(beating('ipa-1', beatValue(...drawn)));
          ages = observeAges(ages, { view, slices: hasSlices ? slices : [], ownUid: own, stepMs });
          const age = ages.orphans.get(uidOf('ipa-1'))?.age;
          assert.equal(age !== undefined, drawn === null && hasSlices);
          if (age === undefined) continue;
          if (before === undefined) assert.equal(age, 0);
          else assert.ok(stepMs === 0 ? age === before : age > before && age <= before + 1);
        }
      }),
    ));
});
