/** The controllers of the embedded control plane, each with its own switch. */
import { randomUUID } from 'node:crypto';
import type { Registry } from '../registry/registry.ts';
import { controllerOptions, timestamp } from '../registry/write-options.ts';
import type { Store } from '../storage/store.ts';
import type { Activity } from './activity.ts';
import type { Controller } from './controller.ts';
import { createEndpointsController } from './endpoints.ts';
import { createEndpointSliceController } from './endpointslices.ts';
import { createGarbageCollector } from './garbage.ts';
import { createMirroringController } from './mirroring.ts';
import { createNamespaceController } from './namespaces.ts';
import { createTerminations } from './terminations.ts';

/** Each can be stopped, as if its process had died, and started again: it then catches up with what is. */
export type Controllers = {
  readonly endpoints: Controller;
  readonly endpointSlices: Controller;
  readonly mirroring: Controller;
  readonly garbage: Controller;
  readonly namespaces: Controller;
  /** Removes pods when their grace period is over. */
  readonly terminations: Controller;
};

/** How fast they react, in milliseconds, and what clients verify the server with. */
export type ControllerOptions = { readonly delayMs: number; readonly garbageDelayMs: number; readonly ca: string };

/** Builds them all, switched off. */
export function createControllers(
  store: Store,
  registry: Registry,
  options: ControllerOptions & { readonly activity: Activity },
): Controllers {
  const { activity, delayMs, garbageDelayMs, ca } = options;
  const deps = { store, registry, activity, delayMs };
  return {
    endpoints: createEndpointsController(deps),
    endpointSlices: createEndpointSliceController(deps),
    mirroring: createMirroringController({
      ...deps,
      report: ({ kind, apiVersion, metadata }, reason, message) => {
        const { name, namespace = '', uid, resourceVersion } = metadata;
        const now = timestamp();
        const event = {
          metadata: { name: `${name}.${randomUUID().slice(0, 8)}` },
          involvedObject: { kind, apiVersion, name, namespace, uid, resourceVersion },
          reason,
          message,
          type: 'Warning',
          source: { component: 'endpoint-slice-mirroring-controller' },
          firstTimestamp: now,
          lastTimestamp: now,
          count: 1,
          reportingComponent: 'endpoint-slice-mirroring-controller',
        };
        registry.create('events', namespace, event, controllerOptions);
      },
    }),
    garbage: createGarbageCollector({ ...deps, delayMs: garbageDelayMs }),
    namespaces: createNamespaceController({ ...deps, ca }),
    terminations: createTerminations(deps),
  };
}
