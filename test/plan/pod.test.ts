import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OWN_GATE, readLife, readPod, readProtocol } from '../../agent/plan/pod.ts';
import {
  addressed,
  deleting,
  gatedBy,
  hostnamed,
  identityOf,
  initialisedBy,
  inPhase,
  podOf,
  running,
  runningAsSidecar,
  starting,
  startingAsSidecar,
  unscheduled,
} from '../support/pods.ts';

const OWN = 'endpoint-registrar';
const ready = { kind: 'ready' } as const;
const unready = (reason: string) => ({ kind: 'unready', reason }) as const;

describe('readPod: identity', () => {
  test('name, UID, node and address are the pod’s', () => {
    assert.deepEqual(readPod(podOf('ipa-0'), OWN).identity, identityOf('ipa-0'));
  });

  const hostnames = [
    { name: 'spec.hostname wins over the name', given: podOf('ipa-0', hostnamed('kdc')), expect: 'kdc' },
    { name: 'a name that is a DNS label serves', given: podOf('ipa-0'), expect: 'ipa-0' },
    { name: 'a name with a dot gives none', given: podOf('ipa.0'), expect: undefined },
    { name: 'a name longer than a label gives none', given: podOf('p'.repeat(64)), expect: undefined },
  ];
  for (const { name, given, expect } of hostnames) {
    test(name, () => assert.equal(readPod(given, OWN).identity.hostname, expect));
  }

  const addresses = [
    {
      name: 'both families are read',
      given: addressed('10.0.0.1', 'fd00::1'),
      expect: { IPv4: '10.0.0.1', IPv6: 'fd00::1' },
    },
    {
      name: 'the first of a family is the pod’s',
      given: addressed('10.0.0.1', 'fd00::1', 'fd00::2'),
      expect: { IPv4: '10.0.0.1', IPv6: 'fd00::1' },
    },
    { name: 'a pod without an address has none', given: addressed(), expect: {} },
    { name: 'a pod without a status has none', given: unscheduled, expect: {} },
  ];
  for (const { name, given, expect } of addresses) {
    test(name, () => assert.deepEqual(readPod(podOf('ipa-0', given), OWN).identity.addresses, expect));
  }

  test('the old field alone is enough', () => {
    const pod = podOf('ipa-0');
    const { podIPs: _none, ...status } = pod.status ?? {};
    assert.deepEqual(readPod({ ...pod, status }, OWN).identity.addresses, { IPv4: '10.0.0.10' });
  });
});

describe('readPod: readiness', () => {
  const cases = [
    { name: 'ready containers make a ready workload', given: [running('server'), running('ldap')], expect: ready },
    {
      name: 'one that is not ready holds it back, by name',
      given: [running('server'), starting('ldap')],
      expect: unready('not ready: container ldap'),
    },
    {
      name: 'all that are not ready are named',
      given: [starting('server'), starting('ldap')],
      expect: unready('not ready: container server, ldap'),
    },
    { name: 'our own container never counts', given: [running('server'), starting(OWN)], expect: ready },
    { name: 'our own native sidecar never counts', given: [running('server'), startingAsSidecar(OWN)], expect: ready },
    {
      name: 'another native sidecar counts',
      given: [running('server'), startingAsSidecar('proxy')],
      expect: unready('not ready: container proxy'),
    },
    {
      name: 'a native sidecar that is ready is enough',
      given: [running('server'), runningAsSidecar('proxy')],
      expect: ready,
    },
    {
      name: 'an init container that has ended does not count',
      given: [initialisedBy('prepare'), running('server')],
      expect: ready,
    },
    { name: 'an open gate is open', given: [running('server'), gatedBy('example.org/warm', 'True')], expect: ready },
    {
      name: 'a closed gate holds the workload back',
      given: [running('server'), gatedBy('example.org/warm', 'False')],
      expect: unready('closed readiness gate: example.org/warm'),
    },
    {
      name: 'a gate that nobody ever set is closed',
      given: [running('server'), gatedBy('example.org/warm', undefined)],
      expect: unready('closed readiness gate: example.org/warm'),
    },
    {
      name: 'our own gate waits for us, so we do not wait for it',
      given: [running('server'), gatedBy('endpoint-registrar/published', 'False')],
      expect: ready,
    },
    {
      name: 'a failed pod is not ready, whatever its containers say',
      given: [running('server'), inPhase('Failed')],
      expect: unready("the pod's phase is Failed"),
    },
    { name: 'a pod without a status is not ready', given: [unscheduled], expect: unready('the pod has no status yet') },
    { name: 'a pod of nothing but us is ready', given: [starting(OWN)], expect: ready },
    {
      name: 'a container without a status yet is not ready',
      given: [running('server'), inPhase('Pending'), withoutStatuses],
      expect: unready('not ready: container server'),
    },
  ];
  for (const { name, given, expect } of cases) {
    test(name, () => assert.deepEqual(readPod(podOf('ipa-0', ...given), OWN).readiness, expect));
  }
});

