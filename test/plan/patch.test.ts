import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Endpoints, PatchOperation } from '../../agent/kube/objects.ts';
import type { Pair } from '../../agent/plan/pairs.ts';
import { addressOf, planEviction, planOwnPatch, planWithdrawal, type Wanted } from '../../agent/plan/patch.ts';
import { type RegisterView, readRegister } from '../../agent/plan/register.ts';
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
} from '../support/endpoints.ts';
import { kerberosTcp, kerberosUdp, ldapTcp } from '../support/pairs.ts';
import { patched } from '../support/patches.ts';
import { identityOf, ipOf, uidOf } from '../support/pods.ts';

const value = beatValue(59);
const ownKey = '/metadata/annotations/endpoint-registrar~1uid-of-ipa-0';
const peerKey = '/metadata/annotations/endpoint-registrar~1uid-of-ipa-1';
const labelKey = '/metadata/labels/endpointslice.kubernetes.io~1skip-mirror';

/** What ipa-0 wants: these pairs; undefined where the subsets are not ours to keep. */
function wants(pairs: readonly Pair[] | undefined): Wanted {
  return { identity: identityOf('ipa-0'), entries: pairs && { address: ipOf('ipa-0'), pairs } };
}

/** Each operation as `op path`. */
const brief = (operations: readonly PatchOperation[]) => operations.map(({ op, path }) => `${op} ${path}`);

const beat = [`test ${ownKey}`, `replace ${ownKey}`];
const join = [`test ${ownKey}`, `add ${ownKey}`];
const subsets = ['test /subsets', 'add /subsets'];
const created = annotated('endpoint-registrar-format', '1');
const both = holding({ addresses: [strangerIn('10.9.9.9')], ports: [{ ...ldapTcp }] });

describe('planOwnPatch for ipa-0', () => {
  const cases: readonly {
    readonly name: string;
    readonly given: { readonly traits: readonly EndpointsTrait[]; readonly pairs: readonly Pair[] | undefined };
    readonly expect: { readonly kind: string; readonly operations: readonly string[] };
  }[] = [
    {
      name: 'entries that stand need a heartbeat alone: no write of subsets',
      given: { traits: [unmirrored, registered('ipa-0', ldapTcp)], pairs: [ldapTcp] },
      expect: { kind: 'beat', operations: beat },
    },
    {
      name: 'a pod that holds nothing and wants nothing beats',
      given: { traits: [unmirrored, registered('ipa-1', ldapTcp), beating('ipa-0')], pairs: [] },
      expect: { kind: 'beat', operations: beat },
    },
    {
      name: 'a first join to a fresh object adds heartbeat and entries',
      given: { traits: [unmirrored, created], pairs: [ldapTcp] },
      expect: { kind: 'join', operations: [...join, ...subsets] },
    },
    {
      name: 'a join of an unready pod adds its heartbeat alone',
      given: { traits: [unmirrored, created], pairs: [] },
      expect: { kind: 'join', operations: join },
    },
    {
      name: 'where there are no annotations the map comes with the heartbeat',
      given: { traits: [unmirrored], pairs: [] },
      expect: { kind: 'join', operations: ['test /metadata/annotations', 'add /metadata/annotations'] },
    },
    {
      name: 'a changed pair is an update',
      given: { traits: [unmirrored, registered('ipa-0', ldapTcp)], pairs: [ldapTcp, kerberosUdp] },
      expect: { kind: 'update', operations: [...beat, ...subsets] },
    },
    {
      name: 'a heartbeat that is gone is a join, entries or not',
      given: { traits: [unmirrored, created, holding(subsetOf(ldapTcp, 'ipa-0'))], pairs: [ldapTcp] },
      expect: { kind: 'join', operations: join },
    },
    {
      name: 'a lost label is set again, on nothing but the subsets that were seen',
      given: { traits: [registered('ipa-0', ldapTcp), labelled('app', 'ipa')], pairs: [ldapTcp] },
      expect: { kind: 'update', operations: [...beat, 'test /subsets', `add ${labelKey}`] },
    },
    {
      name: 'without any label the map comes with it',
      given: { traits: [registered('ipa-0', ldapTcp)], pairs: [ldapTcp] },
      expect: {
        kind: 'update',
        operations: [...beat, 'test /subsets', 'test /metadata/labels', 'add /metadata/labels'],
      },
    },
    {
      name: 'where the subsets are not ours to keep only the heartbeat is written',
      given: { traits: [keptByControlPlane, both, created], pairs: undefined },
      expect: { kind: 'join', operations: join },
    },
    {
      name: 'a refusal after serving beats on and touches neither subsets nor label',
      given: { traits: [both, registered('ipa-0', kerberosTcp)], pairs: undefined },
      expect: { kind: 'beat', operations: beat },
    },
    {
      name: 'what the control plane keeps is never given entries or the label, whoever asks',
      given: { traits: [keptByControlPlane, beating('ipa-0')], pairs: [ldapTcp] },
      expect: { kind: 'beat', operations: beat },
    },
  ];
  for (const { name, given, expect } of cases) {
    test(name, () => {
      const view = readRegister(endpointsOf('ipa', ...given.traits));
      const { kind, operations } = planOwnPatch(view, wants(given.pairs), value);
      assert.deepEqual({ kind, operations: brief(operations) }, expect);
    });
  }

  test('the patch carries what was read and what was planned', () => {
    const view = readRegister(endpointsOf('ipa', unmirrored, created, registered('ipa-1', ldapTcp)));
    assert.deepEqual(planOwnPatch(view, wants([ldapTcp]), value).operations, [
      { op: 'test', path: ownKey, value: null },
      { op: 'add', path: ownKey, value },
      { op: 'test', path: '/subsets', value: [subsetOf(ldapTcp, 'ipa-1')] },
      { op: 'add', path: '/subsets', value: [subsetOf(ldapTcp, 'ipa-1', 'ipa-0')] },
    ]);
  });
});

