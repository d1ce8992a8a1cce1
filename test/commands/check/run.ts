/** Runs `check` over files that stand in the test itself. */
import { readArguments } from '../../../agent/commands/arguments.ts';
import { check } from '../../../agent/commands/check/check.ts';
import type { CommandEnding } from '../../../agent/commands/command.ts';
import { keepIo } from '../io.ts';

/** What came of it. `lines`: what was printed on stdout. */
export type Ran = { readonly ending: CommandEnding; readonly lines: readonly string[]; readonly errors: string };

/** Runs `check` with the arguments. `files` by name; `-` is the standard input. Any other file is missing. */
export async function runCheck(argv: readonly string[], files: Readonly<Record<string, string>>): Promise<Ran> {
  const read = readArguments(check, argv);
  if (read.kind !== 'given') throw new Error(`the arguments were not taken: ${JSON.stringify(read)}`);
  const readFile = async (path: string) => {
    const text = files[path];
    if (text === undefined) throw new Error(`ENOENT: no such file or directory, open '${path}'`);
    return text;
  };
  const io = keepIo({ readFile, readStdin: () => readFile('-') });
  const ending = await check.run(read.given, io);
  return { ending, lines: io.stdout.text().split('\n').slice(0, -1), errors: io.stderr.text() };
}

/** The messages alone, without what was checked and the counts. */
export function messagesOf({ lines }: Ran): readonly string[] {
  return lines.filter((line) => /^[^ ]+:\d+:\d+: (fault|warning|note): /.test(line));
}
