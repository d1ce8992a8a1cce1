/**
 * Runs one probe for as long as it is aimed: attempt after attempt, one at a time, at the probe's period. What its
 * outcomes add up to is `tally`; who listens is `prober`.
 */
import type { Clock } from '../clock.ts';
import type { ProbeVerdict } from '../plan/probe.ts';
import type { PlannedProbe } from './aim.ts';
import { attempt, nameProbe } from './attempt.ts';
import { count, explain, type Tally, untried } from './tally.ts';
import type { Outcome } from './transports/outcome.ts';

/** One probe that runs. */
export type Runner = {
  readonly planned: PlannedProbe;
  readonly tally: () => Tally;
  readonly verdict: () => ProbeVerdict;
  /** Monotonic milliseconds of the newest outcome; undefined before the first. */
  readonly attemptedAtMs: () => number | undefined;
  /** Attempts until `stop`; resolves once the attempt under way has closed its socket. Rejects only for a bug. */
  readonly run: () => Promise<void>;
  /** Ends it for good; the attempt under way is cut and does not count. */
  readonly stop: () => void;
};

/** A period varies by this part of it in either direction, so that probes which meet drift apart. */
const JITTER = 0.05;

/**
 * Builds the runner of one probe. Nothing is asked before `run`.
 * @param options.spreadMs the first attempt waits at random up to so long, beside the probe's own delay
 */
export function createRunner(
  deps: {
    readonly clock: Clock;
    /** A number in [0, 1). */
    readonly random: () => number;
    readonly onOutcome: (seen: { readonly outcome: Outcome; readonly durationMs: number }) => void;
  },
  planned: PlannedProbe,
  options: { readonly spreadMs: number },
): Runner {
  const { clock, random } = deps;
  const { probe } = planned;
  const stopped = new AbortController();
  const { signal } = stopped;
  const isUnaskable = planned.kind === 'unaskable';
  const name = isUnaskable ? planned.reason : nameProbe(probe.action, planned.target);
  let tally: Tally = isUnaskable ? { ...untried, verdict: 'failing', failure: planned.reason } : untried;
  let attemptedAtMs: number | undefined;
  return {
    planned,
    tally: () => tally,
    verdict: () => explain(tally, name, probe),
    attemptedAtMs: () => attemptedAtMs,
    run: async () => {
      if (planned.kind === 'unaskable') return;
      const asked = { action: probe.action, target: planned.target };
      await clock.sleep(probe.initialDelayMs + random() * Math.min(options.spreadMs, probe.periodMs), signal);
      while (!signal.aborted) {
        const startedAtMs = clock.monotonicMs();
        const outcome = await attempt({ clock, random }, asked, { timeoutMs: probe.timeoutMs, signal });
        if (signal.aborted) return;
        attemptedAtMs = clock.monotonicMs();
        tally = count(tally, outcome, probe);
        deps.onOutcome({ outcome, durationMs: attemptedAtMs - startedAtMs });
        const nextAtMs = startedAtMs + probe.periodMs * (1 - JITTER + 2 * JITTER * random());
        await clock.sleep(nextAtMs - clock.monotonicMs(), signal);
      }
    },
    stop: () => stopped.abort(),
  };
}
