import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DeclaredPort } from '../../agent/plan/declaration.ts';
import { type PairKey, type PairState, pairKey, planPairs, standingStates } from '../../agent/plan/pairs.ts';
import type { OwnPod } from '../../agent/plan/pod.ts';
import { defaultTiming, type ProbeVerdict } from '../../agent/plan/probe.ts';
import type { ServicePortFacts } from '../../agent/plan/service.ts';
import { ownPodOf } from '../support/pods.ts';
import { factsOf, portFacts } from '../support/services.ts';

const kerberosTcp: DeclaredPort = { name: 'kerberos', protocol: 'TCP', port: 88 };
const kerberosUdp: DeclaredPort = { name: 'kerberos', protocol: 'UDP', port: 88 };
const probed: DeclaredPort = { ...kerberosTcp, probes: [{ ...defaultTiming, action: { kind: 'kerberos' } }] };
const named: Partial<OwnPod> = {
  namedPorts: [
    { name: 'krb', protocol: 'TCP', port: 1088 },
    { name: 'krb', protocol: 'UDP', port: 2088 },
  ],
};

type Given = {
  readonly way?: 'full' | 'supplement';
  readonly ports: readonly DeclaredPort[];
  readonly pod?: Partial<OwnPod>;
  readonly onService?: readonly ServicePortFacts[];
  readonly isEarly?: boolean;
  readonly verdicts?: Readonly<Record<string, ProbeVerdict>>;
  readonly standing?: readonly PairKey[];
};

function plan({ way = 'full', ports, pod = {}, onService = [], isEarly, verdicts = {}, standing = [] }: Given) {
  return planPairs({
    declaration: {
      service: 'ipa',
      ports,
      ...(isEarly === undefined ? {} : { publishNotReadyAddresses: isEarly }),
    },
    service: factsOf('ipa', { ports: onService, hasSelector: way === 'supplement' }),
    pod: ownPodOf('ipa-0', pod),
    way,
    verdicts: (key) => verdicts[key],
    standing: new Set(standing),
  });
}

const unready: Partial<OwnPod> = { readiness: { kind: 'unready', reason: 'not ready: container server' } };
const terminal: Partial<OwnPod> = {
  life: 'terminal',
  readiness: { kind: 'unready', reason: "the pod's phase is Failed" },
};
const passing: ProbeVerdict = { kind: 'passing', reason: 'kerberos answers' };
const failing: ProbeVerdict = { kind: 'failing', reason: 'kerberos: no answer within 1000 ms' };
const pending: ProbeVerdict = { kind: 'pending', reason: 'kerberos: not asked yet' };

/** As one line a pair: announced ones with their port number, the others with their state. */
function lines(given: Given): readonly string[] {
  const { announced, states } = plan(given);
  const ports = new Map(announced.map((pair) => [pairKey(pair), pair.port]));
  return states.map((state) => {
    const key = pairKey(state);
    return state.kind === 'announced' ? `${key} ${ports.get(key)}` : `${key} ${state.kind}`;
  });
}

