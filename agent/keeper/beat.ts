/**
 * The own write to the register: join, update or beat, decided from what is there. One step a call, one request a
 * step: the pass calls again until nothing is left to write. Retries, time and the latch are decided here and nowhere else.
 */
import { countPods, observeAges, renewAges } from '../plan/age.ts';
import {
  formatHeartbeat,
  intervalInForceMs,
  jitteredIntervalMs,
  startSpreadMs,
  timeoutInForceMs,
} from '../plan/heartbeat.ts';
import { pairKey } from '../plan/pairs.ts';
import { planOwnPatch, type RegisterPatch, type Wanted } from '../plan/patch.ts';
import type { OwnPod } from '../plan/pod.ts';
import type { RegisterView } from '../plan/register.ts';
import type { Call, Failure } from '../register/register.ts';
import { type KeeperDeps, mayServe } from './deps.ts';
import { forgetRegister, type Memory } from './memory.ts';

/**
 * Why a beat is due in this pass. `scheduled`: its time has come, and it makes silent peers older; `retry`: the same
 * after a failure or a pause; `asked`: our slices were touched; `none`: only what differs is written.
 */
export type BeatCause = 'scheduled' | 'retry' | 'asked' | 'none';

/** What one step came to. */
export type Step =
  /** Look again: something was written or read. `outrun`: wait a little first, somebody was faster. */
  | { readonly kind: 'again'; readonly isOutrun: boolean; readonly isAcknowledged: boolean }
  /** Nothing is left to write. */
  | { readonly kind: 'settled' }
  /** The Endpoints object is not there, and it is not ours to make. */
  | { readonly kind: 'absent' }
  /** The own pod is going: the latch is closed. */
  | { readonly kind: 'latched' }
  | Failure;

/** Own promised intervals without an acknowledged write: a beat was missed, not only late by its jitter. */
const SILENCE = 1.6;

const again = { kind: 'again', isOutrun: false, isAcknowledged: false } as const;

/** The deadline of one request now: what we promised sets how slow an answer may be, but a shutdown has its budget. */
export function callOf(deps: KeeperDeps, memory: Pick<Memory, 'promisedMs'>, signal: AbortSignal): Call {
  const { requestTimeoutMs } = deps.options;
  const timeoutMs = deps.leaving.aborted ? requestTimeoutMs : timeoutInForceMs(requestTimeoutMs, memory.promisedMs);
  return { timeoutMs, signal };
}

/** How many pods share this register, ourselves included. */
export function podCount(deps: KeeperDeps, memory: Memory, ownUid: string): number {
  return memory.view === undefined ? 1 : countPods(memory.view, deps.slices.known(), ownUid);
}

/**
 * Reads the register where it is not known. The first read of a process is followed by a random wait that grows with
 * the pods it saw, and then by another read.
 */
export async function readStep(
  deps: KeeperDeps,
  memory: Memory,
  given: { readonly pod: OwnPod; readonly mayCreate: boolean; readonly signal: AbortSignal },
): Promise<Step> {
  const { pod, mayCreate, signal } = given;
  const read = await deps.register.read(callOf(deps, memory, signal));
  if (read.kind === 'failed') {
    memory.isBeatFailing = true;
    return read;
  }
  if (read.kind === 'absent') {
    if (!mayCreate) return { kind: 'absent' };
    if (memory.joined) {
      const confirmed = await confirmOwnPod(deps, memory, { pod, signal });
      if (confirmed !== undefined) return confirmed;
    }
    const created = await deps.register.create(callOf(deps, memory, signal));
    if (created.kind === 'failed') return created;
    takeIn(deps, memory, { view: created.view, ownUid: pod.identity.uid, stepMs: 0 });
    return again;
  }
  takeIn(deps, memory, { view: read.view, ownUid: pod.identity.uid, stepMs: 0 });
  if (!memory.spread) {
    memory.spread = true;
    const others = podCount(deps, memory, pod.identity.uid) - 1;
    if (others > 0) {
      await deps.clock.sleep(startSpreadMs(others) * deps.random(), deps.leaving);
      memory.view = undefined;
    }
  }
  return again;
}

/** Writes what `wanted` needs, and the heartbeat where one is due. `memory.view` must be known. */
export async function writeStep(
  deps: KeeperDeps,
  memory: Memory,
  given: {
    readonly view: RegisterView;
    readonly pod: OwnPod;
    readonly wanted: Wanted;
    readonly cause: BeatCause;
    readonly signal: AbortSignal;
  },
): Promise<Step> {
  const { view, pod, wanted, cause, signal } = given;
  const { uid } = pod.identity;
  const promised = intervalInForceMs(deps.options.intervalMs, podCount(deps, memory, uid));
  const value = formatHeartbeat(deps.clock.wall(), promised, view.heartbeats.get(uid));
  const patch = planOwnPatch(view, wanted, value);
  if (patch.kind === 'beat' && cause === 'none') return { kind: 'settled' };
  const key = JSON.stringify(wanted.entries ?? null);
  if (isAgain(deps, memory, patch, key)) {
    const confirmed = await confirmOwnPod(deps, memory, { pod, signal });
    if (confirmed !== undefined) return confirmed;
  }
  if (!mayServe(deps)) return { kind: 'settled' };
  const startedAtMs = deps.clock.monotonicMs();
  // Whatever becomes of the answer: from here on something of ours may be there.
  memory.withdrawn = false;
  // A join of many at once is slow for all of them: what is promised now sets how slow its answer may be.
  const slowest = { promisedMs: Math.max(promised, memory.promisedMs) };
  const answer = await deps.register.write(patch.operations, callOf(deps, slowest, signal));
  const latencyMs = deps.clock.monotonicMs() - startedAtMs;
  switch (answer.kind) {
    case 'failed':
      deps.metrics.registerWriteFailed({ service: deps.service, kind: patch.kind });
      memory.isBeatFailing = true;
      memory.view = undefined;
      return answer;
    case 'absent':
      forgetRegister(memory);
      return again;
    case 'outrun':
      deps.metrics.registerWriteOutrun({ service: deps.service, kind: patch.kind });
      memory.view = undefined;
      return { kind: 'again', isOutrun: true, isAcknowledged: false };
    case 'acknowledged': {
      deps.metrics.registerWriteAcknowledged({ service: deps.service, kind: patch.kind, latencyMs });
      const stepMs = cause === 'scheduled' && patch.kind !== 'join' ? memory.stepMs : 0;
      if (isAfterSilence(memory, startedAtMs)) memory.ages = renewAges(memory.ages);
      takeIn(deps, memory, { view: answer.view, ownUid: uid, stepMs });
      schedule(deps, memory, { cause, patch, promised, startedAtMs });
      memory.entriesKey = key;
      report(deps, memory, patch, wanted);
      if (!memory.joined) memory.predecessorsDue = true;
      memory.joined = true;
      return { kind: 'again', isOutrun: false, isAcknowledged: true };
    }
    default:
      return answer satisfies never;
  }
}

