/** Starts a component on a machine and waits until it is ready; when it is not, says which one it was and what it said last. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Part, PartFile } from '../parts/part.ts';
import { lastLines } from './exec.ts';
import { askHealth } from './health.ts';
import type { Machine } from './machine.ts';
import { recipeOf } from './notes.ts';
import { isRunning, signalProcess } from './processes.ts';
import { until } from './until.ts';

/** A component that did not become ready. */
export class PartError extends Error {
  constructor(where: string, outcome: string, log: { readonly file: string; readonly text: string }) {
    super(`${where} ${outcome}; the last lines of ${log.file}:\n${lastLines(log.text, 25)}`);
    this.name = 'PartError';
  }
}

const startLimitMs = 90_000;
const stopLimitMs = 15_000;

/**
 * Starts the component and waits until it is ready. One that runs from the same recipe is left alone, one from another is replaced.
 * Throws PartError when it ends, or is not ready in time.
 */
export async function startPart(machine: Machine, part: Part): Promise<void> {
  const recipe = recipeOf(part);
  const running = await machine.notes.running(part.name);
  if (running?.recipe !== recipe) {
    await stopPart(machine, part.name, 'SIGTERM');
    await writePartFiles(part.files);
    const id = await machine.launch(part.name, part.command);
    if (id === undefined) return blamePart(machine, part, 'ended');
    await machine.notes.write(part.name, { ...id, recipe, health: part.health });
  }
  await awaitPart(machine, part);
}

/** Throws a PartError with what the component said last. */
export async function blamePart(machine: Machine, part: Part, outcome: string): Promise<never> {
  const file = machine.logFile(part.name);
  const text = await readFile(file, 'utf8');
  throw new PartError(`${part.name} on ${machine.layout.name}`, outcome, { file, text });
}

async function awaitPart(machine: Machine, part: Part): Promise<void> {
  const what = `${part.name} on ${machine.layout.name}`;
  const fail = (outcome: string) => blamePart(machine, part, outcome);
  const startMs = performance.now();
  await until(what, { limitMs: startLimitMs * 2, everyMs: 50 }, async () => {
    if ((await machine.notes.running(part.name)) === undefined) return fail('ended');
    const seen = await askHealth(part.health);
    if (seen === undefined) return { kind: 'done', value: undefined };
    if (performance.now() - startMs > startLimitMs) {
      return fail(`is not ready after ${startLimitMs} ms (${part.health}: ${seen})`);
    }
    return { kind: 'waiting', seen };
  });
}

/** Ends a component: SIGTERM lets it finish its work, SIGKILL is a crash. Resolves when it is gone; gone already is success. */
export async function stopPart(machine: Machine, name: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const id = await machine.notes.running(name);
  if (id === undefined || !signalProcess(id, signal)) return;
  const what = `the end of ${name} on ${machine.layout.name} by ${signal}`;
  await until(what, { limitMs: stopLimitMs, everyMs: 20 }, async () =>
    isRunning(id) ? { kind: 'waiting', seen: `pid ${id.pid} runs` } : { kind: 'done', value: undefined },
  );
}

/** Writes files, and the folders they lie in. */
export async function writePartFiles(files: readonly PartFile[]): Promise<void> {
  for (const file of files) {
    await mkdir(dirname(file.path), { recursive: true });
    await writeFile(file.path, file.text);
  }
}
