/**
 * What `check` says of whole manifests: nothing of the examples, and of each slip in them the one thing that is wrong.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Document, isMap, isSeq, parseDocument } from 'yaml';
import { files, root } from '../../contract/manifests.ts';
import { messagesOf, runCheck } from './run.ts';

const textOf = (file: string) => readFileSync(join(root, file), 'utf8');
const read = (file: string): Document => parseDocument(textOf(file));

const pod = ['spec', 'template', 'spec'] as const;

/** What the component makes of the workload: lists joined by name, the rest set (a strategic merge without its corners). */
function withSidecar(workload: Document): Document {
  const patch = read('component/sidecar.yaml').getIn(pod);
  assert.ok(isMap(patch));
  for (const { key, value } of patch.items) {
    const path = [...pod, String(key)];
    const there = workload.getIn(path);
    if (isSeq(there) && isSeq(value)) there.items.push(...value.items);
    else workload.setIn(path, value);
  }
  return workload;
}

/** An example as it is applied: one text with every object in its namespace. */
function build(way: 'supplement' | 'full'): string {
  const documents = [
    ...['service-account', 'role', 'role-binding'].map((name) => read(`base/${name}.yaml`)),
    withSidecar(read('examples/freeipa/server/statefulset.yaml')),
    ...['server/disruption-budget', 'server/ports', `${way}/service`].map((name) =>
      read(`examples/freeipa/${name}.yaml`),
    ),
  ];
  for (const document of documents) {
    document.setIn(['metadata', 'namespace'], 'freeipa');
    if (document.get('kind') === 'RoleBinding') document.setIn(['subjects', 0, 'namespace'], 'freeipa');
  }
  return documents.map(String).join('---\n');
}

const shipped = build('supplement');
/** The same with ports of its own on the Service. */
const supplement = shipped.replace(
  'publishNotReadyAddresses: true\n',
  'ports:\n    - name: http\n      port: 80\n    - name: https\n      port: 443\n',
);
const full = build('full');

const clean: readonly { readonly name: string; readonly text: string }[] = [
  { name: 'FreeIPA with a Service that selects', text: shipped },
  { name: 'the same with ports of its own on the Service', text: supplement },
  { name: 'FreeIPA with a Service that does not', text: full },
  { name: 'the same with line ends of Windows', text: supplement.replaceAll('\n', '\r\n') },
];

for (const { name, text } of clean) {
  test(`nothing is said of an example: ${name}`, async () => {
    const ran = await runCheck(['-'], { '-': text });
    assert.deepEqual(messagesOf(ran), []);
    assert.deepEqual([ran.ending, ran.errors], ['good', '']);
    assert.match(ran.lines[0] ?? '', /^checked ConfigMap endpoint-registrar \(-, line \d+\): ipa \(7 pairs\)$/);
  });
}

test('of the files in k8s/ as they are no fault and no warning is told', async () => {
  const texts = Object.fromEntries(files.map((file) => [file, textOf(file)]));
  const ran = await runCheck(files, texts);
  assert.equal(ran.ending, 'good', ran.lines.join('\n'));
  assert.match(ran.lines.at(-1) ?? '', /^0 faults, 0 warnings, 1 note$/);
});

/** `change`: what is replaced in the text, each once. `at`: where the message points, the beginning of this text. */
type Slip = {
  readonly name: string;
  readonly text: string;
  readonly change: readonly (readonly [from: string, to: string])[];
  readonly expect: readonly { readonly at: string; readonly message: string }[];
};

/** The sidecar's first variable, and others put before it. */
const FIRST_ENV = '- name: REGISTRAR_CONFIGMAP';
const envIndent = /\n( *)- name: REGISTRAR_CONFIGMAP/.exec(supplement)?.[1] ?? '';
const moreEnv = (...items: readonly string[]) =>
  [...items.map((item) => `- ${item}`), FIRST_ENV].join(`\n${envIndent}`);

