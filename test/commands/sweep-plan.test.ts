/** What a sweep would do, decided on data alone: leftovers and marks, with what is somebody else's beside them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runningSidecars } from '../../agent/commands/sweep/alive.ts';
import { clearOperations } from '../../agent/commands/sweep/leftovers.ts';
import { hasTraces, planSweep, type SweepScope } from '../../agent/commands/sweep/plan.ts';
import type { Scene } from '../../agent/commands/sweep/scene.ts';
import { lineOf, reportStep } from '../../agent/commands/sweep/words.ts';
import type { Endpoints, Pod } from '../../agent/kube/objects.ts';
import { readRegister } from '../../agent/plan/register.ts';
import { readService } from '../../agent/plan/service.ts';
import {
  annotated,
  beating,
  type EndpointsTrait,
  endpointsOf,
  keptByControlPlane,
  labelled,
  unmirrored,
} from '../support/endpoints.ts';
import { headless, selecting, serviceOf } from '../support/services.ts';
import { sliceManagedBy } from '../support/slices.ts';

const dead: SweepScope = { who: 'dead', hasLeftovers: false };
const leftovers: SweepScope = { who: 'dead', hasLeftovers: true };
const everybody: SweepScope = { who: 'everybody', hasLeftovers: false };

const created: EndpointsTrait = (endpoints) => annotated('endpoint-registrar-format', '1')(unmirrored(endpoints));

/** The skip-mirror label as these field managers are on record for it. */
const labelledBy =
  (...managers: readonly string[]): EndpointsTrait =>
  (endpoints) => {
    const fieldsV1 = { 'f:metadata': { 'f:labels': { 'f:endpointslice.kubernetes.io/skip-mirror': {} } } };
    const labelledOne = unmirrored(endpoints);
    const managedFields = managers.map((manager) => ({ manager, operation: 'Update', fieldsV1 }));
    return { ...labelledOne, metadata: { ...labelledOne.metadata, managedFields } };
  };

const holding =
  (...addresses: NonNullable<NonNullable<Endpoints['subsets']>[number]['addresses']>): EndpointsTrait =>
  (endpoints) => ({ ...endpoints, subsets: [{ addresses, ports: [{ name: 'ldap', port: 389, protocol: 'TCP' }] }] });

const byHand = { ip: '10.9.9.9' };
const ofPod = {
  ip: '10.244.0.1',
  targetRef: { kind: 'Pod', name: 'ipa-0', namespace: 'default', uid: 'uid-of-ipa-0' },
};

const withoutSelector = readService(serviceOf('ipa', headless));
const withSelector = readService(serviceOf('ipa', headless, selecting('ipa')));
const native = sliceManagedBy('endpointslice-controller.k8s.io', 'ipa-native');
const mirrored = sliceManagedBy('endpointslicemirroring-controller.k8s.io', 'ipa-mirrored');
const strange = sliceManagedBy('somebody', 'ipa-strange');
const unmanaged = sliceManagedBy(undefined, 'ipa-unmanaged');

function sceneOf(change: Partial<Scene>): Scene {
  const slices = [native, mirrored, strange, unmanaged];
  return { name: 'ipa', service: withoutSelector, endpoints: undefined, slices, pods: [], ...change };
}

const lines = (scene: Scene, scope: SweepScope) =>
  planSweep(scene, scope).map((step) => lineOf(reportStep('ipa', step, { outcome: 'planned' })));

const nativeLine =
  'would remove  EndpointSlice ipa-native: the whole object: left of a selector that was removed: nobody updates it, and DNS answers it for ever';
const mirroredLine =
  'would remove  EndpointSlice ipa-mirrored: the whole object: the mirror of Endpoints that were left of a selector that was removed';
const clearLine = (count: string) =>
  `would remove  Endpoints ipa: the endpoints controller's label and ${count}: left of a selector that was removed: nobody updates them`;