describe('planPairs: what is announced', () => {
  const cases: readonly { readonly name: string; readonly given: Given; readonly expect: readonly string[] }[] = [
    {
      name: 'both protocols of one name are announced',
      given: { ports: [kerberosTcp, kerberosUdp] },
      expect: ['kerberos/TCP 88', 'kerberos/UDP 88'],
    },
    { name: 'no ports announce nothing', given: { ports: [] }, expect: [] },
    {
      name: 'a numeric targetPort is what SRV carries',
      given: { ports: [{ ...kerberosTcp, targetPort: 1088 }] },
      expect: ['kerberos/TCP 1088'],
    },
    {
      name: 'a named targetPort is looked up by name and protocol',
      given: {
        ports: [
          { ...kerberosTcp, targetPort: 'krb' },
          { ...kerberosUdp, targetPort: 'krb' },
        ],
        pod: named,
      },
      expect: ['kerberos/TCP 1088', 'kerberos/UDP 2088'],
    },
    {
      name: 'a name that no container port of that protocol bears withholds that pair alone',
      given: {
        ports: [
          { ...kerberosTcp, targetPort: 'krb' },
          { ...kerberosUdp, targetPort: 'krb' },
        ],
        pod: { namedPorts: [{ name: 'krb', protocol: 'TCP', port: 1088 }] },
      },
      expect: ['kerberos/TCP 1088', 'kerberos/UDP withheld'],
    },
    {
      name: 'a workload that is not ready announces nothing',
      given: {
        ports: [kerberosTcp, kerberosUdp],
        pod: { readiness: { kind: 'unready', reason: 'not ready: container server' } },
      },
      expect: ['kerberos/TCP withheld', 'kerberos/UDP withheld'],
    },
    {
      name: 'beside a selector only the pairs that the Service lacks are ours',
      given: { way: 'supplement', ports: [kerberosTcp, kerberosUdp], onService: [portFacts('kerberos', 88)] },
      expect: ['kerberos/TCP left-to-service', 'kerberos/UDP 88'],
    },
    {
      name: 'the Service’s pair of the same name and another protocol leaves ours to us',
      given: { way: 'supplement', ports: [kerberosUdp], onService: [portFacts('kerberos', 88)] },
      expect: ['kerberos/UDP 88'],
    },
    {
      name: 'a pair left to the Service does not wait for our workload',
      given: {
        way: 'supplement',
        ports: [kerberosTcp],
        onService: [portFacts('kerberos', 88)],
        pod: { readiness: { kind: 'unready', reason: 'not ready: container server' } },
      },
      expect: ['kerberos/TCP left-to-service'],
    },
    {
      name: 'without a selector nobody publishes the Service’s own ports, so they are ours',
      given: { way: 'full', ports: [kerberosTcp], onService: [portFacts('kerberos', 88)] },
      expect: ['kerberos/TCP 88'],
    },
  ];
  for (const { name, given, expect } of cases) test(name, () => assert.deepEqual(lines(given), expect));

  test('early, a workload that is not ready announces its pairs, and says why', () => {
    assert.deepEqual(lines({ ports: [kerberosTcp], pod: unready, isEarly: true }), ['kerberos/TCP 88']);
    const [state] = plan({ ports: [kerberosTcp], pod: unready, isEarly: true }).states;
    assert.match(state?.reason ?? '', /publishNotReadyAddresses .*not ready: container server/);
  });
  test('what has come to its end is withheld, early or not', () =>
    assert.deepEqual(lines({ ports: [kerberosTcp], pod: terminal, isEarly: true }), ['kerberos/TCP withheld']));
  test('`publishNotReadyAddresses: false` is as if it were not there', () =>
    assert.deepEqual(lines({ ports: [kerberosTcp], pod: unready, isEarly: false }), ['kerberos/TCP withheld']));

  test('appProtocol goes with its pair', () => {
    const { announced } = plan({ ports: [{ ...kerberosTcp, appProtocol: 'kerberos' }] });
    assert.deepEqual(announced, [{ name: 'kerberos', protocol: 'TCP', port: 88, appProtocol: 'kerberos' }]);
  });

  test('every withheld pair says why', () => {
    const { states } = plan({
      ports: [kerberosTcp],
      pod: { readiness: { kind: 'unready', reason: 'not ready: container server' } },
    });
    assert.deepEqual(states, [
      { name: 'kerberos', protocol: 'TCP', kind: 'withheld', reason: 'not ready: container server' },
    ]);
  });
});

describe('planPairs: probes', () => {
  const both = [kerberosTcp, kerberosUdp];
  const withheld = (reason: string) => `withheld: ${reason}`;
  const announced = (reason: string) => `announced: ${reason}`;
  const cases: readonly { readonly name: string; readonly given: Given; readonly expect: readonly string[] }[] = [
    {
      name: 'a pair that fails is withheld with the reason, and its neighbour stays',
      given: { ports: both, verdicts: { 'kerberos/UDP': failing }, standing: ['kerberos/TCP', 'kerberos/UDP'] },
      expect: [announced('the workload is ready'), withheld(failing.reason)],
    },
    {
      name: 'one that passes is announced',
      given: { ports: [kerberosUdp], verdicts: { 'kerberos/UDP': passing } },
      expect: [announced('the workload is ready')],
    },
    {
      name: 'without a verdict yet a pair does not come',
      given: { ports: [kerberosUdp], verdicts: { 'kerberos/UDP': pending } },
      expect: [withheld(pending.reason)],
    },
    {
      name: 'without a verdict yet a pair that stands stays',
      given: { ports: [kerberosUdp], verdicts: { 'kerberos/UDP': pending }, standing: ['kerberos/UDP'] },
      expect: [announced(pending.reason)],
    },
    {
      name: 'that another pair of its name stands does not count',
      given: { ports: [kerberosUdp], verdicts: { 'kerberos/UDP': pending }, standing: ['kerberos/TCP'] },
      expect: [withheld(pending.reason)],
    },
    {
      name: 'a workload that is not ready withholds whatever its probes say',
      given: { ports: [kerberosUdp], pod: unready, verdicts: { 'kerberos/UDP': passing }, standing: ['kerberos/UDP'] },
      expect: [withheld('not ready: container server')],
    },
    {
      name: 'early, the probes alone decide',
      given: { ports: both, pod: unready, isEarly: true, verdicts: { 'kerberos/UDP': failing } },
      expect: [
        announced('publishNotReadyAddresses is declared (not ready: container server)'),
        withheld(failing.reason),
      ],
    },
    {
      name: 'a pair that is left to the Service is announced whatever its probe says',
      given: {
        way: 'supplement',
        ports: [kerberosTcp],
        onService: [portFacts('kerberos', 88)],
        verdicts: { 'kerberos/TCP': failing },
      },
      expect: ['left-to-service: the Service has this pair: the control plane announces it'],
    },
  ];
  for (const { name, given, expect } of cases) {
    test(name, () => {
      const { announced: pairs, states } = plan(given);
      assert.deepEqual(
        states.map(({ kind, reason }) => `${kind}: ${reason}`),
        expect,
      );
      assert.deepEqual(pairs.map(pairKey), states.filter(({ kind }) => kind === 'announced').map(pairKey));
    });
  }
});

