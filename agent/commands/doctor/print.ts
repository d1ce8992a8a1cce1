/** Prints results: for people by theme, aligned, in colour by weight; for programs as JSON. */
import type { CommandEnding } from '../command.ts';
import { escapeText, type Paint, type Tone } from '../terminal.ts';
import type { Result, Verdict } from './result.ts';

const tones = { ok: 'good', warning: 'warning', failure: 'failure', skipped: 'dim' } as const satisfies Record<
  Verdict,
  Tone
>;

const WIDTH = Math.max(...Object.keys(tones).map((verdict) => verdict.length));
const INDENT = '  ';

/** The text of a run, its last line the counts. */
export function printResults(results: readonly Result[], paint: Paint): string {
  const byTheme = Map.groupBy(results, ({ theme }) => theme);
  const parts = [...byTheme].map(([theme, ofTheme]) =>
    [paint('bold', escapeText(theme)), ...ofTheme.flatMap((result) => linesOf(result, paint)), ''].join('\n'),
  );
  return `${parts.join('\n')}\n${countLine(results, paint)}\n`;
}

function linesOf({ verdict, message, remedy }: Result, paint: Paint): readonly string[] {
  const margin = `${INDENT}${' '.repeat(WIDTH)}${INDENT}`;
  const [first = '', ...more] = message.split('\n').map(escapeText);
  const head = `${INDENT}${paint(tones[verdict], verdict.padEnd(WIDTH))}${INDENT}${first}`;
  const [advice, ...block] = remedy?.split('\n').map(escapeText) ?? [];
  return [
    head,
    ...more.map((line) => `${margin}${line}`),
    ...(advice === undefined ? [] : [`${margin}${paint('dim', '→')} ${advice}`]),
    ...block.map((line) => `${margin}${INDENT}${line}`),
  ];
}

/** How many there are of each verdict. */
export function countVerdicts(results: readonly Result[]): Readonly<Record<Verdict, number>> {
  const count = (verdict: Verdict) => results.filter((result) => result.verdict === verdict).length;
  return { ok: count('ok'), warning: count('warning'), failure: count('failure'), skipped: count('skipped') };
}

function countLine(results: readonly Result[], paint: Paint): string {
  const counts = countVerdicts(results);
  const print = (verdict: Verdict) => {
    const text = `${counts[verdict]} ${verdict}`;
    return counts[verdict] === 0 ? text : paint(tones[verdict], text);
  };
  return [print('failure'), print('warning'), print('ok'), print('skipped')].join(', ');
}

/** The same for programs: one JSON object; `remedy` is null where nothing is to be done. */
export function printJson(
  results: readonly Result[],
  run: { readonly namespace: string; readonly configMapName: string; readonly ending: CommandEnding },
): string {
  const { namespace, configMapName: configMap, ending } = run;
  const list = results.map(({ theme, check, verdict, message, remedy }) => ({
    theme,
    check,
    verdict,
    message,
    remedy: remedy ?? null,
  }));
  return `${JSON.stringify({ namespace, configMap, ending, counts: countVerdicts(results), results: list }, null, 2)}\n`;
}