describe('planWithdrawal of ipa-0', () => {
  const cases = [
    {
      name: 'heartbeat and entries go in one patch',
      given: [unmirrored, registered('ipa-0', ldapTcp)],
      expect: [`test ${ownKey}`, `remove ${ownKey}`, ...subsets],
    },
    {
      name: 'an unready pod has only a heartbeat to take back',
      given: [unmirrored, beating('ipa-0'), registered('ipa-1', ldapTcp)],
      expect: [`test ${ownKey}`, `remove ${ownKey}`],
    },
    {
      name: 'entries whose heartbeat is gone go too',
      given: [unmirrored, holding(subsetOf(ldapTcp, 'ipa-0'))],
      expect: subsets,
    },
    { name: 'nothing of ours is no write', given: [unmirrored, registered('ipa-1', ldapTcp)], expect: undefined },
    {
      name: 'from what the control plane keeps only the heartbeat goes, though it names our pod',
      given: [keptByControlPlane, registered('ipa-0', ldapTcp)],
      expect: [`test ${ownKey}`, `remove ${ownKey}`],
    },
    {
      name: 'the control plane’s entries for our pod are no write',
      given: [keptByControlPlane, holding(subsetOf(ldapTcp, 'ipa-0'))],
      expect: undefined,
    },
  ];
  for (const { name, given, expect } of cases) {
    test(name, () => {
      const operations = planWithdrawal(readRegister(endpointsOf('ipa', ...given)), uidOf('ipa-0'));
      assert.deepEqual(operations && brief(operations), expect);
    });
  }
});

describe('planEviction of ipa-1', () => {
  const view = readRegister(
    endpointsOf(
      'ipa',
      unmirrored,
      registered('ipa-0', ldapTcp),
      registered('ipa-1', ldapTcp),
      registered('ipa-2', ldapTcp),
    ),
  );

  test('tests the heartbeat that was seen, and takes it and the entries', () => {
    assert.deepEqual(planEviction(view, uidOf('ipa-1'), []), [
      { op: 'test', path: peerKey, value: beatValue(0) },
      { op: 'remove', path: peerKey },
      { op: 'test', path: '/subsets', value: [subsetOf(ldapTcp, 'ipa-0', 'ipa-1', 'ipa-2')] },
      { op: 'add', path: '/subsets', value: [subsetOf(ldapTcp, 'ipa-0', 'ipa-2')] },
    ]);
  });

  const cases: readonly {
    readonly name: string;
    readonly given: { readonly view: RegisterView; readonly witnesses: readonly string[] };
    readonly expect: readonly string[] | undefined;
  }[] = [
    {
      name: 'each witness must still beat as seen',
      given: { view, witnesses: [uidOf('ipa-2')] },
      expect: [
        'test /metadata/annotations/endpoint-registrar~1uid-of-ipa-2',
        `test ${peerKey}`,
        `remove ${peerKey}`,
        ...subsets,
      ],
    },
    {
      name: 'a peer that is gone already is no write',
      given: { view: readRegister(endpointsOf('ipa')), witnesses: [] },
      expect: undefined,
    },
    {
      name: 'a witness that is gone vouches for nobody: no write',
      given: { view, witnesses: [uidOf('ipa-9')] },
      expect: undefined,
    },
    {
      name: 'from what the control plane keeps only the heartbeat goes',
      given: {
        view: readRegister(endpointsOf('ipa', keptByControlPlane, registered('ipa-1', ldapTcp))),
        witnesses: [],
      },
      expect: [`test ${peerKey}`, `remove ${peerKey}`],
    },
  ];
  for (const { name, given, expect } of cases) {
    test(name, () => {
      const operations = planEviction(given.view, uidOf('ipa-1'), given.witnesses);
      assert.deepEqual(operations && brief(operations), expect);
    });
  }
});

