/** EndpointSlices as peers, controllers and strangers publish them. */
import type { EndpointSlice } from '../../agent/kube/objects.ts';
import type { Identity } from '../../agent/plan/identity.ts';
import type { Pair } from '../../agent/plan/pairs.ts';
import { type Publication, wantedSlices } from '../../agent/plan/slices.ts';
import { identityOf, NAMESPACE } from './pods.ts';

/** What the agent of `podName` publishes under the Service `ipa`: one slice a protocol. */
export function slicesOf(podName: string, ...pairs: readonly Pair[]): readonly EndpointSlice[] {
  return slicesOfIdentity(identityOf(podName), ...pairs);
}

/** The same for an identity of its own. */
export function slicesOfIdentity(identity: Identity, ...pairs: readonly Pair[]): readonly EndpointSlice[] {
  return wantedSlices({ ...publicationOf(identity), pairs });
}

/** What a pod publishes under `ipa` where it serves nothing and its name waits for that: nothing. */
export function publicationOf(identity: Identity, change: Partial<Publication> = {}): Publication {
  const { addresses } = identity;
  return { identity, service: 'ipa', addresses, pairs: [], hasName: false, isServing: true, ...change };
}

/** A slice that somebody else manages: `endpointslice-controller.k8s.io`, or nobody. */
export function sliceManagedBy(manager: string | undefined, name: string): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name,
      namespace: NAMESPACE,
      labels: {
        'kubernetes.io/service-name': 'ipa',
        ...(manager === undefined ? {} : { 'endpointslice.kubernetes.io/managed-by': manager }),
      },
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.9.9.9'] }],
    ports: [{ name: 'ldap', protocol: 'TCP', port: 389 }],
  };
}
