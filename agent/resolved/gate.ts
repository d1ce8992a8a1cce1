/**
 * Keeps the own pod's readiness gate (KEP-580): writes its condition as `planGate` decides, and never again once it was
 * opened. Does nothing for a pod that does not have the gate.
 */
import { backoffMs } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import type { Api } from '../kube/api.ts';
import type { Log } from '../log.ts';
import type { Finding } from '../plan/finding.ts';
import { type GateFacts, type GatePlan, type GateService, planGate } from '../plan/gate.ts';
import { type PairState, pairKey } from '../plan/pairs.ts';
import { type GateCondition, OWN_GATE, type OwnPod } from '../plan/pod.ts';
import { attempt } from '../register/failure.ts';
import type { Failure } from '../register/register.ts';
import type { SelfCheck } from './self-check.ts';

/** What the gate looks at of a keeper's state. Times are monotonic milliseconds. */
export type KeeperSeen = {
  readonly service: string;
  readonly hasStarted: boolean;
  readonly attemptedAtMs: number;
  readonly memory: { readonly pairs: readonly PairState[] };
  readonly findings: readonly Finding[];
  /** Why the newest pass failed; undefined where it did not. */
  readonly failure: Failure | undefined;
};

/** What the gate needs. */
export type GateDeps = {
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly api: Pick<Api, 'patchPodStatus'>;
  readonly requestTimeoutMs: number;
  readonly pod: () => OwnPod | undefined;
  readonly declarations: () => GateFacts['declarations'];
  readonly keepers: () => readonly KeeperSeen[];
  readonly selfCheck: Pick<SelfCheck, 'pairs' | 'server'>;
  /** Called after each change of what `findings` gives. */
  readonly onChange: () => void;
};

/** The gate of one agent. */
export type Gate = {
  /** Something changed. To be called before the keepers are woken: a pass that begins later has seen the pod as it is now. */
  readonly wake: () => void;
  /** Runs until `signal` aborts. Rejects only for a bug. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** `gate-opened-unchecked`, and a request that was refused. */
  readonly findings: () => readonly Finding[];
};

/** While it is closed it is looked at so often: time alone can open it. */
const LOOK_AGAIN_MS = 1000;

/** A wait is written into the pod once it lasts: an ordinary start then costs one patch, the opening one. */
const TOLD_AFTER_MS = 3000;

const RETRY = { leastMs: 500, baseMs: 1000, maxMs: 30_000 } as const;

/** Builds it. Nothing is read or written before `run`. */
export function createGate(deps: GateDeps): Gate {
  const { clock, log, random } = deps;
  let woken = new AbortController();
  let readySinceMs: number | undefined;
  /** The condition that was last acknowledged to us: the watch of the pod shows it a moment later. */
  let written: GateCondition | undefined;
  let unchecked: GatePlan | undefined;
  let failure: Failure | undefined;
  let failureCount = 0;
  let shown: readonly Finding[] = [];

  const noteReadiness = (): void => {
    const isReady = deps.pod()?.readiness.kind === 'ready';
    readySinceMs = isReady ? (readySinceMs ?? clock.monotonicMs()) : undefined;
  };

  const show = (pod: OwnPod): void => {
    const now = findingsOf(pod, { unchecked, failure });
    const isNews = JSON.stringify(now) !== JSON.stringify(shown);
    shown = now;
    if (isNews) deps.onChange();
  };

  const plan = (pod: OwnPod): GatePlan => {
    const readyAtMs = readySinceMs ?? clock.monotonicMs();
    return planGate({
      readiness: pod.readiness,
      declarations: deps.declarations(),
      services: deps.keepers().map((keeper) => gateService(keeper, deps.selfCheck, readyAtMs)),
      dns: deps.selfCheck.server(),
      readyForMs: clock.monotonicMs() - readyAtMs,
    });
  };

  /** Writes what was planned. Resolves to how long to wait before looking again. */
  const write = async (pod: OwnPod, planned: GatePlan, signal: AbortSignal): Promise<number> => {
    const condition = conditionOf(planned, written ?? pod.ownGate, clock.wall());
    const call = { timeoutMs: deps.requestTimeoutMs, signal };
    const answer = await attempt(() => deps.api.patchPodStatus(pod.identity, { conditions: [condition] }, call));
    if (answer.kind === 'failed') {
      failure = answer;
      const waitMs = RETRY.leastMs + backoffMs(failureCount, RETRY, random());
      failureCount += 1;
      return Math.max(waitMs, answer.retryAfterMs ?? 0);
    }
    failure = undefined;
    failureCount = 0;
    if (answer.kind === 'absent') return RETRY.maxMs; // the pod is gone, and we with it
    written = { status: condition.status, reason: condition.reason };
    if (planned.isWarning) unchecked = planned;
    const { reason } = planned;
    const text = `readiness gate ${OWN_GATE}: ${planned.kind === 'open' ? 'opened' : 'closed'} (${planned.message})`;
    log[planned.isWarning ? 'warn' : 'info']('gate-set', text, { isOpen: planned.kind === 'open', reason });
    return LOOK_AGAIN_MS;
  };

  /** One look at everything. Resolves to how long to wait for the next one, unless woken. */
  const look = async (pod: OwnPod, signal: AbortSignal): Promise<number> => {
    if (!pod.hasOwnGate || pod.life !== 'alive') return Number.POSITIVE_INFINITY;
    const current = written ?? pod.ownGate;
    const planned = plan(pod);
    if (current?.status === 'True') {
      if (planned.reason === 'PairsResolved') unchecked = undefined;
      return Number.POSITIVE_INFINITY;
    }
    const isToldLater = readySinceMs === undefined || clock.monotonicMs() - readySinceMs < TOLD_AFTER_MS;
    const isLeft = planned.kind === 'wait' && (isToldLater || current?.reason === planned.reason);
    return isLeft ? LOOK_AGAIN_MS : await write(pod, planned, signal);
  };

  return {
    wake: () => {
      noteReadiness();
      woken.abort();
    },
    run: async (signal) => {
      const wake = () => woken.abort();
      signal.addEventListener('abort', wake, { once: true });
      try {
        while (!signal.aborted) {
          woken = new AbortController();
          noteReadiness();
          const pod = deps.pod();
          const waitMs = pod === undefined ? Number.POSITIVE_INFINITY : await look(pod, signal);
          if (pod !== undefined) show(pod);
          if (signal.aborted) return;
          // What was refused or failed is not tried sooner because something changed.
          if (failure === undefined) await clock.sleep(waitMs, woken.signal);
          else await clock.sleep(waitMs, signal);
        }
      } finally {
        signal.removeEventListener('abort', wake);
      }
    },
    findings: () => shown,
  };
}

