/**
 * The examples that users copy, against the code and against what FreeIPA's servers and clients need.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { permissions } from '../../agent/commands/doctor/needs.ts';
import { parseDeclarations } from '../../agent/declarations/parse.ts';
import { settings } from '../../agent/settings.ts';
import {
  at,
  configMapName,
  entries,
  keys,
  list,
  listAt,
  named,
  object,
  podOf,
  read,
  sidecarPod,
  text,
  ways,
} from './manifests.ts';

/** What the examples name and do not hold, each with who makes it. */
const madeByOthers = new Map([
  ['ConfigMap/kube-root-ca.crt', 'the control plane, in every namespace'],
  ['Secret/freeipa-admin', 'the user, by the command at the head of the StatefulSet'],
]);

for (const way of ways) {
  describe(way, () => {
    const kustomization = read(`${way}/kustomization.yaml`);
    const configMap = object(way, 'ConfigMap', configMapName);
    const services = keys(at(configMap, 'data'));
    const statefulSet = object(way, 'StatefulSet', 'ipa');
    const container = named(at(podOf(statefulSet), 'containers'), 'freeipa');

    const texts = () => Object.fromEntries(services.map((key) => [key, text(at(configMap, 'data', key))]));

    test('declares ports without a fault', () => {
      const parsed = parseDeclarations(texts());
      assert.equal(parsed.kind, 'valid', JSON.stringify(parsed));
      const { ports = [] } = parsed.kind === 'valid' ? (parsed.declarations.get('ipa') ?? {}) : {};
      for (const name of ['kerberos', 'kpasswd']) {
        assert.deepEqual(
          ports.filter((port) => port.name === name).map(({ protocol }) => protocol),
          ['UDP', 'TCP'],
        );
      }
    });

    test('lets the agents touch the Services of the ConfigMap, which exist and are headless', () => {
      const patch = listAt(kustomization, 'patches').find((one) => at(one, 'target', 'kind') === 'Role');
      const operations = list(parse(text(at(patch, 'patch'))));
      const indexes = permissions.flatMap(({ named: by }, index) => (by === 'service' ? [index] : []));
      assert.deepEqual(
        operations,
        indexes.map((index) => ({ op: 'replace', path: `/rules/${index}/resourceNames`, value: services })),
      );
      for (const name of services) assert.equal(at(object(way, 'Service', name), 'spec', 'clusterIP'), 'None');
    });

    test('names its servers as DNS will, under a realm that follows from it', () => {
      const serviceName = text(at(statefulSet, 'spec', 'serviceName'));
      assert.ok(services.includes(serviceName));
      const domain = `${serviceName}.${text(at(kustomization, 'namespace'))}.svc.cluster.local`;
      assert.equal(at(named(at(container, 'env'), 'REALM'), 'value'), domain.toUpperCase());
    });

    test('points the component at the workload and takes the Role from the base', () => {
      assert.deepEqual(entries(way, 'components'), ['component']);
      assert.ok(entries(way, 'resources').includes('base'));
      const selector = text(at(read('component/kustomization.yaml'), 'patches', 0, 'target', 'labelSelector'));
      const [key = '', value] = selector.split('=');
      assert.equal(at(statefulSet, 'metadata', 'labels', key), value);
    });

    test('has its servers found by name while they install, as many as there are', () => {
      assert.equal(at(object(way, 'Service', 'ipa'), 'spec', 'publishNotReadyAddresses'), true);
      assert.ok(Number(at(statefulSet, 'spec', 'replicas')) > 1);
      const patched = listAt(kustomization, 'patches').map((one) => at(one, 'target', 'kind'));
      assert.deepEqual(patched, ['Role']);
      const parsed = parseDeclarations(texts());
      const declared = parsed.kind === 'valid' ? parsed.declarations.get('ipa') : undefined;
      assert.equal(declared?.publishNotReadyAddresses ?? false, false, 'SRV leads to servers that are ready');
    });

    test('selects its own pods everywhere', () => {
      const labels = at(statefulSet, 'spec', 'template', 'metadata', 'labels');
      assert.deepEqual(at(statefulSet, 'spec', 'selector', 'matchLabels'), labels);
      assert.deepEqual(at(object(way, 'PodDisruptionBudget', 'ipa'), 'spec', 'selector', 'matchLabels'), labels);
      const selector = at(object(way, 'Service', 'ipa'), 'spec', 'selector');
      assert.deepEqual(selector, way.endsWith('supplement') ? labels : undefined);
    });

    test('keeps a stopping server answering for longer than DNS remembers it', () => {
      const sleepSeconds = Number(at(container, 'lifecycle', 'preStop', 'sleep', 'seconds'));
      const graceSeconds = Number(at(podOf(statefulSet), 'terminationGracePeriodSeconds'));
      const cachedSeconds = 30;
      const budgetSeconds = Number.parseFloat(settings.shutdownBudgetMs.default);
      assert.ok(sleepSeconds > cachedSeconds && graceSeconds >= 120 && graceSeconds > sleepSeconds + budgetSeconds);
    });

    test('refers to nothing that is not there', () => {
      const pods = [podOf(statefulSet), sidecarPod];
      const volumes = pods.flatMap((pod) => listAt(pod, 'volumes'));
      const sources = volumes.flatMap((volume) => listAt(at(volume, 'projected') ?? {}, 'sources'));
      const variables = pods.flatMap((pod) =>
        [...listAt(pod, 'containers'), ...listAt(pod, 'initContainers')].flatMap((one) => listAt(one, 'env')),
      );
      const names = [
        ...sources.flatMap((source) =>
          at(source, 'configMap') === undefined ? [] : [`ConfigMap/${at(source, 'configMap', 'name')}`],
        ),
        ...variables.flatMap((one) => {
          const ref = at(at(one, 'valueFrom') ?? {}, 'secretKeyRef');
          return ref === undefined ? [] : [`Secret/${at(ref, 'name')}`];
        }),
      ];
      assert.deepEqual(names.sort(), [...madeByOthers.keys()].sort());
      const claims = list(at(statefulSet, 'spec', 'volumeClaimTemplates')).map((claim) =>
        at(claim, 'metadata', 'name'),
      );
      const mounted = pods.flatMap((pod) =>
        [...listAt(pod, 'containers'), ...listAt(pod, 'initContainers')].flatMap((one) => listAt(one, 'volumeMounts')),
      );
      const known = [...claims, ...volumes.map((volume) => at(volume, 'name'))];
      assert.deepEqual(
        mounted.map((mount) => at(mount, 'name')).filter((name) => !known.includes(name)),
        [],
      );
    });
  });
}
