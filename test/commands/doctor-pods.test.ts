/** What the doctor says of the pods that carry the sidecar, one by one and together: all of it, word for word. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readPreStop } from '../../agent/commands/doctor/checks/prestop.ts';
import {
  assertTold,
  type Case,
  container,
  declaring,
  dns,
  everyPod,
  hidden,
  memberOf,
  podMetadata,
  podSpec,
  pods,
  seeing,
  seen,
  withoutDns,
} from './doctor-facts.ts';

const replicaSet = podMetadata({
  labels: { app: 'ipa', 'pod-template-hash': '5d9f' },
  ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'ipa-5d9f', uid: 'u', controller: true }],
});

const cases: readonly Case[] = [
  {
    name: 'a plain container',
    given: seeing(
      everyPod((pod) => ({
        ...pod,
        spec: {
          ...pod.spec,
          containers: [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])],
          initContainers: [],
        },
      })),
    ),
    expect: [
      [
        'pods',
        'warning',
        'pods ipa-0, ipa-1: endpoint-registrar is a plain container: it starts beside the workload, and ends while the workload still drains',
        'Move it to initContainers with restartPolicy: Always (Kubernetes 1.29 or newer).',
      ],
    ],
  },
  {
    name: 'an init container that is no native sidecar',
    given: seeing(everyPod(container('endpoint-registrar', { restartPolicy: 'OnFailure' }))),
    expect: [
      [
        'pods',
        'failure',
        'pods ipa-0, ipa-1: endpoint-registrar is an init container without restartPolicy Always: the pod waits for its end, and it has none',
      ],
    ],
  },
  {
    name: 'another name in REGISTRAR_CONTAINER_NAME',
    given: seeing(
      everyPod(
        container('endpoint-registrar', {
          env: [
            { name: 'REGISTRAR_CONFIGMAP', value: 'endpoint-registrar' },
            { name: 'REGISTRAR_CONTAINER_NAME', value: 'registrar' },
          ],
        }),
      ),
    ),
    expect: [
      [
        'pods',
        'failure',
        "pods ipa-0, ipa-1: the agent's container is endpoint-registrar, and REGISTRAR_CONTAINER_NAME says registrar: the agent waits for its own readiness",
        'Set REGISTRAR_CONTAINER_NAME to endpoint-registrar.',
      ],
    ],
  },
  {
    name: 'a sidecar without a token',
    given: seeing(everyPod(container('endpoint-registrar', { volumeMounts: [] }))),
    expect: [
      [
        'pods',
        'failure',
        'pods ipa-0, ipa-1: endpoint-registrar has neither a ServiceAccount token (/var/run/secrets/kubernetes.io/serviceaccount) nor KUBECONFIG: it cannot ask the API server',
      ],
    ],
  },
  {
    name: 'a workload that holds the token',
    given: seeing(
      everyPod(
        container('server', {
          volumeMounts: [{ name: 't', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }],
        }),
      ),
    ),
    expect: [
      [
        'pods',
        'warning',
        'pods ipa-0, ipa-1: the workload (server) holds the ServiceAccount token, with which the register can be changed',
      ],
    ],
  },
  {
    name: 'no readinessProbe',
    given: seeing(everyPod(withoutField('readinessProbe'))),
    expect: [
      [
        'pods',
        'warning',
        'pods ipa-0, ipa-1: its workload (server) has no readinessProbe: it is announced as soon as its process runs',
        'Add a readinessProbe to the workload, or a probe to each pair in the ConfigMap.',
      ],
    ],
  },
  {
    name: 'no readinessProbe, and a probe for each pair: nothing',
    given: seeing(
      everyPod(withoutField('readinessProbe')),
      declaring(
        'ports: [{ name: kerberos, port: 88, probe: { kerberos: {} } }, { name: kerberos, protocol: UDP, port: 88, probe: { kerberos: {} } }]',
      ),
    ),
    expect: [],
  },
  {
    name: 'the agents own readiness gate is no probe of the workload',
    given: seeing(
      everyPod(
        withoutField('readinessProbe'),
        podSpec({ readinessGates: [{ conditionType: 'endpoint-registrar/published' }] }),
      ),
    ),
    expect: [
      [
        'pods',
        'warning',
        'pods ipa-0, ipa-1: its workload (server) has no readinessProbe: it is announced as soon as its process runs',
      ],
    ],
  },
  {
    name: 'no preStop',
    given: seeing(everyPod(withoutField('lifecycle'))),
    expect: [
      [
        'pods',
        'warning',
        'pods ipa-0, ipa-1: its workload has no preStop sleep: clients keep the old DNS answer for its TTL (30 s) and meet a server that is gone',
        'Give the workload lifecycle.preStop.sleep.seconds of at least 30, and a longer terminationGracePeriodSeconds.',
      ],
    ],
  },
  {
    name: 'a preStop that is shorter than the TTL',
    given: seeing(everyPod(container('server', { lifecycle: { preStop: { exec: { command: ['sleep', '5'] } } } }))),
    expect: [
      [
        'pods',
        'warning',
        'pods ipa-0, ipa-1: its preStop sleep of 5 s is shorter than the TTL of DNS answers (30 s), for which clients keep them',
      ],
    ],
  },
  {
    name: 'a preStop that is shorter than the TTL, of which a cache shows the rest alone',
    given: seeing(
      everyPod(container('server', { lifecycle: { preStop: { sleep: { seconds: 35 } } } })),
      dns({ nowhere: { kind: 'negative', rcode: 'NXDOMAIN', soaMinimumSeconds: 45 } }),
    ),
    expect: [
      [
        'pods',
        'warning',
        'pods ipa-0, ipa-1: its preStop sleep of 35 s is shorter than the TTL of DNS answers (45 s), for which clients keep them',
      ],
    ],
  },
  {
    name: 'a grace period that preStop uses up',
    given: seeing(everyPod(podSpec({ terminationGracePeriodSeconds: 50 }))),
    expect: [
      [
        'pods',
        'warning',
        "pods ipa-0, ipa-1: its grace period of 50 s is not longer than preStop (40 s) and the agent's shutdown budget (10 s) together: the kubelet may kill it halfway",
        'Set terminationGracePeriodSeconds to more than 50, and to what the workload needs beyond that.',
      ],
    ],
  },
  {
    name: 'pods that may not be listed',
    given: seeing((facts) => ({ ...facts, pods: hidden })),
    expect: [['pods', 'skipped', 'pods: User "ann" cannot list it']],
  },
  {
    name: 'two pods on one node',
    given: seeing(everyPod(podSpec({ nodeName: 'node-a' }))),
    expect: [
      [
        'nodes',
        'warning',
        'StatefulSet ipa: ipa-0, ipa-1 run on one node (node-a), and go when it goes',
        'Give the pods a podAntiAffinity with topologyKey kubernetes.io/hostname.',
      ],
    ],
  },
  {
    name: 'no PodDisruptionBudget that selects them',
    given: seeing((facts) => ({
      ...facts,
      disruptionBudgets: seen([
        { metadata: { name: 'none' }, spec: {} },
        {
          metadata: { name: 'other' },
          spec: { selector: { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['ipa'] }] } },
        },
      ]),
    })),
    expect: [
      [
        'disruption-budget',
        'warning',
        'StatefulSet ipa: no PodDisruptionBudget selects its 2 pods, so drains may take them all at once',
        'Create a PodDisruptionBudget with maxUnavailable: 1 for them.',
      ],
    ],
  },
  {
    name: 'a PodDisruptionBudget that keeps nobody',
    given: seeing((facts) => ({
      ...facts,
      disruptionBudgets: seen([{ metadata: { name: 'ipa' }, spec: { selector: {}, maxUnavailable: '100%' } }]),
    })),
    expect: [
      [
        'disruption-budget',
        'warning',
        'StatefulSet ipa: PodDisruptionBudget ipa allows all of its 2 pods to go, so drains may take them all at once',
      ],
    ],
  },
  {
    name: 'a PodDisruptionBudget that keeps half: nothing',
    given: seeing((facts) => ({
      ...facts,
      disruptionBudgets: seen([{ metadata: { name: 'ipa' }, spec: { selector: {}, minAvailable: '50%' } }]),
    })),
    expect: [],
  },
  {
    name: 'PodDisruptionBudgets that may not be listed',
    given: seeing((facts) => ({ ...facts, disruptionBudgets: hidden })),
    expect: [['disruption-budget', 'skipped', 'PodDisruptionBudgets: User "ann" cannot list it']],
  },
  {
    name: 'two replicas of a Deployment without minReadySeconds',
    given: seeing(everyPod(replicaSet), (facts) => ({
      ...facts,
      deployments: seen([{ metadata: { name: 'ipa' }, spec: { selector: {}, template: {} } }]),
    })),
    expect: [
      [
        'rollout',
        'warning',
        'Deployment ipa: two pods and no minReadySeconds: a rollout takes the second before the first is in DNS again, and caches keep an empty answer',
      ],
    ],
  },
  {
    name: 'the same with the readiness gate, for which a rollout waits: nothing',
    given: seeing(
      everyPod(replicaSet, podSpec({ readinessGates: [{ conditionType: 'endpoint-registrar/published' }] })),
      (facts) => ({
        ...facts,
        deployments: seen([{ metadata: { name: 'ipa' }, spec: { selector: {}, template: {} } }]),
      }),
    ),
    expect: [],
  },
  {
    name: 'a hostname that several pods have',
    given: seeing(everyPod(podSpec({ hostname: 'ipa' })), withoutDns),
    expect: [
      [
        'hostnames',
        'warning',
        'pods ipa-0, ipa-1: they share the hostname ipa, so that one SRV target stands for all of them',
      ],
    ],
  },
  {
    name: 'a sidecar whose variables come from elsewhere: nothing',
    given: seeing(
      everyPod(container('endpoint-registrar', { env: [], envFrom: [{ configMapRef: { name: 'settings' } }] })),
    ),
    expect: [],
  },
  {
    name: 'a name that is no DNS label',
    given: seeing((facts) => ({
      ...pods(memberOf('ipa-0'), memberOf('ipa-1', unnamed))(facts),
    })),
    expect: [
      [
        'service-fit',
        'warning',
        'pod ipa.1: its name is no DNS label and it has no spec.hostname, so SRV targets under Service ipa are its IP with hyphens, which no certificate or keytab carries',
      ],
    ],
  },
];

/** Without one field of the workload. */
function withoutField(field: 'readinessProbe' | 'lifecycle') {
  return (pod: ReturnType<typeof memberOf>): ReturnType<typeof memberOf> => ({
    ...pod,
    spec: {
      ...pod.spec,
      containers: (pod.spec?.containers ?? []).map(({ [field]: _gone, ...rest }) => rest),
    },
  });
}

