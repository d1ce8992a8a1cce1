/** What the doctor says of the cluster DNS: all of it, word for word. */
import { describe, test } from 'node:test';
import { balanced } from '../support/services.ts';
import {
  answered,
  assertTold,
  type Case,
  dns,
  hidden,
  nxdomain,
  seeing,
  seen,
  seenAs,
  service,
  udpAnswer,
} from './doctor-facts.ts';

const SRV = '_kerberos._udp.ipa.identity.svc.cluster.local';
const again =
  'A cache keeps an answer for its TTL: look again after that. If it stays, look at the log of the cluster DNS.';

const images =
  (...names: readonly string[]) =>
  (facts: Case['given']) => ({
    ...facts,
    dnsDeployments: seen([
      {
        metadata: { name: 'coredns' },
        spec: { selector: {}, template: { spec: { containers: names.map((image) => ({ name: 'dns', image })) } } },
      },
    ]),
  });

const cases: readonly Case[] = [
  {
    name: 'DNS that nobody asked',
    given: seeing((facts) => ({
      ...facts,
      dns: { kind: 'unasked', why: 'it cannot be reached from outside the cluster' },
    })),
    expect: [
      [
        'dns-server',
        'skipped',
        'cluster DNS: not asked (it cannot be reached from outside the cluster)',
        'Run the doctor in a pod, or give --dns-server IP[:PORT].',
      ],
    ],
  },
  {
    name: 'a server that is silent',
    given: seeing(dns({ zone: { kind: 'silent' }, nowhere: undefined, services: [] })),
    expect: [
      [
        'dns-server',
        'failure',
        '10.96.0.10:53: no answer within 5 s',
        'Compare the address with Service kube-dns in kube-system, and look for a NetworkPolicy in between.',
      ],
    ],
  },
  {
    name: 'an address where nobody listens',
    given: seeing(dns({ zone: { kind: 'unreachable', code: 'ECONNREFUSED' }, nowhere: undefined, services: [] })),
    expect: [['dns-server', 'failure', '10.96.0.10:53: nobody answers there (ECONNREFUSED)']],
  },
  {
    name: 'another cluster domain, under which no pair is found either: that is told once',
    given: seeing((facts) => {
      const pairs = ['kerberos/TCP', 'kerberos/UDP'] as const;
      const missing = pairs.map((key) => ({ key, name: SRV, answer: nxdomain }));
      return dns({ zone: nxdomain, services: [{ service: 'ipa', pairs: missing, targets: new Map() }] })(facts);
    }),
    expect: [
      [
        'dns-server',
        'failure',
        '10.96.0.10:53: it does not serve the domain cluster.local, under which the Services are looked for',
      ],
    ],
  },
  {
    name: 'a zone that the server is not asked for',
    given: seeing(dns({ zone: { kind: 'refused', rcode: 'REFUSED' }, services: [] })),
    expect: [
      [
        'dns-server',
        'failure',
        '10.96.0.10:53: it does not serve the domain cluster.local, under which the Services are looked for',
      ],
    ],
  },
  {
    name: 'a server that is broken',
    given: seeing(dns({ zone: { kind: 'refused', rcode: 'SERVFAIL' }, services: [] })),
    expect: [['dns-server', 'failure', '10.96.0.10:53: it cannot answer (SERVFAIL)']],
  },
  {
    name: 'a server that answers the pairs, and not for its zone: nothing',
    given: seeing(dns({ zone: nxdomain })),
    expect: [],
  },
  {
    name: 'negative answers that are kept for long',
    given: seeing(dns({ nowhere: { kind: 'negative', rcode: 'NXDOMAIN', soaMinimumSeconds: 3600 } })),
    expect: [
      [
        'dns-server',
        'warning',
        "a name that is asked before it is published stays unanswered for up to 3600 s (negative caching, the SOA's minimum)",
      ],
    ],
  },
  {
    name: 'NXDOMAIN for what register and slices hold',
    given: seeing(udpAnswer(nxdomain)),
    expect: [
      [
        'dns-answers',
        'failure',
        `SRV ${SRV}: DNS answers nothing, and the Endpoints and the EndpointSlices hold ipa-0:88, ipa-1:88`,
        'It was asked before it was published, and a cache keeps that answer for 30 s: look again after that. If it stays, this DNS does not read EndpointSlices (kube-dns does not, CoreDNS 1.11 and newer does).',
      ],
    ],
  },
  {
    name: 'one server that is missing from the answer',
    given: seeing(udpAnswer(answered('ipa-0'))),
    expect: [
      [
        'dns-answers',
        'warning',
        `SRV ${SRV}: DNS does not answer what the EndpointSlices say: ipa-1:88 is missing`,
        again,
      ],
    ],
  },
  {
    name: 'an answer that is out of date',
    given: seeing(udpAnswer(answered('ipa-0', 'ipa-1', 'ipa-7'))),
    expect: [
      [
        'dns-answers',
        'warning',
        `SRV ${SRV}: DNS does not answer what the EndpointSlices say: ipa-7:88 stands in no EndpointSlice`,
      ],
    ],
  },
  {
    name: 'a question without an answer',
    given: seeing(udpAnswer({ kind: 'refused', rcode: 'SERVFAIL' })),
    expect: [['dns-answers', 'failure', `SRV ${SRV}: no answer (refused)`]],
  },
  {
    name: 'a target without an address, and one with another',
    given: seeing((facts) => {
      if (facts.dns.kind !== 'asked') return facts;
      const targets = new Map([
        ['ipa-0.ipa.identity.svc.cluster.local', []],
        ['ipa-1.ipa.identity.svc.cluster.local', ['10.0.0.99']],
      ]);
      return { ...facts, dns: { ...facts.dns, services: facts.dns.services.map((one) => ({ ...one, targets })) } };
    }),
    expect: [
      [
        'dns-targets',
        'failure',
        'ipa-0.ipa.identity.svc.cluster.local: it is the target of an SRV record and has neither A nor AAAA',
      ],
      [
        'dns-targets',
        'warning',
        'ipa-1.ipa.identity.svc.cluster.local: DNS answers 10.0.0.99, which no EndpointSlice holds',
      ],
    ],
  },
  {
    name: 'a Service with a cluster IP: its address is no strange one',
    given: seeing(
      service(balanced('10.96.7.7')),
      dns({
        services: [
          { service: 'ipa', pairs: [], targets: new Map([['ipa.identity.svc.cluster.local', ['10.96.7.7']]]) },
        ],
      }),
    ),
    expect: [
      [
        'service-way',
        'failure',
        "Service ipa: it has a cluster IP, and then DNS makes SRV records from the Service's own ports, which cannot hold a name twice",
      ],
    ],
  },
  {
    name: 'EndpointSlices that may not be read: no answer is called strange',
    given: seeing(seenAs({ slices: hidden, laterSlices: [] })),
    expect: [['service-way', 'skipped', 'Service ipa: User "ann" cannot list it']],
  },
  {
    name: 'kube-dns',
    given: seeing(images('registry.example/k8s-dns-kube-dns:1.22.28')),
    expect: [
      [
        'dns-image',
        'warning',
        'DNS is kube-dns (registry.example/k8s-dns-kube-dns:1.22.28), which reads Endpoints and no EndpointSlices: it answers pairs of a Service without a selector alone',
      ],
    ],
  },
  {
    name: 'an old CoreDNS',
    given: seeing(images('registry.example/coredns/coredns:v1.9.3')),
    expect: [
      [
        'dns-image',
        'warning',
        'DNS is CoreDNS (registry.example/coredns/coredns:v1.9.3): only 1.11 and newer is known to read EndpointSlices and nothing else',
      ],
    ],
  },
  { name: 'a CoreDNS that is new enough: nothing', given: seeing(images('example/coredns:v1.15.0')), expect: [] },
];

describe('the doctor on DNS', () => {
  for (const one of cases) test(one.name, () => assertTold(one));
});