const PRE_STOP = 'lifecycle:\n            preStop:';
const LAST_PORT = '- { name: kpasswd, protocol: TCP, port: 464, probe: { kpasswd: {}, timeoutSeconds: 5 } }\n';
const trap = 'the agents do not add to it, because with the label these addresses would leave the DNS';
const takeOut =
  'Take the addresses out (a pod with the sidecar registers itself), or the whole object: the agents create it.';

const endpoints = (metadata: string, ports: string) =>
  `---\napiVersion: v1\nkind: Endpoints\nmetadata: { name: ipa, namespace: freeipa${metadata} }\nsubsets: [{ addresses: [{ ip: 10.0.0.1 }], ports: [${ports}] }]\n`;

const slips: readonly Slip[] = [
  {
    name: 'a Service with a cluster IP',
    text: supplement,
    change: [['clusterIP: None', 'clusterIP: 10.96.0.10']],
    expect: [
      {
        at: '10.96.0.10',
        message:
          'fault: Service ipa has the cluster IP 10.96.0.10: its SRV records come from its own ports alone, and nothing that the agents write is read. Write clusterIP: None; of a Service that exists it cannot be changed, so delete that one and create it anew.',
      },
    ],
  },
  {
    name: 'a Service without the field gets one',
    text: full,
    change: [['clusterIP: None', 'sessionAffinity: None']],
    expect: [
      {
        at: 'sessionAffinity: None',
        message:
          'fault: Service ipa gets a cluster IP: its SRV records come from its own ports alone, and nothing that the agents write is read. Write clusterIP: None; of a Service that exists it cannot be changed, so delete that one and create it anew.',
      },
    ],
  },
  {
    name: 'an ExternalName',
    text: full,
    change: [['clusterIP: None', 'type: ExternalName\n  externalName: a.example.com']],
    expect: [
      {
        at: 'ExternalName\n',
        message:
          'fault: Service ipa is an ExternalName: DNS answers a CNAME for it and nothing that the agents write. Make it headless: clusterIP: None, without type.',
      },
    ],
  },
  {
    name: 'the pair that a Service refuses, on the Service',
    text: supplement,
    change: [['name: https', 'protocol: UDP\n      name: http # again']],
    expect: [
      {
        at: 'http # again',
        message:
          'fault: Service ipa has two ports named http: the API server refuses that (Duplicate value), whatever their protocols. Keep one here, and declare the other in the ConfigMap.',
      },
    ],
  },
  {
    name: 'a Service of another name',
    text: full,
    change: [['kind: Service\nmetadata:\n  name: ipa\n', 'kind: Service\nmetadata:\n  name: ipb\n']],
    expect: [
      {
        at: 'ipa: |',
        message:
          'note: Service ipa is not in the input, in this namespace; it may be in the cluster. Without a headless Service of that name DNS answers nothing.',
      },
    ],
  },
  {
    name: 'another serviceName of the StatefulSet',
    text: full,
    change: [['serviceName: ipa', 'serviceName: freeipa']],
    expect: [
      {
        at: 'freeipa\n  replicas',
        message:
          'warning: StatefulSet ipa has serviceName freeipa, and the pods are registered in ipa: SRV leads to <pod>.ipa, the pods call themselves <pod>.freeipa, and whoever compares the two (TLS, Kerberos) refuses the server. Register them in freeipa, or make the registered Service the serviceName.',
      },
    ],
  },
  {
    name: 'the same pair with another port on the Service',
    text: supplement,
    change: [[LAST_PORT, `${LAST_PORT}    - { name: https, port: 8443 }\n`]],
    expect: [
      {
        at: '8443 }',
        message:
          "warning: Service ipa, pair https/TCP leads to port 8443 here and to 443 in the Service's own port; the Service wins. Make both the same, or take the pair out of the ConfigMap.",
      },
    ],
  },
  {
    name: 'the same pair with another appProtocol on the Service',
    text: supplement,
    change: [[LAST_PORT, `${LAST_PORT}    - { name: https, port: 443, appProtocol: tls }\n`]],
    expect: [
      {
        at: 'tls }',
        message:
          "warning: Service ipa, pair https/TCP has appProtocol tls here and none in the Service's own port; the Service wins. Set appProtocol on the Service, or take the pair out of the ConfigMap.",
      },
    ],
  },
  {
    name: 'the same pair on the Service, by the same port',
    text: supplement,
    change: [[LAST_PORT, `${LAST_PORT}    - { name: https, port: 8443, targetPort: 443 }\n`]],
    expect: [],
  },
  {
    name: 'a Service that does not select leaves no pair to itself',
    text: full,
    change: [['clusterIP: None', 'clusterIP: None\n  ports: [{ name: ldap, port: 3389 }]']],
    expect: [],
  },
  {
    name: 'a targetPort that names no container port, and one that does',
    text: full,
    change: [
      [
        LAST_PORT,
        `${LAST_PORT}    - { name: a, port: 1, targetPort: web }\n    - { name: b, port: 1, targetPort: registrar-http }\n`,
      ],
    ],
    expect: [
      {
        at: 'web }',
        message:
          'fault: Service ipa, pair a/TCP: targetPort web must be a TCP container port of StatefulSet ipa, whose named ports are: registrar-http/TCP. Give it as a number, or name a TCP container port web.',
      },
    ],
  },
  {
    name: 'a targetPort whose container port has another protocol',
    text: full,
    change: [[LAST_PORT, `${LAST_PORT}    - { name: a, protocol: UDP, port: 1, targetPort: registrar-http }\n`]],
    expect: [
      {
        at: 'registrar-http }',
        message:
          'fault: Service ipa, pair a/UDP: targetPort registrar-http must be a UDP container port of StatefulSet ipa, whose named ports are: registrar-http/TCP. Give it as a number, or name a UDP container port registrar-http.',
      },
    ],
  },
  {
    name: 'a probe that asks a port by a name that no container port has',
    text: full,
    change: [[LAST_PORT, `${LAST_PORT}    - { name: a, port: 1, probe: { tcpSocket: { port: web } } }\n`]],
    expect: [
      {
        at: '{ tcpSocket: { port: web } }',
        message:
          "fault: Service ipa, pair a/TCP: the tcpSocket probe asks port web, and StatefulSet ipa has no such container port with the probe's protocol; its named ports are: registrar-http/TCP. Give it as a number, or name a container port so.",
      },
    ],
  },
  {
    name: 'a probe that asks a named port over another protocol',
    text: full,
    change: [
      [
        LAST_PORT,
        `${LAST_PORT}    - { name: a, protocol: UDP, port: 1, probe: [{ ldap: { port: registrar-http } }, { kpasswd: { port: registrar-http } }] }\n`,
      ],
    ],
    expect: [
      {
        at: '[{ ldap: { port: registrar',
        message:
          "fault: Service ipa, pair a/UDP: the kpasswd probe asks port registrar-http, and StatefulSet ipa has no such container port with the probe's protocol; its named ports are: registrar-http/TCP. Give it as a number, or name a container port so.",
      },
    ],
  },
  {
    name: 'a probe of a pair that the Service has itself',
    text: supplement,
    change: [[LAST_PORT, `${LAST_PORT}    - { name: https, port: 443, probe: { tcpSocket: {} } }\n`]],
    expect: [
      {
        at: '{ tcpSocket: {} }',
        message:
          "warning: Service ipa, pair https/TCP: its probe cannot withhold it, since the Service has this pair itself and the control plane announces it. Take the pair out of the Service's own ports, and it is announced by its probe; or take the probe out.",
      },
    ],
  },
  {
    name: 'a fault in the declarations',
    text: supplement,
    change: [[LAST_PORT, LAST_PORT.replace('TCP', 'tcp')]],
    expect: [
      { at: 'tcp', message: 'fault: ipa, ports[6].protocol is tcp: must be TCP, UDP or SCTP, in capitals. Write TCP.' },
    ],
  },
  {
    name: 'a Role that names another Service',
    text: supplement,
    change: [
      [
        'resources: [ services ]\n    resourceNames: [ ipa ]',
        'resources: [ services ]\n    resourceNames: [ ldap, web ]',
      ],
    ],
    expect: [
      {
        at: '[ ldap, web ]',
        message:
          'fault: Role endpoint-registrar does not allow the agents to list, watch services "ipa"; the rule names ldap, web: unless something outside the input allows it, the API server answers 403. Add ipa to resourceNames here.',
      },
    ],
  },
  {
    name: 'a Role that lacks a verb',
    text: supplement,
    change: [['verbs: [ list, watch, create, patch, delete ]', 'verbs: [ list, watch, create, patch ]']],
    expect: [
      {
        at: '[ list, watch, create, patch ]',
        message:
          'fault: Role endpoint-registrar does not allow the agents to delete endpointslices: unless something outside the input allows it, the API server answers 403. Add a rule: { apiGroups: ["discovery.k8s.io"], resources: [endpointslices], verbs: [delete] }.',
      },
    ],
  },
  {
    name: 'a Role for another account says nothing of the agents',
    text: supplement,
    change: [
      ['resources: [ services ]\n    resourceNames: [ ipa ]', 'resources: [ services ]\n    resourceNames: [ ldap ]'],
      ['serviceAccountName: endpoint-registrar', 'serviceAccountName: other'],
    ],
    expect: [],
  },
  {
    name: 'a Role beside another that is bound too and is not in the input: what that one allows is not known',
    text: `${supplement}---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: more, namespace: freeipa }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: more }
subjects: [{ kind: ServiceAccount, name: endpoint-registrar, namespace: freeipa }]
`,
    change: [
      ['resources: [ services ]\n    resourceNames: [ ipa ]', 'resources: [ services ]\n    resourceNames: [ ldap ]'],
    ],
    expect: [],
  },
  {
    name: 'a Service of the same name in another namespace is another Service',
    text: `apiVersion: v1\nkind: Service\nmetadata: { name: ipa, namespace: other }\nspec: { clusterIP: 10.0.0.1 }\n---\n${full}`,
    change: [],
    expect: [],
  },
  {
    name: 'a workload in another namespace reads another ConfigMap of that name',
    text: `${full}---
apiVersion: v1
kind: Pod
metadata: { name: ipa-0, namespace: other }
spec:
  containers:
  - name: endpoint-registrar
    env:
    - { name: REGISTRAR_CONFIGMAP, value: endpoint-registrar }
    - { name: REGISTRAR_NAMESPACE, value: other }
    - { name: REGISTRAR_POD_NAME, value: ipa-0 }
`,
    change: [[LAST_PORT, `${LAST_PORT}    - { name: a, port: 1, targetPort: registrar-http }\n`]],
    expect: [],
  },
  {
    name: 'no preStop',
    text: supplement,
    change: [[PRE_STOP, PRE_STOP.replace('preStop', 'postStart')]],
    expect: [
      {
        at: 'name: freeipa\n          image',
        message:
          "warning: StatefulSet ipa: no container has a preStop: the workload stops at once, while clients and DNS caches hold its address for their TTL (30 s with kubeadm's DNS). Give the workload container lifecycle.preStop.sleep.seconds of more than that, and a grace period that holds it.",
      },
    ],
  },
  {
    name: "a grace period that the registrar's budget uses up",
    text: supplement,
    change: [['terminationGracePeriodSeconds: 180', 'terminationGracePeriodSeconds: 10']],
    expect: [
      {
        at: '10\n',
        message:
          "warning: StatefulSet ipa: terminationGracePeriodSeconds is 10, and the registrar's shutdown budget of 10s must fit into less: it may be killed before it has withdrawn. Give more than 10, or set REGISTRAR_SHUTDOWN_BUDGET to less.",
      },
    ],
  },
  {
    name: 'a default grace period beside a long budget',
    text: supplement,
    change: [
      ['terminationGracePeriodSeconds: 180\n', 'enableServiceLinks: false\n'],
      [FIRST_ENV, moreEnv('{ name: REGISTRAR_SHUTDOWN_BUDGET, value: 45s }')],
    ],
    expect: [
      {
        at: 'setHostnameAsFQDN',
        message:
          "warning: StatefulSet ipa: terminationGracePeriodSeconds is 30, and the registrar's shutdown budget of 45s must fit into less: it may be killed before it has withdrawn. Give more than 45, or set REGISTRAR_SHUTDOWN_BUDGET to less.",
      },
    ],
  },
  {
    name: 'settings: an unknown one, one without its unit, one that is no text',
    text: supplement,
    change: [
      [
        FIRST_ENV,
        moreEnv(
          '{ name: REGISTRAR_INTERVAL, value: 6s }',
          '{ name: REGISTRAR_REQUEST_TIMEOUT, value: "7" }',
          '{ name: REGISTRAR_HTTP_PORT, value: 9797 }',
        ),
      ],
    ],
    expect: [
      {
        at: '6s }',
        message:
          'fault: REGISTRAR_INTERVAL is "6s": no setting has this name. Did you mean REGISTRAR_HEARTBEAT_INTERVAL?',
      },
      {
        at: '"7"',
        message:
          'fault: REGISTRAR_REQUEST_TIMEOUT is "7": must be a duration with its unit (ms, s or m) from 100ms to 1m. Give the unit: 7s or 7ms.',
      },
      {
        at: '9797 }',
        message:
          'fault: REGISTRAR_HTTP_PORT is a number: the value of a variable must be a text; the API server refuses it. Quote it: "9797".',
      },
    ],
  },
  {
    name: 'a setting that must be there and is not',
    text: supplement,
    change: [['- name: REGISTRAR_NAMESPACE', '- name: OTHER_NAMESPACE']],
    expect: [
      {
        at: '- name: REGISTRAR_CONFIGMAP',
        message:
          'fault: REGISTRAR_NAMESPACE is not set: must be a DNS label: 1 to 63 lower-case letters, digits or "-", beginning and ending with a letter or digit. Set it: the own pod\'s namespace (downward API: metadata.namespace).',
      },
    ],
  },
  {
    name: 'a setting that may come from where the manifest does not show it',
    text: supplement,
    change: [
      ['- name: REGISTRAR_NAMESPACE', '- name: OTHER_NAMESPACE'],
      ['restartPolicy: Always\n', 'restartPolicy: Always\n          envFrom: [{ configMapRef: { name: more } }]\n'],
    ],
    expect: [],
  },
  {
    name: 'a wrong field of the downward API',
    text: supplement,
    change: [['fieldPath: metadata.name\n', 'fieldPath: metadata.uid\n']],
    expect: [
      {
        at: 'metadata.uid',
        message:
          "fault: REGISTRAR_POD_NAME comes from metadata.uid, and must come from the pod's own metadata.name. Write fieldPath: metadata.name.",
      },
    ],
  },
  {
    name: 'a sidecar that is a plain init container',
    text: supplement,
    change: [['restartPolicy: Always', 'imagePullPolicy: Always']],
    expect: [
      {
        at: 'name: endpoint-registrar # the name in',
        message:
          'fault: the sidecar is an init container without restartPolicy Always: the containers behind it wait for its end, and it never ends. Write restartPolicy: Always.',
      },
    ],
  },
  {
    name: 'a sidecar under another name, which its settings do not say',
    text: supplement,
    change: [['name: endpoint-registrar # the name in', 'name: registrar # the name in']],
    expect: [
      {
        at: 'registrar # the name in',
        message:
          "fault: the sidecar's container is called registrar, and REGISTRAR_CONTAINER_NAME says endpoint-registrar: the agent would wait for its own readiness, for ever. Set REGISTRAR_CONTAINER_NAME to registrar.",
      },
    ],
  },
  {
    name: 'Endpoints by hand, where the mirror makes the trap',
    text: `${full}${endpoints('', '{ name: k, port: 88 }, { name: k, port: 88, protocol: UDP }')}`,
    change: [],
    expect: [
      {
        at: '[{ addresses',
        message: `fault: Endpoints ipa holds addresses written by hand, without the label endpointslice.kubernetes.io/skip-mirror: "true": ${trap}; and since a name stands here over two protocols, the mirror makes one slice of both, which is refused: DNS answers NXDOMAIN although kubectl get endpoints looks right. ${takeOut}`,
      },
    ],
  },
  {
    name: 'Endpoints by hand with one protocol',
    text: `${full}${endpoints('', '{ name: k, port: 88 }')}`,
    change: [],
    expect: [
      {
        at: '[{ addresses',
        message: `fault: Endpoints ipa holds addresses written by hand, without the label endpointslice.kubernetes.io/skip-mirror: "true": ${trap}. ${takeOut}`,
      },
    ],
  },
  {
    name: 'Endpoints with the label',
    text: `${full}${endpoints(', labels: { endpointslice.kubernetes.io/skip-mirror: "true" }', '{ name: k, port: 88 }')}`,
    change: [],
    expect: [],
  },
  {
    name: 'Endpoints as agents have written them',
    text: `${full}${endpoints(', annotations: { endpoint-registrar/a1: x }', '{ name: k, port: 88 }')}`,
    change: [],
    expect: [],
  },
  {
    name: 'Endpoints of a Service that selects: the control plane writes over them',
    text: `${supplement}${endpoints('', '{ name: k, port: 88 }')}`,
    change: [],
    expect: [],
  },
];

