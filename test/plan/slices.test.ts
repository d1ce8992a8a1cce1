import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EndpointSlice } from '../../agent/kube/objects.ts';
import { parseSlice } from '../../agent/kube/parse.ts';
import { sliceName } from '../../agent/plan/identity.ts';
import type { Pair } from '../../agent/plan/pairs.ts';
import {
  type Publication,
  pairsIn,
  pairsOf,
  planSlices,
  publisherOf,
  standingSlices,
  wantedSlices,
} from '../../agent/plan/slices.ts';
import { kerberosTcp, kerberosUdp, ldapTcp } from '../support/pairs.ts';
import { identityOf, NAMESPACE, uidOf } from '../support/pods.ts';
import { publicationOf, sliceManagedBy, slicesOf, slicesOfIdentity } from '../support/slices.ts';

describe('wantedSlices', () => {
  test('the whole of one slice', () => {
    const [slice, ...more] = slicesOf('ipa-0', { ...kerberosUdp, appProtocol: 'kerberos' });
    assert.deepEqual(more, []);
    assert.deepEqual(slice, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: sliceName(identityOf('ipa-0'), { service: 'ipa', family: 'IPv4', protocol: 'UDP' }),
        namespace: NAMESPACE,
        labels: {
          'kubernetes.io/service-name': 'ipa',
          'endpointslice.kubernetes.io/managed-by': 'endpoint-registrar',
          'service.kubernetes.io/headless': '',
          'endpoint-registrar/pod-uid': uidOf('ipa-0'),
        },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'ipa-0', uid: uidOf('ipa-0') }],
      },
      addressType: 'IPv4',
      endpoints: [
        {
          addresses: ['10.0.0.10'],
          conditions: { ready: true, serving: true, terminating: false },
          hostname: 'ipa-0',
          nodeName: 'node-a',
          targetRef: { kind: 'Pod', name: 'ipa-0', namespace: NAMESPACE, uid: uidOf('ipa-0') },
        },
      ],
      ports: [{ name: 'kerberos', protocol: 'UDP', port: 88, appProtocol: 'kerberos' }],
    });
  });

  const sctp: Pair = { name: 'diameter', protocol: 'SCTP', port: 3868 };
  const cases: readonly {
    readonly name: string;
    readonly given: readonly Pair[];
    readonly expect: readonly string[];
  }[] = [
    { name: 'no pairs are no slices', given: [], expect: [] },
    {
      name: 'one name under two protocols is two slices, since one refuses a name twice',
      given: [kerberosTcp, kerberosUdp],
      expect: ['kerberos/TCP', 'kerberos/UDP'],
    },
    {
      name: 'all pairs of a protocol share a slice',
      given: [ldapTcp, kerberosUdp, kerberosTcp],
      expect: ['ldap/TCP kerberos/TCP', 'kerberos/UDP'],
    },
    { name: 'SCTP has its own', given: [sctp, ldapTcp], expect: ['ldap/TCP', 'diameter/SCTP'] },
  ];
  for (const { name, given, expect } of cases) {
    test(name, () =>
      assert.deepEqual(
        slicesOf('ipa-0', ...given).map((slice) => pairsOf(slice).join(' ')),
        expect,
      ),
    );
  }

  test('a pod without a hostname or a node says neither', () => {
    const identity = identityOf('ipa.0', { hostname: undefined, nodeName: undefined });
    const [slice] = slicesOfIdentity(identity, ldapTcp);
    assert.deepEqual(Object.keys(slice?.endpoints?.[0] ?? {}).sort(), ['addresses', 'conditions', 'targetRef']);
  });

  const dual = identityOf('ipa-0', { addresses: { IPv4: '10.0.0.10', IPv6: 'fd00::10' } });
  const published: readonly {
    readonly name: string;
    readonly given: Partial<Publication>;
    readonly expect: readonly string[];
  }[] = [
    {
      name: 'each family has its own, in type, name and address',
      given: { pairs: [ldapTcp, kerberosUdp] },
      expect: [
        'IPv4 TCP 10.0.0.10 ldap/TCP',
        'IPv4 UDP 10.0.0.10 kerberos/UDP',
        'IPv6 TCP fd00::10 ldap/TCP',
        'IPv6 UDP fd00::10 kerberos/UDP',
      ],
    },
    {
      name: 'a family that is not to be published has none',
      given: { addresses: { IPv6: 'fd00::10' }, pairs: [ldapTcp] },
      expect: ['IPv6 TCP fd00::10 ldap/TCP'],
    },
    { name: 'no address has none', given: { addresses: {}, pairs: [ldapTcp], hasName: true }, expect: [] },
    {
      name: 'a name without a pair is one a family, without ports',
      given: { hasName: true },
      expect: ['IPv4 none 10.0.0.10', 'IPv6 none fd00::10'],
    },
    {
      name: 'a name stands beside pairs, so that no order of writes makes a gap',
      given: { addresses: { IPv4: '10.0.0.10' }, hasName: true, pairs: [kerberosUdp] },
      expect: ['IPv4 none 10.0.0.10', 'IPv4 UDP 10.0.0.10 kerberos/UDP'],
    },
    {
      name: 'pairs of a workload that is not ready say so, and are answered; its name does neither change nor wait',
      given: { addresses: { IPv4: '10.0.0.10' }, hasName: true, pairs: [kerberosUdp], isServing: false },
      expect: ['IPv4 none 10.0.0.10', 'IPv4 UDP 10.0.0.10 kerberos/UDP not serving'],
    },
  ];
  for (const { name, given, expect } of published) {
    test(name, () => {
      const kinds = ['none', 'TCP', 'UDP'] as const;
      const of = (['IPv4', 'IPv6'] as const).flatMap((family) => kinds.map((protocol) => ({ family, protocol })));
      const texts = new Map(
        of.map((one) => [sliceName(dual, { service: 'ipa', ...one }), `${one.family} ${one.protocol}`]),
      );
      const lines = wantedSlices(publicationOf(dual, given)).map((slice) => {
        const [endpoint] = slice.endpoints ?? [];
        assert.equal(endpoint?.conditions?.ready, true);
        assert.equal(endpoint.hostname, 'ipa-0');
        const key = texts.get(slice.metadata?.name ?? '');
        assert.equal(key?.split(' ')[0], slice.addressType);
        const tail = endpoint.conditions.serving === false ? ['not serving'] : [];
        return [key, ...endpoint.addresses, ...pairsOf(slice), ...tail].join(' ');
      });
      assert.deepEqual(lines, expect);
    });
  }
});

