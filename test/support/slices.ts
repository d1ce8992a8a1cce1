/** EndpointSlices as peers, controllers and strangers publish them. */
import type { EndpointSlice } from '../../agent/kube/objects.ts';
import type { Identity } from '../../agent/plan/identity.ts';
import type { Pair } from '../../agent/plan/pairs.ts';
import { wantedSlices } from '../../agent/plan/slices.ts';
import { identityOf, NAMESPACE } from './pods.ts';

/** What the agent of `podName` publishes under the Service `ipa`: one slice a protocol. */
export function slicesOf(podName: string, ...pairs: readonly Pair[]): readonly EndpointSlice[] {
  return slicesOfIdentity(identityOf(podName), ...pairs);
}

/** The same for an identity of its own. */
export function slicesOfIdentity(identity: Identity, ...pairs: readonly Pair[]): readonly EndpointSlice[] {
  const address = identity.addresses.IPv4 ?? '';
  return wantedSlices(identity, 'ipa', { family: 'IPv4', address, pairs });
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