/** Named with a dot, and without a hostname of its own. */
function unnamed(pod: ReturnType<typeof memberOf>): ReturnType<typeof memberOf> {
  const { hostname: _none, ...spec } = pod.spec ?? { containers: [] };
  return { ...pod, metadata: { ...pod.metadata, name: 'ipa.1' }, spec };
}

describe('the doctor on pods', () => {
  for (const one of cases) test(one.name, () => assertTold(one));
});

describe('the sleep of a preStop hook', () => {
  const hooks = [
    { name: 'a sleep', preStop: { sleep: { seconds: 40 } }, expect: { kind: 'sleep', seconds: 40 } },
    { name: 'a command', preStop: { exec: { command: ['sleep', '7'] } }, expect: { kind: 'sleep', seconds: 7 } },
    {
      name: 'a command in a shell',
      preStop: { exec: { command: ['sh', '-c', 'sleep 9; kill 1'] } },
      expect: { kind: 'sleep', seconds: 9 },
    },
    { name: 'a command with a unit', preStop: { exec: { command: ['sleep', '2m'] } }, expect: { kind: 'unknown' } },
    { name: 'another command', preStop: { exec: { command: ['ipactl', 'stop'] } }, expect: { kind: 'unknown' } },
  ] as const;
  for (const { name, preStop, expect } of hooks) {
    test(name, () => {
      const command = 'exec' in preStop ? { exec: { command: [...preStop.exec.command] } } : preStop;
      assert.deepEqual(readPreStop([{ name: 'server', lifecycle: { preStop: command } }]), expect);
    });
  }
  test('none', () => assert.deepEqual(readPreStop([{ name: 'server' }]), { kind: 'none' }));
});
