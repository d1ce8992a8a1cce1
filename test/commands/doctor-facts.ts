/**
 * What the doctor sees, as sentences: `seeing(service(balanced('10.96.0.9')))`. Without a trait it is a healthy world
 * of two pods served in full, in which every check is ok; a trait breaks one thing.
 */
import assert from 'node:assert/strict';
import { runChecks } from '../../agent/commands/doctor/checks/table.ts';
import type { DnsFacts } from '../../agent/commands/doctor/dns.ts';
import type { Facts, ServiceSeen } from '../../agent/commands/doctor/facts.ts';
import { neededFor } from '../../agent/commands/doctor/needs.ts';
import type { Verdict } from '../../agent/commands/doctor/result.ts';
import { parseDeclarations } from '../../agent/declarations/parse.ts';
import type { DnsAnswer } from '../../agent/dns/message.ts';
import type { EndpointSlice, Endpoints, Pod, Service } from '../../agent/kube/objects.ts';
import { beating, beatValue, endpointsOf, registered, unmirrored } from '../support/endpoints.ts';
import { kerberosTcp, kerberosUdp } from '../support/pairs.ts';
import { hostnamed, NAMESPACE, type PodTrait, podOf, running, runningAsSidecar } from '../support/pods.ts';
import { headless, type ServiceTrait, serviceOf } from '../support/services.ts';
import { slicesOf } from '../support/slices.ts';

/** Changes one thing of what is seen. */
export type Trait = (facts: Facts) => Facts;

/** Something that may not be read. */
export const hidden = { kind: 'hidden', why: 'User "ann" cannot list it' } as const;

export const seen = <T>(value: T) => ({ kind: 'seen', value }) as const;

const CONFIGMAP = 'endpoint-registrar';
const DOMAIN = `ipa.${NAMESPACE}.svc.cluster.local`;
const declaration = 'ports: [{ name: kerberos, port: 88 }, { name: kerberos, protocol: UDP, port: 88 }]';
const podNames = ['ipa-0', 'ipa-1'] as const;

type Container = NonNullable<Pod['spec']>['containers'][number];

const mount = { name: 'token', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' };
const goodServer: Partial<Container> = {
  readinessProbe: { tcpSocket: { port: 88 } },
  lifecycle: { preStop: { sleep: { seconds: 40 } } },
};
const goodSidecar: Partial<Container> = {
  env: [{ name: 'REGISTRAR_CONFIGMAP', value: CONFIGMAP }],
  volumeMounts: [mount],
};

/** With more fields of one of its containers. */
export function container(name: string, fields: Partial<Container>): PodTrait {
  const change = (all: readonly Container[] = []) =>
    all.map((one) => (one.name === name ? { ...one, ...fields } : one));
  return (pod) => ({
    ...pod,
    spec: {
      ...pod.spec,
      containers: change(pod.spec?.containers),
      initContainers: change(pod.spec?.initContainers),
    },
  });
}

/** With more fields of its spec. */
export function podSpec(fields: Partial<NonNullable<Pod['spec']>>): PodTrait {
  return (pod) => ({ ...pod, spec: { containers: [], ...pod.spec, ...fields } });
}

/** With more metadata. */
export function podMetadata(fields: Partial<NonNullable<Pod['metadata']>>): PodTrait {
  return (pod) => ({ ...pod, metadata: { ...pod.metadata, ...fields } });
}

/** A pod as the manifests make it. */
export function memberOf(podName: string, ...traits: readonly PodTrait[]): Pod {
  return podOf(
    podName,
    running('server'),
    runningAsSidecar('endpoint-registrar'),
    hostnamed(podName),
    container('server', goodServer),
    container('endpoint-registrar', goodSidecar),
    podSpec({ subdomain: 'ipa', nodeName: `node-of-${podName}`, terminationGracePeriodSeconds: 180 }),
    podMetadata({
      labels: { app: 'ipa' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'ipa', uid: 'u', controller: true }],
    }),
    ...traits,
  );
}

/** An answer to an SRV question. */
export function answered(...targets: readonly string[]): DnsAnswer {
  return {
    kind: 'answered',
    services: targets.map((target) => ({ target: `${target}.${DOMAIN}`, port: 88, ttlSeconds: 30 })),
    addresses: [],
    zones: [],
  };
}

/** NXDOMAIN, kept for half a minute. */
export const nxdomain: DnsAnswer = { kind: 'negative', rcode: 'NXDOMAIN', soaMinimumSeconds: 30 };

type AskedDns = Extract<DnsFacts, { readonly kind: 'asked' }>;

const goodDns: AskedDns = {
  kind: 'asked',
  server: '10.96.0.10:53',
  clusterDomain: 'cluster.local',
  zone: { kind: 'answered', services: [], addresses: [], zones: ['cluster.local'] },
  nowhere: nxdomain,
  services: [
    {
      service: 'ipa',
      pairs: [
        { key: 'kerberos/TCP', name: `_kerberos._tcp.${DOMAIN}`, answer: answered(...podNames) },
        { key: 'kerberos/UDP', name: `_kerberos._udp.${DOMAIN}`, answer: answered(...podNames) },
      ],
      targets: new Map(podNames.map((name, index) => [`${name}.${DOMAIN}`, [`10.0.0.${10 + index}`]])),
    },
  ],
};

