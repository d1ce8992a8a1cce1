/**
 * Writes the tables of README.md from the tables in the code, between their markers. The contract test compares with
 * the same function. What stands around the tables is written by hand.
 * Usage: node scripts/readme-tables.ts, from any folder; rewrites README.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { exitCodes } from '../agent/exit.ts';
import { events } from '../agent/log.ts';
import { findingWeights } from '../agent/plan/finding.ts';
import { type Setting, settings } from '../agent/settings.ts';
import { type MetricSpec, metricTable } from '../agent/status/metric-table.ts';

const project = join(import.meta.dirname, '..');
const readme = join(project, 'README.md');

/** Why the agent needs a verb on a resource, one row for each verb of k8s/base/role.yaml. */
const reasons: Readonly<Record<string, string>> = {
  'services list': 'the Service decides how it is served',
  'services watch': 'an edit of the Service is followed at once',
  'endpoints get': 'reads the register: who is there, who beats',
  'endpoints create':
    'makes the register of a Service without a selector; by server-side apply, so that the name counts',
  'endpoints patch': 'joins, beats, withdraws, and evicts a dead peer',
  'configmaps list': 'reads the declarations',
  'configmaps watch': 'an edit of the declarations is followed at once',
  'pods get': 'asks whether the pod of a silent peer is gone, and whether the own pod still may be registered',
  'pods list': 'reads the own pod: addresses, readiness, named ports',
  'pods watch': 'sees at once that the own pod becomes ready, becomes unready or is being deleted',
  'endpointslices list': 'knows what is published under the Service, and finds the own slices after a restart',
  'endpointslices watch': 'notices that somebody removed or changed the own slices',
  'endpointslices create': 'publishes the own slices, which DNS reads',
  'endpointslices patch': 'the same, by server-side apply, when pairs change',
  'endpointslices delete': 'withdraws the own slices, and clears those of an evicted peer',
  'events create': 'tells on the own pod what a person must act on; without it only log, /status and metrics do',
  'events patch': 'raises the count of an Event instead of writing another one',
};

/** Every table by the name in its marker, e.g. `settings`. Throws where a verb of the Role has no reason. */
export function renderTables(): ReadonlyMap<string, string> {
  return new Map([
    ['settings', settingsTable()],
    ['events', table(['Event', 'What it tells'], rowsOf(events))],
    ['findings', table(['Finding', 'Weight'], rowsOf(findingWeights))],
    ['metrics', metricsTable()],
    ['exit codes', table(['Code', 'Meaning'], Object.values(exitCodes).map(exitRow))],
    ['permissions', permissionsTable()],
  ]);
}

/** The text with each table between its markers. Throws where a table has no markers, or markers have no table. */
export function fillIn(text: string, tables: ReadonlyMap<string, string>): string {
  const missing = new Set(tables.keys());
  const filled = text.replace(/(<!-- table: ([a-z ]+) -->\n)[\s\S]*?(<!-- end -->)/g, (_, begin, name, end) => {
    const body = tables.get(name);
    if (body === undefined) throw new Error(`README.md has markers for "${name}", and no table has that name`);
    missing.delete(name);
    return `${begin}${body}\n${end}`;
  });
  if (missing.size > 0) {
    throw new Error(`README.md lacks the markers "<!-- table: NAME -->" and "<!-- end -->" of: ${[...missing]}`);
  }
  return filled;
}

function settingsTable(): string {
  const rows = Object.values<Setting<unknown>>(settings).map(({ env, rule, default: value, fallback, help }) => {
    const without = { required: 'required', default: `\`${value}\``, optional: '' }[fallback];
    return [`\`${env}\``, without, help, rule];
  });
  return table(['Variable', 'Default', 'What it is', 'A value must be'], rows);
}

function metricsTable(): string {
  const rows = Object.values<MetricSpec>(metricTable).map(({ name, type, unit, labels, help }) => [
    `\`${name}\``,
    type,
    unit,
    labels.map((label) => `\`${label}\``).join(', '),
    help,
  ]);
  return table(['Metric', 'Type', 'Unit', 'Labels', 'What it says'], rows);
}

function exitRow({ code, meaning }: { readonly code: number; readonly meaning: string }): readonly string[] {
  return [`${code}`, meaning];
}

type Rule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
};

function permissionsTable(): string {
  const { rules }: { readonly rules: readonly Rule[] } = parse(
    readFileSync(join(project, 'k8s/base/role.yaml'), 'utf8'),
  );
  const left = new Set(Object.keys(reasons));
  const rows = rules.flatMap(({ apiGroups, resources, resourceNames, verbs }) =>
    resources.flatMap((resource) =>
      verbs.map((verb) => {
        const key = `${resource} ${verb}`;
        const reason = reasons[key];
        if (reason === undefined)
          throw new Error(`k8s/base/role.yaml grants "${key}": add the reason to ${import.meta.filename}`);
        left.delete(key);
        const of = apiGroups.filter((group) => group !== '').map((group) => ` (${group})`);
        return [`${resource}${of}`, resourceNames === undefined ? 'any' : names(resource), `\`${verb}\``, reason];
      }),
    ),
  );
  if (left.size > 0) throw new Error(`k8s/base/role.yaml does not grant ${[...left]}: take the reasons out`);
  return table(['Resource', 'Names', 'Verb', 'Why'], rows);
}

/** What the names in a rule stand for. */
function names(resource: string): string {
  return resource === 'configmaps' ? 'the ConfigMap' : 'your Services';
}

function rowsOf(entries: Readonly<Record<string, string>>): readonly (readonly string[])[] {
  return Object.entries(entries).map(([name, words]) => [`\`${name}\``, words]);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

if (import.meta.main) writeFileSync(readme, fillIn(readFileSync(readme, 'utf8'), renderTables()));
