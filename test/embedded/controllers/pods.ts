/** What the native controllers read from pods: readiness, addresses, ports, and which changes concern a Service. */
import type { Pod, Service, ServicePort } from '../../../agent/kube/objects.ts';
import { equal } from '../objects/json.ts';
import type { Kinds, Stored } from '../objects/kinds.ts';
import { type Change, keyOf, type ObjectKey, type Store } from '../storage/store.ts';
import { typed } from '../storage/typed.ts';

type StoredPod = Stored<Kinds['pods']>;
type StoredService = Stored<Kinds['services']>;

/** Whether the pod's Ready condition is true. */
export function isReady(pod: Pod | StoredPod): boolean {
  return (pod.status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True');
}

/** Whether a pod counts at all: it has an address and has not ended. */
export function hasPlace(pod: StoredPod, options: { readonly includeTerminating: boolean }): boolean {
  const { phase, podIP, podIPs = [] } = pod.status ?? {};
  if (phase === 'Failed' || phase === 'Succeeded') return false;
  if ((podIP ?? '') === '' && podIPs.length === 0) return false;
  return options.includeTerminating || pod.metadata.deletionTimestamp === undefined;
}

/** The pod's addresses of a family. */
export function addressesOf(pod: StoredPod, family: string): readonly string[] {
  return (pod.status?.podIPs ?? []).map(({ ip }) => ip).filter((ip) => ip.includes(':') === (family === 'IPv6'));
}

/** The pod's own name in the Service's domain, which needs hostname and subdomain. */
export function hostnameIn(pod: StoredPod, service: StoredService): string | undefined {
  const { hostname = '', subdomain } = pod.spec ?? {};
  return hostname !== '' && subdomain === service.metadata.name ? hostname : undefined;
}

/** The number behind a Service port's targetPort: itself, or the container port of that name and protocol. */
export function targetPortOf(pod: StoredPod, { port, targetPort, protocol }: ServicePort): number | undefined {
  const target: unknown = targetPort;
  if (typeof target === 'number') return target === 0 ? port : target;
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always');
  const ports = [...containers, ...sidecars].flatMap((container) => container.ports ?? []);
  return ports.find((candidate) => candidate.name === target && candidate.protocol === protocol)?.containerPort;
}

/** The pods that a Service selects. */
export function podsOf(store: Store, service: StoredService): readonly StoredPod[] {
  const { selector } = service.spec ?? {};
  if (selector === undefined) return [];
  return store.list('pods', service.metadata.namespace).filter((pod) => selects(selector, pod));
}

const selects = (selector: Readonly<Record<string, string>>, pod: StoredPod): boolean =>
  Object.entries(selector).every(([key, value]) => pod.metadata.labels?.[key] === value);

/** The Services with a selector that a change of a pod concerns. Other labels, another phase: none, as seen on Kubernetes 1.37.2. */
export function servicesOfChange(store: Store, change: Change): readonly ObjectKey[] {
  const pod = typed('pods', change.object);
  const old = change.previous === undefined ? undefined : typed('pods', change.previous);
  const services = store.list('services', pod.metadata.namespace).filter(({ spec }) => spec?.selector !== undefined);
  const matching = (of: StoredPod): readonly StoredService[] =>
    services.filter(({ spec }) => selects(spec?.selector ?? {}, of));
  if (old === undefined || change.type === 'DELETED') return matching(pod).map(keyOf);
  const now = matching(pod);
  const isAlteredPod = isAltered(pod, old);
  const isRelabelled = !equal(pod.metadata.labels, old.metadata.labels) || !sameNames(pod, old);
  if (!isRelabelled) return isAlteredPod ? now.map(keyOf) : [];
  const before = matching(old);
  const all = [...new Set([...now, ...before])];
  // Only the labels changed: whom it left or joined.
  return all.filter((one) => isAlteredPod || now.includes(one) !== before.includes(one)).map(keyOf);
}

const sameNames = (pod: StoredPod, old: StoredPod): boolean =>
  pod.spec?.hostname === old.spec?.hostname && pod.spec?.subdomain === old.spec?.subdomain;

const isAltered = (pod: StoredPod, old: StoredPod): boolean =>
  pod.metadata.deletionTimestamp !== old.metadata.deletionTimestamp ||
  isReady(pod) !== isReady(old) ||
  !equal(pod.status?.podIPs, old.status?.podIPs);

/** The label that both controllers set on what belongs to a headless Service. */
export const HEADLESS_LABEL = 'service.kubernetes.io/headless';

/** Whether a Service has no address of its own. */
export function isHeadless(service: StoredService | Service): boolean {
  const { clusterIP = '' } = service.spec ?? {};
  return clusterIP === '' || clusterIP === 'None';
}
