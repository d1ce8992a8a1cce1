/**
 * Endpoints as sentences: `endpointsOf('ipa', unmirrored, registered('ipa-0', kerberosTcp, kerberosUdp))`. A later
 * trait sees what earlier ones made, as later writers do.
 */
import type { EndpointAddress, EndpointSubset, Endpoints } from '../../agent/kube/objects.ts';
import { ENDPOINTS_MANAGED_BY_LABEL, heartbeatKey, SKIP_MIRROR_LABEL } from '../../agent/plan/identity.ts';
import type { Pair } from '../../agent/plan/pairs.ts';
import { type RegisterView, readRegister } from '../../agent/plan/register.ts';
import { ipOf, NAMESPACE, uidOf } from './pods.ts';

/** Adds one thing to an Endpoints object. */
export type EndpointsTrait = (endpoints: Endpoints) => Endpoints;

/** An Endpoints object with nothing but its name; traits add the rest. */
export function endpointsOf(name: string, ...traits: readonly EndpointsTrait[]): Endpoints {
  const bare: Endpoints = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name, namespace: NAMESPACE, uid: `uid-of-endpoints-${name}` },
  };
  return traits.reduce((endpoints, trait) => trait(endpoints), bare);
}

/** The same, read. */
export function viewOf(...traits: readonly EndpointsTrait[]): RegisterView {
  return readRegister(endpointsOf('ipa', ...traits));
}

/** With a label. */
export function labelled(key: string, value: string): EndpointsTrait {
  return (endpoints) => ({
    ...endpoints,
    metadata: { ...endpoints.metadata, labels: { ...endpoints.metadata?.labels, [key]: value } },
  });
}

/** With an annotation. */
export function annotated(key: string, value: string): EndpointsTrait {
  return (endpoints) => ({
    ...endpoints,
    metadata: { ...endpoints.metadata, annotations: { ...endpoints.metadata?.annotations, [key]: value } },
  });
}

/** Labelled so that the control plane mirrors nothing of it. */
export const unmirrored: EndpointsTrait = labelled(SKIP_MIRROR_LABEL, 'true');

/** Kept by the control plane for a Service with a selector. */
export const keptByControlPlane: EndpointsTrait = labelled(ENDPOINTS_MANAGED_BY_LABEL, 'endpoint-controller');

/** A heartbeat value that promises five seconds; `count` makes it another one. */
export function beatValue(count: number, promised = '5s'): string {
  return `${new Date(Date.UTC(2026, 10, 22, 20, 0, count)).toISOString()} ${promised}`;
}

/** With a pod's heartbeat. */
export function beating(podName: string, value: string = beatValue(0)): EndpointsTrait {
  return annotated(heartbeatKey(uidOf(podName)), value);
}

/** With one more subset. */
export function holding(subset: EndpointSubset): EndpointsTrait {
  return (endpoints) => ({ ...endpoints, subsets: [...(endpoints.subsets ?? []), subset] });
}

/** A pod that beats and holds each pair: one subset a pair, the address at its end. */
export function registered(podName: string, ...pairs: readonly Pair[]): EndpointsTrait {
  return (endpoints) =>
    beating(podName)({
      ...endpoints,
      ...(pairs.length === 0 ? {} : { subsets: pairs.reduce(join(podName), endpoints.subsets ?? []) }),
    });
}

/** The address under which a pod stands in a subset. */
export function addressIn(podName: string): EndpointAddress {
  return {
    ip: ipOf(podName),
    hostname: podName,
    nodeName: 'node-a',
    targetRef: { kind: 'Pod', name: podName, namespace: NAMESPACE, uid: uidOf(podName) },
  };
}

/** An address that nobody's heartbeat stands for. */
export function strangerIn(ip: string): EndpointAddress {
  return { ip, hostname: 'stranger' };
}

/** A subset of one pair that these pods hold, in this order. */
export function subsetOf(pair: Pair, ...podNames: readonly string[]): EndpointSubset {
  return { addresses: podNames.map(addressIn), ports: [{ ...pair }] };
}

function join(podName: string) {
  return (subsets: readonly EndpointSubset[], pair: Pair): readonly EndpointSubset[] => {
    const place = subsets.findIndex(
      ({ ports }) => ports?.[0]?.name === pair.name && ports[0].protocol === pair.protocol,
    );
    const known = subsets[place];
    if (known === undefined) return [...subsets, subsetOf(pair, podName)];
    return subsets.with(place, { ...known, addresses: [...(known.addresses ?? []), addressIn(podName)] });
  };
}