/** The register of the healthy world; another count, other heartbeats. */
export function registerAt(count: number): Endpoints {
  const joined = podNames.map((name) => registered(name, kerberosTcp, kerberosUdp));
  return endpointsOf('ipa', unmirrored, ...joined, ...podNames.map((name) => beating(name, beatValue(count))));
}

function healthy(): Facts {
  const declared = parseDeclarations({ ipa: declaration });
  assert.ok(declared.kind === 'valid');
  const slices = podNames.flatMap((name) => slicesOf(name, kerberosTcp, kerberosUdp));
  const rows = neededFor({ services: ['ipa'], configMapName: CONFIGMAP, groups: [], hasGate: false });
  const reviews = rows.flatMap((row) => row.verbs.map((verb) => ({ row, verb, name: '', isAllowed: true })));
  return {
    namespace: NAMESPACE,
    configMapName: CONFIGMAP,
    version: seen({ text: 'v1.37.2', major: 1, minor: 37 }),
    groups: seen(['apps', 'discovery.k8s.io']),
    configMap: seen({ metadata: { name: CONFIGMAP }, data: { ipa: declaration } }),
    declared,
    services: [
      {
        name: 'ipa',
        declaration: declared.declarations.get('ipa'),
        service: seen(serviceOf('ipa', headless)),
        endpoints: seen(registerAt(0)),
        later: registerAt(5),
        slices: seen(slices),
        laterSlices: slices,
      },
    ],
    unmirrored: seen([]),
    pods: seen(podNames.map((name) => memberOf(name))),
    statefulSets: seen([
      {
        metadata: { name: 'ipa' },
        spec: { minReadySeconds: 5, serviceName: 'ipa', selector: {}, template: {} },
      },
    ]),
    deployments: seen([]),
    disruptionBudgets: seen([
      { metadata: { name: 'ipa' }, spec: { selector: { matchLabels: { app: 'ipa' } }, maxUnavailable: 1 } },
    ]),
    dnsDeployments: seen([]),
    waitedMs: 6000,
    access: { kind: 'reviewed', subjects: [{ account: 'endpoint-registrar', reviews }] },
    dns: goodDns,
  };
}

/** What is seen with these traits, each on what the ones before made. */
export function seeing(...traits: readonly Trait[]): Facts {
  return traits.reduce((facts, trait) => trait(facts), healthy());
}

/** With the Service `ipa` seen otherwise. */
export function seenAs(change: Partial<ServiceSeen>): Trait {
  return (facts) => ({ ...facts, services: facts.services.map((one) => ({ ...one, ...change })) });
}

/** With another Service of that name; headless where no trait says otherwise. */
export function service(...traits: readonly ServiceTrait[]): Trait {
  return seenAs({ service: seen<Service | undefined>(serviceOf('ipa', headless, ...traits)) });
}

/** With these Endpoints in both looks. */
export function register(endpoints: Endpoints | undefined): Trait {
  return seenAs({ endpoints: seen(endpoints), later: endpoints });
}

/** With these EndpointSlices in both looks. */
export function slices(...all: readonly EndpointSlice[]): Trait {
  return seenAs({ slices: seen(all), laterSlices: all });
}

/** With each pod changed. */
export function everyPod(...traits: readonly PodTrait[]): Trait {
  return (facts) => ({ ...facts, pods: seen(podNames.map((name) => memberOf(name, ...traits))) });
}

/** With these pods. */
export function pods(...all: readonly Pod[]): Trait {
  return (facts) => ({ ...facts, pods: seen(all) });
}

/** With the declaration of `ipa` in these words. */
export function declaring(text: string): Trait {
  const declared = parseDeclarations({ ipa: text });
  return (facts) => ({
    ...facts,
    declared,
    services: facts.services.map((one) => ({
      ...one,
      declaration: declared.kind === 'valid' ? declared.declarations.get('ipa') : undefined,
    })),
  });
}

/** With DNS seen otherwise. */
export function dns(change: Partial<AskedDns>): Trait {
  return (facts) => ({ ...facts, dns: { ...goodDns, ...change } });
}

/** With this answer to `_kerberos._udp`. */
export function udpAnswer(answer: DnsAnswer): Trait {
  const services = goodDns.services.map((one) => ({
    ...one,
    pairs: one.pairs.map((pair) => (pair.key === 'kerberos/UDP' ? { ...pair, answer } : pair)),
  }));
  return dns({ services });
}

/** Without asking DNS: what is said of it is not the matter. */
export const withoutDns: Trait = (facts) => ({ ...facts, dns: { ...goodDns, services: [] } });

/** One line of what is not ok: the check, the verdict, the sentence, and the remedy where the case names it. */
export type Told = readonly [check: string, verdict: Verdict, message: string, remedy?: string];

/** One broken situation, and everything that is said of it beside what is ok. */
export type Case = { readonly name: string; readonly given: Facts; readonly expect: readonly Told[] };

/** Runs all checks, and compares what is not ok, word for word. */
export function assertTold({ given, expect }: Case): void {
  const told = runChecks(given).filter(({ verdict }) => verdict !== 'ok');
  assert.deepEqual(
    told.map(
      ({ check, verdict, message, remedy }, index): Told =>
        expect[index]?.[3] === undefined ? [check, verdict, message] : [check, verdict, message, remedy ?? ''],
    ),
    expect,
  );
  for (const { message, remedy, verdict } of told) {
    if (verdict !== 'skipped') assert.ok(remedy !== undefined && remedy !== '', `no remedy: ${message}`);
  }
}