function gateService(keeper: KeeperSeen, selfCheck: Pick<SelfCheck, 'pairs'>, readyAtMs: number): GateService {
  const { service, hasStarted, attemptedAtMs, memory, findings, failure } = keeper;
  return {
    service,
    isUpToDate: hasStarted && failure === undefined && attemptedAtMs >= readyAtMs,
    announced: memory.pairs.filter(({ kind }) => kind === 'announced').map(pairKey),
    published: selfCheck
      .pairs(service)
      .map(({ pair, elapsedMs, reason }) => ({ pair, isResolved: elapsedMs !== null, reason })),
    findings,
  };
}

/** `lastTransitionTime` only where the status becomes another one (API conventions, "Typical status properties"). */
function conditionOf({ kind, reason, message }: GatePlan, current: GateCondition | undefined, now: Date) {
  const status = kind === 'open' ? 'True' : 'False';
  const isTransition = current?.status !== status;
  const lastTransitionTime = `${now.toISOString().slice(0, 19)}Z`;
  return { type: OWN_GATE, status, reason, message, ...(isTransition ? { lastTransitionTime } : {}) };
}

function findingsOf(
  { identity }: OwnPod,
  { unchecked, failure }: { readonly unchecked: GatePlan | undefined; readonly failure: Failure | undefined },
): readonly Finding[] {
  const place = `own pod ${identity.podName}, readiness gate ${OWN_GATE}`;
  return [
    ...(unchecked === undefined ? [] : [openedUnchecked(place, unchecked)]),
    ...(failure?.verdict === 'give-up' ? [refused(place, failure)] : []),
  ];
}

function openedUnchecked(place: string, { message }: GatePlan): Finding {
  return {
    code: 'gate-opened-unchecked',
    message: `${place}: opened without knowing that DNS answers with this pod: ${message}`,
    remedy:
      "Let the agent ask the cluster's DNS (REGISTRAR_DNS_SERVER, REGISTRAR_CLUSTER_DOMAIN), or take the gate out of the pod template: it delays there and proves nothing.",
  };
}

function refused(place: string, { reason, message, remedy }: Failure): Finding {
  const text = `${place}: it stays closed, and the pod unready: ${message}`;
  if (reason !== 'Forbidden') {
    return { code: 'request-rejected', message: text, remedy: 'Compare the message with the pod as it stands.' };
  }
  return {
    code: 'request-forbidden',
    message: text,
    remedy:
      remedy === undefined
        ? 'Look for the admission policy that the message names.'
        : `Add this rule to the Role of the ServiceAccount:\n${remedy}`,
  };
}
