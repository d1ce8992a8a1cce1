import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { planProbeTarget } from '../../agent/plan/aim.ts';
import type { DeclaredPort } from '../../agent/plan/declaration.ts';
import type { OwnPod } from '../../agent/plan/pod.ts';
import { defaultTiming, type Probe } from '../../agent/plan/probe.ts';
import type { ServiceFacts } from '../../agent/plan/service.ts';
import { identityOf, ownPodOf } from '../support/pods.ts';
import { factsOf, portFacts } from '../support/services.ts';

const probes: readonly Probe[] = [{ ...defaultTiming, action: { kind: 'kerberos' } }];
const tcp: DeclaredPort = { name: 'kerberos', protocol: 'TCP', port: 88 };
const udp: DeclaredPort = { name: 'kerberos', protocol: 'UDP', port: 88 };
const probedUdp: DeclaredPort = { ...udp, probes };
const unready: Partial<OwnPod> = { readiness: { kind: 'unready', reason: 'not ready: container server' } };
const namedPorts = [{ name: 'krb', protocol: 'UDP', port: 2088 }] as const;

const cases: readonly {
  readonly name: string;
  readonly ports: readonly DeclaredPort[];
  readonly isEarly?: boolean;
  readonly pod?: Partial<OwnPod>;
  readonly service?: Partial<ServiceFacts>;
  /** Address and pairs; undefined: nothing is probed. */
  readonly expect: string | undefined;
}[] = [
  { name: 'a pair with a probe is probed, its neighbour is not', ports: [tcp, probedUdp], expect: '10.0.0.10 UDP 88' },
  { name: 'without probes nothing is', ports: [tcp, udp], expect: undefined },
  {
    name: 'the port is where the pair leads',
    ports: [{ ...probedUdp, targetPort: 'krb' }],
    pod: { namedPorts },
    expect: '10.0.0.10 UDP 2088',
  },
  { name: 'a pair that leads nowhere is not', ports: [{ ...probedUdp, targetPort: 'krb' }], expect: undefined },
  {
    name: 'a pair that is left to the Service is not',
    ports: [{ ...tcp, probes }, probedUdp],
    service: { hasSelector: true, ports: [portFacts('kerberos', 88)] },
    expect: '10.0.0.10 UDP 88',
  },
  { name: 'a workload that is not ready is left to start', ports: [probedUdp], pod: unready, expect: undefined },
  {
    name: 'where its pairs do not wait for it, it is probed',
    ports: [probedUdp],
    isEarly: true,
    pod: unready,
    expect: '10.0.0.10 UDP 88',
  },
  {
    name: 'one that has come to its end is not, early or not',
    ports: [probedUdp],
    isEarly: true,
    pod: { ...unready, life: 'terminal' },
    expect: undefined,
  },
  {
    name: 'the address is the register’s: of the first family that pod and Service share',
    ports: [probedUdp],
    pod: { identity: identityOf('ipa-0', { addresses: { IPv4: '10.0.0.10', IPv6: 'fd00::10' } }) },
    service: { families: ['IPv6', 'IPv4'] },
    expect: 'fd00::10 UDP 88',
  },
  {
    name: 'without a shared family there is none',
    ports: [probedUdp],
    service: { families: ['IPv6'] },
    expect: undefined,
  },
];

describe('planProbeTarget', () => {
  for (const { name, ports, isEarly, pod, service, expect } of cases) {
    test(name, () => {
      const facts = factsOf('ipa', service);
      const target = planProbeTarget({
        declaration: {
          service: 'ipa',
          ports,
          ...(isEarly === undefined ? {} : { publishNotReadyAddresses: isEarly }),
        },
        service: facts,
        pod: ownPodOf('ipa-0', pod),
        way: facts.hasSelector ? 'supplement' : 'full',
      });
      const pairs = target?.pairs.map(({ protocol, port }) => `${protocol} ${port}`) ?? [];
      assert.equal(target === undefined ? undefined : [target.address, ...pairs].join(' '), expect);
    });
  }

  test('it carries the probes and the names that they may mean', () => {
    const target = planProbeTarget({
      declaration: { service: 'ipa', ports: [probedUdp] },
      service: factsOf('ipa'),
      pod: ownPodOf('ipa-0', { namedPorts }),
      way: 'full',
    });
    assert.deepEqual(target, {
      service: 'ipa',
      address: '10.0.0.10',
      pairs: [{ name: 'kerberos', protocol: 'UDP', port: 88, probes }],
      namedPorts,
    });
  });
});
