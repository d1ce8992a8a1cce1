/**
 * Plans a sweep of one Service, pure: the steps in their order, each with its reason. What the agents remove by their
 * rules is removed by the same planners here: the register first, then the slices.
 */
import type { EndpointSlice, Endpoints } from '../../kube/objects.ts';
import { deathOf } from '../../plan/evict.ts';
import { heartbeatUid, MANAGED_BY_LABEL, MANAGER, SKIP_MIRROR_LABEL } from '../../plan/identity.ts';
import { type RegisterView, readRegister } from '../../plan/register.ts';
import { publisherOf } from '../../plan/slices.ts';
import { FORMAT_ANNOTATION } from '../../register/endpoints.ts';
import { leftAddresses, leftSlices } from './leftovers.ts';
import { lifeIn, podNameOf, type Scene } from './scene.ts';

/** Whose traces go: those of dead pods, or those of all agents. `hasLeftovers`: also those of a removed selector. */
export type SweepScope = { readonly who: 'dead' | 'everybody'; readonly hasLeftovers: boolean };

/** Why something goes. */
export type SweepReason =
  | 'pod-gone'
  | 'pod-replaced'
  | 'pod-terminal'
  /** All of ours is to go. */
  | 'uninstall'
  /** The control plane left it when the Service's selector was removed. */
  | 'controller-slice-left'
  | 'mirrored-slice-left'
  | 'controller-endpoints-left';

/** One thing to remove. */
export type SweepStep = { readonly reason: SweepReason } & (
  | {
      readonly kind: 'evict';
      readonly uid: string;
      readonly podName: string | undefined;
      /** Subsets in which the pod stands ready. */
      readonly entryCount: number;
    }
  | { readonly kind: 'delete-slice'; readonly slice: EndpointSlice }
  /** Of Endpoints that the control plane kept: its label, and its addresses, each counted once. */
  | { readonly kind: 'clear-endpoints'; readonly addressCount: number }
  /** Of Endpoints that stay: what we marked them with. */
  | { readonly kind: 'strip-endpoints'; readonly marks: readonly Mark[] }
  /** The whole object, as it was read: nothing in it is anybody else's. */
  | {
      readonly kind: 'delete-endpoints';
      readonly uid: string;
      readonly resourceVersion: string;
      readonly heartbeatCount: number;
    }
);

/** A label or annotation of ours, with the value that it had. */
export type Mark = { readonly field: 'labels' | 'annotations'; readonly key: string; readonly value: string };

/** Plans the sweep of one Service. Empty: nothing is to be done. */
export function planSweep(scene: Scene, scope: SweepScope): readonly SweepStep[] {
  const view = scene.endpoints === undefined ? undefined : readRegister(scene.endpoints);
  return [
    ...(view === undefined || scene.endpoints === undefined ? [] : registerSteps(scene, scope, view, scene.endpoints)),
    ...sliceSteps(scene, scope),
    ...(scope.hasLeftovers ? leftSlices(scene, view) : []),
  ];
}

/** Whether agents have left anything in an Endpoints object: a heartbeat, or what they mark it with. */
export function hasTraces(endpoints: Endpoints): boolean {
  const view = readRegister(endpoints);
  return view.heartbeats.size > 0 || marksOf(endpoints, view).length > 0;
}