/**
 * Whether this write would register again what somebody removed, or what nobody heard of for more than three
 * intervals: then the own pod is asked for first.
 */
function isAgain(deps: KeeperDeps, memory: Memory, patch: RegisterPatch, key: string): boolean {
  if (!memory.joined) return false;
  if (patch.kind === 'join' || (patch.kind === 'update' && memory.entriesKey === key)) return true;
  const silentMs = deps.clock.monotonicMs() - (memory.lastAcknowledgedAtMs ?? 0);
  return silentMs > 3 * memory.promisedMs;
}

/** After a silence of our own (an outage, a pause) nobody's silence means anything: everybody gets a full term anew. */
function isAfterSilence(memory: Memory, nowMs: number): boolean {
  const { lastAcknowledgedAtMs, promisedMs } = memory;
  return lastAcknowledgedAtMs !== undefined && nowMs - lastAcknowledgedAtMs > SILENCE * promisedMs;
}

/** Asks whether our own pod may still be registered. Undefined: yes. */
async function confirmOwnPod(
  deps: KeeperDeps,
  memory: Memory,
  { pod, signal }: { readonly pod: OwnPod; readonly signal: AbortSignal },
): Promise<Step | undefined> {
  const answer = await deps.pods.lifeOf(pod.identity, callOf(deps, memory, signal));
  if (answer.kind === 'failed') return answer;
  if (answer.life === 'gone') deps.latch.close('pod-deleted');
  else if (answer.life === 'replaced') deps.latch.close('pod-replaced');
  else if (answer.life === 'terminal') deps.latch.close('pod-terminal');
  else if (answer.isDeleting) deps.latch.close('pod-deleting');
  return deps.latch.reason() === undefined ? undefined : { kind: 'latched' };
}

/** Takes in an acknowledged state of the register. */
export function takeIn(
  deps: KeeperDeps,
  memory: Memory,
  seen: { readonly view: RegisterView; readonly ownUid: string; readonly stepMs: number },
): void {
  // Control planes before 1.33 do not mark the Endpoints they keep: there the Service's selector tells.
  memory.view = memory.hasSelector ? { ...seen.view, keptByController: true } : seen.view;
  memory.ages = observeAges(memory.ages, { ...seen, slices: deps.slices.known() });
  deps.metrics.peersSeen({ service: deps.service, count: memory.ages.peers.size });
}

/** The next beat keeps the promise just made; a beat out of turn never puts off one that was promised sooner. */
function schedule(
  deps: KeeperDeps,
  memory: Memory,
  beat: {
    readonly cause: BeatCause;
    readonly patch: RegisterPatch;
    readonly promised: number;
    readonly startedAtMs: number;
  },
): void {
  const { cause, patch, promised, startedAtMs } = beat;
  const nextMs = startedAtMs + jitteredIntervalMs(promised, deps.random());
  const isInTurn = cause === 'scheduled' || cause === 'retry' || patch.kind === 'join';
  memory.nextBeatAtMs = isInTurn ? nextMs : Math.min(memory.nextBeatAtMs, nextMs);
  memory.stepMs = isInTurn ? promised : Math.min(memory.stepMs, promised);
  memory.promisedMs = promised;
  memory.isBeatFailing = false;
  memory.lastAcknowledgedAtMs = startedAtMs;
  if (cause === 'scheduled') memory.repairCount = 0;
  deps.metrics.beatScheduled({ service: deps.service, intervalMs: promised, acknowledgedAt: deps.clock.wall() });
}

/** Says what changed for the register; an ordinary beat is silent. `memory`: as it was before this write. */
function report(deps: KeeperDeps, memory: Memory, patch: RegisterPatch, wanted: Wanted): void {
  const { service, log } = deps;
  const pairs = wanted.entries?.pairs.map(pairKey);
  const fields = { service, ...(pairs === undefined ? {} : { pairs }) };
  if (patch.kind === 'join') log.info('register-joined', `joined the register of ${service}`, fields);
  else if (!memory.joined) log.info('register-adopted', `this pod is in the register of ${service} already`, fields);
  else if (patch.kind === 'update')
    log.info('register-updated', `changed our entries in the register of ${service}`, fields);
}
