/** What the doctor says of the cluster, the ConfigMap and permissions; and that its table of needs is the shipped Role. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { neededFor, type Purpose, permissions, printRole, printRules } from '../../agent/commands/doctor/needs.ts';
import { parseDeclarations } from '../../agent/declarations/parse.ts';
import { baseRules } from '../support/role.ts';
import { assertTold, type Case, hidden, seeing, seen, withoutDns } from './doctor-facts.ts';

const given: Purpose = { services: ['ipa'], configMapName: 'endpoint-registrar', groups: [], hasGate: true };
const all = neededFor(given);

/** Reviews in which only what `allow` says is allowed. */
function reviewed(account: string | undefined, allow: (resource: string, verb: string) => boolean) {
  return (facts: Case['given']): Case['given'] => ({
    ...facts,
    access: {
      kind: 'reviewed',
      subjects: [
        {
          account,
          reviews: neededFor({ ...given, hasGate: false }).flatMap((row) =>
            (row.names.length === 0 ? [''] : row.names).flatMap((name) =>
              row.verbs.map((verb) => ({ row, verb, name, isAllowed: allow(row.resource, verb) })),
            ),
          ),
        },
      ],
    },
  });
}

const invalid = parseDeclarations({ ipa: 'ports: [{ name: kerberos, port: 88, protocol: udp }]' });

const cases: readonly Case[] = [
  {
    name: 'a Kubernetes without native sidecars',
    given: seeing((facts) => ({ ...facts, version: seen({ text: 'v1.28.9', major: 1, minor: 28 }) })),
    expect: [
      [
        'kubernetes-version',
        'warning',
        'Kubernetes v1.28.9: an init container with restartPolicy Always, a native sidecar, needs 1.29',
      ],
    ],
  },
  {
    name: 'a cluster without EndpointSlices',
    given: seeing((facts) => ({ ...facts, groups: seen(['apps']) })),
    expect: [
      [
        'endpointslice-api',
        'failure',
        'the API group discovery.k8s.io is not served: there are no EndpointSlices, which is what DNS reads',
      ],
    ],
  },
  {
    name: 'no ConfigMap',
    given: seeing((facts) => ({ ...facts, configMap: seen(undefined), declared: undefined, services: [] }), withoutDns),
    expect: [
      [
        'configmap',
        'failure',
        'ConfigMap endpoint-registrar: there is none in namespace identity, so nothing is declared',
        'Create it, with a key for each Service; if yours has another name, give --configmap NAME or --namespace.',
      ],
    ],
  },
  {
    name: 'a ConfigMap that may not be read',
    given: seeing((facts) => ({ ...facts, configMap: hidden, declared: undefined, services: [] }), withoutDns),
    expect: [['configmap', 'skipped', 'ConfigMap endpoint-registrar: User "ann" cannot list it']],
  },
  {
    name: 'a ConfigMap that is not valid',
    given: seeing((facts) => ({ ...facts, declared: invalid, services: [] }), withoutDns),
    expect: [
      [
        'configmap',
        'failure',
        'ConfigMap endpoint-registrar is not valid:\n- ipa, line 1, column 47, ports[0].protocol is udp: must be TCP, UDP or SCTP, in capitals. Write UDP.',
        'Correct it. Until then nothing new is registered.',
      ],
    ],
  },
  {
    name: 'a ConfigMap without a key',
    given: seeing((facts) => ({ ...facts, declared: parseDeclarations({}), services: [] }), withoutDns),
    expect: [
      ['configmap', 'warning', 'ConfigMap endpoint-registrar: it is valid, and has no key: it declares nothing'],
    ],
  },
  {
    name: 'one verb that is missing',
    given: seeing(reviewed('ipa', (resource, verb) => resource !== 'endpoints' || verb !== 'create')),
    expect: [
      [
        'permissions',
        'failure',
        'endpoints (ipa): ServiceAccount ipa may not create',
        'Have this rule in its Role:\n- apiGroups: [""]\n  resources: ["endpoints"]\n  resourceNames: ["ipa"]\n  verbs: ["get", "create", "patch"]',
      ],
    ],
  },
  {
    name: 'events that may not be written: the agents announce all the same',
    given: seeing(reviewed(undefined, (resource) => resource !== 'events')),
    expect: [['permissions', 'warning', 'events (of every name): our own credentials may not create, patch']],
  },
  {
    name: 'nothing that is allowed',
    given: seeing(reviewed('ipa', () => false)),
    expect: [
      [
        'permissions',
        'failure',
        'ServiceAccount ipa may do nothing of what an agent has to do in namespace identity',
        `Bind a Role to the ServiceAccount that the pods run as:\n${printRole(neededFor({ ...given, hasGate: false }), { namespace: 'identity', name: 'ipa' })}`,
      ],
    ],
  },
  {
    name: 'permissions that nobody could be asked about',
    given: seeing((facts) => ({ ...facts, access: { kind: 'unasked', why: 'forbidden' } })),
    expect: [
      [
        'permissions',
        'skipped',
        'permissions of the agents: nobody could be asked about them (forbidden)',
        'Run the doctor in a pod that carries the sidecar (kubectl exec), or as somebody who may create subjectaccessreviews.',
      ],
    ],
  },
];

describe('the doctor on the cluster, the ConfigMap and permissions', () => {
  for (const one of cases) test(one.name, () => assertTold(one));
});

test('the table of needs is the Role of k8s/base, verb by verb and name by name', () => {
  const lines = (rules: readonly Rule[]) =>
    rules
      .flatMap(({ apiGroups, resources, resourceNames, verbs }) =>
        (verbs ?? []).map((verb) => `${apiGroups} ${resources} ${resourceNames ?? ''} ${verb}`),
      )
      .sort();
  const rows = all
    .filter(({ on }) => on === undefined)
    .map(({ group, resource, names, verbs }) => ({
      apiGroups: [group],
      resources: [resource],
      ...(names.length === 0 ? {} : { resourceNames: names }),
      verbs,
    }));
  assert.deepEqual(
    lines(rows),
    lines(baseRules(['ipa'])),
    'agent/commands/doctor/needs.ts and k8s/base/role.yaml differ',
  );
});

type Rule = {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs?: readonly string[];
};

describe('the rows that are needed', () => {
  const resources = (purpose: Partial<Purpose>) => neededFor({ ...given, ...purpose }).map(({ resource }) => resource);

  test('pods/status only with the readiness gate', () => {
    assert.ok(resources({}).includes('pods/status'));
    assert.ok(!resources({ hasGate: false }).includes('pods/status'));
  });
  test('the restricted ones only on OpenShift', () => {
    const restricted = permissions.filter(({ on }) => on === 'openshift').map(({ resource }) => resource);
    assert.deepEqual(restricted, ['endpoints/restricted', 'endpointslices/restricted']);
    assert.ok(!resources({}).some((resource) => restricted.includes(resource)));
    assert.deepEqual(resources({ groups: ['security.openshift.io'] }).slice(-2), restricted);
  });
  test('those of Services only where one is declared', () => {
    assert.ok(!resources({ services: [] }).some((resource) => resource === 'services' || resource === 'endpoints'));
  });
});

test('rules are YAML, ready to be pasted', () => {
  assert.equal(
    printRules(all.slice(0, 1)),
    '- apiGroups: [""]\n  resources: ["services"]\n  resourceNames: ["ipa"]\n  verbs: ["list", "watch"]',
  );
});
