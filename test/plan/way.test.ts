import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findingWeights } from '../../agent/plan/finding.ts';
import { planWay } from '../../agent/plan/way.ts';
import {
  beating,
  holding,
  keptByControlPlane,
  registered,
  strangerIn,
  unmirrored,
  viewOf,
} from '../support/endpoints.ts';
import { ldapTcp } from '../support/pairs.ts';
import { factsOf } from '../support/services.ts';
import { sliceManagedBy, slicesOf } from '../support/slices.ts';

type Given = Parameters<typeof planWay>[0];

const service = factsOf('ipa');
const fromSelector = sliceManagedBy('endpointslice-controller.k8s.io', 'ipa-x7k2p');
const mirrored = sliceManagedBy('endpointslicemirroring-controller.k8s.io', 'ipa-m1rr0');
const stranger = holding({ addresses: [strangerIn('10.9.9.9')], ports: [{ ...ldapTcp }] });
const ours = registered('ipa-0', ldapTcp);

const cases: readonly { readonly name: string; readonly given: Partial<Given>; readonly expect: string }[] = [
  {
    name: 'headless without a selector is registered in full',
    given: { service, view: viewOf(unmirrored, ours) },
    expect: 'full headless-without-selector',
  },
  {
    name: 'nothing but an unread register is no reason to wait',
    given: { service, view: undefined },
    expect: 'full headless-without-selector',
  },
  {
    name: 'headless with a selector is supplemented',
    given: { service: factsOf('ipa', { hasSelector: true }) },
    expect: 'supplement headless-with-selector',
  },
  {
    name: 'what the control plane keeps for a selector is as it should be',
    given: {
      service: factsOf('ipa', { hasSelector: true }),
      slices: [fromSelector],
      view: viewOf(keptByControlPlane, stranger),
    },
    expect: 'supplement headless-with-selector',
  },
  { name: 'a missing Service is waited for', given: { service: undefined }, expect: 'hold service-missing' },
  {
    name: 'a cluster IP is left',
    given: { service: factsOf('ipa', { shape: 'cluster-ip' }) },
    expect: 'withdraw cluster-ip',
  },
  {
    name: 'a cluster IP with a selector is left',
    given: { service: factsOf('ipa', { shape: 'cluster-ip', hasSelector: true }) },
    expect: 'withdraw cluster-ip',
  },
  {
    name: 'ExternalName is left',
    given: { service: factsOf('ipa', { shape: 'external-name' }) },
    expect: 'withdraw external-name',
  },
  {
    name: 'a cluster IP outweighs what is left over',
    given: { service: factsOf('ipa', { shape: 'cluster-ip' }), slices: [fromSelector], view: viewOf(stranger) },
    expect: 'withdraw cluster-ip',
  },
  {
    name: 'slices left from a selector are ghosts: refused',
    given: { service, slices: [fromSelector] },
    expect: 'refuse controller-slices-left',
  },
  {
    name: 'Endpoints left from a selector are refused',
    given: { service, view: viewOf(keptByControlPlane) },
    expect: 'refuse controller-endpoints-left',
  },
  {
    name: 'strangers whom DNS answers through the mirror are not blinded: refused',
    given: { service, view: viewOf(stranger) },
    expect: 'refuse foreign-addresses',
  },
  {
    name: 'strangers beside us without the label are not blinded either',
    given: { service, view: viewOf(ours, stranger) },
    expect: 'refuse foreign-addresses',
  },
  {
    name: 'strangers under the label lose nothing by us',
    given: { service, view: viewOf(unmirrored, stranger) },
    expect: 'full headless-without-selector',
  },
  {
    name: 'a lost label among our own is set again',
    given: { service, view: viewOf(ours) },
    expect: 'full headless-without-selector',
  },
  {
    name: 'an Endpoints object without addresses or label is ours to take',
    given: { service, view: viewOf(beating('ipa-1')) },
    expect: 'full headless-without-selector',
  },
  {
    name: 'our own slices are no leftovers',
    given: { service, slices: slicesOf('ipa-0', ldapTcp) },
    expect: 'full headless-without-selector',
  },
  {
    name: 'mirrored slices go by themselves with the label',
    given: { service, slices: [mirrored] },
    expect: 'full headless-without-selector',
  },
];

describe('planWay', () => {
  for (const { name, given, expect } of cases) {
    test(name, () => {
      const way = planWay({ name: 'ipa', service: undefined, slices: [], view: undefined, ...given });
      assert.equal(`${way.kind} ${way.reason}`, expect);
    });
  }

  test('whatever is not served comes with a finding that weighs as a failure, names the Service and says what to do', () => {
    for (const { given } of cases) {
      const way = planWay({ name: 'ipa', service: undefined, slices: [], view: undefined, ...given });
      const isServed = way.kind === 'full' || way.kind === 'supplement';
      assert.equal(way.finding === undefined, isServed);
      if (way.finding === undefined) continue;
      assert.equal(findingWeights[way.finding.code], 'failure');
      assert.match(way.finding.message, /^Service ipa: /);
      assert.notEqual(way.finding.remedy, '');
    }
  });

  test('the finding about leftovers names each slice, and the command that removes them', () => {
    const way = planWay({ name: 'ipa', service, slices: [fromSelector], view: undefined });
    assert.match(way.finding?.message ?? '', /\(ipa-x7k2p\)/);
    assert.match(way.finding?.remedy ?? '', /kubectl delete endpointslices ipa-x7k2p/);
  });

  test('a long list of strangers is cut', () => {
    const addresses = Array.from({ length: 6 }, (_, index) => strangerIn(`10.9.9.${index}`));
    const way = planWay({
      name: 'ipa',
      service,
      slices: [],
      view: viewOf(holding({ addresses, ports: [{ ...ldapTcp }] })),
    });
    assert.match(way.finding?.message ?? '', /10\.9\.9\.4, …\)/);
  });
});
