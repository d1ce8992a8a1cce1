/**
 * What a sweep looks at: one Service with all that stands under its name, and the pods. Here are the shape and what is
 * read from it; asking the cluster is `observe`.
 */
import type { EndpointSlice, Endpoints, Pod } from '../../kube/objects.ts';
import type { PodLife } from '../../plan/evict.ts';
import { readLife } from '../../plan/pod.ts';
import type { ServiceFacts } from '../../plan/service.ts';

/** One Service as it was read. */
export type Scene = {
  readonly name: string;
  /** Undefined where there is no such Service. */
  readonly service: ServiceFacts | undefined;
  /** Undefined where there is no such object. */
  readonly endpoints: Endpoints | undefined;
  /** Every slice under the Service's name, ours and others'. */
  readonly slices: readonly EndpointSlice[];
  /** Every pod of the namespace, listed after all the rest: whoever is registered and not listed is gone. */
  readonly pods: readonly Pod[];
};

/** What became of the pod with this UID. `podName`: undefined where nothing names it. */
export function lifeIn(pods: readonly Pod[], uid: string, podName: string | undefined): PodLife {
  const pod = pods.find(({ metadata }) => metadata?.uid === uid);
  if (pod !== undefined) return readLife(pod) === 'terminal' ? 'terminal' : 'listed';
  return pods.some(({ metadata }) => metadata?.name === podName) ? 'replaced' : 'gone';
}

/** The name of the pod that a slice was published by. */
export function podNameOf(slice: EndpointSlice): string | undefined {
  const owner = slice.metadata?.ownerReferences?.find(({ kind }) => kind === 'Pod');
  return slice.endpoints?.[0]?.targetRef?.name ?? owner?.name;
}
