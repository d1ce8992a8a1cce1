/**
 * Reads a Service: the few facts that decide how, and whether, a pod is announced under it.
 */
import type { Service } from '../kube/objects.ts';
import type { Protocol } from './declaration.ts';
import type { Family } from './identity.ts';
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
  /** The primary IP family: that of the register. */
  readonly family: Family;
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
    family: spec?.ipFamilies?.[0] === 'IPv6' || (spec?.clusterIP?.includes(':') ?? false) ? 'IPv6' : 'IPv4',
    ports: (spec?.ports ?? []).flatMap((port) => {
      const protocol = readProtocol(port.protocol);
      if (port.name === undefined || protocol === undefined) return [];
      const { name, appProtocol, targetPort } = port;
      return [{ name, protocol, port: port.port, targetPort, appProtocol }];
    }),
  };
}

function readShape(type: string | undefined, clusterIp: string | undefined): ServiceFacts['shape'] {
  if (type === 'ExternalName') return 'external-name';
  return clusterIp === 'None' ? 'headless' : 'cluster-ip';
}
