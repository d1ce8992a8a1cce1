/** The measured pods as the API server reports them, event by event: the moments that the clocks start at. */
import type { TestClient, WatchLine } from '../../embedded/client.ts';
import { asList, asObject, type JsonObject } from '../../embedded/objects/json.ts';

/** One pod, by namespace and name: another of the same name comes after it. */
export interface PodKey {
  readonly namespace: string;
  readonly name: string;
}

/** Throws Error where the pod is not known. */
export interface PodWatch {
  readonly uidOf: (pod: PodKey) => string;
  readonly nodeOf: (pod: PodKey) => string;
  /** Resolves at the event that says that the workload of a pod by this name, of another UID, is ready. */
  readonly workloadReady: (
    pod: PodKey,
    options: { readonly notUid: string; readonly limitMs: number },
  ) => Promise<void>;
  /** Resolves when every one of these pods is ready as a whole. */
  readonly allReady: (pods: readonly PodKey[], limitMs: number) => Promise<void>;
  readonly close: () => void;
}

/** Begins with the pods that are there, of every namespace. Throws Error where the API server refuses. */
export async function watchPods(client: TestClient, labelSelector: string): Promise<PodWatch> {
  const watch = await client.watch(`/api/v1/pods?watch=true&labelSelector=${encodeURIComponent(labelSelector)}`);
  if (watch.status !== 200) throw new Error(`the watch of pods with ${labelSelector} was answered ${watch.status}`);
  const last = (pod: PodKey): JsonObject => {
    const found = watch.events().findLast((event) => isOf(event, pod))?.object;
    if (found === undefined) throw new Error(`no pod ${pod.namespace}/${pod.name} was seen`);
    return found;
  };
  return {
    uidOf: (pod) => uidOf(last(pod)),
    nodeOf: (pod) => String(asObject(last(pod)['spec'])['nodeName']),
    async workloadReady(pod, { notUid, limitMs }) {
      // The last event alone: earlier pods of this name were ready too.
      const isIt = ({ object }: WatchLine): boolean => uidOf(object) !== notUid && isWorkloadReady(object);
      const what = `the workload of the next ${pod.namespace}/${pod.name} to be ready`;
      await watch.until(
        (events) =>
          events
            .filter((event) => isOf(event, pod))
            .slice(-1)
            .some(isIt),
        { limitMs, what },
      );
    },
    async allReady(pods, limitMs) {
      const isReady = (events: readonly WatchLine[], pod: PodKey): boolean => {
        const event = events.findLast((found) => isOf(found, pod));
        return event !== undefined && event.type !== 'DELETED' && isPodReady(event.object);
      };
      const what = `${pods.length} pods to be ready`;
      await watch.until((events) => pods.every((pod) => isReady(events, pod)), { limitMs, what });
    },
    close: watch.close,
  };
}

function isOf({ object }: WatchLine, { namespace, name }: PodKey): boolean {
  const metadata = asObject(object['metadata']);
  return metadata['namespace'] === namespace && metadata['name'] === name;
}

function uidOf(pod: JsonObject): string {
  return String(asObject(pod['metadata'])['uid']);
}

/** A sidecar is an init container: what stands here is the workload's alone. */
function isWorkloadReady(pod: JsonObject): boolean {
  const statuses = asList(asObject(pod['status'])['containerStatuses']).map(asObject);
  return statuses.length > 0 && statuses.every((status) => status['ready'] === true);
}

/** Of a dead node's pod only the condition falls: nobody is there to write its containers' status. */
function isPodReady(pod: JsonObject): boolean {
  const conditions = asList(asObject(pod['status'])['conditions']).map(asObject);
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}
