/**
 * Reads a Service: the few facts that decide how, and whether, a pod is announced under it.
 */
import type { Service } from '../kube/objects.ts';
import type { Protocol } from './declaration.ts';
import { type Addresses, type Family, familyOf } from './identity.ts';
import { readProtocol } from './pod.ts';

/** One port that the Service announces by itself. */
export type ServicePortFacts = {
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly targetPort: number | string | undefined;
  readonly appProtocol: string | undefined;
};

/** What DNS makes of the Service: SRV from slices only where it is headless. */
export type ServiceFacts = {
  readonly name: string;
  readonly uid: string;
  readonly shape: 'headless' | 'cluster-ip' | 'external-name';
  readonly hasSelector: boolean;
  /** Its IP families, the primary one first; never empty. */
  readonly families: readonly Family[];
  /** Names resolve before their pods are ready (`spec.publishNotReadyAddresses`); pairs wait all the same. */
  readonly publishesNotReady: boolean;
  readonly ports: readonly ServicePortFacts[];
};

/** Reads a Service as the API server gives it. */
export function readService(service: Service): ServiceFacts {
  const spec = service.spec;
  return {
    name: service.metadata?.name ?? '',
    uid: service.metadata?.uid ?? '',
    shape: readShape(spec?.type, spec?.clusterIP),
    hasSelector: Object.keys(spec?.selector ?? {}).length > 0,
    families: readFamilies(spec?.ipFamilies, spec?.clusterIP),
    publishesNotReady: spec?.publishNotReadyAddresses === true,
    ports: (spec?.ports ?? []).flatMap((port) => {
      const protocol = readProtocol(port.protocol);
      if (port.name === undefined || protocol === undefined) return [];
      const { name, appProtocol, targetPort } = port;
      return [{ name, protocol, port: port.port, targetPort, appProtocol }];
    }),
  };
}

/**
 * The pod's addresses of the families that the Service has too, in the Service's order. Kubernetes gives a headless
 * Service without a selector both families on a single-stack cluster as well, so one shared is enough.
 */
export function sharedAddresses(service: ServiceFacts, pod: Addresses): Addresses {
  return Object.fromEntries(
    service.families.flatMap((family) => {
      const address = pod[family];
      return address === undefined ? [] : [[family, address]];
    }),
  );
}

/** The one address of the register: that of the first of the Service's families that the pod has, if it has any. */
export function registerAddress(service: ServiceFacts, pod: Addresses): string | undefined {
  return service.families.map((family) => pod[family]).find((address) => address !== undefined);
}

/** A Service from before dual-stack (KEP-563) names no families: it has that of its cluster IP. */
function readFamilies(listed: readonly string[] | undefined, clusterIp: string | undefined): readonly Family[] {
  const known = (listed ?? []).filter((family) => family === 'IPv4' || family === 'IPv6');
  return known.length > 0 ? known : [familyOf(clusterIp ?? '')];
}

function readShape(type: string | undefined, clusterIp: string | undefined): ServiceFacts['shape'] {
  if (type === 'ExternalName') return 'external-name';
  return clusterIp === 'None' ? 'headless' : 'cluster-ip';
}