describe('planSlices', () => {
  const [tcp, udp] = slicesOf('ipa-0', kerberosTcp, kerberosUdp);
  assert.ok(tcp !== undefined && udp !== undefined);
  const stored = (slice: EndpointSlice): EndpointSlice => ({
    ...slice,
    metadata: {
      ...slice.metadata,
      uid: 'uid-of-slice',
      resourceVersion: '7',
      labels: { ...slice.metadata?.labels, 'example.org/theirs': 'kept' },
      annotations: { 'example.org/note': 'kept' },
      ownerReferences: [
        ...(slice.metadata?.ownerReferences ?? []),
        { apiVersion: 'v1', kind: 'ConfigMap', name: 'other', uid: 'uid-of-other' },
      ],
    },
  });
  const changedIn = (slice: EndpointSlice, change: Partial<EndpointSlice>) => ({ ...stored(slice), ...change });
  const moved = slicesOfIdentity(identityOf('ipa-0', { addresses: { IPv4: '10.0.0.99' } }), kerberosTcp);

  const cases = [
    {
      name: 'slices that stand are left, with all that others added: no write',
      given: { current: [stored(tcp), stored(udp)], wanted: [tcp, udp] },
      expect: [],
    },
    { name: 'nothing wanted of nothing is no write', given: { current: [], wanted: [] }, expect: [] },
    {
      name: 'a missing one is applied',
      given: { current: [stored(tcp)], wanted: [tcp, udp] },
      expect: ['apply absent UDP'],
    },
    {
      name: 'one that is not wanted is deleted',
      given: { current: [stored(tcp), stored(udp)], wanted: [tcp] },
      expect: ['delete not-wanted UDP'],
    },
    {
      name: 'what goes comes before what comes',
      given: { current: [stored(udp)], wanted: [tcp] },
      expect: ['delete not-wanted UDP', 'apply absent TCP'],
    },
    {
      name: 'a moved address is applied',
      given: { current: [stored(tcp)], wanted: moved },
      expect: ['apply differs TCP'],
    },
    {
      name: 'one of the other family under our name is applied',
      given: { current: [changedIn(tcp, { addressType: 'IPv6' })], wanted: [tcp] },
      expect: ['apply differs TCP'],
    },
    {
      name: 'a removed port is applied',
      given: { current: [changedIn(tcp, { ports: [] })], wanted: [tcp] },
      expect: ['apply differs TCP'],
    },
    {
      name: 'an endpoint that somebody made unready is applied',
      given: {
        current: [changedIn(tcp, { endpoints: [{ addresses: ['10.0.0.10'], conditions: { ready: false } }] })],
        wanted: [tcp],
      },
      expect: ['apply differs TCP'],
    },
    {
      name: 'a lost label of ours is applied',
      given: {
        current: [
          changedIn(tcp, {
            metadata: {
              ...stored(tcp).metadata,
              labels: { ...tcp.metadata?.labels, 'service.kubernetes.io/headless': 'x' },
            },
          }),
        ],
        wanted: [tcp],
      },
      expect: ['apply differs TCP'],
    },
    {
      name: 'a lost owner is applied',
      given: {
        current: [changedIn(tcp, { metadata: { ...stored(tcp).metadata, ownerReferences: [] } })],
        wanted: [tcp],
      },
      expect: ['apply differs TCP'],
    },
  ];
  for (const { name, given, expect } of cases) {
    test(name, () => {
      const changes = planSlices(given.current, given.wanted);
      assert.deepEqual(
        changes.map(({ kind, reason, slice }) => `${kind} ${reason} ${slice.ports?.[0]?.protocol ?? ''}`),
        expect,
      );
    });
  }

  const [name] = wantedSlices(publicationOf(identityOf('ipa-0'), { hasName: true }));
  assert.ok(name !== undefined);
  for (const ports of [null, [], undefined]) {
    test(`a name whose ports came back as ${JSON.stringify(ports)} is left: the server stores an empty list as null`, () => {
      const known = parseSlice({ ...name, ports });
      assert.deepEqual(planSlices([known], [{ ...name, ports: [] }]), []);
    });
  }
  test('a name that somebody gave a port is applied', () => {
    const known = { ...name, ports: [{ name: 'ldap', protocol: 'TCP', port: 389 }] };
    assert.deepEqual(
      planSlices([known], [name]).map(({ reason }) => reason),
      ['differs'],
    );
  });

  test('what is deleted is the stored one, whose UID guards the request', () => {
    const [change] = planSlices([stored(tcp)], []);
    assert.equal(change?.slice.metadata?.uid, 'uid-of-slice');
  });
});

