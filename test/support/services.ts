/** Services as sentences: `serviceOf('ipa', headless, selecting('ipa'), offering('kerberos', 88))`. */
import type { Service } from '../../agent/kube/objects.ts';
import type { ServiceFacts, ServicePortFacts } from '../../agent/plan/service.ts';
import { NAMESPACE } from './pods.ts';

/** Adds one thing to a Service. */
export type ServiceTrait = (service: Service) => Service;

/** A Service with nothing but its name; traits add the rest. */
export function serviceOf(name: string, ...traits: readonly ServiceTrait[]): Service {
  const bare: Service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: NAMESPACE, uid: `uid-of-service-${name}` },
    spec: { type: 'ClusterIP' },
  };
  return traits.reduce((service, trait) => trait(service), bare);
}

/** `clusterIP: None`. */
export const headless: ServiceTrait = (service) => ({ ...service, spec: { ...service.spec, clusterIP: 'None' } });

/** With a cluster IP. */
export function balanced(clusterIP: string): ServiceTrait {
  return (service) => ({ ...service, spec: { ...service.spec, clusterIP } });
}

/** Of type ExternalName. */
export const external: ServiceTrait = (service) => ({
  ...service,
  spec: { ...service.spec, type: 'ExternalName', externalName: 'ipa.example.org' },
});

/** With a selector. */
export function selecting(app: string): ServiceTrait {
  return (service) => ({ ...service, spec: { ...service.spec, selector: { app } } });
}

/** With these IP families, the primary one first. */
export function speaking(...ipFamilies: readonly string[]): ServiceTrait {
  return (service) => ({ ...service, spec: { ...service.spec, ipFamilies } });
}

/** `publishNotReadyAddresses`. */
export const early: ServiceTrait = (service) => ({
  ...service,
  spec: { ...service.spec, publishNotReadyAddresses: true },
});

/** With one more port of its own. */
export function offering(
  name: string | undefined,
  port: number,
  more: { readonly protocol?: string; readonly targetPort?: number | string; readonly appProtocol?: string } = {},
): ServiceTrait {
  return (service) => ({
    ...service,
    spec: {
      ...service.spec,
      ports: [...(service.spec?.ports ?? []), { ...(name === undefined ? {} : { name }), port, ...more }],
    },
  });
}

/** What is known of a headless Service without a selector. */
export function factsOf(name: string, change: Partial<ServiceFacts> = {}): ServiceFacts {
  return {
    name,
    uid: `uid-of-service-${name}`,
    shape: 'headless',
    hasSelector: false,
    families: ['IPv4'],
    publishesNotReady: false,
    ports: [],
    ...change,
  };
}

/** One port of such a Service. */
export function portFacts(name: string, port: number, change: Partial<ServicePortFacts> = {}): ServicePortFacts {
  return { name, protocol: 'TCP', port, targetPort: port, appProtocol: undefined, ...change };
}
