/** Where a sweep tells what it does: a line a step as it comes, or all steps as JSON at the end; failures on stderr. */
import type { CommandEnding, CommandIo } from '../command.ts';
import { createPaint, escapeText } from '../terminal.ts';
import { lineOf, type StepReport } from './words.ts';

/** Takes in the steps of one sweep. `finish`: with how it ended. */
export type Reporter = {
  readonly add: (report: StepReport) => void;
  /** The whole sweep is refused, or, in a dry run, would be. */
  readonly refuse: (why: string) => void;
  readonly finish: (ending: CommandEnding) => void;
};

/** Builds the reporter. */
export function createReporter(
  shape: { readonly namespace: string; readonly isDryRun: boolean; readonly format: 'text' | 'json' },
  io: Pick<CommandIo, 'stdout' | 'stderr' | 'env'>,
): Reporter {
  const { namespace, isDryRun, format } = shape;
  const steps: StepReport[] = [];
  let refusal: string | undefined;
  const paint = createPaint(io.stdout, io.env);
  const tones = { planned: 'bold', removed: 'good', failed: 'failure' } as const;
  return {
    add: (report) => {
      steps.push(report);
      if (format === 'json') return;
      io.stdout.write(`${paint(tones[report.outcome], escapeText(lineOf(report)))}\n`);
      if (report.message !== undefined) tellFailure({ message: report.message, rule: report.rule }, io);
    },
    refuse: (why) => {
      refusal = why;
      complain(io, [why]);
    },
    finish: (ending) => {
      const document = { namespace, isDryRun, ...(refusal === undefined ? {} : { refusal }), steps };
      if (format === 'json') io.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
      else if (steps.length === 0 && ending === 'good') io.stdout.write('nothing to sweep\n');
    },
  };
}

/** Says why something could not be done, and the rule of a Role that would have allowed it. */
export function tellFailure(
  { message, rule }: { readonly message: string; readonly rule: string | undefined },
  io: Pick<CommandIo, 'stderr'>,
): void {
  complain(io, [message]);
  if (rule !== undefined) io.stderr.write(`This rule of a Role would allow it:\n${rule}\n`);
}

/** Writes lines to stderr. */
export function complain(io: Pick<CommandIo, 'stderr'>, lines: readonly string[]): void {
  io.stderr.write(lines.map((line) => `${escapeText(line)}\n`).join(''));
}