describe('readPod: named ports', () => {
  test('carry their protocol, TCP where none is given, native sidecars too', () => {
    const pod = podOf(
      'ipa-0',
      running('server', [
        { name: 'krb', containerPort: 88 },
        { name: 'krb', containerPort: 1088, protocol: 'UDP' },
        { containerPort: 389 },
        { name: 'odd', containerPort: 1, protocol: 'QUIC' },
      ]),
      runningAsSidecar('proxy', [{ name: 'web', containerPort: 8080, protocol: 'TCP' }]),
    );
    assert.deepEqual(readPod(pod, OWN).namedPorts, [
      { name: 'krb', protocol: 'TCP', port: 88 },
      { name: 'krb', protocol: 'UDP', port: 1088 },
      { name: 'web', protocol: 'TCP', port: 8080 },
    ]);
  });
});

describe('readLife', () => {
  const cases = [
    { name: 'a running pod is alive', given: podOf('ipa-0'), expect: 'alive' },
    { name: 'a pending one too', given: podOf('ipa-0', inPhase('Pending')), expect: 'alive' },
    { name: 'one whose node is lost too: we cannot know', given: podOf('ipa-0', inPhase('Unknown')), expect: 'alive' },
    { name: 'a deletionTimestamp says it is going', given: podOf('ipa-0', deleting), expect: 'deleting' },
    { name: 'Succeeded is the end', given: podOf('ipa-0', inPhase('Succeeded')), expect: 'terminal' },
    { name: 'Failed is the end', given: podOf('ipa-0', inPhase('Failed')), expect: 'terminal' },
    { name: 'the end outweighs going', given: podOf('ipa-0', inPhase('Failed'), deleting), expect: 'terminal' },
  ];
  for (const { name, given, expect } of cases) test(name, () => assert.equal(readLife(given), expect));
});

describe('readProtocol', () => {
  const cases = [
    { name: 'absent means TCP', given: undefined, expect: 'TCP' },
    { name: 'UDP is UDP', given: 'UDP', expect: 'UDP' },
    { name: 'SCTP is SCTP', given: 'SCTP', expect: 'SCTP' },
    { name: 'another word is none', given: 'udp', expect: undefined },
  ];
  for (const { name, given, expect } of cases) test(name, () => assert.equal(readProtocol(given), expect));
});

function withoutStatuses(pod: ReturnType<typeof podOf>): ReturnType<typeof podOf> {
  const { containerStatuses: _none, ...status } = pod.status ?? {};
  return { ...pod, status };
}

describe('readPod: our own readiness gate', () => {
  const cases = [
    { name: 'a pod without it', given: podOf('ipa-0'), expect: [false, undefined] },
    { name: 'one of others is not ours', given: podOf('ipa-0', gatedBy('a/b', 'True')), expect: [false, undefined] },
    {
      name: 'one that was never set',
      given: podOf('ipa-0', gatedBy(OWN_GATE, undefined)),
      expect: [true, undefined],
    },
    {
      name: 'one that is open',
      given: podOf('ipa-0', gatedBy(OWN_GATE, 'True')),
      expect: [true, { status: 'True', reason: undefined }],
    },
    {
      name: 'one that is closed',
      given: podOf('ipa-0', gatedBy(OWN_GATE, 'False')),
      expect: [true, { status: 'False', reason: undefined }],
    },
  ];
  for (const { name, given, expect } of cases) {
    test(name, () => {
      const { hasOwnGate, ownGate } = readPod(given, OWN);
      assert.deepEqual([hasOwnGate, ownGate], expect);
    });
  }
});