describe('leftovers', () => {
  const cases: readonly {
    readonly name: string;
    readonly scene: Partial<Scene>;
    readonly scope?: SweepScope;
    readonly expect: readonly string[];
  }[] = [
    {
      name: 'the slices of the controller go, and those of a mirror without its Endpoints stay',
      scene: {},
      expect: [nativeLine],
    },
    {
      name: 'Endpoints of the controller lose its label and its addresses, and then their mirror',
      scene: { endpoints: endpointsOf('ipa', keptByControlPlane, holding(ofPod)) },
      expect: [clearLine('1 address'), nativeLine, mirroredLine],
    },
    {
      name: 'where somebody has added an address to them, that and the mirror stay',
      scene: { endpoints: endpointsOf('ipa', keptByControlPlane, holding(byHand, ofPod)) },
      expect: [clearLine('1 address'), nativeLine],
    },
    {
      name: 'Endpoints that somebody wrote by hand stay, and their mirror',
      scene: { endpoints: endpointsOf('ipa', holding(byHand, ofPod)) },
      expect: [nativeLine],
    },
    { name: 'a Service with a selector has none', scene: { service: withSelector }, expect: [] },
    { name: 'a Service that is not there has none', scene: { service: undefined }, expect: [] },
    {
      name: 'without the option all of that stays',
      scene: { endpoints: endpointsOf('ipa', keptByControlPlane, holding(ofPod)) },
      scope: dead,
      expect: [],
    },
  ];
  for (const { name, scene, scope = leftovers, expect } of cases) {
    test(name, () => assert.deepEqual(lines(sceneOf(scene), scope), expect));
  }

  test('the patch takes the label and the addresses of pods, and leaves the rest in its place', () => {
    const endpoints = endpointsOf('ipa', keptByControlPlane, labelled('team', 'identity'), holding(byHand, ofPod));
    assert.deepEqual(clearOperations(readRegister(endpoints)), [
      { op: 'test', path: '/metadata/labels/endpoints.kubernetes.io~1managed-by', value: 'endpoint-controller' },
      { op: 'remove', path: '/metadata/labels/endpoints.kubernetes.io~1managed-by' },
      { op: 'test', path: '/subsets', value: endpoints.subsets },
      { op: 'add', path: '/subsets', value: endpointsOf('ipa', holding(byHand)).subsets },
    ]);
  });
});

describe('all of ours', () => {
  const mark = {
    label: 'the label endpointslice.kubernetes.io/skip-mirror',
    format: 'the annotation endpoint-registrar-format',
  };
  const strip = (what: string) => [`would remove  Endpoints ipa: ${what}: all of ours goes`];
  const cases: readonly {
    readonly name: string;
    readonly endpoints: Endpoints;
    readonly service?: Scene['service'];
    readonly expect: readonly string[];
  }[] = [
    {
      name: 'an object that agents made goes whole',
      endpoints: endpointsOf('ipa', created, beating('ipa-0')),
      expect: strip('the whole object, with 1 heartbeat'),
    },
    {
      name: 'one with an address of somebody else stays, without our marks',
      endpoints: endpointsOf('ipa', created, holding(byHand)),
      expect: strip(`${mark.label} and ${mark.format}`),
    },
    {
      name: 'one with a label of somebody else stays, without our marks',
      endpoints: endpointsOf('ipa', created, labelled('team', 'identity')),
      expect: strip(`${mark.label} and ${mark.format}`),
    },
    {
      name: 'one with an annotation of somebody else stays, without our marks',
      endpoints: endpointsOf('ipa', created, annotated('note', 'theirs')),
      expect: strip(`${mark.label} and ${mark.format}`),
    },
    {
      name: 'that of a Service with a selector stays, without our marks',
      endpoints: endpointsOf('ipa', created),
      service: withSelector,
      expect: strip(`${mark.label} and ${mark.format}`),
    },
    {
      name: 'the label goes from an object of somebody else where we alone are on record for it',
      endpoints: endpointsOf('ipa', labelledBy('endpoint-registrar')),
      expect: strip(mark.label),
    },
    {
      name: 'it stays where somebody else is on record for it too',
      endpoints: endpointsOf('ipa', labelledBy('endpoint-registrar', 'kubectl')),
      expect: [],
    },
    { name: 'it stays where nobody is on record', endpoints: endpointsOf('ipa', unmirrored), expect: [] },
  ];
  for (const { name, endpoints, service = withoutSelector, expect } of cases) {
    test(name, () => {
      assert.deepEqual(lines(sceneOf({ endpoints, service }), everybody), expect);
      assert.equal(hasTraces(endpoints), expect.length > 0, 'and by this the object is found');
    });
  }
});

describe('runningSidecars', () => {
  const podOf = (phase: string, state: object, variable = 'REGISTRAR_CONFIGMAP'): Pod => ({
    metadata: { name: 'ipa-0', uid: 'u' },
    spec: { containers: [{ name: 'server' }, { name: 'any', env: [{ name: variable, value: 'x' }] }] },
    status: {
      phase,
      containerStatuses: [
        { name: 'server', ready: true, image: '', imageID: '', restartCount: 0, state: { running: {} } },
        { name: 'any', ready: true, image: '', imageID: '', restartCount: 0, state },
      ],
    },
  });
  const cases = [
    { name: 'one that runs', pod: podOf('Running', { running: {} }), expect: ['ipa-0'] },
    { name: 'one that has ended', pod: podOf('Running', { terminated: {} }), expect: [] },
    { name: 'one in a pod that has ended', pod: podOf('Failed', { running: {} }), expect: [] },
    { name: 'no sidecar of ours', pod: podOf('Running', { running: {} }, 'OTHER'), expect: [] },
  ];
  for (const { name, pod, expect } of cases) {
    test(name, () => assert.deepEqual(runningSidecars([pod]), expect));
  }
});
