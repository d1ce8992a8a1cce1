/**
 * What the declarations have to do with the Services, the Endpoints and the workloads in the same input: only what is
 * certain from the files alone.
 */
import { listSome } from '../../plan/finding.ts';
import type { DeclaredPair, DeclaredService } from './declared.ts';
import type { KubeObject } from './input.ts';
import type { Message, Severity } from './message.ts';
import { checkPair, compareWithService } from './pairs.ts';
import { at, itemsAt, type Part, placeAt, textAt } from './part.ts';
import { nameOf, type Workload } from './workload.ts';

/** One ConfigMap's declarations and what stands beside them, all of one namespace. */
export type Scene = {
  readonly configMap: KubeObject;
  readonly services: readonly DeclaredService[];
  /** The workloads that read this ConfigMap. */
  readonly workloads: readonly Workload[];
  readonly objects: readonly KubeObject[];
};

/** Everything that can be said about the Services of one ConfigMap. */
export function checkServices(scene: Scene): readonly Message[] {
  return scene.services.flatMap((declared) => checkService(declared, scene));
}

function checkService(declared: DeclaredService, scene: Scene): readonly Message[] {
  const { objects, workloads } = scene;
  const service = objects.find(({ kind, name }) => kind === 'Service' && name === declared.service);
  const endpoints = objects.find(({ kind, name }) => kind === 'Endpoints' && name === declared.service);
  const shape = service === undefined ? undefined : shapeOf(service);
  const messages: Message[] = [];
  if (service === undefined) {
    const isAlone = objects.every(({ kind }) => kind === 'ConfigMap');
    if (!isAlone) messages.push(missingService(declared));
  } else messages.push(...checkShape(service), ...checkOwnPorts(service));
  if (endpoints !== undefined && shape !== 'selecting') messages.push(...checkEndpoints(endpoints, shape));
  for (const workload of workloads) {
    for (const pair of declared.pairs) {
      const own = shape === 'selecting' ? findPort(service, pair) : undefined;
      messages.push(...checkPair({ pair, declared, workload, service: own }));
    }
  }
  if (workloads.length === 0 && shape === 'selecting') {
    for (const pair of declared.pairs) {
      messages.push(...compareWithService({ pair, declared, own: findPort(service, pair), namedPorts: [] }));
    }
  }
  return messages;
}

function missingService({ service, place }: DeclaredService): Message {
  return {
    severity: 'note',
    place,
    text: `Service ${service} is not in the input, in this namespace; it may be in the cluster`,
    remedy: `Without a headless Service of that name DNS answers nothing.`,
  };
}

type Shape = 'selecting' | 'bare' | 'other';

function shapeOf({ root }: KubeObject): Shape {
  if (textAt(root, 'spec', 'clusterIP') !== 'None' || textAt(root, 'spec', 'type') === 'ExternalName') return 'other';
  return (at(root, 'spec', 'selector')?.fields().length ?? 0) > 0 ? 'selecting' : 'bare';
}

function checkShape(service: KubeObject): readonly Message[] {
  const { root, name } = service;
  const type = textAt(root, 'spec', 'type');
  const clusterIp = textAt(root, 'spec', 'clusterIP');
  if (type === 'ExternalName') {
    const place = placeAt(root, 'spec', 'type');
    const text = `Service ${name} is an ExternalName: DNS answers a CNAME for it and nothing that the agents write`;
    return [{ severity: 'fault', place, text, remedy: 'Make it headless: clusterIP: None, without type.' }];
  }
  if (clusterIp === 'None') return [];
  const has = clusterIp === undefined || clusterIp === '' ? 'gets a cluster IP' : `has the cluster IP ${clusterIp}`;
  const place = placeAt(root, 'spec', 'clusterIP');
  const text = `Service ${name} ${has}: its SRV records come from its own ports alone, and nothing that the agents write is read`;
  const remedy = `Write clusterIP: None; of a Service that exists it cannot be changed, so delete that one and create it anew.`;
  return [{ severity: 'fault', place, text, remedy }];
}

