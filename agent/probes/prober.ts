/**
 * The probes of one Service: which of them run follows from what the keeper aims at, and what they say of each pair is
 * there whenever it asks. Each probe sleeps and asks by itself; a pass of the keeper never waits for one.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Clock, whenAborted } from '../clock.ts';
import type { Log } from '../log.ts';
import type { ProbedPair } from '../plan/aim.ts';
import type { Protocol } from '../plan/declaration.ts';
import { type PairKey, pairKey } from '../plan/pairs.ts';
import type { ProbeAction, ProbeVerdict } from '../plan/probe.ts';
import type { Metrics } from '../status/metrics.ts';
import { type ProbeAim, planProbes } from './aim.ts';
import { createRunner, type Runner } from './runner.ts';
import { combine } from './tally.ts';

/** One probe, as /status shows it. */
export type ProbeState = {
  /** The pair's port name and protocol. */
  readonly name: string;
  readonly protocol: Protocol;
  readonly action: ProbeAction['kind'];
  readonly verdict: ProbeVerdict['kind'];
  /** A whole clause that names the probe. */
  readonly reason: string;
  /** Since the newest outcome; undefined before the first. */
  readonly lastAttemptAgeMs: number | undefined;
  readonly attemptCount: number;
  readonly failuresInARow: number;
};

/** The prober of one Service. */
export type Prober = {
  /**
   * Says what is to be probed from now on; called with the same data nothing happens. A probe that is new or changed,
   * its target too, begins as pending; an unchanged one goes on; one that is gone is cut and forgotten. Undefined:
   * nothing is to be probed, as the workload is not ready or the pod is ending.
   */
  readonly aim: (target: ProbeAim | undefined) => void;
  /** What the probes of a pair say together; undefined where nothing is aimed at it, or it declares none. */
  readonly verdict: (key: PairKey) => ProbeVerdict | undefined;
  /** Every probe, in the order of the declaration. */
  readonly states: () => readonly ProbeState[];
  /** Probes until `signal` aborts and every socket is closed. To be called once. Rejects only for a bug. */
  readonly run: (signal: AbortSignal) => Promise<void>;
};

/** What a prober is given. */
export type ProberDeps = {
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'probeAttempted'>;
  /**
   * The verdict of a pair has become another kind, or a failing one has another cause. Not called from within `aim`,
   * whose caller reads the verdicts anyway.
   */
  readonly onChange: () => void;
};

type Pair = {
  readonly service: string;
  readonly name: string;
  readonly protocol: Protocol;
  runners: readonly Runner[];
  verdict: ProbeVerdict | undefined;
  /** `probe-failed` was logged, and no recovery since. */
  isToldFailed: boolean;
};

/** So much time at random for each probe that begins: a hundred of them take a second to begin, six 60 ms. */
const SPREAD_MS = 10;

