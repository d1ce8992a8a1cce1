/** What the doctor says of registrations: the missing, the dead, the silent; word for word. */
import { describe, test } from 'node:test';
import { beating, beatValue, endpointsOf, registered, unmirrored } from '../support/endpoints.ts';
import { kerberosTcp, kerberosUdp } from '../support/pairs.ts';
import { inPhase, podOf, starting, uidOf } from '../support/pods.ts';
import { serviceOf } from '../support/services.ts';
import { slicesOf } from '../support/slices.ts';
import {
  assertTold,
  type Case,
  type container,
  declaring,
  memberOf,
  pods,
  register,
  registerAt,
  seeing,
  seen,
  seenAs,
  slices,
  withoutDns,
} from './doctor-facts.ts';

const ghost = registered('ipa-9', kerberosTcp);
const slow = endpointsOf(
  'ipa',
  unmirrored,
  ...['ipa-0', 'ipa-1'].flatMap((name) => [
    registered(name, kerberosTcp, kerberosUdp),
    beating(name, beatValue(0, '60s')),
  ]),
);
const dead = 'Living agents remove it within a few intervals; where none lives, run: endpoint-registrar sweep.';

const cases: readonly Case[] = [
  {
    name: 'an agent that has not registered',
    given: seeing(
      register(endpointsOf('ipa', unmirrored, registered('ipa-0', kerberosTcp, kerberosUdp))),
      seenAs({ later: endpointsOf('ipa', beating('ipa-0', beatValue(5))) }),
    ),
    expect: [
      [
        'registered',
        'failure',
        'pod ipa-1: no heartbeat under Service ipa: its agent has not registered, or was evicted because it had fallen silent',
        'Read its log: kubectl -n identity logs ipa-1 -c endpoint-registrar.',
      ],
    ],
  },
  {
    name: 'a pair that is missing from the slices',
    given: seeing(
      slices(...slicesOf('ipa-0', kerberosTcp, kerberosUdp), ...slicesOf('ipa-1', kerberosTcp)),
      withoutDns,
    ),
    expect: [
      [
        'registered',
        'failure',
        'pod ipa-1: ready, and not announced under kerberos/UDP of Service ipa: no EndpointSlice of its agent has it',
      ],
    ],
  },
  {
    name: 'a pair that its probe withholds',
    given: seeing(
      declaring(
        'ports: [{ name: kerberos, port: 88 }, { name: kerberos, protocol: UDP, port: 88, probe: { kerberos: {} } }]',
      ),
      slices(...slicesOf('ipa-0', kerberosTcp, kerberosUdp), ...slicesOf('ipa-1', kerberosTcp)),
      withoutDns,
    ),
    expect: [
      [
        'registered',
        'warning',
        'pod ipa-1: ready, and not announced under kerberos/UDP of Service ipa: their probes do not succeed',
      ],
    ],
  },
  {
    name: 'a pod that is not ready and not announced: nothing',
    given: seeing(
      pods(memberOf('ipa-0'), memberOf('ipa-1', starting('helper'))),
      slices(...slicesOf('ipa-0', kerberosTcp, kerberosUdp)),
      withoutDns,
    ),
    expect: [],
  },
  {
    name: 'a sidecar that does not start',
    given: seeing(
      pods(memberOf('ipa-0'), memberOf('ipa-1', crashing)),
      register(endpointsOf('ipa', unmirrored, registered('ipa-0', kerberosTcp, kerberosUdp))),
      seenAs({ later: endpointsOf('ipa', beating('ipa-0', beatValue(5))) }),
    ),
    expect: [
      [
        'registered',
        'failure',
        'pod ipa-1: no heartbeat under Service ipa: container endpoint-registrar does not run (CrashLoopBackOff)',
      ],
    ],
  },
  {
    name: 'a pod that is starting',
    given: seeing(
      pods(memberOf('ipa-0'), memberOf('ipa-1', inPhase('Pending'))),
      register(endpointsOf('ipa', unmirrored, registered('ipa-0', kerberosTcp, kerberosUdp))),
      seenAs({ later: endpointsOf('ipa', beating('ipa-0', beatValue(5))) }),
    ),
    expect: [
      [
        'registered',
        'warning',
        'pod ipa-1: no heartbeat under Service ipa yet: the pod is starting',
        'Look again in a moment; if it stays, see: kubectl describe pod.',
      ],
    ],
  },
  {
    name: 'the heartbeat of a pod that is gone',
    given: seeing(seenAs({ endpoints: seen(ghost(registerAt(0))), later: ghost(registerAt(5)) })),
    expect: [['dead', 'warning', `Service ipa: heartbeats of pods that are gone: ipa-9 ${uidOf('ipa-9')}`, dead]],
  },
  {
    name: 'a pod that went between the looks, its heartbeat too: nothing',
    given: seeing(seenAs({ endpoints: seen(ghost(registerAt(0))) })),
    expect: [],
  },
  {
    name: 'slices of a pod that is gone, without a heartbeat',
    given: seeing(
      slices(
        ...['ipa-0', 'ipa-1'].flatMap((name) => slicesOf(name, kerberosTcp, kerberosUdp)),
        ...slicesOf('ipa-9', kerberosTcp),
      ),
      withoutDns,
    ),
    expect: [
      [
        'dead',
        'warning',
        `Service ipa: EndpointSlices of agents whose pods are gone: ${slicesOf('ipa-9', kerberosTcp)[0]?.metadata?.name}`,
      ],
    ],
  },
  {
    name: 'an agent that fell silent',
    given: seeing(seenAs({ later: beating('ipa-0', beatValue(5))(registerAt(0)) })),
    expect: [
      [
        'silent',
        'warning',
        'pod ipa-1: its heartbeat under Service ipa did not change in 6 s, though it promised one every 5s',
        'See whether its sidecar runs, and what its log says; its peers evict it after three intervals.',
      ],
    ],
  },
  {
    name: 'promises that are longer than the wait',
    given: seeing(register(slow)),
    expect: [['silent', 'skipped', 'Service ipa: whether 2 of them still beat cannot be seen in 6 s']],
  },
  {
    name: 'one look alone',
    given: seeing(seenAs({ later: undefined }), (facts) => ({ ...facts, waitedMs: undefined })),
    expect: [
      ['silent', 'skipped', 'Service ipa: whether all of them still beat was not looked at (it takes two looks)'],
    ],
  },
  {
    name: 'a pod that has ended is no member',
    given: seeing(pods(memberOf('ipa-0'), memberOf('ipa-1'), memberOf('ipa-2', inPhase('Failed')), podOf('other'))),
    expect: [],
  },
  {
    name: 'slices under a Service that is not declared',
    given: seeing((facts) => ({
      ...facts,
      services: [
        ...facts.services,
        {
          name: 'old',
          declaration: undefined,
          service: seen(serviceOf('old', (one) => ({ ...one, spec: { clusterIP: 'None' } }))),
          endpoints: seen(undefined),
          later: undefined,
          slices: seen([]),
          laterSlices: [],
        },
      ],
    })),
    expect: [
      [
        'service-undeclared',
        'warning',
        'Service old: EndpointSlices of agents stand under it, and the ConfigMap does not declare it',
      ],
    ],
  },
];

/** The sidecar of this pod is restarted again and again. */
function crashing(pod: Parameters<ReturnType<typeof container>>[0]) {
  const statuses = pod.status?.initContainerStatuses ?? [];
  const waiting = { waiting: { reason: 'CrashLoopBackOff' } };
  return {
    ...pod,
    status: { ...pod.status, initContainerStatuses: statuses.map((status) => ({ ...status, state: waiting })) },
  };
}

describe('the doctor on registrations', () => {
  for (const one of cases) test(one.name, () => assertTold(one));
});
