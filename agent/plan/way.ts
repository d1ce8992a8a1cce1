/**
 * How a Service is served: the Service decides, the user sets no mode. Each answer carries its reason; each one that
 * does not serve carries the remedy.
 */
import type { EndpointSlice } from '../kube/objects.ts';
import { type Finding, listSome } from './finding.ts';
import { MANAGED_BY_LABEL, SLICE_CONTROLLER } from './identity.ts';
import type { RegisterView } from './register.ts';
import type { ServiceFacts } from './service.ts';

/** What follows from the shape of the Service and from what stands under its name. */
export type Way =
  /** Subsets and heartbeats in the shared Endpoints, plus own slices. */
  | { readonly kind: 'full'; readonly reason: 'headless-without-selector'; readonly finding: undefined }
  /** Own slices for the pairs that the Service lacks, heartbeats on the Endpoints that the control plane keeps. */
  | { readonly kind: 'supplement'; readonly reason: 'headless-with-selector'; readonly finding: undefined }
  /** Keep what is published, write nothing. */
  | { readonly kind: 'hold'; readonly reason: 'service-missing'; readonly finding: Finding }
  /** Withdraw: DNS does not read our slices for such a Service. */
  | { readonly kind: 'withdraw'; readonly reason: 'cluster-ip' | 'external-name'; readonly finding: Finding }
  /** Do not begin; what is published already stays and beats, nothing is added. */
  | {
      readonly kind: 'refuse';
      readonly reason: 'controller-slices-left' | 'controller-endpoints-left' | 'foreign-addresses';
      readonly finding: Finding;
    };

/** The name of a way, as /status and the logs give it. */
export type WayName = Way['kind'];

/**
 * Decides the way.
 * @param name the Service's name, for the words of a finding
 * @param slices every slice under the Service's name, ours and others'
 * @param view the register as last acknowledged; undefined before the first read: the rows that need it do not match
 */
export function planWay(given: {
  readonly name: string;
  readonly service: ServiceFacts | undefined;
  readonly slices: Iterable<EndpointSlice>;
  readonly view: RegisterView | undefined;
}): Way {
  const { name, service, slices, view } = given;
  if (service === undefined) return missing(name);
  if (service.shape === 'external-name') return externalName(name);
  if (service.shape === 'cluster-ip') return clusterIp(name);
  if (service.hasSelector) return { kind: 'supplement', reason: 'headless-with-selector', finding: undefined };
  const leftSlices = [...slices].filter(isControllers).map((slice) => slice.metadata?.name ?? '');
  if (leftSlices.length > 0) return slicesLeft(name, leftSlices);
  if (view?.keptByController === true) return endpointsLeft(name);
  if (view !== undefined && !view.skipsMirror && view.foreign.length > 0) return foreign(name, view.foreign);
  return { kind: 'full', reason: 'headless-without-selector', finding: undefined };
}

function isControllers(slice: EndpointSlice): boolean {
  return slice.metadata?.labels?.[MANAGED_BY_LABEL] === SLICE_CONTROLLER;
}

function missing(name: string): Way {
  return {
    kind: 'hold',
    reason: 'service-missing',
    finding: {
      code: 'service-missing',
      message: `Service ${name}: not found; DNS answers nothing for it, and nothing is registered until it is back`,
      remedy: `Create the headless Service "${name}" (clusterIP: None) in this namespace, or take the key "${name}" out of the ConfigMap.`,
    },
  };
}

function externalName(name: string): Way {
  return {
    kind: 'withdraw',
    reason: 'external-name',
    finding: {
      code: 'service-is-external-name',
      message: `Service ${name}: type ExternalName makes DNS answer a CNAME and read no EndpointSlices`,
      remedy: `Recreate Service "${name}" with clusterIP: None and without type ExternalName.`,
    },
  };
}

function clusterIp(name: string): Way {
  return {
    kind: 'withdraw',
    reason: 'cluster-ip',
    finding: {
      code: 'service-has-cluster-ip',
      message: `Service ${name}: it has a cluster IP, and then DNS makes SRV records from the Service's own ports, which cannot hold a name twice`,
      remedy: `Recreate Service "${name}" with clusterIP: None (the field cannot be changed in place).`,
    },
  };
}

function slicesLeft(name: string, left: readonly string[]): Way {
  return {
    kind: 'refuse',
    reason: 'controller-slices-left',
    finding: {
      code: 'controller-slices-left',
      message: `Service ${name}: it has no selector, yet EndpointSlices of a selector that was removed are left (${left.join(', ')}); nobody updates them, so DNS would answer their pods for ever`,
      remedy: `kubectl delete endpointslices ${left.join(' ')}; then kubectl delete endpoints ${name}, which the agents create anew.`,
    },
  };
}

function endpointsLeft(name: string): Way {
  return {
    kind: 'refuse',
    reason: 'controller-endpoints-left',
    finding: {
      code: 'controller-endpoints-left',
      message: `Service ${name}: it has no selector, yet its Endpoints still carry the endpoints controller's label of a selector that was removed`,
      remedy: `kubectl delete endpoints ${name}; the agents create it anew.`,
    },
  };
}

function foreign(name: string, addresses: readonly string[]): Way {
  return {
    kind: 'refuse',
    reason: 'foreign-addresses',
    finding: {
      code: 'foreign-addresses',
      message: `Service ${name}: its Endpoints hold addresses that are not ours (${listSome(addresses)}), and no skip-mirror label: whatever DNS answers for them would go with the label that we need`,
      remedy: `Move those addresses to an EndpointSlice of their own and remove them from Endpoints "${name}", or register under another headless Service.`,
    },
  };
}
