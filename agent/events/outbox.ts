/**
 * What is still to be told: the findings that stand, by level, and a bounded queue in which the newest wins. What is
 * over before it could be told is not told; what stands on is told again before the API server forgets its Event.
 */
import type { Clock } from '../clock.ts';
import type { Finding } from '../plan/finding.ts';
import { EVENT_LIFE_MS, type Notice, noticeKey } from './plan.ts';
import { noticeOf } from './reasons.ts';

/** One notice that waits. `at`: when it was noticed. */
export type Queued = { readonly notice: Notice; readonly at: Date };

/** `dueAtMs`: before it nothing is told of it; monotonic milliseconds. */
type Waiting = Queued & { readonly dueAtMs: number };

/** The queue and what stands. */
export type Outbox = {
  /** All findings that stand now for a Service, or for the whole agent (`undefined`). */
  readonly findings: (service: string | undefined, findings: readonly Finding[]) => void;
  readonly add: (queued: Queued) => void;
  /** The oldest that is due, which leaves the queue. */
  readonly take: () => Queued | undefined;
  /** When the next one is due; monotonic milliseconds, infinity where the queue is empty. */
  readonly dueAtMs: () => number;
  /** Queues what has stood for so long that its Event would be forgotten. */
  readonly remind: () => void;
  /** When `remind` has something to do next; monotonic milliseconds, infinity for never. */
  readonly remindAtMs: () => number;
};

const MAX_QUEUED = 32;

/** A finding that is over by then is told to nobody: objects that belong together are made one after another. */
const SETTLED_MS = 3000;

/** Half of an Event's life: who looks at the pod at any time finds what stands. */
const REMIND_MS = EVENT_LIFE_MS / 2;

type Standing = { readonly notice: Notice; readonly remindAtMs: number };

/** Builds an empty outbox. */
export function createOutbox(clock: Pick<Clock, 'monotonicMs' | 'wall'>): Outbox {
  const queue = new Map<string, Waiting>();
  /** Service to what stands for it, by the notice's key. */
  const standing = new Map<string | undefined, ReadonlyMap<string, Standing>>();

  const add = (queued: Waiting): void => {
    const key = noticeKey(queued.notice);
    queue.delete(key); // the newest is the last
    queue.set(key, queued);
    for (const oldest of [...queue.keys()].slice(0, Math.max(0, queue.size - MAX_QUEUED))) queue.delete(oldest);
  };
  const say = (notice: Notice): Standing => {
    add({ notice, at: clock.wall(), dueAtMs: clock.monotonicMs() + SETTLED_MS });
    return { notice, remindAtMs: clock.monotonicMs() + REMIND_MS };
  };
  const allStanding = () => [...standing.values()].flatMap((notices) => [...notices.values()]);

  return {
    findings: (service, findings) => {
      const before = standing.get(service) ?? new Map<string, Standing>();
      const after = new Map<string, Standing>();
      for (const finding of findings) {
        const notice = noticeOf(service, finding);
        if (notice === undefined) continue;
        const key = noticeKey(notice);
        after.set(key, before.get(key) ?? after.get(key) ?? say(notice));
      }
      for (const key of before.keys()) if (!after.has(key)) queue.delete(key);
      if (after.size > 0) standing.set(service, after);
      else standing.delete(service);
    },
    add: (queued) => add({ ...queued, dueAtMs: clock.monotonicMs() }),
    take: () => {
      const [key, queued] = [...queue].find(([, { dueAtMs }]) => dueAtMs <= clock.monotonicMs()) ?? [];
      if (key !== undefined) queue.delete(key);
      return queued;
    },
    dueAtMs: () => Math.min(Number.POSITIVE_INFINITY, ...[...queue.values()].map(({ dueAtMs }) => dueAtMs)),
    remind: () => {
      const nowMs = clock.monotonicMs();
      for (const [service, notices] of standing) {
        const renewed = [...notices].map(
          ([key, one]) => [key, one.remindAtMs > nowMs ? one : say(one.notice)] as const,
        );
        standing.set(service, new Map(renewed));
      }
    },
    remindAtMs: () => Math.min(Number.POSITIVE_INFINITY, ...allStanding().map(({ remindAtMs }) => remindAtMs)),
  };
}
