/**
 * Whether our readiness gate may open (KEP-580): the pod counts as ready, and its rollout goes on, once clients find on
 * DNS what it published. Never for longer than it helps: what we cannot know must not take the workload out of service.
 */
import { type Finding, findingWeights, listSome } from './finding.ts';
import type { PairKey } from './pairs.ts';
import type { Readiness } from './pod.ts';

/** One Service, as far as the gate looks at it. */
export type GateService = {
  readonly service: string;
  /** A pass over it began after the workload was ready, and the first one is finished: `announced` is of now. */
  readonly isUpToDate: boolean;
  /** The pairs that our slices are to announce; those left to the Service wait for the pod's readiness: a circle. */
  readonly announced: readonly PairKey[];
  /** The pairs that our slices do announce, and whether DNS has ever answered them with us. */
  readonly published: readonly { readonly pair: PairKey; readonly isResolved: boolean; readonly reason: string }[];
  readonly findings: readonly Finding[];
};

/** What the gate looks at. Times are milliseconds. */
export type GateFacts = {
  readonly readiness: Readiness;
  readonly declarations: 'unread' | 'read' | 'refused';
  readonly services: readonly GateService[];
  readonly dns:
    | { readonly kind: 'on'; readonly silentForMs: number }
    | { readonly kind: 'off'; readonly reason: string };
  /** Since the workload was seen to be ready. */
  readonly readyForMs: number;
};

/** The reason of the pod's condition, in CamelCase as the API conventions have it. */
export type GateReason =
  | 'WorkloadNotReady'
  | 'NotPublishedYet'
  | 'NotResolvedYet'
  | 'NothingToPublish'
  | 'PairsResolved'
  | 'DnsNotAsked'
  | 'DnsSilent'
  | 'NotResolvedInTime';

/** What becomes of the gate. `message` is for people; `isWarning`: opened without knowing that DNS answers. */
export type GatePlan = {
  readonly kind: 'open' | 'wait';
  readonly reason: GateReason;
  readonly message: string;
  readonly isWarning: boolean;
};

/** A server that is silent for so long will hardly answer in the next moment. */
const SILENT_AFTER_MS = 10_000;

/** Two negative answers that are kept for 30 s, with as much again to spare. */
const LATE_AFTER_MS = 120_000;

/** Plans the gate. Once it was opened nobody asks again. */
export function planGate(facts: GateFacts): GatePlan {
  const { readiness, dns } = facts;
  if (readiness.kind === 'unready') return wait('WorkloadNotReady', readiness.reason);
  const pending = pendingText(facts);
  const published = facts.services.flatMap((one) => one.published.map((pair) => ({ ...pair, service: one.service })));
  const unresolved = published.filter(({ isResolved }) => !isResolved);
  const isLate = facts.readyForMs >= LATE_AFTER_MS;
  if (pending !== undefined && !isLate) return wait('NotPublishedYet', pending);
  if (pending !== undefined) return unchecked('NotResolvedInTime', `after ${LATE_AFTER_MS / 1000} s: ${pending}`);
  if (published.length === 0) return open('NothingToPublish', 'no pair is announced by this agent');
  if (unresolved.length === 0) return open('PairsResolved', 'DNS answers all published pairs with this pod');
  if (dns.kind === 'off') return unchecked('DnsNotAsked', dns.reason);
  if (dns.silentForMs > SILENT_AFTER_MS) {
    return unchecked('DnsSilent', `DNS has not answered for more than ${SILENT_AFTER_MS / 1000} s`);
  }
  const lacking = `${listSome(unresolved.map(({ service, pair }) => `${service} ${pair}`))}: ${unresolved[0]?.reason}`;
  if (isLate) return unchecked('NotResolvedInTime', `after ${LATE_AFTER_MS / 1000} s DNS lacks ${lacking}`);
  return wait('NotResolvedYet', lacking);
}

/** What must come before anything can be said, in words; undefined: nothing. A Service that is refused keeps nobody waiting. */
function pendingText({ declarations, services }: GateFacts): string | undefined {
  if (declarations === 'unread') return 'the ConfigMap was not read yet';
  const pending = services.find((one) => !isRefused(one) && !(one.isUpToDate && isPublished(one)));
  return pending === undefined ? undefined : `${pending.service} is not published yet`;
}

function isPublished({ announced, published }: GateService): boolean {
  return announced.every((key) => published.some(({ pair }) => pair === key));
}

function isRefused({ findings }: GateService): boolean {
  return findings.some(({ code }) => findingWeights[code] === 'failure');
}

function wait(reason: GateReason, message: string): GatePlan {
  return { kind: 'wait', reason, message, isWarning: false };
}

function open(reason: GateReason, message: string): GatePlan {
  return { kind: 'open', reason, message, isWarning: false };
}

function unchecked(reason: GateReason, message: string): GatePlan {
  return { kind: 'open', reason, message, isWarning: true };
}
