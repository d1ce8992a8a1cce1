/** What the doctor says of Services, and of how their pods fit to them: all of it, word for word. */
import { describe, test } from 'node:test';
import { balanced, external, offering, selecting, speaking } from '../support/services.ts';
import {
  assertTold,
  type Case,
  declaring,
  everyPod,
  hidden,
  podSpec,
  seeing,
  seen,
  seenAs,
  service,
  withoutDns,
} from './doctor-facts.ts';

const cases: readonly Case[] = [
  { name: 'a healthy world: nothing', given: seeing(), expect: [] },
  {
    name: 'a Service that is missing',
    given: seeing(seenAs({ service: seen(undefined) }), withoutDns),
    expect: [
      [
        'service-way',
        'failure',
        'Service ipa: not found; DNS answers nothing for it, and nothing is registered until it is back',
        'Create the headless Service "ipa" (clusterIP: None) in this namespace, or take the key "ipa" out of the ConfigMap.',
      ],
    ],
  },
  {
    name: 'a Service with a cluster IP',
    given: seeing(service(balanced('10.96.0.9')), withoutDns),
    expect: [
      [
        'service-way',
        'failure',
        "Service ipa: it has a cluster IP, and then DNS makes SRV records from the Service's own ports, which cannot hold a name twice",
      ],
    ],
  },
  {
    name: 'a Service of type ExternalName',
    given: seeing(service(external), withoutDns),
    expect: [
      ['service-way', 'failure', 'Service ipa: type ExternalName makes DNS answer a CNAME and read no EndpointSlices'],
    ],
  },
  {
    name: 'a Service that may not be read',
    given: seeing(seenAs({ service: hidden }), withoutDns),
    expect: [['service-way', 'skipped', 'Service ipa: User "ann" cannot list it']],
  },
  {
    name: 'early names together with own ports of other names: nothing',
    given: seeing(
      service(selecting('ipa'), offering('http', 80), (object) => ({
        ...object,
        spec: { ...object.spec, publishNotReadyAddresses: true },
      })),
    ),
    expect: [],
  },
  {
    name: 'early names together with an own port of a declared name',
    given: seeing(
      service(selecting('ipa'), offering('kerberos', 88), (object) => ({
        ...object,
        spec: { ...object.spec, publishNotReadyAddresses: true },
      })),
    ),
    expect: [
      [
        'early-names',
        'warning',
        'Service ipa: publishNotReadyAddresses makes the control plane announce its own ports (kerberos/TCP) for pods that are not ready, while the declared pairs wait for readiness',
      ],
    ],
  },
  {
    name: 'a port that differs from the Service',
    given: seeing(service(selecting('ipa'), offering('kerberos', 89))),
    expect: [
      [
        'service-fit',
        'warning',
        "pods ipa-0, ipa-1: Service ipa, pair kerberos/TCP: the ConfigMap leads to port 88, the Service's own port to 89; the Service wins",
      ],
    ],
  },
  {
    name: 'a target port that no container has',
    given: seeing(declaring('ports: [{ name: kerberos, port: 88, targetPort: krb }]'), withoutDns),
    expect: [
      [
        'service-fit',
        'failure',
        'pods ipa-0, ipa-1: Service ipa, pair kerberos/TCP: targetPort "krb" must name a container port of this pod with protocol TCP; the pod\'s named ports are: none',
      ],
    ],
  },
  {
    name: 'IP families that the pods do not have',
    given: seeing(service(speaking('IPv6'))),
    expect: [
      [
        'service-fit',
        'failure',
        'pod ipa-0: Service ipa has the IP families IPv6, and the pod has none of them (10.0.0.10)',
      ],
      [
        'service-fit',
        'failure',
        'pod ipa-1: Service ipa has the IP families IPv6, and the pod has none of them (10.0.0.11)',
      ],
    ],
  },
  {
    name: 'both families on pods with one: nothing',
    given: seeing(service(speaking('IPv4', 'IPv6'))),
    expect: [],
  },
  {
    name: 'a serviceName that is not the registered Service',
    given: seeing(everyPod(podSpec({ subdomain: 'ipa-pods' }))),
    expect: [
      [
        'service-fit',
        'warning',
        'pods ipa-0, ipa-1: its own name ends in .ipa-pods (serviceName of the StatefulSet, spec.subdomain of a pod), and SRV targets end in .ipa: TLS says wrong host, and GSSAPI fails with code 7',
        'Register under the Service that the pods are named after: serviceName: ipa in a new StatefulSet, or the key "ipa-pods" in the ConfigMap.',
      ],
    ],
  },
];

describe('the doctor on Services', () => {
  for (const one of cases) test(one.name, () => assertTold(one));
});
