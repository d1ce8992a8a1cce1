/** What a keeper and its steps are given. Handed in by the assembly; tests hand in a fake clock and a fake register. */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Declaration } from '../plan/declaration.ts';
import type { OwnPod } from '../plan/pod.ts';
import type { ServiceFacts } from '../plan/service.ts';
import type { Failure, Pods, Register, Slices } from '../register/register.ts';
import type { Metrics } from '../status/metrics.ts';
import type { Latch } from './latch.ts';

/** What is asked for one Service. `leave`: withdraw it, with the reason. */
export type Task =
  | { readonly kind: 'serve'; readonly declaration: Declaration }
  | { readonly kind: 'leave'; readonly reason: 'not-declared' | 'no-ports' | 'pod-ending' | 'shutdown' };

/**
 * What is seen of the Service. `unseen`: not yet known, or not allowed to look; nothing follows from it. `failure`: why
 * it, or a change of it, cannot be seen at the moment.
 */
export type ServiceSeen =
  | { readonly kind: 'seen'; readonly service: ServiceFacts | undefined; readonly failure: Failure | undefined }
  | { readonly kind: 'unseen'; readonly failure: Failure | undefined };

/** The newest facts, read at the beginning of each pass. */
export type Facts = {
  readonly task: () => Task;
  readonly pod: () => OwnPod | undefined;
  readonly service: () => ServiceSeen;
};

/**
 * Whether anything may still be added: asked before each step that adds, since SIGTERM, an edit or the own pod's end
 * can come while a request is under way.
 */
export function mayServe(deps: Pick<KeeperDeps, 'facts' | 'latch'>): boolean {
  return deps.latch.reason() === undefined && deps.facts.task().kind === 'serve';
}

/** Times of one keeper, in milliseconds. */
export type KeeperOptions = { readonly intervalMs: number; readonly requestTimeoutMs: number };

/** The parts of one keeper. */
export type KeeperDeps = {
  readonly service: string;
  readonly facts: Facts;
  readonly register: Register;
  readonly slices: Slices;
  readonly pods: Pods;
  readonly latch: Latch;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly options: KeeperOptions;
  /** Called when requests succeed again after a long outage: what else hangs on old connections should dial anew. */
  readonly onLongOutage: () => void;
  /** Aborted when the keeper is to leave: it ends waits, never a request that is under way. */
  readonly leaving: AbortSignal;
};
