/**
 * Who we are on the wire: the own pod's identity, and the names and keys made from it. Nothing else builds them.
 */
import { createHash } from 'node:crypto';
import type { Protocol } from './declaration.ts';

/** An IP family, spelled as `Service.spec.ipFamilies` and `EndpointSlice.addressType` do. */
export type Family = 'IPv4' | 'IPv6';

/** The families in the order in which we write their slices. */
export const families = ['IPv4', 'IPv6'] as const satisfies readonly Family[];

/** One address of each family that is there. */
export type Addresses = Readonly<Partial<Record<Family, string>>>;

/** The own pod, as far as it stands in Endpoints and EndpointSlices. */
export type Identity = {
  readonly namespace: string;
  readonly podName: string;
  readonly uid: string;
  /** The first address of each family the pod has (`status.podIPs`). */
  readonly addresses: Addresses;
  /** The label that DNS puts before the Service's name: `spec.hostname`, else the pod's name where that is a DNS label. */
  readonly hostname: string | undefined;
  readonly nodeName: string | undefined;
};

/** The field manager of every write, and the value of the slices' managed-by label (KEP-752). */
export const MANAGER = 'endpoint-registrar';

export const SKIP_MIRROR_LABEL = 'endpointslice.kubernetes.io/skip-mirror';
export const MANAGED_BY_LABEL = 'endpointslice.kubernetes.io/managed-by';
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
export const HEADLESS_LABEL = 'service.kubernetes.io/headless';
export const POD_UID_LABEL = 'endpoint-registrar/pod-uid';
/** Set by the control plane on the Endpoints it keeps for a Service with a selector. */
export const ENDPOINTS_MANAGED_BY_LABEL = 'endpoints.kubernetes.io/managed-by';
export const ENDPOINTS_CONTROLLER = 'endpoint-controller';
/** The managed-by value of the slices that the control plane makes for a Service with a selector. */
export const SLICE_CONTROLLER = 'endpointslice-controller.k8s.io';

const HEARTBEAT_PREFIX = 'endpoint-registrar/';

/** The annotation that carries a pod's heartbeat, e.g. `endpoint-registrar/3c6b0c1e-…`. */
export function heartbeatKey(uid: string): string {
  return `${HEARTBEAT_PREFIX}${uid}`;
}

/** The pod UID of a heartbeat annotation; undefined for any other annotation. */
export function heartbeatUid(annotation: string): string | undefined {
  return annotation.startsWith(HEARTBEAT_PREFIX) ? annotation.slice(HEARTBEAT_PREFIX.length) : undefined;
}

/** A JSON Pointer (RFC 6901) to the path of keys given, e.g. `/metadata/annotations/endpoint-registrar~1<uid>`. */
export function pointer(...keys: readonly string[]): string {
  return keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** The family of an IP address in text form. */
export function familyOf(address: string): Family {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Whether `text` is a DNS label (RFC 1123), as `EndpointSlice.endpoints[].hostname` must be. */
export function isDnsLabel(text: string): boolean {
  return LABEL.test(text);
}

const HASH_LENGTH = 10;
const NAME_LENGTH = 63;

/**
 * The name of the one slice that a pod publishes for a Service, family and protocol: `<pod, cut>-<hash>`; `none` is that
 * of the pod's name, without ports. Deterministic, so that a restarted container finds its own; different for each
 * incarnation of a StatefulSet pod.
 */
export function sliceName(
  pod: { readonly podName: string; readonly uid: string },
  slice: { readonly service: string; readonly family: Family; readonly protocol: Protocol | 'none' },
): string {
  const key = JSON.stringify([slice.service, pod.uid, slice.family, slice.protocol]);
  const hash = createHash('sha256').update(key).digest('hex').slice(0, HASH_LENGTH);
  const cut = pod.podName.slice(0, NAME_LENGTH - HASH_LENGTH - 1).replace(/[-.]+$/, '');
  return `${cut}-${hash}`;
}
