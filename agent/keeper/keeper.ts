/**
 * The keeper of one Service: the loop. One pass at a time, one sleep that a wake-up ends, wake-ups merged. It decides
 * when the next pass is; what a pass does is `pass.ts`.
 */
import { backoffMs } from '../backoff.ts';
import type { Finding } from '../plan/finding.ts';
import { retryBoundMs } from '../plan/heartbeat.ts';
import type { Failure } from '../register/register.ts';
import type { BeatCause } from './beat.ts';
import type { KeeperDeps, Task } from './deps.ts';
import { nextTurnAtMs } from './evictions.ts';
import { createMemory, type Memory } from './memory.ts';
import { createFindingBook, createOutage, refusedRequest } from './notes.ts';
import { type PassResult, runPass } from './pass.ts';
import { createWaker } from './waker.ts';

/** The state of a keeper, for /status, /readyz and /livez. Times are monotonic milliseconds. */
export type KeeperState = {
  readonly service: string;
  /** The first pass came to an end: acknowledged, or refused with a finding. It never becomes false again. */
  readonly hasStarted: boolean;
  /** When the newest pass began. */
  readonly attemptedAtMs: number;
  readonly memory: Readonly<Memory>;
  readonly findings: readonly Finding[];
  /** Why the newest pass failed; undefined where it did not. */
  readonly failure: Failure | undefined;
};

/** One Service's keeper. */
export type Keeper = {
  /**
   * Runs passes until it has left (its task said so, and the API server acknowledged it), or until `signal` aborts,
   * which ends a request under way too. Rejects only for a bug.
   */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Something changed: run a pass now. */
  readonly wake: () => void;
  /** The task is to leave from now on: every wait ends, the request under way is let finish, then it withdraws. */
  readonly leave: () => void;
  readonly state: () => KeeperState;
};

/** A beat that starts later than this part of its interval was not in turn: we were paused or stalled ourselves. */
const LATE = 0.5;

/** Builds the keeper. Nothing runs before `run`. */
export function createKeeper(parts: Omit<KeeperDeps, 'leaving'>): Keeper {
  const { clock, options, random } = parts;
  const leaving = new AbortController();
  const deps: KeeperDeps = { ...parts, leaving: leaving.signal };
  const memory = createMemory(options.intervalMs);
  const waker = createWaker(clock);
  const outage = createOutage(deps);
  const findings = createFindingBook(deps);
  let hasStarted = false;
  let attemptedAtMs = clock.monotonicMs();
  let failure: Failure | undefined;

  const record = (result: PassResult | Failure): void => {
    failure = result.kind === 'failed' ? result : undefined;
    if (result.kind !== 'waiting') outage.record(failure);
    if (result.kind === 'failed') {
      deps.metrics.passFinished({ service: deps.service, outcome: 'failed' });
      if (result.verdict === 'give-up') findings.note([refusedRequest(deps.service, result)]);
      hasStarted ||= result.verdict === 'give-up';
    } else if (result.kind !== 'waiting') {
      findings.note(result.findings);
      deps.metrics.passFinished({
        service: deps.service,
        outcome: isGood(result) ? 'acknowledged' : 'refused',
      });
      hasStarted = true;
    }
    deps.metrics.pairsSeen({
      service: deps.service,
      pairs: memory.pairs.map(({ name, protocol, kind }) => ({ name, protocol, isAnnounced: kind !== 'withheld' })),
    });
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    signal.addEventListener('abort', waker.wake, { once: true });
    try {
      while (!signal.aborted) {
        waker.reset();
        attemptedAtMs = clock.monotonicMs();
        const task = deps.facts.task();
        const result = await runPass(deps, memory, { task, cause: causeOf(deps, memory), signal });
        record(result);
        if (signal.aborted || isDone(result, task)) return;
        const next = nextPass(result);
        if (next.isHeldBack) await holdBack(next.atMs, signal);
        else await waker.sleepUntil(next.atMs);
      }
    } finally {
      signal.removeEventListener('abort', waker.wake);
    }
  };

  /** Waits whatever happens, but for being told to leave; once leaving, for the end alone. */
  const holdBack = (atMs: number, signal: AbortSignal) =>
    clock.sleep(atMs - clock.monotonicMs(), deps.leaving.aborted ? signal : deps.leaving);

  return {
    run,
    wake: waker.wake,
    leave: () => {
      leaving.abort();
      waker.wake();
    },
    state: () => ({ service: deps.service, hasStarted, attemptedAtMs, memory, findings: findings.current(), failure }),
  };

  /** When the next pass is, unless we are woken: the beat, an eviction turn, or a retry. */
  function nextPass(result: PassResult | Failure): { readonly atMs: number; readonly isHeldBack: boolean } {
    const nowMs = clock.monotonicMs();
    const { intervalMs } = options;
    const promisedMs = deps.leaving.aborted ? intervalMs : memory.promisedMs;
    const boundMs = retryBoundMs(intervalMs, promisedMs);
    const retryMs = backoffMs(0, { baseMs: boundMs, maxMs: boundMs }, random());
    const beatAtMs = memory.joined && memory.nextBeatAtMs > nowMs ? memory.nextBeatAtMs : Number.POSITIVE_INFINITY;
    if (result.kind === 'failed') {
      // A server that asked us to wait is not asked again because something changed meanwhile.
      if (result.retryAfterMs !== undefined) {
        return { atMs: nowMs + Math.max(result.retryAfterMs, retryMs), isHeldBack: true };
      }
      const waitMs = result.verdict === 'give-up' && !deps.leaving.aborted ? intervalMs : retryMs;
      return { atMs: Math.min(nowMs + waitMs, beatAtMs), isHeldBack: false };
    }
    if (memory.joined && result.kind === 'acknowledged') {
      return { atMs: Math.min(memory.nextBeatAtMs, nextTurnAtMs(memory)), isHeldBack: false };
    }
    if (memory.joined && result.kind === 'kept') return { atMs: memory.nextBeatAtMs, isHeldBack: false };
    return { atMs: nowMs + (result.kind === 'lacking' ? retryMs : intervalMs), isHeldBack: false };
  }
}

/** Whether a beat is due, and whether it is in turn: late ones and those after a failure make nobody older. */
function causeOf({ clock }: KeeperDeps, memory: Memory): BeatCause {
  const lateMs = clock.monotonicMs() - memory.nextBeatAtMs;
  if (lateMs < 0) return 'none';
  return !memory.joined || memory.isBeatFailing || lateMs > LATE * memory.stepMs ? 'retry' : 'scheduled';
}

/** Whether a pass did all that was asked for. */
function isGood({ kind }: PassResult): boolean {
  return kind === 'acknowledged' || kind === 'withdrawn';
}

/** The keeper's work is over: withdrawn for good. After its pod's end it stays, so that the latch can be seen. */
function isDone(result: PassResult | Failure, task: Task): boolean {
  return result.kind === 'withdrawn' && task.kind === 'leave' && task.reason !== 'pod-ending';
}
