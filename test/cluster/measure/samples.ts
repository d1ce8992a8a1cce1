/** What was measured, as figures: pure, so that the table can be tried without a cluster. */

/** How pairs come into the DNS: by a selector alone, by the agents in either way, or by a slice that nobody but the suite writes. */
export const paths = ['native', 'supplement', 'full', 'bare'] as const;
export type Path = (typeof paths)[number];

/** From an event to the first answer of the DNS that shows it. */
export const spans = ['ready', 'deleted', 'node-death'] as const;
export type Span = (typeof spans)[number];

/** Milliseconds, in the order in which they were measured. */
export interface Samples {
  readonly span: Span;
  readonly path: Path;
  readonly elapsedMs: readonly number[];
}

/** Where and when it was measured: one line each, by what it says. */
export type Circumstances = Readonly<Record<string, string>>;

const spanTitles: Readonly<Record<Span, string>> = {
  ready: 'ready → resolvable',
  deleted: 'deleted → gone',
  'node-death': 'node dead → gone',
};

const pathTitles: Readonly<Record<Path, string>> = {
  native: 'plain selector Service',
  supplement: 'ours, `supplement`',
  full: 'ours, `full`',
  bare: 'one slice, written by hand',
};

/** The middle one, or the mean of the two in the middle. Throws RangeError where there is none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new RangeError('the median of no values was asked for');
  return (lower + upper) / 2;
}

/** Below it a median says how coarse the looking was, and a ratio to it nothing. */
const ratioFromMs = 5;

/** Markdown: the circumstances, then a row for each span and path, its median beside the native one as a difference and a ratio. */
export function renderMeasurements(circumstances: Circumstances, measured: readonly Samples[]): string {
  const facts = Object.entries(circumstances).map(([name, value]) => `- ${name}: ${value}`);
  const head = ['From → to', 'Path', 'n', 'min', 'median', 'max', 'median beside native'];
  const rows = spans.flatMap((span) => {
    const ofSpan = measured.filter((samples) => samples.span === span);
    const native = ofSpan.find(({ path }) => path === 'native');
    return paths.flatMap((path) => {
      const found = ofSpan.find((samples) => samples.path === path);
      return found === undefined ? [] : [row(found, native)];
    });
  });
  return [...facts, '', line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function row({ span, path, elapsedMs }: Samples, native: Samples | undefined): readonly string[] {
  const middle = median(elapsedMs);
  const beside = native === undefined || path === 'native' ? '' : comparison(middle, median(native.elapsedMs));
  const figures = [Math.min(...elapsedMs), middle, Math.max(...elapsedMs)].map(duration);
  return [spanTitles[span], pathTitles[path], `${elapsedMs.length}`, ...figures, beside];
}

/** `+18 ms, × 2.1` */
function comparison(ms: number, nativeMs: number): string {
  const difference = ms < nativeMs ? `−${duration(nativeMs - ms)}` : `+${duration(ms - nativeMs)}`;
  return nativeMs < ratioFromMs ? difference : `${difference}, × ${(ms / nativeMs).toFixed(1)}`;
}

function duration(ms: number): string {
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** The text with the table between its markers. Throws Error where a document lacks them. */
export function fillInTable(text: string, table: string): string {
  const marked = /(<!-- table: native beside ours -->\n)[\s\S]*?(<!-- end -->)/;
  if (!marked.test(text)) {
    throw new Error('the document lacks the markers "<!-- table: native beside ours -->" and "<!-- end -->"');
  }
  return text.replace(marked, (_, begin: string, end: string) => `${begin}${table}\n${end}`);
}
