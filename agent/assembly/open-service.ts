/** Opens one Service for its keeper: watches of the Service and of its slices, the register behind them, and its probes. */
import type { Clock } from '../clock.ts';
import type { ServiceSeen } from '../keeper/deps.ts';
import type { ServiceParts } from '../keeper/fleet.ts';
import type { Api } from '../kube/api.ts';
import type { ApiClient } from '../kube/client.ts';
import type { ApiObject, EndpointSlice, Service } from '../kube/objects.ts';
import { parseService, parseSlice } from '../kube/parse.ts';
import { type Change, createCollection } from '../kube/watch.ts';
import type { Log } from '../log.ts';
import { MANAGED_BY_LABEL, MANAGER, POD_UID_LABEL, SERVICE_NAME_LABEL } from '../plan/identity.ts';
import { readService } from '../plan/service.ts';
import { createProber, type ProbeState } from '../probes/prober.ts';
import { createEndpointsRegister } from '../register/endpoints.ts';
import { failureOf } from '../register/failure.ts';
import { createPods } from '../register/pods.ts';
import { createServiceSlices } from '../register/slices.ts';
import type { Metrics, WatchedResource } from '../status/metrics.ts';
import type { WatchReporter } from './watches.ts';

/** What opening a Service needs. */
export type OpenDeps = {
  readonly api: Api;
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly namespace: string;
  readonly requestTimeoutMs: number;
  readonly ownUid: () => string | undefined;
  readonly report: WatchReporter;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'probeAttempted'>;
  /** The domain that Services are under, for the realm that a probe asks for where it names none. */
  readonly clusterDomain: string;
};

/** One opened Service; `kick` makes its watches dial anew. */
export type OpenedService = ServiceParts & {
  readonly kick: () => void;
  readonly probeStates: () => readonly ProbeState[];
};

/** Opens `service`. `onChange` is called when the Service, our own slices, or slices of a controller changed. */
export function openService(deps: OpenDeps, service: string, onChange: () => void): OpenedService {
  const { api, namespace, requestTimeoutMs, report } = deps;
  const watched = <T extends ApiObject>(resource: WatchedResource, concerns: (object: T) => boolean) => {
    const observe = report<T>(resource);
    return (change: Change<T>) => {
      observe(change);
      const isConcern = change.type === 'upserted' || change.type === 'deleted' ? concerns(change.object) : true;
      if (isConcern) onChange();
    };
  };
  const services = createCollection<Service>(
    { ...deps, onChange: watched('services', () => true) },
    {
      path: `/api/v1/namespaces/${namespace}/services`,
      fieldSelector: `metadata.name=${service}`,
      parse: parseService,
      requestTimeoutMs,
    },
  );
  const slices = createCollection<EndpointSlice>(
    { ...deps, onChange: watched<EndpointSlice>('endpointslices', (slice) => isOfConcern(slice, deps.ownUid())) },
    {
      path: `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
      labelSelector: `${SERVICE_NAME_LABEL}=${service}`,
      parse: parseSlice,
      requestTimeoutMs,
    },
  );
  const seen = (): ServiceSeen => {
    const error = services.failure() ?? slices.failure();
    const failure = error === undefined ? undefined : failureOf(error);
    if (!services.synced() || !slices.synced()) return { kind: 'unseen', failure };
    const found = services.items().get(service);
    return { kind: 'seen', service: found === undefined ? undefined : readService(found), failure };
  };
  const prober = createProber({ ...deps, onChange });
  const realm = `${service}.${namespace}.svc.${deps.clusterDomain}`.toUpperCase();
  return {
    probes: {
      aim: (target) => prober.aim(target === undefined ? undefined : { ...target, realm }),
      verdict: prober.verdict,
    },
    probeStates: prober.states,
    register: createEndpointsRegister(api, { namespace, service }),
    slices: createServiceSlices(api, slices, service),
    pods: createPods(api),
    seen,
    run: async (signal) => {
      await Promise.all([services.run(signal), slices.run(signal), prober.run(signal)]);
    },
    kick: () => {
      services.kick();
      slices.kick();
    },
  };
}

/** Peers come and go by the dozen: only our own slices, and those of controllers, ask for a pass. */
function isOfConcern(slice: EndpointSlice, ownUid: string | undefined): boolean {
  const labels = slice.metadata?.labels;
  return labels?.[MANAGED_BY_LABEL] !== MANAGER || labels[POD_UID_LABEL] === ownUid;
}