describe('somebody was faster', () => {
  const before = endpointsOf('ipa', unmirrored, registered('ipa-0', ldapTcp), registered('ipa-1', ldapTcp));
  const view = readRegister(before);
  const join = planOwnPatch(view, { ...wants([ldapTcp]), identity: identityOf('ipa-2') }, value).operations;
  const beat = planOwnPatch(view, wants([ldapTcp]), value).operations;
  const withdrawal = planWithdrawal(view, uidOf('ipa-0')) ?? [];
  const eviction = planEviction(view, uidOf('ipa-1'), [uidOf('ipa-0')]) ?? [];
  const label = planOwnPatch(readRegister(endpointsOf('ipa', registered('ipa-0', ldapTcp))), wants([ldapTcp]), value);

  const cases: readonly {
    readonly name: string;
    readonly given: { readonly operations: readonly PatchOperation[]; readonly now: Endpoints };
    readonly expect: 'applied' | 'refused';
  }[] = [
    { name: 'a join that nobody disturbed lands', given: { operations: join, now: before }, expect: 'applied' },
    {
      name: 'a peer’s beat does not disturb a join',
      given: { operations: join, now: beating('ipa-1', value)(before) },
      expect: 'applied',
    },
    {
      name: 'another join does',
      given: { operations: join, now: registered('ipa-3', ldapTcp)(before) },
      expect: 'refused',
    },
    {
      name: 'a join that landed already does not land twice',
      given: { operations: join, now: patched(before, join) ?? before },
      expect: 'refused',
    },
    {
      name: 'another join does not disturb a beat',
      given: { operations: beat, now: registered('ipa-3', ldapTcp)(before) },
      expect: 'applied',
    },
    {
      name: 'a beat that landed already does not land twice',
      given: { operations: beat, now: patched(before, beat) ?? before },
      expect: 'refused',
    },
    {
      name: 'a beat after an eviction is refused',
      given: { operations: beat, now: patched(before, withdrawal) ?? before },
      expect: 'refused',
    },
    {
      name: 'a beat to an object made anew is refused',
      given: { operations: beat, now: endpointsOf('ipa', unmirrored) },
      expect: 'refused',
    },
    {
      name: 'a withdrawal that landed already does not land twice',
      given: { operations: withdrawal, now: patched(before, withdrawal) ?? before },
      expect: 'refused',
    },
    {
      name: 'an eviction of a peer that stayed silent lands',
      given: { operations: eviction, now: before },
      expect: 'applied',
    },
    {
      name: 'an eviction of a peer that beat meanwhile is refused',
      given: { operations: eviction, now: beating('ipa-1', value)(before) },
      expect: 'refused',
    },
    {
      name: 'an eviction whose witness beat meanwhile is refused',
      given: { operations: eviction, now: beating('ipa-0', value)(before) },
      expect: 'refused',
    },
    {
      name: 'an eviction whose witness went meanwhile is refused',
      given: { operations: eviction, now: patched(before, withdrawal) ?? before },
      expect: 'refused',
    },
    {
      name: 'the label is not put on strangers that came meanwhile',
      given: { operations: label.operations, now: both(endpointsOf('ipa', registered('ipa-0', ldapTcp))) },
      expect: 'refused',
    },
  ];
  for (const { name, given, expect } of cases) {
    test(name, () => {
      const after = patched(given.now, given.operations);
      assert.equal(after === undefined ? 'refused' : 'applied', expect);
    });
  }
});

describe('addressOf', () => {
  test('is the pod as Endpoints name it', () =>
    assert.deepEqual(addressOf(identityOf('ipa-0'), '10.0.0.10'), addressIn('ipa-0')));
  test('leaves out what the pod has not', () => {
    const address = addressOf(identityOf('ipa.0', { hostname: undefined, nodeName: undefined }), '10.0.0.10');
    assert.deepEqual(Object.keys(address), ['ip', 'targetRef']);
  });
});
