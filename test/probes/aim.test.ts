import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Protocol } from '../../agent/plan/declaration.ts';
import { defaultTiming, type ProbeAction } from '../../agent/plan/probe.ts';
import { planProbes } from '../../agent/probes/aim.ts';

const httpGet = { kind: 'httpGet', scheme: 'HTTP', path: '/', headers: [] } as const;

/** One probe of a pair as one line: `TCP 10.1.2.3:88 REALM`, or why it cannot ask. */
function planned(action: ProbeAction, protocol: Protocol = 'TCP'): string {
  const aim = {
    service: 'ipa',
    realm: 'IPA.DEFAULT.SVC.CLUSTER.LOCAL',
    address: '10.1.2.3',
    namedPorts: [
      { name: 'krb', protocol: 'TCP', port: 1088 },
      { name: 'krb', protocol: 'UDP', port: 2088 },
      { name: 'web', protocol: 'TCP', port: 8080 },
    ],
    pairs: [],
  } as const;
  const [plan] = planProbes(aim, { name: 'kerberos', protocol, port: 88, probes: [{ ...defaultTiming, action }] });
  if (plan?.kind !== 'askable') return plan?.reason ?? '';
  const { transport, address, port, realm } = plan.target;
  return `${transport} ${address}:${port} ${realm}`.trim();
}

describe('planProbes: where a probe asks', () => {
  const cases: readonly {
    readonly name: string;
    readonly action: ProbeAction;
    readonly protocol?: Protocol;
    readonly expect: string;
  }[] = [
    {
      name: "the pair's own port and protocol, and the Service's realm",
      action: { kind: 'kerberos' },
      protocol: 'UDP',
      expect: 'UDP 10.1.2.3:88 IPA.DEFAULT.SVC.CLUSTER.LOCAL',
    },
    {
      name: 'a transport and a realm of its own',
      action: { kind: 'kerberos', transport: 'TCP', realm: 'EXAMPLE.ORG' },
      protocol: 'SCTP',
      expect: 'TCP 10.1.2.3:88 EXAMPLE.ORG',
    },
    {
      name: 'no transport for SCTP: the attempt says so',
      action: { kind: 'kpasswd' },
      protocol: 'SCTP',
      expect: 'SCTP 10.1.2.3:88',
    },
    {
      name: 'ldap is TCP, whatever the pair is',
      action: { kind: 'ldap', port: 389 },
      protocol: 'UDP',
      expect: 'TCP 10.1.2.3:389',
    },
    { name: 'udp is UDP', action: { kind: 'udp', send: new Uint8Array() }, protocol: 'TCP', expect: 'UDP 10.1.2.3:88' },
    { name: 'a port by name', action: { ...httpGet, port: 'web' }, protocol: 'UDP', expect: 'TCP 10.1.2.3:8080' },
    {
      name: 'a name that two protocols have, over TCP',
      action: { kind: 'tcpSocket', port: 'krb' },
      expect: 'TCP 10.1.2.3:1088',
    },
    { name: 'and over UDP', action: { kind: 'kpasswd', port: 'krb' }, protocol: 'UDP', expect: 'UDP 10.1.2.3:2088' },
    {
      name: 'a name that no port of the transport has',
      action: { kind: 'kpasswd', port: 'web', transport: 'UDP' },
      expect:
        'kpasswd probe: no UDP container port of this pod is named "web" (its named ports are: krb/TCP, krb/UDP, web/TCP); ' +
        "give the probe's port as a number, or name a UDP container port so",
    },
  ];
  for (const { name, action, protocol, expect } of cases) {
    test(name, () => assert.equal(planned(action, protocol), expect));
  }
});
