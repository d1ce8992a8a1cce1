/**
 * The endpoints controller: keeps the Endpoints of Services with a selector, overwriting subsets and labels and keeping
 * annotations; deletes Endpoints whose Service is gone. It does not look at Services without a selector.
 */
import type { EndpointSubset } from '../../../agent/kube/objects.ts';
import { equal, type JsonObject, without } from '../objects/json.ts';
import type { Kinds, Stored } from '../objects/kinds.ts';
import { controllerOptions } from '../registry/write-options.ts';
import { keyOf, type ObjectKey } from '../storage/store.ts';
import { type Controller, type ControllerDeps, createController } from './controller.ts';
import {
  addressesOf,
  HEADLESS_LABEL,
  hasPlace,
  hostnameIn,
  isHeadless,
  isReady,
  podsOf,
  servicesOfChange,
  targetPortOf,
} from './pods.ts';
import { repackSubsets } from './repack.ts';
import { createTriggerTimes, TRIGGER_TIME } from './trigger-time.ts';

/** The label on what this controller wrote. */
export const MANAGED_BY_LABEL = 'endpoints.kubernetes.io/managed-by';

type Service = Stored<Kinds['services']>;
type StoredPod = Stored<Kinds['pods']>;

/** Builds the controller. */
export function createEndpointsController(deps: ControllerDeps): Controller {
  const { store, registry } = deps;
  const times = createTriggerTimes();

  const sync = (key: ObjectKey): void => {
    const service = store.get('services', key);
    if (service === undefined) {
      if (store.get('endpoints', key) !== undefined) registry.remove('endpoints', key);
      return;
    }
    if (service.spec?.selector === undefined || service.spec.type === 'ExternalName') return;
    const pods = podsOf(store, service);
    const trigger = times.next(service, pods);
    const subsets = repackSubsets(pods.flatMap((pod) => subsetsOf(service, pod)));
    const old = store.get('endpoints', key);
    const labels = {
      ...without(service.metadata.labels ?? {}, HEADLESS_LABEL),
      ...(isHeadless(service) ? { [HEADLESS_LABEL]: '' } : {}),
      [MANAGED_BY_LABEL]: 'endpoint-controller',
    };
    if (old !== undefined && equal(repackSubsets(old.subsets ?? []), subsets) && equal(old.metadata.labels, labels))
      return;
    const annotations = {
      ...without(old?.metadata.annotations ?? {}, TRIGGER_TIME),
      ...(trigger === undefined ? {} : { [TRIGGER_TIME]: trigger }),
    };
    write(key, old, { labels, annotations, subsets });
  };

  type Wanted = {
    readonly labels: JsonObject;
    readonly annotations: JsonObject;
    readonly subsets: readonly EndpointSubset[];
  };

  const write = (key: ObjectKey, old: Stored<Kinds['endpoints']> | undefined, wanted: Wanted): void => {
    const { subsets, ...metadata } = wanted;
    if (old === undefined) {
      registry.create(
        'endpoints',
        key.namespace,
        { metadata: { name: key.name, ...metadata }, subsets },
        controllerOptions,
      );
      return;
    }
    const { labels, annotations } = metadata;
    registry.replace('endpoints', key, { ...old, metadata: { ...old.metadata, labels, annotations }, subsets });
  };

  return createController({
    store,
    activity: deps.activity,
    delayMs: deps.delayMs,
    watches: [
      { resource: 'services', keys: ({ object }) => [keyOf(object)] },
      { resource: 'pods', keys: (change) => servicesOfChange(store, change) },
      { resource: 'endpoints', keys: ({ type, object }) => (type === 'DELETED' ? [keyOf(object)] : []) },
    ],
    all: () => [...store.list('services'), ...store.list('endpoints')].map(keyOf),
    sync,
  });
}

/** One subset for each port of the Service that the pod has, or one without ports for a headless Service that has none. */
function subsetsOf(service: Service, pod: StoredPod): readonly EndpointSubset[] {
  const { publishNotReadyAddresses = false, ports = [], ipFamilies = ['IPv4'] } = service.spec ?? {};
  if (!hasPlace(pod, { includeTerminating: publishNotReadyAddresses })) return [];
  const [ip] = addressesOf(pod, ipFamilies[0] ?? 'IPv4');
  if (ip === undefined) return [];
  const { name, namespace = '', uid } = pod.metadata;
  const { nodeName } = pod.spec ?? {};
  const hostname = hostnameIn(pod, service);
  const address = {
    ip,
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    targetRef: { kind: 'Pod', namespace, name, uid },
  };
  const place = publishNotReadyAddresses || isReady(pod) ? { addresses: [address] } : { notReadyAddresses: [address] };
  if (ports.length === 0) return isHeadless(service) ? [place] : [];
  return ports.flatMap((servicePort) => {
    const port = targetPortOf(pod, servicePort);
    if (port === undefined) return [];
    const { name: portName, protocol = 'TCP', appProtocol } = servicePort;
    const named = { ...(portName === undefined ? {} : { name: portName }), port, protocol };
    return [{ ...place, ports: [{ ...named, ...(appProtocol === undefined ? {} : { appProtocol }) }] }];
  });
}
