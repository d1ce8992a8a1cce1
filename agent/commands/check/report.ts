/** Prints what `check` found: for people one line each and a summary, or JSON for programs. */
import type { CommandIo } from '../command.ts';
import { createPaint } from '../terminal.ts';
import type { Skipped } from './choose.ts';
import type { DeclaredService } from './declared.ts';
import type { KubeObject } from './input.ts';
import { countOf, type Message, type Place, printMessage } from './message.ts';

/** What was checked: a ConfigMap, or a file with fragments that stand alone. */
export type Checked = {
  readonly place: Place;
  readonly configMap: KubeObject | undefined;
  readonly services: readonly DeclaredService[];
};

/** All that `check` found. */
export type Report = {
  readonly checked: readonly Checked[];
  readonly skipped: readonly Skipped[];
  readonly messages: readonly Message[];
};

/** Prints the messages, then what was checked, what was left aside, and how many there are of each kind. */
export function printText({ checked, skipped, messages }: Report, { stdout, env }: CommandIo): string {
  const paint = createPaint(stdout, env);
  const lines = [
    ...messages.map((message) => printMessage(message, paint)),
    ...checked.map((one) => `checked ${describe(one)}`),
    ...skipped.map(({ configMap, reason }) => {
      const { file, line } = configMap.root.place;
      return paint('dim', `left aside ConfigMap ${configMap.name} (${file}, line ${line}): ${reason}`);
    }),
  ];
  if (checked.length > 0 || messages.length > 0) {
    const faults = countOf(messages, 'fault');
    const all = [
      count(faults, 'fault'),
      count(countOf(messages, 'warning'), 'warning'),
      count(countOf(messages, 'note'), 'note'),
    ];
    lines.push(paint(faults > 0 ? 'failure' : 'good', all.join(', ')));
  }
  return lines.map((line) => `${line}\n`).join('');
}

function describe({ place, configMap, services }: Checked): string {
  const of = services.map(words).join(', ') || 'no Service';
  if (configMap !== undefined) return `ConfigMap ${configMap.name} (${place.file}, line ${place.line}): ${of}`;
  return `${place.file}, taken for the content of ConfigMap keys: ${of}`;
}

function words({ service, pairs, isValid }: DeclaredService): string {
  return `${service} (${isValid ? count(pairs.length, 'pair') : 'faulty'})`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

/** Prints the same as one JSON object. */
export function printJson({ checked, skipped, messages }: Report): string {
  const body = {
    checked: checked.map(({ place, configMap, services }) => ({
      file: place.file,
      line: place.line,
      configMap: configMap?.name ?? null,
      namespace: configMap?.namespace ?? null,
      services: services.map(({ service, pairs, isValid }) => ({
        service,
        valid: isValid,
        pairs: pairs.map(({ name, protocol, port }) => ({ name, protocol, port })),
      })),
    })),
    skipped: skipped.map(({ configMap, reason }) => ({
      file: configMap.root.place.file,
      line: configMap.root.place.line,
      configMap: configMap.name,
      reason,
    })),
    messages: messages.map(({ severity, place, text, remedy }) => ({ severity, ...place, message: text, remedy })),
    counts: {
      fault: countOf(messages, 'fault'),
      warning: countOf(messages, 'warning'),
      note: countOf(messages, 'note'),
    },
  };
  return `${JSON.stringify(body, undefined, 2)}\n`;
}
