/**
 * What a person sees: colour on a terminal only, never with NO_COLOR (no-color.org), and a spinner on stderr where
 * something takes longer than a second.
 */
import type { CommandIo, Output } from './command.ts';

/** A colour by what it means. */
export type Tone = 'good' | 'warning' | 'failure' | 'dim' | 'bold';

const codes = { good: 32, warning: 33, failure: 31, dim: 2, bold: 1 } as const satisfies Record<Tone, number>;

/** Paints a text; where there is no colour it stays as it is. */
export type Paint = (tone: Tone, text: string) => string;

/** Builds the painter of one output. */
export function createPaint(output: Output, env: CommandIo['env']): Paint {
  const isColoured = output.isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  return (tone, text) => (isColoured ? `\u001b[${codes[tone]}m${text}\u001b[0m` : text);
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;
const FIRST_FRAME_MS = 1000;
const FRAME_MS = 100;
const CLEAR_LINE = '\r\u001b[2K';

/** Does `work` and shows a spinner with the label meanwhile: on a terminal, after a second, gone at the end. */
export async function withSpinner<T>(
  io: Pick<CommandIo, 'stderr' | 'clock'>,
  label: string,
  work: () => Promise<T>,
): Promise<T> {
  if (!io.stderr.isTerminal) return work();
  const done = new AbortController();
  const spin = async () => {
    await io.clock.sleep(FIRST_FRAME_MS, done.signal);
    for (let turn = 0; !done.signal.aborted; turn += 1) {
      io.stderr.write(`${CLEAR_LINE}${frames[turn % frames.length] ?? ''} ${label}`);
      await io.clock.sleep(FRAME_MS, done.signal);
      if (done.signal.aborted) io.stderr.write(CLEAR_LINE);
    }
  };
  const spinning = spin();
  try {
    return await work();
  } finally {
    done.abort();
    await spinning;
  }
}

/** One cell of a table: its text, and the tone to paint it in. */
export type Cell = string | { readonly text: string; readonly tone: Tone };

/** Prints rows in columns two blanks apart; the last column is not padded. Widths are those of the unpainted text. */
export function printTable(rows: readonly (readonly Cell[])[], paint: Paint): string {
  const textOf = (cell: Cell) => (typeof cell === 'string' ? cell : cell.text);
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, textOf(cell).length);
  }
  const print = (cell: Cell, column: number, row: readonly Cell[]) => {
    const text = textOf(cell);
    const padding = column === row.length - 1 ? '' : ' '.repeat((widths[column] ?? 0) - text.length + 2);
    return `${typeof cell === 'string' ? text : paint(cell.tone, text)}${padding}`;
  };
  return rows.map((row) => `${row.map(print).join('').trimEnd()}\n`).join('');
}