describe('each slip is the one thing that is told', () => {
  for (const { name, text, change, expect } of slips) {
    test(name, async () => {
      const changed = change.reduce((before, [from, to]) => {
        assert.equal(before.split(from).length, 2, `"${from}" stands ${before.split(from).length - 1} times`);
        return before.replace(from, () => to);
      }, text);
      const ran = await runCheck(['-'], { '-': changed });
      const expected = expect.map(({ at, message }) => `${placeOf(changed, at)}: ${message}`);
      assert.deepEqual([...messagesOf(ran)].sort(), [...expected].sort());
      assert.equal(ran.ending, expect.some(({ message }) => message.startsWith('fault')) ? 'found' : 'good');
    });
  }
});

/** The place of the first occurrence, as a message names it. */
function placeOf(text: string, at: string): string {
  const offset = text.indexOf(at);
  assert.ok(offset >= 0, `"${at}" stands nowhere`);
  const before = text.slice(0, offset).split('\n');
  return `-:${before.length}:${(before.at(-1) ?? '').length + 1}`;
}

test('whatever is cut out of a manifest or put into it, there is an answer, and every place is in the file', async () => {
  const piece = fc.constantFrom(
    '',
    '- ',
    ': ',
    '|\n',
    '>',
    '"',
    "'",
    '{',
    ']',
    '&a ',
    '*a',
    '<<: *a\n',
    '\t',
    '---\n',
    '\0',
  );
  const at = fc.nat({ max: supplement.length });
  await fc.assert(
    fc.asyncProperty(at, fc.nat({ max: 400 }), piece, async (begin, length, put) => {
      const text = `${supplement.slice(0, begin)}${put}${supplement.slice(begin + length)}`;
      const ran = await runCheck(['-'], { '-': text });
      const lines = text.split('\n');
      for (const message of messagesOf(ran)) {
        const [, line, column] = message.split(':').map(Number);
        assert.ok(line !== undefined && line >= 1 && line <= lines.length, message);
        assert.ok(column !== undefined && column >= 1 && column <= (lines[line - 1] ?? '').length + 1, message);
      }
      assert.ok(['good', 'found', 'unusable'].includes(ran.ending));
    }),
  );
});
