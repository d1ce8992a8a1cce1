/**
 * The way out: named steps in order, all under one budget, each with an outcome that is logged. A step that takes too
 * long is abandoned; those behind it still get their turn. What the steps do is `main`'s business.
 */
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

/** How a step ended. `failed`: it said so, or threw; `timed-out`: abandoned, its signal aborted, its promise no longer awaited. */
export type StepOutcome = 'done' | 'failed' | 'timed-out';

/** One step of the shutdown, e.g. `{ name: 'withdraw', run }`. `signal` aborts when the step's time is over. */
export type ShutdownStep = {
  readonly name: string;
  readonly run: (signal: AbortSignal) => Promise<'done' | 'failed'>;
};

/** How one step went. */
export type StepResult = { readonly name: string; readonly outcome: StepOutcome; readonly elapsedMs: number };

/** How the whole shutdown went; `complete` when every step is done. */
export type ShutdownResult = {
  readonly steps: readonly StepResult[];
  readonly complete: boolean;
  readonly elapsedMs: number;
};

/** The part of the budget that is kept for each later step, so that a hanging one cannot take the turn of the rest. */
const RESERVE_PER_STEP = 0.05;

/**
 * Runs the steps one after another and resolves within `budgetMs`, whatever they do. Never rejects. A step may use all
 * that is left but a twentieth of the budget for each step behind it.
 */
export async function runShutdown(
  steps: readonly ShutdownStep[],
  options: {
    readonly budgetMs: number;
    readonly clock: Clock;
    readonly log: Log;
    readonly onStep?: (result: StepResult) => void;
  },
): Promise<ShutdownResult> {
  const { budgetMs, clock, log, onStep } = options;
  const startedMs = clock.monotonicMs();
  const results: StepResult[] = [];
  log.info('shutdown-started', 'shutting down', { budgetMs, steps: steps.map(({ name }) => name) });
  for (const [index, step] of steps.entries()) {
    const leftMs = budgetMs - (clock.monotonicMs() - startedMs);
    const reserveMs = (steps.length - index - 1) * RESERVE_PER_STEP * budgetMs;
    const result = await runStep(step, { limitMs: Math.max(0, leftMs - reserveMs), clock, log });
    results.push(result);
    onStep?.(result);
  }
  const elapsedMs = Math.round(clock.monotonicMs() - startedMs);
  const complete = results.every(({ outcome }) => outcome === 'done');
  log[complete ? 'info' : 'warn'](
    'shutdown-finished',
    complete ? 'shut down' : 'shut down, but not every step is done',
    {
      elapsedMs,
      outcomes: Object.fromEntries(results.map(({ name, outcome }) => [name, outcome])),
    },
  );
  return { steps: results, complete, elapsedMs };
}

type StepLimits = { readonly limitMs: number; readonly clock: Clock; readonly log: Log };

async function runStep(step: ShutdownStep, { limitMs, clock, log }: StepLimits): Promise<StepResult> {
  const startedMs = clock.monotonicMs();
  const over = new AbortController();
  const finished = new AbortController();
  const work = start(step, over.signal);
  const limit = clock.sleep(limitMs, finished.signal).then((): Ended => ({ outcome: 'timed-out' }));
  const ended = await Promise.race([work, limit]);
  finished.abort();
  over.abort();
  const elapsedMs = Math.round(clock.monotonicMs() - startedMs);
  const fields = { step: step.name, outcome: ended.outcome, elapsedMs, limitMs: Math.round(limitMs) };
  if (ended.outcome === 'done') log.info('shutdown-step-finished', `${step.name}: done`, fields);
  else log.warn('shutdown-step-finished', `${step.name}: ${ended.outcome}`, { ...fields, ...errorField(ended) });
  return { name: step.name, outcome: ended.outcome, elapsedMs };
}

type Ended = { readonly outcome: StepOutcome; readonly error?: unknown };

/** Turns every way a step can end into a value: a throw before its first await, a rejection, also one after its time. */
async function start(step: ShutdownStep, signal: AbortSignal): Promise<Ended> {
  try {
    return { outcome: await step.run(signal) };
  } catch (error) {
    return { outcome: 'failed', error };
  }
}

function errorField(ended: Ended): { readonly err?: unknown } {
  return ended.error === undefined ? {} : { err: ended.error };
}