/** Builds the prober of one Service. Nothing is asked before `run`. */
export function createProber(deps: ProberDeps): Prober {
  const { clock, random, metrics } = deps;
  let pairs: ReadonlyMap<PairKey, Pair> = new Map();
  let life: 'waiting' | 'running' | 'over' = 'waiting';
  const tasks = new Set<Promise<void>>();
  const bug = Promise.withResolvers<never>();
  bug.promise.catch(() => {}); // whoever runs hears it; before that nobody does

  const start = (runner: Runner) => {
    const task = runner.run().catch(bug.reject);
    tasks.add(task);
    void task.then(() => tasks.delete(task));
  };

  const createFor = (pair: Pair, planned: Runner['planned'], spreadMs: number): Runner =>
    createRunner(
      {
        clock,
        random,
        onOutcome: ({ outcome, durationMs }) => {
          const { service, name: port, protocol } = pair;
          const { kind } = planned.probe.action;
          metrics.probeAttempted({ service, port, protocol, kind, outcome: outcome.kind, durationMs });
          if (review(deps, pair) === 'changed') deps.onChange();
        },
      },
      planned,
      { spreadMs },
    );

  /** The runners of a pair: those that do the same already, and new ones. */
  const runnersOf = (target: ProbeAim, aimed: ProbedPair, pair: Pair): readonly Runner[] => {
    const spreadMs = SPREAD_MS * target.pairs.reduce((sum, { probes }) => sum + probes.length, 0);
    const spare = [...pair.runners];
    return planProbes(target, aimed).map((planned) => {
      const index = spare.findIndex((runner) => isDeepStrictEqual(runner.planned, planned));
      const [same] = index === -1 ? [] : spare.splice(index, 1);
      if (same !== undefined) return same;
      const runner = createFor(pair, planned, spreadMs);
      if (life === 'running') start(runner);
      return runner;
    });
  };

  const pairsOf = (target: ProbeAim): ReadonlyMap<PairKey, Pair> =>
    new Map(
      target.pairs.map((aimed) => {
        const pair = pairs.get(pairKey(aimed)) ?? blankPair(target.service, aimed);
        pair.runners = runnersOf(target, aimed, pair);
        return [pairKey(aimed), pair];
      }),
    );

  const aim = (target: ProbeAim | undefined) => {
    if (life === 'over') return;
    const before = allRunners(pairs);
    pairs = target === undefined ? new Map() : pairsOf(target);
    const kept = new Set(allRunners(pairs));
    for (const runner of before) if (!kept.has(runner)) runner.stop();
    for (const pair of pairs.values()) review(deps, pair);
  };

  return {
    aim,
    verdict: (key) => pairs.get(key)?.verdict,
    states: () => [...pairs.values()].flatMap((pair) => pair.runners.map((runner) => stateOf(clock, pair, runner))),
    run: async (signal) => {
      life = 'running';
      for (const runner of allRunners(pairs)) start(runner);
      try {
        await Promise.race([whenAborted(signal), bug.promise]);
      } finally {
        aim(undefined);
        life = 'over';
        await Promise.all(tasks);
      }
    },
  };
}

function allRunners(pairs: ReadonlyMap<PairKey, Pair>): readonly Runner[] {
  return [...pairs.values()].flatMap(({ runners }) => runners);
}

function blankPair(service: string, { name, protocol }: ProbedPair): Pair {
  return { service, name, protocol, runners: [], verdict: undefined, isToldFailed: false };
}

/** Brings a pair's verdict up to date, and logs where it begins to fail and where that is over. */
function review(deps: ProberDeps, pair: Pair): 'changed' | 'unchanged' {
  const { service, name, protocol, verdict: before } = pair;
  const verdict = combine(pair.runners.map((runner) => runner.verdict()));
  pair.verdict = verdict;
  const isOther = before?.kind !== verdict.kind;
  const fields = { service, pair: pairKey(pair), reason: verdict.reason };
  if (isOther && verdict.kind === 'failing') {
    pair.isToldFailed = true;
    deps.log.warn(
      'probe-failed',
      `${service}: the pair ${name}/${protocol} fails its probes: ${verdict.reason}`,
      fields,
    );
  }
  if (pair.isToldFailed && verdict.kind === 'passing') {
    pair.isToldFailed = false;
    deps.log.info('probe-recovered', `${service}: the pair ${name}/${protocol} passes its probes again`, fields);
  }
  const isOtherCause = verdict.kind === 'failing' && before?.reason !== verdict.reason;
  return isOther || isOtherCause ? 'changed' : 'unchanged';
}

function stateOf(clock: Clock, { name, protocol }: Pair, runner: Runner): ProbeState {
  const { kind: verdict, reason } = runner.verdict();
  const { attemptCount, failuresInARow } = runner.tally();
  const attemptedAtMs = runner.attemptedAtMs();
  return {
    name,
    protocol,
    action: runner.planned.probe.action.kind,
    verdict,
    reason,
    lastAttemptAgeMs: attemptedAtMs === undefined ? undefined : clock.monotonicMs() - attemptedAtMs,
    attemptCount,
    failuresInARow,
  };
}