describe('planPairs: findings', () => {
  const supplement = (declared: DeclaredPort, own: ServicePortFacts, pod: Partial<OwnPod> = {}): Given => ({
    way: 'supplement',
    ports: [declared],
    onService: [own],
    pod,
  });
  const cases: readonly { readonly name: string; readonly given: Given; readonly expect: readonly string[] }[] = [
    { name: 'a plain declaration has none', given: { ports: [kerberosTcp, kerberosUdp] }, expect: [] },
    {
      name: 'an unready workload is none: it is the ordinary course',
      given: { ports: [kerberosTcp], pod: { readiness: { kind: 'unready', reason: 'x' } } },
      expect: [],
    },
    {
      name: 'a named targetPort that leads nowhere is one',
      given: { ports: [{ ...kerberosUdp, targetPort: 'krb' }] },
      expect: ['target-port-unresolved'],
    },
    {
      name: 'a targetPort that leads nowhere is one also while the workload is not ready',
      given: { ports: [{ ...kerberosUdp, targetPort: 'krb' }], pod: { readiness: { kind: 'unready', reason: 'x' } } },
      expect: ['target-port-unresolved'],
    },
    {
      name: 'the same pair on both sides is none',
      given: supplement(kerberosTcp, portFacts('kerberos', 88)),
      expect: [],
    },
    {
      name: 'another port number on the Service is one',
      given: supplement(kerberosTcp, portFacts('kerberos', 1088)),
      expect: ['port-differs-from-service'],
    },
    {
      name: 'what counts is where the ports lead',
      given: supplement({ ...kerberosTcp, targetPort: 1088 }, portFacts('kerberos', 88, { targetPort: 'krb' }), named),
      expect: [],
    },
    {
      name: 'another appProtocol on the Service is one',
      given: supplement({ ...kerberosTcp, appProtocol: 'kerberos' }, portFacts('kerberos', 88)),
      expect: ['appprotocol-differs'],
    },
    {
      name: 'a probe of a pair that is left to the Service is one, since it cannot withhold it',
      given: supplement(probed, portFacts('kerberos', 88)),
      expect: ['probe-without-effect'],
    },
    {
      name: 'it is one beside what else differs',
      given: supplement(probed, portFacts('kerberos', 1088)),
      expect: ['port-differs-from-service', 'probe-without-effect'],
    },
    { name: 'a probe of a pair of ours is none', given: { ports: [probed] }, expect: [] },
    {
      name: 'no appProtocol asked for leaves the Service its own',
      given: supplement(kerberosTcp, portFacts('kerberos', 88, { appProtocol: 'kerberos' })),
      expect: [],
    },
  ];
  for (const { name, given, expect } of cases) {
    test(name, () =>
      assert.deepEqual(
        plan(given).findings.map(({ code }) => code),
        expect,
      ),
    );
  }

  test('the finding names what was looked for and what there is', () => {
    const [finding] = plan({ ports: [{ ...kerberosUdp, targetPort: 'kdc' }], pod: named }).findings;
    assert.match(finding?.message ?? '', /Service ipa, pair kerberos\/UDP: targetPort "kdc" .* krb\/TCP, krb\/UDP$/);
  });
});

test('of a plan that was not carried out only what stands is announced; other states keep their reason', () => {
  const state = (name: string, kind: PairState['kind']) =>
    ({ name, protocol: 'TCP', kind, reason: 'as planned' }) as const;
  const states = [
    state('a', 'announced'),
    state('b', 'announced'),
    state('c', 'withheld'),
    state('d', 'left-to-service'),
  ];
  assert.deepEqual(standingStates(states, new Set<PairKey>(['a/TCP']), 'refused'), [
    state('a', 'announced'),
    { ...state('b', 'withheld'), reason: 'refused' },
    state('c', 'withheld'),
    state('d', 'left-to-service'),
  ]);
});

describe('pairKey', () => {
  test('is name and protocol', () => assert.equal(pairKey(kerberosUdp), 'kerberos/UDP'));
  test('takes an absent protocol as TCP', () => assert.equal(pairKey({ name: 'ldap' }), 'ldap/TCP'));
});
