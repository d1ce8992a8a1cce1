import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runShutdown, type ShutdownStep, type StepResult } from '../agent/shutdown.ts';
import { createFakeClock, type FakeClock } from './support/clock.ts';
import { createLogBook } from './support/log.ts';

/** A step that takes some time, or for ever, and notes when it was aborted. */
function takes(clock: FakeClock, name: string, ms: number) {
  const seen = { startedAtMs: -1, abortedAtMs: -1 };
  const step: ShutdownStep = {
    name,
    run: async (signal) => {
      seen.startedAtMs = clock.monotonicMs();
      signal.addEventListener('abort', () => {
        seen.abortedAtMs = clock.monotonicMs();
      });
      await clock.sleep(ms, new AbortController().signal);
      return 'done';
    },
  };
  return { step, seen };
}

function begin(steps: readonly ShutdownStep[], clock: FakeClock, budgetMs = 10_000) {
  const book = createLogBook();
  const results: StepResult[] = [];
  const onStep = (result: StepResult) => results.push(result);
  return { result: runShutdown(steps, { budgetMs, clock, log: book.log, onStep }), lines: book.lines, results };
}

test('steps run one after another, each logged with its outcome', async () => {
  const clock = createFakeClock();
  const steps = [takes(clock, 'stop passes', 10), takes(clock, 'withdraw', 200), takes(clock, 'close http', 0)];
  const { result, lines, results } = begin(
    steps.map(({ step }) => step),
    clock,
  );
  await clock.advance(300);
  assert.deepEqual(
    steps.map(({ seen }) => seen.startedAtMs),
    [0, 10, 210],
  );
  assert.deepEqual(await result, {
    complete: true,
    elapsedMs: 210,
    steps: [
      { name: 'stop passes', outcome: 'done', elapsedMs: 10 },
      { name: 'withdraw', outcome: 'done', elapsedMs: 200 },
      { name: 'close http', outcome: 'done', elapsedMs: 0 },
    ],
  });
  assert.deepEqual(results, (await result).steps);
  assert.deepEqual(
    lines.map(({ event, level, step, outcome }) => ({ event, level, step, outcome })),
    [
      { event: 'shutdown-started', level: 'info', step: undefined, outcome: undefined },
      { event: 'shutdown-step-finished', level: 'info', step: 'stop passes', outcome: 'done' },
      { event: 'shutdown-step-finished', level: 'info', step: 'withdraw', outcome: 'done' },
      { event: 'shutdown-step-finished', level: 'info', step: 'close http', outcome: 'done' },
      { event: 'shutdown-finished', level: 'info', step: undefined, outcome: undefined },
    ],
  );
});

test('a step that hangs is abandoned, its signal aborted, and the rest still get their turn within the budget', async () => {
  const clock = createFakeClock();
  const hanging = takes(clock, 'withdraw', 1e9);
  const rest = [takes(clock, 'stop watches', 100), takes(clock, 'close http', 100)];
  const { result } = begin([hanging.step, ...rest.map(({ step }) => step)], clock);
  await clock.advance(10_000);
  const { steps, complete, elapsedMs } = await result;
  assert.deepEqual(
    steps.map(({ outcome }) => outcome),
    ['timed-out', 'done', 'done'],
  );
  // A twentieth of the budget is kept for each of the two behind it.
  assert.equal(hanging.seen.abortedAtMs, 9000);
  assert.equal(complete, false);
  assert.equal(elapsedMs, 9200);
});

test('however many steps hang, the budget holds', async () => {
  const clock = createFakeClock();
  const steps = ['a', 'b', 'c', 'd'].map((name) => takes(clock, name, 1e9).step);
  const { result, lines } = begin(steps, clock, 1000);
  await clock.advance(1000);
  const { elapsedMs, complete } = await result;
  assert.equal(elapsedMs, 1000);
  assert.equal(complete, false);
  const { level, outcomes } = lines.at(-1) ?? {};
  assert.equal(level, 'warn');
  assert.deepEqual(outcomes, { a: 'timed-out', b: 'timed-out', c: 'timed-out', d: 'timed-out' });
});

test('a step that fails, throws or rejects is failed, and the rest run', async () => {
  const clock = createFakeClock();
  const steps: readonly ShutdownStep[] = [
    { name: 'says so', run: async () => 'failed' },
    {
      name: 'throws',
      run: () => {
        throw new TypeError('at once');
      },
    },
    { name: 'rejects', run: () => Promise.reject(new Error('later')) },
    { name: 'last', run: async () => 'done' },
  ];
  const { result, lines } = begin(steps, clock);
  assert.deepEqual(
    (await result).steps.map(({ outcome }) => outcome),
    ['failed', 'failed', 'failed', 'done'],
  );
  const { err } = lines.find(({ step }) => step === 'throws') ?? {};
  assert.match(JSON.stringify(err), /at once/);
  assert.equal(clock.sleeperCount(), 0);
});

test('a step that rejects after it was abandoned disturbs nobody', async () => {
  const clock = createFakeClock();
  const late: ShutdownStep = {
    name: 'late',
    run: async (signal) => {
      await clock.sleep(1e9, signal);
      throw new Error('too late');
    },
  };
  const { result } = begin([late], clock, 100);
  await clock.advance(100);
  assert.deepEqual(
    (await result).steps.map(({ outcome }) => outcome),
    ['timed-out'],
  );
});

test('no steps are a complete shutdown', async () => {
  const { result } = begin([], createFakeClock());
  assert.deepEqual(await result, { steps: [], complete: true, elapsedMs: 0 });
});
