/**
 * What a keeper remembers between passes: acknowledged answers and the schedule that follows from them, never
 * intentions. Losing all of it costs a few requests and nothing else: a restarted container begins with none.
 */
import type { EndpointSlice } from '../kube/objects.ts';
import { type Ages, noAges } from '../plan/age.ts';
import type { PodLife } from '../plan/evict.ts';
import type { PairState } from '../plan/pairs.ts';
import type { RegisterView } from '../plan/register.ts';
import type { WayName } from '../plan/way.ts';
import type { Failure } from '../register/register.ts';

/** When a silent peer is to be evicted, and what its pod was seen to be. Monotonic milliseconds. */
export type Turn = { readonly atMs: number; readonly life: PodLife };

/** The working memory of one keeper. Times are monotonic milliseconds. */
export type Memory = {
  /** The register as last acknowledged; undefined: read it first. */
  view: RegisterView | undefined;
  /** The Service has a selector, as last seen: the subsets of its Endpoints are the control plane's. */
  hasSelector: boolean;
  /** The UID of the Service that `view` belongs to. */
  serviceUid: string | undefined;
  /** Our own slices as last acknowledged; undefined before the first publication of this process. */
  published: readonly EndpointSlice[] | undefined;
  /** A register write of ours was acknowledged since we last withdrew: from here on, joining is joining again. */
  joined: boolean;
  /** The entries that our last acknowledged write left in the register, as a comparable text. */
  entriesKey: string | undefined;
  /** The start's random wait is behind us. */
  spread: boolean;
  /** Nothing of ours is left, as acknowledged. */
  withdrawn: boolean;
  /** What our last value promises. */
  promisedMs: number;
  /** What the next scheduled beat adds to silent peers: the least we promised since the last scheduled one. */
  stepMs: number;
  nextBeatAtMs: number;
  lastAcknowledgedAtMs: number | undefined;
  ages: Ages;
  /** Pod UID to eviction turn. */
  readonly turns: Map<string, Turn>;
  /** Silent peers that are left whole because nobody else holds this pair: pod UID to words. */
  readonly spared: Map<string, string>;
  /** The newest try to beat failed or was outrun: the next one is a retry. */
  isBeatFailing: boolean;
  /** Why the pods of silent peers could not be asked for; undefined where they could. */
  askFailure: Failure | undefined;
  /** Earlier incarnations of the own pod may still be in the register. */
  predecessorsDue: boolean;
  /** Our slices are changed so often that they are written again once an interval only. */
  isContested: boolean;
  /** How often our slices were repaired since the last scheduled beat. */
  repairCount: number;
  /** This one and the two below are for people only: no decision rests on them. */
  way: WayName | undefined;
  wayReason: string;
  pairs: readonly PairState[];
};

/** An empty memory, as a process starts with. */
export function createMemory(intervalMs: number): Memory {
  return {
    view: undefined,
    hasSelector: false,
    serviceUid: undefined,
    published: undefined,
    joined: false,
    entriesKey: undefined,
    spread: false,
    withdrawn: false,
    promisedMs: intervalMs,
    stepMs: intervalMs,
    nextBeatAtMs: 0,
    lastAcknowledgedAtMs: undefined,
    ages: noAges,
    turns: new Map(),
    spared: new Map(),
    isBeatFailing: false,
    askFailure: undefined,
    predecessorsDue: false,
    isContested: false,
    repairCount: 0,
    way: undefined,
    wayReason: 'the first pass is not finished',
    pairs: [],
  };
}

/** Forgets the register: the Service is missing, or its Endpoints are. Ages stay: their promises outlive the object. */
export function forgetRegister(memory: Memory): void {
  memory.view = undefined;
  memory.entriesKey = undefined;
  memory.turns.clear();
}
