/** Notes of what was started: one small file for each program, so that a later run knows which process it is, and from what it was made. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isRunning, type ProcessId } from './processes.ts';

/** `recipe` changes with the command and its files; `health` is the address to ask, where there is one. */
export interface Note extends ProcessId {
  readonly recipe: string;
  readonly health: string;
}

export interface Notes {
  write(name: string, note: Note): Promise<void>;
  /** The note of a program that runs; undefined when there is none, or its process is gone. */
  running(name: string): Promise<Note | undefined>;
  /** All programs ever started here, running or not. */
  names(): Promise<readonly string[]>;
  remove(name: string): Promise<void>;
}

export function createNotes(folder: string): Notes {
  const file = (name: string) => join(folder, `${name}.json`);
  return {
    async write(name, note) {
      await mkdir(folder, { recursive: true });
      await writeFile(file(name), JSON.stringify(note));
    },
    async running(name) {
      const note = parseNote(await readFile(file(name), 'utf8').catch(() => ''));
      return note !== undefined && isRunning(note) ? note : undefined;
    },
    async names() {
      const files = await readdir(folder).catch(() => []);
      return files.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
    },
    async remove(name) {
      await rm(file(name), { force: true });
    },
  };
}

/** A short name for a value: equal values have equal names. */
export function recipeOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12);
}

function parseNote(text: string): Note | undefined {
  if (text === '') return undefined;
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('pid' in value && 'startTicks' in value && 'recipe' in value && 'health' in value)) return undefined;
  const { pid, startTicks, recipe, health } = value;
  if (typeof pid !== 'number' || typeof startTicks !== 'number') return undefined;
  if (typeof recipe !== 'string' || typeof health !== 'string') return undefined;
  return { pid, startTicks, recipe, health };
}
