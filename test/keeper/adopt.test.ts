/** What own slices say to a container that starts anew. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { adoptDeclarations } from '../../agent/keeper/adopt.ts';
import { parseSlice } from '../../agent/kube/parse.ts';
import type { Declaration } from '../../agent/plan/declaration.ts';
import { type Publication, wantedSlices } from '../../agent/plan/slices.ts';
import { kerberosUdp, ldapTcp } from '../support/pairs.ts';
import { identityOf } from '../support/pods.ts';
import { publicationOf } from '../support/slices.ts';

const dual = identityOf('ipa-0', { addresses: { IPv4: '10.0.0.10', IPv6: 'fd00::10' } });
const pairs = [{ ...ldapTcp, appProtocol: 'ldap' }, kerberosUdp];

const cases: readonly {
  readonly name: string;
  readonly given: readonly Partial<Publication>[];
  readonly expect: readonly Declaration[];
}[] = [
  { name: 'without slices nothing was registered', given: [], expect: [] },
  {
    name: 'pairs are declared as they stand, once for all families',
    given: [{ pairs }],
    expect: [{ service: 'ipa', ports: pairs }],
  },
  {
    name: 'a name by itself is a Service without ports',
    given: [{ hasName: true }],
    expect: [{ service: 'ipa', ports: [] }],
  },
  {
    name: 'a name beside pairs is not seen in them',
    given: [{ hasName: true, pairs }],
    expect: [{ service: 'ipa', ports: pairs }],
  },
  {
    name: 'pairs that stand for a workload that is not ready were declared to',
    given: [{ pairs, isServing: false }],
    expect: [{ service: 'ipa', ports: pairs, publishNotReadyAddresses: true }],
  },
  {
    name: 'each Service is one of its own',
    given: [{ pairs: [ldapTcp] }, { service: 'sip', hasName: true }],
    expect: [
      { service: 'ipa', ports: [ldapTcp] },
      { service: 'sip', ports: [] },
    ],
  },
];

describe('adoptDeclarations', () => {
  for (const { name, given, expect } of cases) {
    test(name, () => {
      const slices = given
        .flatMap((change) => wantedSlices(publicationOf(dual, change)))
        .map((slice) => parseSlice({ ...slice, ports: (slice.ports ?? []).length === 0 ? null : slice.ports }));
      assert.deepEqual([...adoptDeclarations(slices).values()], expect);
    });
  }

  test('a slice that names no Service says nothing', () => {
    const [slice] = wantedSlices(publicationOf(dual, { pairs }));
    assert.deepEqual(adoptDeclarations([parseSlice({ ...slice, metadata: { name: 'a' } })]), new Map());
  });
});
