/**
 * How old each peer's silence is, counted in its own promised intervals. No clock is compared: age moves only with
 * our own acknowledged, scheduled beats, so that an outage, a pause of ours or a stall of writes makes nobody older.
 */
import type { EndpointSlice } from '../kube/objects.ts';
import { promisedMs } from './heartbeat.ts';
import type { RegisterView } from './register.ts';
import { publisherOf } from './slices.ts';

/** One peer, or one UID that has slices and no heartbeat (an orphan). */
export type Aged = {
  /** The heartbeat value that the age belongs to; undefined for an orphan. */
  readonly value: string | undefined;
  /** What the last value seen of this UID promised, in milliseconds; undefined where none was ever seen. */
  readonly promisedMs: number | undefined;
  /** Promised intervals of silence. */
  readonly age: number;
  /** The pod's name, once seen in an entry or a slice. */
  readonly podName: string | undefined;
};

/** Everybody else under a Service: pod UID to age. */
export type Ages = { readonly peers: ReadonlyMap<string, Aged>; readonly orphans: ReadonlyMap<string, Aged> };

/** Nobody is known yet. */
export const noAges: Ages = { peers: new Map(), orphans: new Map() };

/**
 * Takes in an acknowledged state of the register.
 * @param stepMs the interval that we had promised before the scheduled beat that brought `view`; 0 for an answer to
 * anything else (a retry, an adoption, a join), which makes nobody older
 */
export function observeAges(
  before: Ages,
  seen: {
    readonly view: RegisterView;
    readonly slices: Iterable<EndpointSlice>;
    readonly ownUid: string;
    readonly stepMs: number;
  },
): Ages {
  const names = podNames(seen.slices);
  const older = (last: number | undefined) =>
    seen.stepMs === 0 ? 0 : Math.min(1, seen.stepMs / (last ?? seen.stepMs));
  const peers = new Map<string, Aged>();
  for (const [uid, value] of seen.view.heartbeats) {
    if (uid === seen.ownUid) continue;
    const known = before.peers.get(uid);
    const promised = promisedMs(value);
    peers.set(uid, {
      value,
      promisedMs: promised,
      age: known?.value === value ? known.age + older(promised) : 0,
      podName: seen.view.holdings.get(uid)?.podName ?? names.get(uid) ?? known?.podName,
    });
  }
  const orphans = new Map<string, Aged>();
  for (const [uid, podName] of names) {
    if (uid === seen.ownUid || peers.has(uid)) continue;
    const known = before.orphans.get(uid);
    const promised = known?.promisedMs ?? before.peers.get(uid)?.promisedMs;
    const age = known === undefined ? 0 : known.age + older(promised);
    orphans.set(uid, { value: undefined, promisedMs: promised, age, podName });
  }
  return { peers, orphans };
}

/** Everybody as young as if just seen to beat. */
export function renewAges({ peers, orphans }: Ages): Ages {
  const renew = (aged: ReadonlyMap<string, Aged>) => new Map([...aged].map(([uid, one]) => [uid, { ...one, age: 0 }]));
  return { peers: renew(peers), orphans: renew(orphans) };
}

/** How many pods share the register: UIDs that have a heartbeat or slices of ours. */
export function countPods(view: RegisterView, slices: Iterable<EndpointSlice>, ownUid: string): number {
  return new Set([ownUid, ...view.heartbeats.keys(), ...podNames(slices).keys()]).size;
}

/** UID to pod name, of the slices that agents published. */
function podNames(slices: Iterable<EndpointSlice>): ReadonlyMap<string, string | undefined> {
  const names = new Map<string, string | undefined>();
  for (const slice of slices) {
    const uid = publisherOf(slice);
    if (uid !== undefined) names.set(uid, slice.endpoints?.[0]?.targetRef?.name ?? ownerName(slice));
  }
  return names;
}

function ownerName(slice: EndpointSlice): string | undefined {
  return slice.metadata?.ownerReferences?.find(({ kind }) => kind === 'Pod')?.name;
}
