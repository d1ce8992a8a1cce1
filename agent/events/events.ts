/**
 * Tells on the own pod what a person must act on: core/v1 Events, which `kubectl describe pod` shows. A loop of its own
 * beside the passes: it is handed findings and notices, and nobody waits for it. What cannot be written is let go.
 */
import type { Clock } from '../clock.ts';
import type { Api } from '../kube/api.ts';
import type { Log } from '../log.ts';
import type { Finding } from '../plan/finding.ts';
import type { Identity } from '../plan/identity.ts';
import { attempt } from '../register/failure.ts';
import type { Failure } from '../register/register.ts';
import { type Bucket, takeToken } from './bucket.ts';
import { createOutbox, type Queued } from './outbox.ts';
import { EVENT_LIFE_MS, type EventPlan, noticeKey, planEvent, type Told } from './plan.ts';

/** The Events on the own pod. The verbs return at once; `run` does the writing. */
export type Events = {
  /** All findings that stand for a Service, or for the whole agent (`undefined`): to be called after each change. */
  readonly findings: (service: string | undefined, findings: readonly Finding[]) => void;
  /** Something that happened once, e.g. `{ type: 'Warning', reason: 'PeerEvicted', message: 'evicted ipa-1 …' }`. */
  readonly note: (notice: {
    readonly type: 'Normal' | 'Warning';
    readonly reason: string;
    readonly message: string;
  }) => void;
  /** Writes what is to be told until `signal` aborts, which ends a request under way too. Rejects only for a bug. */
  readonly run: (signal: AbortSignal) => Promise<void>;
};

type Identified = Pick<Identity, 'namespace' | 'podName' | 'uid'>;

/** Ten at once, then one more each half minute: a pod in trouble is heard, and a fleet of them is no storm. */
const LIMITS = { burst: 10, refillMs: 30_000 } as const;

const REQUEST_TIMEOUT_MS = 10_000;

/** So long nothing is tried after a 403: a Role is changed by a person. */
const REFUSED_MS = 10 * 60 * 1000;

/** How often we look whether the own pod is known by now. */
const IDENTITY_WAIT_MS = 1000;

/** So many acknowledged Events are remembered, for repetitions. */
const MAX_TOLD = 128;

/** The rule that Events need; the refusal of one verb would name that one alone. */
const RULE = '- apiGroups: [""]\n  resources: ["events"]\n  verbs: ["create", "patch"]';

/** Builds it. `podIdentity`: undefined as long as the own pod was not seen; until then everything waits. */
export function createEvents(deps: {
  readonly clock: Clock;
  readonly api: Pick<Api, 'createEvent' | 'patchEvent'>;
  readonly log: Log;
  readonly podIdentity: () => Identified | undefined;
}): Events {
  const { clock, api, log } = deps;
  const outbox = createOutbox(clock);
  const told = new Map<string, Told>();
  let bucket: Bucket = { tokens: LIMITS.burst, atMs: clock.monotonicMs() };
  let refusedUntilMs = Number.NEGATIVE_INFINITY;
  let isRefusalLogged = false;
  let woken = new AbortController();
  const wake = () => woken.abort();

  const write = async (plan: EventPlan, signal: AbortSignal): Promise<Omit<Told, 'atMs'> | 'absent'> => {
    const call = { timeoutMs: REQUEST_TIMEOUT_MS, signal };
    if (plan.kind === 'create') {
      const { name } = plan.event.metadata;
      if ((await api.createEvent(plan.event, call)) === 'created') return { name, count: 1 };
      // An earlier container of this pod told the same: its Event goes on from the count that it has.
      const lastTimestamp = plan.event.lastTimestamp ?? '';
      const found = await api.patchEvent(name, { lastTimestamp }, call);
      return found.kind === 'absent' ? 'absent' : { name, count: found.object.count ?? 1 };
    }
    const patched = await api.patchEvent(plan.name, plan.change, call);
    return patched.kind === 'absent' ? 'absent' : { name: plan.name, count: plan.change.count ?? 1 };
  };

  const tell = async (queued: Queued, identity: Identified, signal: AbortSignal): Promise<void> => {
    const key = noticeKey(queued.notice);
    const planned = (known: Told | undefined) =>
      planEvent({ ...queued, identity, told: known, nowMs: clock.monotonicMs() });
    const outcome = await attempt(async () => {
      const written = await write(planned(told.get(key)), signal);
      // It was forgotten before its time: a shorter --event-ttl, or somebody deleted it.
      return {
        kind: 'answered',
        written: written === 'absent' ? await write(planned(undefined), signal) : written,
      } as const;
    });
    if (outcome.kind === 'failed') {
      told.delete(key);
      if (!signal.aborted) giveUp(queued, outcome);
      return;
    }
    isRefusalLogged = false;
    if (outcome.written !== 'absent') remember(key, { ...outcome.written, atMs: clock.monotonicMs() });
  };

  const remember = (key: string, one: Told): void => {
    told.delete(key);
    told.set(key, one);
    const isOver = ({ atMs }: Told) => clock.monotonicMs() - atMs >= EVENT_LIFE_MS;
    const surplus = new Set([...told.keys()].slice(0, Math.max(0, told.size - MAX_TOLD)));
    for (const [other, known] of told) if (isOver(known) || surplus.has(other)) told.delete(other);
  };

  const giveUp = (queued: Queued, failure: Failure): void => {
    if (failure.reason !== 'Forbidden') {
      log.debug('event-dropped', `an Event was not written: ${failure.message}`, { reason: queued.notice.reason });
      return;
    }
    refusedUntilMs = clock.monotonicMs() + REFUSED_MS;
    outbox.add(queued);
    if (isRefusalLogged) return;
    isRefusalLogged = true;
    log.info('event-refused', `Events on the own pod cannot be written: ${failure.message}`, {
      ...(failure.remedy === undefined ? {} : { remedy: `Add this rule to the Role of the ServiceAccount:\n${RULE}` }),
    });
  };

  /** Tells one thing, where that is possible now; else says until when to wait, in monotonic milliseconds. */
  const step = async (signal: AbortSignal): Promise<number | undefined> => {
    const nowMs = clock.monotonicMs();
    outbox.remind();
    if (outbox.dueAtMs() > nowMs) return Math.min(outbox.dueAtMs(), outbox.remindAtMs());
    if (nowMs < refusedUntilMs) return refusedUntilMs;
    const identity = deps.podIdentity();
    if (identity === undefined) return nowMs + IDENTITY_WAIT_MS;
    const taken = takeToken(bucket, LIMITS, nowMs);
    if (taken.kind === 'empty') return taken.atMs;
    bucket = taken.bucket;
    const queued = outbox.take();
    if (queued !== undefined) await tell(queued, identity, signal);
    return undefined;
  };

  return {
    findings: (service, findings) => {
      outbox.findings(service, findings);
      wake();
    },
    note: (notice) => {
      outbox.add({ notice, at: clock.wall() });
      wake();
    },
    run: async (signal) => {
      signal.addEventListener('abort', wake, { once: true });
      try {
        while (!signal.aborted) {
          if (woken.signal.aborted) woken = new AbortController();
          const untilMs = await step(signal);
          if (untilMs !== undefined && !signal.aborted) await clock.sleep(untilMs - clock.monotonicMs(), woken.signal);
        }
      } finally {
        signal.removeEventListener('abort', wake);
      }
    },
  };
}