describe('standingSlices', () => {
  const dual = identityOf('ipa-0', { addresses: { IPv4: '10.0.0.10', IPv6: 'fd00::10' } });
  const four = { addresses: { IPv4: '10.0.0.10' } };
  const cases: readonly {
    readonly name: string;
    readonly before: Partial<Publication>;
    readonly now: Partial<Publication>;
    readonly expect: readonly string[];
  }[] = [
    { name: 'nothing stands of nothing', before: {}, now: { hasName: true, pairs: [ldapTcp] }, expect: [] },
    {
      name: 'what stands stays',
      before: { ...four, pairs: [ldapTcp, kerberosUdp] },
      now: { ...four, pairs: [ldapTcp, kerberosUdp] },
      expect: ['IPv4 ldap/TCP', 'IPv4 kerberos/UDP'],
    },
    {
      name: 'a pair that is new waits, also where its slice stands',
      before: { ...four, pairs: [ldapTcp] },
      now: { ...four, pairs: [ldapTcp, kerberosTcp] },
      expect: ['IPv4 ldap/TCP'],
    },
    {
      name: 'another port number is another thing to find',
      before: { ...four, pairs: [ldapTcp] },
      now: { ...four, pairs: [{ ...ldapTcp, port: 1389 }] },
      expect: [],
    },
    {
      name: 'a pair that is gone goes',
      before: { ...four, pairs: [ldapTcp, kerberosUdp] },
      now: { ...four, pairs: [kerberosUdp] },
      expect: ['IPv4 kerberos/UDP'],
    },
    {
      name: 'a family that is new waits, and the other one does not shrink',
      before: { ...four, hasName: true, pairs: [ldapTcp] },
      now: { hasName: true, pairs: [ldapTcp] },
      expect: ['IPv4 ', 'IPv4 ldap/TCP'],
    },
    {
      name: 'a name that stands stays while its pairs go',
      before: { ...four, hasName: true, pairs: [ldapTcp] },
      now: { ...four, hasName: true },
      expect: ['IPv4 '],
    },
    {
      name: 'a name that is new waits',
      before: { ...four, pairs: [ldapTcp] },
      now: { ...four, hasName: true, pairs: [ldapTcp] },
      expect: ['IPv4 ldap/TCP'],
    },
  ];
  for (const { name, before, now, expect } of cases) {
    test(name, () => {
      const stood = wantedSlices(publicationOf(dual, before)).map((slice) =>
        parseSlice({ ...slice, ports: (slice.ports ?? []).length === 0 ? null : slice.ports }),
      );
      assert.deepEqual(
        standingSlices(stood, wantedSlices(publicationOf(dual, now))).map(
          (slice) => `${slice.addressType} ${pairsOf(slice).join(' ')}`,
        ),
        expect,
      );
    });
  }

  test('a moved address is put right before the register is asked: the pair stands', () => {
    const [before] = slicesOf('ipa-0', ldapTcp);
    const moved = slicesOfIdentity(identityOf('ipa-0', { addresses: { IPv4: '10.0.0.99' } }), ldapTcp);
    assert.ok(before !== undefined);
    assert.deepEqual(standingSlices([before], moved), moved);
  });
});

