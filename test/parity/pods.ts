/** Pods that no kubelet runs: bound to a pretended Node, with the status that a kubelet would have written. */
import type { JsonObject } from '../embedded/objects/json.ts';

/** A pod to be. */
export type PodShape = {
  readonly name: string;
  readonly ip: string;
  readonly labels?: JsonObject;
  readonly hostname?: string;
  readonly subdomain?: string;
  readonly ports?: readonly JsonObject[];
  readonly serviceAccount?: string;
  readonly finalizers?: readonly string[];
  /** Instead of the world's own. */
  readonly nodeName?: string;
  /** @default true */
  readonly ready?: boolean;
  /** @default 'Running' */
  readonly phase?: string;
};

/** What is posted. */
export function podObject(shape: PodShape, defaultNode: string): JsonObject {
  const { name, labels = {}, finalizers = [], ports = [], serviceAccount = 'default' } = shape;
  return {
    metadata: { name, labels, finalizers },
    spec: {
      nodeName: shape.nodeName ?? defaultNode,
      serviceAccountName: serviceAccount,
      ...(shape.hostname === undefined ? {} : { hostname: shape.hostname }),
      ...(shape.subdomain === undefined ? {} : { subdomain: shape.subdomain }),
      containers: [{ name: 'app', image: 'nowhere.example/app:1', ports }],
    },
  };
}

/** What is patched into its status. */
export function podStatus({ ip, ready = true, phase = 'Running' }: PodShape): JsonObject {
  const since = '2026-01-01T00:00:00Z';
  const condition = (type: string): JsonObject => ({
    type,
    status: ready ? 'True' : 'False',
    lastTransitionTime: since,
  });
  return {
    phase,
    podIP: ip,
    podIPs: [{ ip }],
    conditions: [condition('Ready'), condition('ContainersReady')],
    containerStatuses: [
      { name: 'app', ready, restartCount: 0, image: 'none', imageID: '', state: { running: { startedAt: since } } },
    ],
  };
}
