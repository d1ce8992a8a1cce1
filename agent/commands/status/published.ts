/** What stands under one Service in slices and register, by pod: ours, the control plane's, and what the gone have left. */
import { type PairKey, pairKey } from '../../plan/pairs.ts';
import { publisherOf } from '../../plan/slices.ts';
import type { Observed, ServiceSeen } from './observe.ts';

/** The pairs that slices of its agent announce for a pod; undefined where slices could not be read. */
export function slicedPairs({ slices }: ServiceSeen, uid: string): ReadonlySet<PairKey> | undefined {
  if (slices.kind === 'unseen') return undefined;
  const own = slices.value.filter((slice) => publisherOf(slice) === uid);
  return new Set(own.flatMap(({ ports }) => (ports ?? []).map(pairKey)));
}

/** The port under which a slice, ours or the control plane's, announces a pair of a pod. */
export function publishedPort({ slices }: ServiceSeen, uid: string, key: PairKey): number | undefined {
  if (slices.kind === 'unseen') return undefined;
  for (const slice of slices.value) {
    const isOfPod =
      publisherOf(slice) === uid || (slice.endpoints ?? []).some(({ targetRef }) => targetRef?.uid === uid);
    const found = isOfPod ? slice.ports?.find((port) => pairKey(port) === key) : undefined;
    if (found?.port !== undefined) return found.port;
  }
  return undefined;
}

/** A UID that register or slices know, and whose pod is gone or has ended. */
export type Ghost = {
  readonly uid: string;
  readonly podName: string;
  readonly why: string;
  /** Under which it still stands; empty where it only has a heartbeat. */
  readonly pairs: ReadonlySet<PairKey>;
};

/** Finds them. Empty where the pods could not be listed: nobody is called gone who was not looked for. */
export function findGhosts(seen: ServiceSeen, { agents, pods }: Observed): readonly Ghost[] {
  if (agents.kind === 'unseen') return [];
  const view = seen.register.kind === 'seen' ? seen.register.value : undefined;
  const slices = seen.slices.kind === 'seen' ? seen.slices.value : [];
  const podNames = new Map(slices.map((slice) => [publisherOf(slice), slice.endpoints?.[0]?.targetRef?.name] as const));
  const uids = new Set([...(view?.heartbeats.keys() ?? []), ...slices.flatMap((slice) => publisherOf(slice) ?? [])]);
  return [...uids]
    .filter((uid) => !pods.living.has(uid))
    .map((uid) => {
      const holding = view?.holdings.get(uid);
      const phase = pods.ended.get(uid);
      const left = phase === undefined ? 'there is no such pod any more' : `the pod's phase is ${phase}`;
      // The subsets of an object that the control plane keeps are its own work.
      const held = view?.keptByController === true ? [] : (holding?.pairs ?? []);
      return {
        uid,
        podName: holding?.podName ?? podNames.get(uid) ?? uid,
        why: `${left}; the agents remove what it has left, or the command sweep does`,
        pairs: new Set([...held, ...(slicedPairs(seen, uid) ?? [])]),
      };
    })
    .sort((a, b) => (a.podName < b.podName ? -1 : 1));
}
