/**
 * What the outcomes of a probe add up to, by the thresholds of the kubelet (pkg/kubelet/prober/worker.go), and what
 * the probes of a pair say together. Pure.
 */
import type { ProbeTiming, ProbeVerdict } from '../plan/probe.ts';
import type { Outcome } from './transports/outcome.ts';

/** The outcomes of one probe so far. At most one of the two runs is over 0. */
export type Tally = {
  readonly verdict: ProbeVerdict['kind'];
  readonly attemptCount: number;
  readonly successesInARow: number;
  readonly failuresInARow: number;
  /** What the newest failed attempt said; undefined where none failed. */
  readonly failure: string | undefined;
};

/** Of a probe that has not been tried: pending. */
export const untried: Tally = {
  verdict: 'pending',
  attemptCount: 0,
  successesInARow: 0,
  failuresInARow: 0,
  failure: undefined,
};

/** Adds one outcome. The verdict becomes another one when a run reaches its threshold, the first verdict too. */
export function count(
  tally: Tally,
  outcome: Outcome,
  { successThreshold, failureThreshold }: Pick<ProbeTiming, 'successThreshold' | 'failureThreshold'>,
): Tally {
  const attemptCount = tally.attemptCount + 1;
  if (outcome.kind === 'healthy') {
    const successesInARow = tally.successesInARow + 1;
    const verdict = successesInARow >= successThreshold ? 'passing' : tally.verdict;
    return { ...tally, verdict, attemptCount, successesInARow, failuresInARow: 0 };
  }
  const failuresInARow = tally.failuresInARow + 1;
  const verdict = failuresInARow >= failureThreshold ? 'failing' : tally.verdict;
  return { verdict, attemptCount, successesInARow: 0, failuresInARow, failure: outcome.reason };
}

/** A probe's verdict with its reason. `name`: what the probe is called, for where no failure says it. */
export function explain(
  tally: Tally,
  name: string,
  { successThreshold, failureThreshold }: Pick<ProbeTiming, 'successThreshold' | 'failureThreshold'>,
): ProbeVerdict {
  const { verdict: kind, failure, failuresInARow, successesInARow } = tally;
  // The newest cause alone: a reason that counts would change with every attempt.
  if (kind === 'failing') return { kind, reason: failure ?? name };
  if (failuresInARow > 0) {
    return { kind, reason: `${failure} (${failuresInARow} of the ${failureThreshold} failures in a row that count)` };
  }
  if (kind === 'passing') return { kind, reason: `${name}: healthy` };
  if (successesInARow === 0) return { kind, reason: `${name}: not answered yet` };
  return { kind, reason: `${name}: healthy, ${successesInARow} of ${successThreshold} times in a row` };
}

/** What the probes of one pair say together: one that fails decides, then one that is pending. At least one is given. */
export function combine(verdicts: readonly ProbeVerdict[]): ProbeVerdict {
  const told = (kind: ProbeVerdict['kind']) => verdicts.filter((verdict) => verdict.kind === kind);
  const kind = told('failing').length > 0 ? 'failing' : told('pending').length > 0 ? 'pending' : 'passing';
  return {
    kind,
    reason: told(kind)
      .map(({ reason }) => reason)
      .join('; '),
  };
}
