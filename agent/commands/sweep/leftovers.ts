/**
 * What the control plane leaves when the selector of a Service is removed, pure: its slices, which nobody updates any
 * more, and its Endpoints, which are mirrored as if somebody had written them. Seen on Kubernetes 1.37.
 */
import type { EndpointAddress, EndpointSubset, PatchOperation } from '../../kube/objects.ts';
import {
  ENDPOINTS_CONTROLLER,
  ENDPOINTS_MANAGED_BY_LABEL,
  MANAGED_BY_LABEL,
  pointer,
  SLICE_CONTROLLER,
} from '../../plan/identity.ts';
import type { RegisterView } from '../../plan/register.ts';
import type { SweepStep } from './plan.ts';
import type { Scene } from './scene.ts';

/** The managed-by value of the slices that the control plane makes of Endpoints. */
const MIRROR_CONTROLLER = 'endpointslicemirroring-controller.k8s.io';

/** Only a Service that is there, and has no selector, has leftovers. */
function hasNoSelector({ service }: Scene): boolean {
  return service !== undefined && !service.hasSelector;
}

/** The addresses that the endpoints controller left; undefined where it left no Endpoints. */
export function leftAddresses(scene: Scene, view: RegisterView): readonly EndpointAddress[] | undefined {
  if (!hasNoSelector(scene) || !view.keptByController) return undefined;
  return (view.subsets ?? []).flatMap(({ addresses = [], notReadyAddresses = [] }) =>
    [...addresses, ...notReadyAddresses].filter(isLeft),
  );
}

/** The slices that were left: the controller's own, and the mirror of Endpoints in which nothing else stands. */
export function leftSlices(scene: Scene, view: RegisterView | undefined): readonly SweepStep[] {
  if (!hasNoSelector(scene)) return [];
  const isMirrorLeft = view?.keptByController === true && keptSubsets(view).length === 0;
  return scene.slices.flatMap((slice): readonly SweepStep[] => {
    const manager = slice.metadata?.labels?.[MANAGED_BY_LABEL];
    if (manager === SLICE_CONTROLLER) return [{ kind: 'delete-slice', reason: 'controller-slice-left', slice }];
    return manager === MIRROR_CONTROLLER && isMirrorLeft
      ? [{ kind: 'delete-slice', reason: 'mirrored-slice-left', slice }]
      : [];
  });
}

/** Takes the controller's label and addresses from Endpoints that were left; what stands there otherwise stays. */
export function clearOperations(view: RegisterView): readonly PatchOperation[] {
  const label = pointer('metadata', 'labels', ENDPOINTS_MANAGED_BY_LABEL);
  const subsets: readonly PatchOperation[] = [
    { op: 'test', path: '/subsets', value: view.subsets ?? null },
    { op: 'add', path: '/subsets', value: keptSubsets(view) },
  ];
  return [
    { op: 'test', path: label, value: ENDPOINTS_CONTROLLER },
    { op: 'remove', path: label },
    ...(view.subsets === undefined ? [] : subsets),
  ];
}

/** The controller writes addresses of pods alone; one without a pod was added by somebody since the selector went. */
function isLeft({ targetRef }: EndpointAddress): boolean {
  return targetRef?.kind === 'Pod';
}

function keptSubsets(view: RegisterView): readonly EndpointSubset[] {
  return (view.subsets ?? []).flatMap((subset) => {
    const { addresses = [], notReadyAddresses = [], ...rest } = subset;
    const ready = addresses.filter((address) => !isLeft(address));
    const notReady = notReadyAddresses.filter((address) => !isLeft(address));
    if (ready.length + notReady.length === 0) return [];
    return [
      {
        ...rest,
        ...(ready.length > 0 ? { addresses: ready } : {}),
        ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
      },
    ];
  });
}