function registerSteps(
  scene: Scene,
  scope: SweepScope,
  view: RegisterView,
  endpoints: Endpoints,
): readonly SweepStep[] {
  const isAll = scope.who === 'everybody';
  if (isAll && isWhollyOurs(scene, view)) {
    const { uid = '', resourceVersion = '' } = endpoints.metadata ?? {};
    const heartbeatCount = view.heartbeats.size;
    return [{ kind: 'delete-endpoints', reason: 'uninstall', uid, resourceVersion, heartbeatCount }];
  }
  const evictions = [...view.heartbeats.keys()].flatMap((uid): readonly SweepStep[] => {
    const holding = view.holdings.get(uid);
    const podName = holding?.podName ?? podNameBySlices(scene, uid);
    const reason = isAll ? 'uninstall' : deathOf(lifeIn(scene.pods, uid, podName));
    if (reason === undefined) return [];
    return [
      { kind: 'evict', reason, uid, podName, entryCount: view.keptByController ? 0 : (holding?.pairs.size ?? 0) },
    ];
  });
  const addresses = scope.hasLeftovers ? leftAddresses(scene, view) : undefined;
  const marks = isAll ? marksOf(endpoints, view) : [];
  return [
    ...evictions,
    ...(addresses === undefined
      ? []
      : [
          {
            kind: 'clear-endpoints',
            reason: 'controller-endpoints-left',
            addressCount: new Set(addresses.map(({ ip }) => ip)).size,
          } as const,
        ]),
    ...(marks.length === 0 ? [] : [{ kind: 'strip-endpoints', reason: 'uninstall', marks } as const]),
  ];
}

function sliceSteps(scene: Scene, { who }: SweepScope): readonly SweepStep[] {
  return scene.slices.flatMap((slice): readonly SweepStep[] => {
    if (slice.metadata?.labels?.[MANAGED_BY_LABEL] !== MANAGER) return [];
    if (who === 'everybody') return [{ kind: 'delete-slice', reason: 'uninstall', slice }];
    const uid = publisherOf(slice);
    const reason = uid === undefined ? undefined : deathOf(lifeIn(scene.pods, uid, podNameOf(slice)));
    return reason === undefined ? [] : [{ kind: 'delete-slice', reason, slice }];
  });
}

function podNameBySlices({ slices, pods }: Scene, uid: string): string | undefined {
  const slice = slices.find((one) => publisherOf(one) === uid);
  const listed = pods.find(({ metadata }) => metadata?.uid === uid)?.metadata?.name;
  return listed ?? (slice === undefined ? undefined : podNameOf(slice));
}

/** Created by an agent, and without our heartbeats and entries nothing would be left in it. */
function isWhollyOurs({ service }: Scene, view: RegisterView): boolean {
  const isOurAnnotation = (key: string) => key === FORMAT_ANNOTATION || heartbeatUid(key) !== undefined;
  return (
    view.annotations?.[FORMAT_ANNOTATION] !== undefined &&
    service?.hasSelector !== true &&
    !view.keptByController &&
    view.foreign.length === 0 &&
    Object.keys(view.annotations).every(isOurAnnotation) &&
    Object.keys(view.labels ?? {}).every((key) => key === SKIP_MIRROR_LABEL)
  );
}

/** The format annotation is always ours; the label where we made the object, or where nobody else is on record for it. */
function marksOf(endpoints: Endpoints, view: RegisterView): readonly Mark[] {
  const format = view.annotations?.[FORMAT_ANNOTATION];
  const label = view.labels?.[SKIP_MIRROR_LABEL];
  const isOurLabel = format !== undefined || ownersOfLabel(endpoints).join() === MANAGER;
  return [
    ...(label === 'true' && isOurLabel ? [{ field: 'labels', key: SKIP_MIRROR_LABEL, value: label } as const] : []),
    ...(format === undefined ? [] : [{ field: 'annotations', key: FORMAT_ANNOTATION, value: format } as const]),
  ];
}

/** The field managers on record for the label (server-side apply, FieldsV1). */
function ownersOfLabel(endpoints: Endpoints): readonly string[] {
  const field = JSON.stringify(`f:${SKIP_MIRROR_LABEL}`);
  const owners = (endpoints.metadata?.managedFields ?? []).flatMap(({ manager, fieldsV1 }) =>
    manager !== undefined && JSON.stringify(fieldsV1 ?? {}).includes(field) ? [manager] : [],
  );
  return [...new Set(owners)];
}
