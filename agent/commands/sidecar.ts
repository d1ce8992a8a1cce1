/** Which container of a pod is the sidecar, and what its environment says: read from the pod's own text alone. */
import type { Pod } from '../kube/objects.ts';
import { settings } from '../settings.ts';

/** A container of a pod. */
export type Container = NonNullable<Pod['spec']>['containers'][number];

/** One variable; without `value` it comes from elsewhere, which a pod does not show. */
export type Variable = NonNullable<Container['env']>[number];

/** What the sidecar's container is called unless REGISTRAR_CONTAINER_NAME says otherwise. */
export const SIDECAR_NAME = settings.containerName.default;

/** A variable of a container, set to a value or taken from elsewhere. */
export function variableOf(container: Container, name: string): Variable | undefined {
  return container.env?.find((variable) => variable.name === name);
}

/** A variable's literal value in a container; an empty one is none. */
export function valueOfVariable(container: Container, name: string): string | undefined {
  const value = variableOf(container, name)?.value;
  return value === '' ? undefined : value;
}

/**
 * Whether a container is the sidecar: it has the setting that no sidecar can do without. `configMap`: of this ConfigMap
 * alone, as far as the pod shows; where all comes by envFrom the container's name has to do.
 */
export function isSidecar(container: Container, configMap?: string): boolean {
  const variable = variableOf(container, settings.configMap.env);
  if (variable === undefined) return container.name === SIDECAR_NAME && (container.envFrom ?? []).length > 0;
  return configMap === undefined || variable.valueFrom !== undefined || variable.value === configMap;
}
