/**
 * The keepers of all Services: one for each that is declared, or under which we are still registered. Starts them,
 * tells them when to leave, and forgets them when they have.
 */
import { whenAborted } from '../clock.ts';
import type { Declaration, Declarations } from '../plan/declaration.ts';
import type { OwnPod } from '../plan/pod.ts';
import type { Pods, Register, Slices } from '../register/register.ts';
import type { KeeperDeps, Probes, ServiceSeen, Task } from './deps.ts';
import { createKeeper, type Keeper, type KeeperState } from './keeper.ts';

/** What one Service's keeper works on, opened for it and closed with it. */
export type ServiceParts = {
  readonly register: Register;
  readonly slices: Slices;
  readonly pods: Pods;
  readonly probes: Probes;
  readonly seen: () => ServiceSeen;
  /** Watches the Service and its slices until the signal aborts. */
  readonly run: (signal: AbortSignal) => Promise<void>;
};

/** What the fleet is given. */
export type FleetDeps = Pick<
  KeeperDeps,
  'latch' | 'clock' | 'random' | 'log' | 'metrics' | 'options' | 'onLongOutage' | 'onFindings' | 'notify' | 'published'
> & {
  readonly pod: () => OwnPod | undefined;
  /** Opens a Service; `onChange` is to be called whenever anything about it changes. */
  readonly open: (service: string, onChange: () => void) => ServiceParts;
};

/** All keepers. */
export type Fleet = {
  /** The newest valid declarations. */
  readonly declare: (declarations: Declarations) => void;
  /** What the own slices say we are registered under, found at the start. */
  readonly adopt: (registered: Declarations) => void;
  /** Facts changed that concern every Service: the own pod. */
  readonly wake: () => void;
  readonly states: () => readonly KeeperState[];
  /**
   * Withdraws everywhere, also under what is adopted until `adopting` resolves. Resolves when all has been acknowledged,
   * or when `signal` aborts; says which.
   */
  readonly shutdown: (
    signal: AbortSignal,
    given: { readonly adopting: Promise<unknown> },
  ) => Promise<'withdrawn' | 'incomplete'>;
  /** Rejects where a keeper met a bug; never resolves before `shutdown`. */
  readonly failed: Promise<never>;
};

type Member = {
  readonly keeper: Keeper;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  readonly course: Course;
};

/** Once `leaveReason` is set, it stays: a Service that is declared again meanwhile gets a new keeper. */
type Course = { leaveReason: Extract<Task, { readonly kind: 'leave' }>['reason'] | undefined };

/** Builds a fleet without any keeper. */
export function createFleet(deps: FleetDeps): Fleet {
  const members = new Map<string, Member>();
  let declared: Declarations | undefined;
  let adopted: Declarations = new Map();
  let isShuttingDown = false;
  let fail: (reason: unknown) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });

  const wantedTask = (service: string): Task => {
    if (isShuttingDown) return { kind: 'leave', reason: 'shutdown' };
    if (deps.latch.reason() !== undefined) return { kind: 'leave', reason: 'pod-ending' };
    const declaration: Declaration | undefined = (declared ?? adopted).get(service);
    if (declaration === undefined) return { kind: 'leave', reason: 'not-declared' };
    // Without ports an adopted one is a published name, waiting for its workload: only a ConfigMap can say that it goes.
    if (declared !== undefined && declaration.ports.length === 0) return { kind: 'leave', reason: 'no-ports' };
    return { kind: 'serve', declaration };
  };

  const start = (service: string): void => {
    const stop = new AbortController();
    const course: Course = { leaveReason: undefined };
    const task = (): Task => {
      const wanted = wantedTask(service);
      if (wanted.kind === 'leave' && wanted.reason === 'shutdown') return wanted;
      return course.leaveReason === undefined ? wanted : { kind: 'leave', reason: course.leaveReason };
    };
    const parts = deps.open(service, () => keeper.wake());
    const keeper = createKeeper({ ...deps, ...parts, service, facts: { task, pod: deps.pod, service: parts.seen } });
    const ended = Promise.all([parts.run(stop.signal), keeper.run(stop.signal).finally(() => stop.abort())]).then(
      () => end(service),
      fail,
    );
    members.set(service, { keeper, stop, ended, course });
  };

  const end = (service: string): void => {
    members.delete(service);
    deps.metrics.forgetService(service);
    if (!isShuttingDown) reconcile();
  };

  const reconcile = (): void => {
    for (const [service, member] of members) {
      const task = wantedTask(service);
      if (task.kind === 'leave') {
        member.course.leaveReason ??= task.reason;
        member.keeper.leave();
      }
      member.keeper.wake();
    }
    for (const service of new Set([...(declared ?? []), ...adopted].map(([name]) => name))) {
      // Under an adopted Service that is not declared, or when shutting down, a keeper starts too: it withdraws and ends.
      if (!members.has(service) && needsKeeper(service)) start(service);
    }
  };

  /** A Service that is left is needed only once, for what an earlier container registered. */
  const needsKeeper = (service: string): boolean => {
    if (wantedTask(service).kind === 'serve') return true;
    const wasAdopted = adopted.has(service);
    if (wasAdopted) adopted = new Map([...adopted].filter(([name]) => name !== service));
    return wasAdopted;
  };

  return {
    declare: (declarations) => {
      declared = declarations;
      reconcile();
    },
    adopt: (registered) => {
      adopted = registered;
      reconcile();
    },
    wake: reconcile,
    states: () => [...members.values()].map(({ keeper }) => keeper.state()),
    shutdown: async (signal, { adopting }) => {
      isShuttingDown = true;
      adopted = new Map();
      const all = new Set(members.values());
      const cut = () => {
        for (const { stop } of all) stop.abort();
      };
      signal.addEventListener('abort', cut, { once: true });
      reconcile();
      // Where the own pod was never seen nothing can be asked for, and nothing was registered by this process.
      if (signal.aborted || deps.pod() === undefined) cut();
      else await Promise.race([adopting, whenAborted(signal)]);
      for (const member of members.values()) all.add(member);
      if (signal.aborted) cut();
      await Promise.all([...all].map(({ ended }) => ended));
      signal.removeEventListener('abort', cut);
      return [...all].every(({ keeper }) => keeper.state().memory.withdrawn) ? 'withdrawn' : 'incomplete';
    },
    failed,
  };
}
