/** What a command is given, with everything it writes kept. */
import type { CommandIo, Output } from '../../agent/commands/command.ts';
import { createFakeClock, type FakeClock } from '../support/clock.ts';

/** An output and what was written to it so far. */
export type KeptOutput = Output & { readonly text: () => string };

/** Builds an output; a terminal where it has columns. */
export function keepOutput(columns?: number): KeptOutput {
  const parts: string[] = [];
  return {
    write: (text) => void parts.push(text),
    isTerminal: columns !== undefined,
    columns,
    text: () => parts.join(''),
  };
}

/** What a test looks at. */
export type KeptIo = CommandIo & {
  readonly stdout: KeptOutput;
  readonly stderr: KeptOutput;
  readonly clock: FakeClock;
};

/** Builds it: no terminal, an empty environment, no file, a clock that stands. */
export function keepIo(change: Partial<KeptIo> = {}): KeptIo {
  return {
    env: {},
    stdout: keepOutput(),
    stderr: keepOutput(),
    readStdin: async () => '',
    readFile: async (path) => {
      throw new Error(`ENOENT: ${path}`);
    },
    clock: createFakeClock(),
    random: () => 0.5,
    signal: new AbortController().signal,
    version: 'test',
    ...change,
  };
}