function checkOwnPorts(service: KubeObject): readonly Message[] {
  const seen = new Set<string>();
  return itemsAt(service.root, 'spec', 'ports').flatMap((port): readonly Message[] => {
    const name = textAt(port, 'name');
    if (name === undefined || !seen.has(name)) {
      if (name !== undefined) seen.add(name);
      return [];
    }
    const text = `Service ${service.name} has two ports named ${name}: the API server refuses that (Duplicate value), whatever their protocols`;
    const remedy = 'Keep one here, and declare the other in the ConfigMap.';
    return [{ severity: 'fault', place: placeAt(port, 'name'), text, remedy }];
  });
}

const SKIP_MIRROR = 'endpointslice.kubernetes.io/skip-mirror';

/** Endpoints by hand, as somebody wrote them: those that a controller or an agent has had in hand say so. */
function checkEndpoints(endpoints: KubeObject, shape: Shape | undefined): readonly Message[] {
  const { root, name } = endpoints;
  const subsets = itemsAt(root, 'subsets');
  const isHeld = subsets.some((subset) =>
    ['addresses', 'notReadyAddresses'].some((field) => itemsAt(subset, field).length > 0),
  );
  const touched = [
    ...(at(root, 'metadata', 'annotations')?.fields() ?? []),
    ...(at(root, 'metadata', 'labels')?.fields() ?? []),
  ];
  const isOthers = touched.some((field) => /^(endpoint-registrar|endpoints\.kubernetes\.io)\//.test(field.name));
  if (!isHeld || isOthers || textAt(root, 'metadata', 'labels', SKIP_MIRROR) === 'true') return [];
  const severity: Severity = shape === 'bare' ? 'fault' : 'warning';
  const names = subsets.flatMap((subset) => itemsAt(subset, 'ports')).map((port) => textAt(port, 'name'));
  const isTrap = new Set(names).size < names.length;
  const trap = isTrap
    ? '; and since a name stands here over two protocols, the mirror makes one slice of both, which is refused: DNS answers NXDOMAIN although kubectl get endpoints looks right'
    : '';
  return [
    {
      severity,
      place: placeAt(root, 'subsets'),
      text: `Endpoints ${name} holds addresses written by hand, without the label ${SKIP_MIRROR}: "true": the agents do not add to it, because with the label these addresses would leave the DNS${trap}`,
      remedy:
        'Take the addresses out (a pod with the sidecar registers itself), or the whole object: the agents create it.',
    },
  ];
}

function findPort(service: KubeObject | undefined, pair: DeclaredPair): Part | undefined {
  return itemsAt(service?.root, 'spec', 'ports').find(
    (port) => textAt(port, 'name') === pair.name && (textAt(port, 'protocol') ?? 'TCP') === pair.protocol,
  );
}

/** SRV leads to <pod>.<registered Service>; a StatefulSet's pods are called <pod>.<serviceName>. */
export function checkServiceName({ services, workloads }: Scene): readonly Message[] {
  return workloads.flatMap(({ object }): readonly Message[] => {
    const serviceName = textAt(object.root, 'spec', 'serviceName') ?? '';
    const registered = services.map(({ service }) => service);
    if (object.kind !== 'StatefulSet' || serviceName === '' || registered.length === 0) return [];
    if (registered.includes(serviceName)) return [];
    return [
      {
        severity: 'warning',
        place: placeAt(object.root, 'spec', 'serviceName'),
        text: `${nameOf(object)} has serviceName ${serviceName}, and the pods are registered in ${listSome(registered)}: SRV leads to <pod>.${registered[0]}, the pods call themselves <pod>.${serviceName}, and whoever compares the two (TLS, Kerberos) refuses the server`,
        remedy: `Register them in ${serviceName}, or make the registered Service the serviceName.`,
      },
    ];
  });
}
