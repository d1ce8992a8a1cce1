/** The table as text for people, and as JSON for programs. */
import { type Cell, escapeText, type Paint, printTable, type Tone } from '../terminal.ts';
import type { Note } from './notes.ts';
import { type Row, stateWeights } from './row.ts';
import type { ServiceTable, Table } from './table.ts';

const head = ['PAIR', 'POD', 'NODE', 'PORT', 'STATE', 'AGE', 'DNS', 'WHY'] as const;

const dnsTones: ReadonlyMap<string, Tone> = new Map<string, Tone>([
  ['resolved', 'good'],
  ['absent', 'failure'],
  ['cached', 'warning'],
  ['silent', 'warning'],
]);

/**
 * Prints the table for people: each Service's heading and rows, then what there is to do.
 * @param columns characters a line; undefined: nothing is cut
 */
export function printText(table: Table, paint: Paint, columns: number | undefined): string {
  const services = table.services.map(
    (service) =>
      printTable([headingOf(service)], paint, { columns }) +
      (service.rows.length === 0 ? `  ${whyEmpty(service)}\n` : printRows(service.rows, paint, columns)),
  );
  const notes = table.notes.length === 0 ? [] : [table.notes.map((note) => printNote(note, paint)).join('')];
  const nothing = services.length === 0 ? ['No Service is declared, and none is registered.\n'] : [];
  return [...nothing, ...services, ...notes].join('\n');
}

const INDENT = 2;

/** The rows, and behind them the reasons that a person needs and that the width has cut, each with whom it concerns. */
function printRows(rows: readonly Row[], paint: Paint, columns: number | undefined): string {
  const cells = [head.map(title), ...rows.map(cellsOf)];
  const whole = printTable(cells, (_tone, text) => text, { indent: INDENT }).split('\n');
  const limit = columns === undefined || columns === 0 ? Number.POSITIVE_INFINITY : columns;
  const isCut = (_row: Row, index: number) => (whole[index + 1]?.length ?? 0) > limit;
  const isOfNote = ({ state, dns }: Row) =>
    stateWeights[state] !== 'good' || (dnsTones.has(dns) && dnsTones.get(dns) !== 'good');
  const unread = rows.filter(isCut).filter(isOfNote);
  const reasons = [...Map.groupBy(unread, ({ why }) => why)].map(([why, concerned]) => {
    const whom = concerned.map(({ pair, pod }) => `${pod} ${pair}`).join(', ');
    return `${' '.repeat(INDENT)}${escapeText(whom)}: ${escapeText(why)}\n`;
  });
  return printTable(cells, paint, { indent: INDENT, columns }) + reasons.join('');
}

function whyEmpty({ agentCount }: ServiceTable): string {
  if (agentCount === undefined) return 'no rows: the pods could not be read';
  return agentCount === 0 ? 'no rows: no pod runs an agent' : 'no rows: no pair is declared';
}

function title(text: string): Cell {
  return { text, tone: 'dim' };
}

function headingOf({ service, way, reason, intervalMs, agentCount, registeredCount }: ServiceTable): readonly Cell[] {
  const { least, greatest } = intervalMs ?? {};
  const interval =
    least === undefined || greatest === undefined
      ? []
      : [`interval ${intervalText(least)}${least === greatest ? '' : ` to ${intervalText(greatest)}`}`];
  const agents =
    agentCount === undefined ? 'agents not known' : `${agentCount} ${agentCount === 1 ? 'agent' : 'agents'}`;
  const registered =
    registeredCount === undefined || registeredCount === agentCount
      ? ''
      : `, ${registeredCount} of them in the register`;
  return [{ text: service, tone: 'bold' }, [`${way} (${reason})`, ...interval, `${agents}${registered}`].join(', ')];
}

function cellsOf({ pair, pod, node, port, state, heartbeatAgeMs, dns, why }: Row): readonly Cell[] {
  const dnsTone = dnsTones.get(dns);
  return [
    pair,
    pod,
    node ?? '-',
    port,
    { text: state, tone: stateWeights[state] },
    heartbeatAgeMs === undefined ? '?' : ageText(heartbeatAgeMs),
    dnsTone === undefined ? dns : { text: dns, tone: dnsTone },
    why,
  ];
}

/** As heartbeats have it, in seconds. */
function intervalText(ms: number): string {
  return `${ms / 1000}s`;
}

/** `0.4s`, `12s`, `3m`, `2h`. */
function ageText(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)}s`;
  if (seconds < 120) return `${Math.round(seconds)}s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)}m` : `${Math.round(seconds / 3600)}h`;
}

function printNote({ code, message, remedy, weight, pods }: Note, paint: Paint): string {
  const [only] = pods;
  const whose = only === undefined ? '' : pods.length === 1 ? `${escapeText(only)}: ` : `${pods.length} pods: `;
  const lines = (text: string) => text.split('\n').map(escapeText);
  return `${[`${paint(weight, escapeText(code))}: ${whose}${lines(message).join('\n  ')}`, ...lines(remedy).map((line) => `  ${line}`)].join('\n')}\n`;
}

/** What stands around the table in JSON. `time`: RFC 3339. */
export type JsonFrame = { readonly namespace: string; readonly configMap: string; readonly time: string };

/**
 * Prints the table as one JSON object. What is not known is null; characters that a terminal would act upon are escapes.
 * @param indent blanks a level; 0: all in one line
 */
export function printJson(table: Table, frame: JsonFrame, indent: number): string {
  const services = table.services.map(
    ({ intervalMs, agentCount, registeredCount, finding: _noted, rows, ...service }) => ({
      ...service,
      leastIntervalMs: intervalMs?.least ?? null,
      greatestIntervalMs: intervalMs?.greatest ?? null,
      agentCount: agentCount ?? null,
      registeredCount: registeredCount ?? null,
      rows: rows.map(({ node, port, dns, heartbeatAgeMs, ...row }) => ({
        ...row,
        port: port === '?' ? null : port,
        dns: dns === '?' || dns === '-' ? null : dns,
        node: node ?? null,
        heartbeatAgeMs: heartbeatAgeMs ?? null,
      })),
    }),
  );
  const document = { ...frame, isGood: table.isGood, services, findings: table.notes };
  const text = JSON.stringify(document, undefined, indent);
  return `${text.replace(/[\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, escapeUnit)}\n`;
}

function escapeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
