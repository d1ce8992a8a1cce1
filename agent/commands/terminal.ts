/**
 * What a person sees: colour on a terminal only, never with NO_COLOR (no-color.org), a spinner on stderr where something
 * takes longer than a second, and texts from elsewhere without power over the terminal.
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

/** All but Latin letters and the signs that our own texts use: those are one column wide each and do nothing else. */
const harmful = /[^\x20-\x7e\u00a1-\u00ac\u00ae-\u02af\u2010-\u201f\u2026\u2190-\u2193\u2264\u2265]/gu;

/**
 * A text from elsewhere, for one line of a terminal: control characters, marks that reorder or combine, and characters
 * of another width than one column stand as escapes (`\n`, `\u{1b}`), so that no remote text moves, paints or hides anything.
 */
export function escapeText(text: string): string {
  return text.replace(harmful, (character) => {
    if (character === '\n') return '\\n';
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;
const FIRST_FRAME_MS = 1000;
const FRAME_MS = 100;
const CLEAR_LINE = '\r\u001b[2K';

/** Does `work` and shows a spinner with the label meanwhile: on a terminal, after a second, gone at the end. */
export async function withSpinner<T>(
  io: Pick<CommandIo, 'stderr' | 'clock' | 'env'>,
  label: string,
  work: () => Promise<T>,
): Promise<T> {
  if (!io.stderr.isTerminal || io.env['TERM'] === 'dumb') return work();
  const done = new AbortController();
  const spin = async () => {
    await io.clock.sleep(FIRST_FRAME_MS, done.signal);
    for (let turn = 0; !done.signal.aborted; turn += 1) {
      // A line that wraps would not be cleared as a whole.
      const line = cut(`${frames[turn % frames.length] ?? ''} ${label}`, limitOf(io.stderr.columns));
      io.stderr.write(`${CLEAR_LINE}${line}`);
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

/** A pseudo-terminal that nobody has sized (kubectl exec -t, at first) says that it has no columns. */
function limitOf(columns: number | undefined): number | undefined {
  return columns === 0 ? undefined : columns;
}

/** The text in so many columns, its last one a sign that something is missing. */
function cut(text: string, columns: number | undefined): string {
  if (columns === undefined || text.length <= columns) return text;
  return columns < 1 ? '' : `${text.slice(0, columns - 1)}…`;
}

/** One cell of a table: its text, and the tone to paint it in. */
export type Cell = string | { readonly text: string; readonly tone: Tone };

/** How a table stands on the page: indented by so many blanks, its rows cut to so many columns where there is a limit. */
export type TableLayout = { readonly indent?: number; readonly columns?: number | undefined };

/**
 * Prints rows in columns two blanks apart; the last column is not padded. Widths are those of the unpainted text. Cells
 * are escaped. A row that is wider than `layout.columns` loses its end, so that none wraps.
 */
export function printTable(rows: readonly (readonly Cell[])[], paint: Paint, layout: TableLayout = {}): string {
  const indent = ' '.repeat(layout.indent ?? 0);
  const limit = limitOf(layout.columns);
  const texts = rows.map((row) => row.map((cell) => escapeText(typeof cell === 'string' ? cell : cell.text)));
  const widths: number[] = [];
  for (const row of texts) {
    for (const [column, text] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, text.length);
  }
  return rows
    .map((row, index) => {
      let line = '';
      let leftColumns = limit === undefined ? undefined : limit - indent.length;
      for (const [column, cell] of row.entries()) {
        const text = cut(texts[index]?.[column] ?? '', leftColumns);
        const isLast = column === row.length - 1 || (leftColumns !== undefined && text.length >= leftColumns);
        const padding = isLast ? '' : ' '.repeat((widths[column] ?? 0) - text.length + 2);
        line += `${typeof cell === 'string' ? text : paint(cell.tone, text)}${padding}`;
        if (isLast) break;
        if (leftColumns !== undefined) leftColumns -= text.length + padding.length;
      }
      return `${indent}${line.trimEnd()}\n`;
    })
    .join('');
}
