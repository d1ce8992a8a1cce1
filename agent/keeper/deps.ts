/** What a keeper and its steps are given. Handed in by the assembly; tests hand in a fake clock and a fake register. */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { ProbeTarget } from '../plan/aim.ts';
import type { Declaration } from '../plan/declaration.ts';
import type { Finding } from '../plan/finding.ts';
import type { Addresses, Identity } from '../plan/identity.ts';
import type { Pair, PairKey } from '../plan/pairs.ts';
import type { OwnPod } from '../plan/pod.ts';
import type { ProbeVerdict } from '../plan/probe.ts';
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

/** The probes of one Service's pairs, as its keeper uses them. */
export type Probes = {
  /** What to probe from now on; undefined: nothing. Takes effect at once; the same again changes nothing. */
  readonly aim: (target: ProbeTarget | undefined) => void;
  /** What the probes of a pair say; undefined where it has none. */
  readonly verdict: (key: PairKey) => ProbeVerdict | undefined;
};

/** What our slices say, as the API server acknowledged it. */
export type PublishedSeen = {
  readonly service: string;
  readonly identity: Identity;
  /** What they announce; empty after a withdrawal. */
  readonly pairs: readonly Pair[];
  /** Under which addresses; empty where no slice is left. */
  readonly addresses: Addresses;
  /** There is no pair, and yet the pod's name is published: A and AAAA without SRV. */
  readonly isNameOnly: boolean;
};

/** The parts of one keeper. */
export type KeeperDeps = {
  readonly service: string;
  readonly facts: Facts;
  readonly register: Register;
  readonly slices: Slices;
  readonly pods: Pods;
  readonly probes: Probes;
  readonly latch: Latch;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly options: KeeperOptions;
  /** Called when requests succeed again after a long outage: what else hangs on old connections should dial anew. */
  readonly onLongOutage: () => void;
  /** Called after each pass that served, once the slices are acknowledged as wanted, and after a withdrawal. */
  readonly published: (seen: PublishedSeen) => void;
  /** Called with all findings that stand for the Service, after each change of them. */
  readonly onFindings: (service: string | undefined, findings: readonly Finding[]) => void;
  /** Called for what an operator should look at, once: a peer that was evicted though its pod is listed. */
  readonly notify: (notice: {
    readonly type: 'Warning';
    readonly reason: 'PeerEvicted';
    readonly message: string;
  }) => void;
  /** Aborted when the keeper is to leave: it ends waits, never a request that is under way. */
  readonly leaving: AbortSignal;
};
