/**
 * k8s/ against the code, without kustomize: what the manifests say must be what the agent does and needs. That they
 * build is scripts/kustomize-build; the examples are manifests-examples.test.ts.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, test } from 'node:test';
import { isMap, parseAllDocuments } from 'yaml';
import { permissions } from '../../agent/commands/doctor/needs.ts';
import { defaultServiceAccountFolder } from '../../agent/kube/credentials.ts';
import { OWN_GATE } from '../../agent/plan/pod.ts';
import { settings } from '../../agent/settings.ts';
import { paths } from '../../agent/status/http.ts';
import {
  at,
  configMapName,
  entries,
  env,
  files,
  keys,
  kustomizations,
  list,
  listAt,
  named,
  podOf,
  read,
  role,
  root,
  sidecar,
  sidecarPod,
  text,
  ways,
} from './manifests.ts';

describe('files', () => {
  for (const file of files) {
    test(`${file} is YAML without duplicate keys`, () => {
      const documents = parseAllDocuments(readFileSync(join(root, file), 'utf8'), { uniqueKeys: true });
      assert.ok(Array.isArray(documents) && documents.length === 1);
      for (const { errors, warnings, contents } of documents) {
        assert.deepEqual([...errors, ...warnings], []);
        assert.ok(isMap(contents) || ['openshift/role.yaml', 'readiness-gate/role.yaml'].includes(file));
      }
    });
  }

  test('each is used by a kustomization, and what a kustomization names is there', () => {
    const used = kustomizations.flatMap((file) => {
      const folder = dirname(file);
      const patches = listAt(read(file), 'patches').flatMap((patch) => at(patch, 'path') ?? []);
      return [
        ...['resources', 'components'].flatMap((field) => entries(folder, field)),
        ...patches.map((path) => normalize(join(folder, text(path)))),
      ].map((entry) => (entry.endsWith('.yaml') ? entry : join(entry, 'kustomization.yaml')));
    });
    const optional = ['openshift/kustomization.yaml', 'readiness-gate/kustomization.yaml'];
    const entryPoints = new Set([...ways.map((way) => `${way}/kustomization.yaml`), ...optional]);
    assert.deepEqual([...new Set([...used, ...entryPoints])].sort(), files);
  });
});

describe('permissions', () => {
  test('the Role allows what the agent does, by name where that is possible, and nothing else', () => {
    const names = { service: ['ipa'], configmap: [configMapName] };
    const rules = list(at(role, 'rules'));
    assert.deepEqual([...new Set(rules.flatMap(keys))].sort(), ['apiGroups', 'resourceNames', 'resources', 'verbs']);
    assert.deepEqual(
      rules.map((rule) => ({
        apiGroups: at(rule, 'apiGroups'),
        resources: at(rule, 'resources'),
        resourceNames: at(rule, 'resourceNames'),
        verbs: list(at(rule, 'verbs')).map(text).sort(),
      })),
      permissions
        .filter(({ on }) => on === undefined)
        .map(({ group, resource, named: by, verbs }) => ({
          apiGroups: [group],
          resources: [resource],
          resourceNames: by === undefined ? undefined : names[by],
          verbs: [...verbs].sort(),
        })),
    );
  });

  test('the binding gives them to the ServiceAccount that the sidecar runs under', () => {
    const binding = read('base/role-binding.yaml');
    const account = at(read('base/service-account.yaml'), 'metadata', 'name');
    assert.deepEqual(
      [at(binding, 'roleRef', 'kind'), at(binding, 'roleRef', 'name')],
      ['Role', at(role, 'metadata', 'name')],
    );
    assert.deepEqual(at(binding, 'subjects'), [{ kind: 'ServiceAccount', name: account }]);
    assert.equal(at(sidecarPod, 'serviceAccountName'), account);
  });

  for (const [folder, on] of [
    ['openshift', 'openshift'],
    ['readiness-gate', 'readiness-gate'],
  ] as const) {
    test(`the component ${folder} adds what is needed there, and nothing else`, () => {
      const rows = permissions.filter((row) => row.on === on);
      assert.ok(rows.length > 0);
      assert.deepEqual(
        read(`${folder}/role.yaml`),
        rows.map(({ group, resource, verbs }) => ({
          op: 'add',
          path: '/rules/-',
          value: { apiGroups: [group], resources: [resource], verbs },
        })),
      );
    });
  }
});

test('the readiness gate that the component adds is the one that the agent opens, on the workloads with the sidecar', () => {
  const [patch, rolePatch, ...others] = list(at(read('readiness-gate/kustomization.yaml'), 'patches'));
  assert.deepEqual([at(rolePatch, 'path'), others], ['role.yaml', []]);
  assert.deepEqual(at(podOf(read('readiness-gate/gate.yaml')), 'readinessGates'), [{ conditionType: OWN_GATE }]);
  const [sidecarPatch] = list(at(read('component/kustomization.yaml'), 'patches'));
  assert.deepEqual([at(patch, 'path'), at(patch, 'target')], ['gate.yaml', at(sidecarPatch, 'target')]);
});

describe('the sidecar', () => {
  test('has every setting that is required, and none that does not exist', () => {
    const known = Object.values(settings).map((setting) => setting.env.toString());
    const required = Object.values(settings).filter((setting) => setting.fallback === 'required');
    assert.deepEqual(
      [...env.keys()].filter((name) => !known.includes(name)),
      [],
    );
    assert.deepEqual(
      required.map((setting) => setting.env).filter((name) => !env.has(name)),
      [],
    );
    const fields = { [settings.namespace.env]: 'metadata.namespace', [settings.podName.env]: 'metadata.name' };
    for (const [name, field] of Object.entries(fields)) {
      assert.equal(at(env.get(name), 'valueFrom', 'fieldRef', 'fieldPath'), field);
    }
  });

  test('is native: it restarts by itself and ends after the workload', () => {
    assert.equal(at(sidecar, 'restartPolicy'), 'Always');
  });

  const probes = { startupProbe: '/livez', readinessProbe: '/readyz', livenessProbe: '/livez' };
  for (const [probe, path] of Object.entries(probes)) {
    test(`its ${probe} asks ${path} on the port the agent listens on`, () => {
      assert.ok(paths.includes(path));
      assert.equal(at(sidecar, probe, 'httpGet', 'path'), path);
      const port = named(at(sidecar, 'ports'), text(at(sidecar, probe, 'httpGet', 'port')));
      assert.equal(at(port, 'containerPort'), Number(settings.httpPort.default));
    });
  }

  test('may do nothing on its node', () => {
    assert.deepEqual(at(sidecar, 'securityContext'), {
      runAsNonRoot: true,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    });
  });

  test('asks for CPU and memory, is limited in memory and not in CPU', () => {
    assert.deepEqual(keys(at(sidecar, 'resources', 'requests')), ['cpu', 'memory']);
    assert.deepEqual(keys(at(sidecar, 'resources', 'limits')), ['memory']);
  });

  test('alone holds a token, where the agent looks for it', () => {
    assert.equal(at(sidecarPod, 'automountServiceAccountToken'), false);
    const [mount, ...others] = list(at(sidecar, 'volumeMounts'));
    assert.deepEqual([at(mount, 'mountPath'), others], [defaultServiceAccountFolder, []]);
    const volume = named(at(sidecarPod, 'volumes'), text(at(mount, 'name')));
    const items = list(at(volume, 'projected', 'sources')).flatMap((source) => [
      at(source, 'serviceAccountToken') ?? listAt(at(source, 'configMap') ?? at(source, 'downwardAPI'), 'items'),
    ]);
    assert.deepEqual(
      items.flat().map((item) => at(item, 'path')),
      ['token', 'ca.crt', 'namespace'],
    );
  });
});
