/** What the doctor says of Endpoints that stand beside the agents, and of what was left there: word for word. */
import { describe, test } from 'node:test';
import type { EndpointSlice, EndpointSubset } from '../../agent/kube/objects.ts';
import { annotated, endpointsOf, holding, keptByControlPlane, strangerIn, unmirrored } from '../support/endpoints.ts';
import { kerberosTcp, kerberosUdp } from '../support/pairs.ts';
import { sliceManagedBy } from '../support/slices.ts';
import {
  assertTold,
  type Case,
  pods,
  register,
  registerAt,
  seeing,
  seen,
  seenAs,
  slices,
  withoutDns,
} from './doctor-facts.ts';

const mirrorOf = (name: string, ip: string): EndpointSlice => ({
  ...sliceManagedBy('endpointslicemirroring-controller.k8s.io', name),
  endpoints: [{ addresses: [ip] }],
});

const byHand = (port: { readonly name: string; readonly protocol: string; readonly port: number }): EndpointSubset => ({
  addresses: [strangerIn('10.9.9.1')],
  ports: [port],
});
const handMade = endpointsOf('ipa', holding(byHand(kerberosTcp)), holding(byHand(kerberosUdp)));
const noAgents = [pods(), withoutDns] as const;
const noPods: Case['expect'][number] = [
  'pods',
  'warning',
  'no pod in namespace identity carries the sidecar with REGISTRAR_CONFIGMAP=endpoint-registrar',
];
const trapRemedy =
  'Remove those addresses from Endpoints "ipa" (kubectl delete endpoints ipa) and let the pods register themselves, or write one EndpointSlice for each protocol.';

const cases: readonly Case[] = [
  {
    name: 'the mirror trap',
    given: seeing(register(handMade), slices(), ...noAgents),
    expect: [
      [
        'mirror-trap',
        'failure',
        'Service ipa: its Endpoints, written by hand, hold kerberos under several protocols, which the mirror cannot put into one EndpointSlice: kerberos/TCP, kerberos/UDP reached none, so DNS answers NXDOMAIN although kubectl get endpoints looks perfect',
        trapRemedy,
      ],
      noPods,
    ],
  },
  {
    name: 'the mirror trap that left what was good before',
    given: seeing(register(handMade), slices(mirrorOf('ipa-x', '10.9.9.7')), ...noAgents),
    expect: [
      [
        'mirror-trap',
        'failure',
        'Service ipa: its Endpoints, written by hand, hold kerberos under several protocols; the mirror gave up on them and left EndpointSlices that nobody updates: DNS still answers 10.9.9.7, which the Endpoints no longer hold',
      ],
      noPods,
    ],
  },
  {
    name: 'Endpoints by hand without a name twice: the agents would take them out of DNS',
    given: seeing(register(endpointsOf('ipa', holding(byHand(kerberosTcp)))), slices(), ...noAgents),
    expect: [
      [
        'service-way',
        'failure',
        'Service ipa: its Endpoints hold addresses that are not ours (10.9.9.1), and no skip-mirror label: whatever DNS answers for them would go with the label that we need',
      ],
      noPods,
    ],
  },
  {
    name: 'a label that was left',
    given: seeing(register(endpointsOf('ipa', unmirrored)), slices(), ...noAgents),
    expect: [
      [
        'skip-mirror-left',
        'warning',
        'Service ipa: its Endpoints carry the skip-mirror label and no agent beats there; Endpoints written by hand would therefore not reach DNS',
        'Run endpoint-registrar sweep --all where no agents are to come back, or start the agents.',
      ],
      noPods,
    ],
  },
  {
    name: 'a label that was left, and Endpoints by hand that it hides',
    given: seeing(register(endpointsOf('ipa', unmirrored, holding(byHand(kerberosTcp)))), slices(), ...noAgents),
    expect: [
      [
        'skip-mirror-left',
        'failure',
        'Service ipa: its Endpoints carry the skip-mirror label and no agent beats there; the addresses in it (10.9.9.1) therefore do not reach DNS',
      ],
      noPods,
    ],
  },
  {
    name: 'a label left on Endpoints of ours that are not declared any more',
    given: seeing((facts) => ({
      ...facts,
      unmirrored: seen([endpointsOf('old', unmirrored, annotated('endpoint-registrar-format', '1'))]),
    })),
    expect: [
      [
        'skip-mirror-left',
        'warning',
        'Service old: its Endpoints carry the skip-mirror label and no agent beats there; Endpoints written by hand would therefore not reach DNS',
      ],
    ],
  },
  {
    name: 'the label on Endpoints of the API server: nothing',
    given: seeing((facts) => ({ ...facts, unmirrored: seen([endpointsOf('kubernetes', unmirrored)]) })),
    expect: [],
  },
  {
    name: 'slices of a selector that was removed',
    given: seeing(
      register(undefined),
      slices(sliceManagedBy('endpointslice-controller.k8s.io', 'ipa-abcde')),
      ...noAgents,
    ),
    expect: [
      [
        'service-way',
        'failure',
        'Service ipa: it has no selector, yet EndpointSlices of a selector that was removed are left (ipa-abcde); nobody updates them, so DNS would answer their pods for ever',
      ],
      noPods,
    ],
  },
  {
    name: 'the Endpoints of a selector that was removed',
    given: seeing(register(endpointsOf('ipa', keptByControlPlane)), slices(), ...noAgents),
    expect: [
      [
        'service-way',
        'failure',
        "Service ipa: it has no selector, yet its Endpoints still carry the endpoints controller's label of a selector that was removed",
      ],
      noPods,
    ],
  },
  {
    name: 'foreign addresses beside ours',
    given: seeing(seenAs({ endpoints: seen(holding(byHand(kerberosTcp))(registerAt(0))) })),
    expect: [
      [
        'foreign-addresses',
        'warning',
        'Service ipa: its Endpoints hold addresses of nobody who beats (10.9.9.1) beside those of the agents; the label skip-mirror keeps them out of DNS',
      ],
    ],
  },
];

describe('the doctor on Endpoints of others', () => {
  for (const one of cases) test(one.name, () => assertTold(one));
});
