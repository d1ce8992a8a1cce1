/** When the readiness gate opens, and why not yet. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Finding } from '../../agent/plan/finding.ts';
import { type GateFacts, type GateService, planGate } from '../../agent/plan/gate.ts';

const finding = (code: Finding['code']): Finding => ({ code, message: 'm', remedy: 'r' });

const resolved: GateService['published'][number] = {
  pair: 'kerberos/UDP',
  isResolved: true,
  reason: 'DNS answers with this pod',
};
const unresolved = { ...resolved, isResolved: false, reason: 'DNS answers NXDOMAIN, kept for 30 s' };

function ipa(change: Partial<GateService> = {}): GateService {
  return {
    service: 'ipa',
    isUpToDate: true,
    announced: ['kerberos/UDP'],
    published: [resolved],
    findings: [],
    ...change,
  };
}

const facts: GateFacts = {
  readiness: { kind: 'ready' },
  declarations: 'read',
  services: [ipa()],
  dns: { kind: 'on', silentForMs: 0 },
  readyForMs: 1000,
};

const off = { kind: 'off', reason: 'REGISTRAR_DNS_SERVER is off' } as const;

const cases: readonly {
  readonly name: string;
  readonly given: Partial<GateFacts>;
  readonly expect: readonly ['open' | 'wait' | 'warned', string];
}[] = [
  { name: 'every published pair is resolved', given: {}, expect: ['open', 'PairsResolved'] },
  {
    name: 'the workload is not ready, whatever DNS says and however long it takes',
    given: { readiness: { kind: 'unready', reason: 'not ready: container server' }, dns: off, readyForMs: 1e9 },
    expect: ['wait', 'WorkloadNotReady'],
  },
  {
    name: 'the ConfigMap was not read yet',
    given: { declarations: 'unread', services: [] },
    expect: ['wait', 'NotPublishedYet'],
  },
  {
    name: 'the ConfigMap is missing or invalid: its finding is enough',
    given: { declarations: 'refused', services: [] },
    expect: ['open', 'NothingToPublish'],
  },
  { name: 'nothing is declared', given: { services: [] }, expect: ['open', 'NothingToPublish'] },
  {
    name: 'all pairs are left to the Service, which waits for the pod itself',
    given: { services: [ipa({ announced: [], published: [] })] },
    expect: ['open', 'NothingToPublish'],
  },
  {
    name: 'the keeper has not looked since the workload became ready: what it does not announce means nothing',
    given: { services: [ipa({ isUpToDate: false, announced: [], published: [] })] },
    expect: ['wait', 'NotPublishedYet'],
  },
  {
    name: 'a pair is to be announced and not published yet',
    given: { services: [ipa({ published: [] })] },
    expect: ['wait', 'NotPublishedYet'],
  },
  {
    name: 'one of two Services is not published yet',
    given: { services: [ipa(), ipa({ service: 'other', published: [] })] },
    expect: ['wait', 'NotPublishedYet'],
  },
  {
    name: 'a Service that is refused with a finding keeps nobody waiting',
    given: { services: [ipa(), ipa({ service: 'other', published: [], findings: [finding('service-missing')] })] },
    expect: ['open', 'PairsResolved'],
  },
  {
    name: 'a warning alone does not make it refused',
    given: { services: [ipa({ published: [], findings: [finding('port-differs-from-service')] })] },
    expect: ['wait', 'NotPublishedYet'],
  },
  {
    name: 'nothing was published for two minutes, and nobody knows why',
    given: { services: [ipa({ published: [] })], readyForMs: 120_000 },
    expect: ['warned', 'NotResolvedInTime'],
  },
  {
    name: 'one pair of two is not resolved',
    given: { services: [ipa({ published: [resolved, { ...unresolved, pair: 'ldap/TCP' }] })] },
    expect: ['wait', 'NotResolvedYet'],
  },
  {
    name: 'it is still not after 119 s',
    given: { services: [ipa({ published: [unresolved] })], readyForMs: 119_999 },
    expect: ['wait', 'NotResolvedYet'],
  },
  {
    name: 'nor after two minutes: the workload is not taken out of service for it',
    given: { services: [ipa({ published: [unresolved] })], readyForMs: 120_000 },
    expect: ['warned', 'NotResolvedInTime'],
  },
  {
    name: 'DNS is not asked',
    given: { services: [ipa({ published: [unresolved] })], dns: off },
    expect: ['warned', 'DnsNotAsked'],
  },
  {
    name: 'DNS is not asked, and there is nothing to ask for',
    given: { services: [], dns: off },
    expect: ['open', 'NothingToPublish'],
  },
  {
    name: 'DNS is not asked, and nothing is published yet',
    given: { services: [ipa({ published: [] })], dns: off },
    expect: ['wait', 'NotPublishedYet'],
  },
  {
    name: 'DNS is silent for 10 s',
    given: { services: [ipa({ published: [unresolved] })], dns: { kind: 'on', silentForMs: 10_000 } },
    expect: ['wait', 'NotResolvedYet'],
  },
  {
    name: 'DNS is silent for longer',
    given: { services: [ipa({ published: [unresolved] })], dns: { kind: 'on', silentForMs: 10_001 } },
    expect: ['warned', 'DnsSilent'],
  },
  {
    name: 'DNS is silent now, and all was resolved before',
    given: { dns: { kind: 'on', silentForMs: 60_000 } },
    expect: ['open', 'PairsResolved'],
  },
];

describe('planGate', () => {
  for (const { name, given, expect } of cases) {
    test(name, () => {
      const { kind, reason, message, isWarning } = planGate({ ...facts, ...given });
      assert.deepEqual([isWarning ? 'warned' : kind, reason], expect);
      assert.ok(message.length > 0);
      assert.equal(isWarning && kind !== 'open', false);
    });
  }

  test('the message names the pairs that are waited for, and what DNS says', () => {
    const { message } = planGate({ ...facts, services: [ipa({ published: [unresolved] })] });
    assert.equal(message, 'ipa kerberos/UDP: DNS answers NXDOMAIN, kept for 30 s');
  });
});
