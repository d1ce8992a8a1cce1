/** What is measured: for each path a namespace with one Service `measured`, and two pods behind it, on two nodes, that are ready as soon as they run. */
import type { Path } from './samples.ts';

/** The paths with pods of their own. */
export type PodPath = Exclude<Path, 'bare'>;
export const podPaths: readonly PodPath[] = ['native', 'supplement', 'full'];

export const service = 'measured';
/** A pair that a selector Service can announce as well: what it cannot would have nothing beside it. */
export const port = { name: 'measured', protocol: 'TCP', port: 8000 } as const;
/** A headless Service with a selector needs a port of its own, or it says nothing at all. */
const otherPort = { name: 'other', protocol: 'TCP', port: 8001 } as const;
const labels = { 'app.kubernetes.io/name': service };
/** What all pods carry. */
export const nameLabel = `app.kubernetes.io/name=${service}`;
export const podNames = [`${service}-0`, `${service}-1`] as const;

/** A deleted pod goes on running so long: who waits for its end instead of its deletion is seen to. */
const lastSeconds = 2;

export function namespaceOf(path: Path): string {
  return `measure-${path}`;
}

/** The objects of a path. `full` has no selector, and `bare` no more than a Service. */
export function objectsOf(path: Path, image: string): readonly object[] {
  switch (path) {
    case 'native':
      return [selectorService(port), statefulSet(image, {})];
    case 'supplement':
      return [selectorService(otherPort), declarations, statefulSet(image, sidecar)];
    case 'full':
      return [plainService, declarations, statefulSet(image, sidecar)];
    case 'bare':
      return [plainService];
    default:
      return path satisfies never;
  }
}

/** The slice that is written by hand, as an agent or a controller would write it. Nobody has the address: only the DNS is asked. */
export const bareSlice = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: `${service}-by-hand`, labels: { 'kubernetes.io/service-name': service } },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['10.99.0.1'], hostname: podNames[0], conditions: { ready: true } }],
  ports: [port],
} as const;

/** What the Component of k8s/component looks for. */
const sidecar = { 'endpoint-registrar/sidecar': 'enabled' };

const declarations = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'endpoint-registrar' },
  data: { [service]: JSON.stringify({ ports: [port] }) },
};

const plainService = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: service },
  spec: { clusterIP: 'None', ipFamilyPolicy: 'SingleStack' },
};

function selectorService(own: typeof port | typeof otherPort) {
  return { ...plainService, spec: { clusterIP: 'None', selector: labels, ports: [own] } };
}

function statefulSet(image: string, marks: Readonly<Record<string, string>>) {
  const apart = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: labels } };
  const container = {
    name: 'workload',
    image,
    command: ['bash', '-c', `trap 'sleep ${lastSeconds}; exit' TERM; while true; do sleep 1 & wait $!; done`],
    readinessProbe: { exec: { command: ['true'] }, periodSeconds: 1 },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: service, labels: { ...labels, ...marks } },
    spec: {
      serviceName: service,
      replicas: 2,
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 10,
          affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [apart] } },
          containers: [container],
        },
      },
    },
  };
}