describe('pairsIn', () => {
  const dual = identityOf('ipa-0', { addresses: { IPv4: '10.0.0.10', IPv6: 'fd00::10' } });
  const pairs = [{ ...ldapTcp, appProtocol: 'ldap' }, kerberosUdp];

  test('gives back what was published, once for all families', () =>
    assert.deepEqual(pairsIn(wantedSlices(publicationOf(dual, { hasName: true, pairs }))), pairs));
  test('passes over ports that no agent writes', () => {
    const [slice] = slicesOf('ipa-0', ldapTcp);
    const strange = { ...slice, ports: [{ port: 1 }, { name: 'a', port: 2, protocol: 'DCCP' }, { name: 'b' }] };
    assert.deepEqual(pairsIn([parseSlice(strange)]), []);
  });
});

describe('publisherOf', () => {
  const [own] = slicesOf('ipa-0', ldapTcp);
  const cases = [
    { name: 'a slice of ours names its pod', given: own, expect: uidOf('ipa-0') },
    {
      name: 'a controller’s has no publisher',
      given: sliceManagedBy('endpointslice-controller.k8s.io', 'a'),
      expect: undefined,
    },
    { name: 'a slice that nobody manages has none', given: sliceManagedBy(undefined, 'a'), expect: undefined },
    {
      name: 'a UID label on somebody else’s slice means nothing',
      given: relabelled(sliceManagedBy('somebody', 'a'), { 'endpoint-registrar/pod-uid': uidOf('ipa-0') }),
      expect: undefined,
    },
    {
      name: 'ours without the UID label has none',
      given: relabelled(sliceManagedBy('endpoint-registrar', 'a'), {}),
      expect: undefined,
    },
  ];
  for (const { name, given, expect } of cases) {
    test(name, () => assert.equal(given === undefined ? 'no slice' : publisherOf(given), expect));
  }
});

describe('pairsOf', () => {
  const slice = sliceManagedBy(undefined, 'a');
  const cases = [
    { name: 'a ready endpoint announces the ports', given: slice, expect: ['ldap/TCP'] },
    {
      name: 'a condition that is not set counts as ready (KEP-752)',
      given: { ...slice, endpoints: [{ addresses: ['10.9.9.9'], conditions: {} }] },
      expect: ['ldap/TCP'],
    },
    {
      name: 'an unready one announces nothing',
      given: { ...slice, endpoints: [{ addresses: ['10.9.9.9'], conditions: { ready: false } }] },
      expect: [],
    },
    { name: 'nobody announces nothing', given: { ...slice, endpoints: [] }, expect: [] },
    { name: 'no ports are no pairs', given: { ...slice, ports: [] }, expect: [] },
    { name: 'nor are ports that came back as null', given: parseSlice({ ...slice, ports: null }), expect: [] },
  ];
  for (const { name, given, expect } of cases) test(name, () => assert.deepEqual(pairsOf(given), expect));
});

function relabelled(slice: EndpointSlice, labels: Readonly<Record<string, string>>): EndpointSlice {
  return { ...slice, metadata: { ...slice.metadata, labels: { ...slice.metadata?.labels, ...labels } } };
}
