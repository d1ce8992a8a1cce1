/**
 * Reading one value: the kinds that fields are made of (numbers, names, words of a closed set, booleans), with the
 * words of what is refused. Nothing here knows which field it reads.
 */
import { containerPortName, type NameRule } from '../names.ts';
import { nearestName } from '../nearest.ts';
import type { Value } from './text.ts';

/** What a value of a field came to: a value, nothing (the field's default holds), or why it cannot be taken. */
export type Read<T> =
  | { readonly kind: 'read'; readonly value: T }
  | { readonly kind: 'default' }
  | { readonly kind: 'refused'; readonly rule: string; readonly remedy: string };

/** Why a value cannot be taken. */
export type Refused = Extract<Read<unknown>, { kind: 'refused' }>;

/** Both ends are allowed. */
export type Bounds = { readonly least: number; readonly most: number };

/** What a port number must be, to stand after "must be". */
export const portNumber = 'a whole number from 1 to 65535';

const portBounds: Bounds = { least: 1, most: 65_535 };

/** Builds a refusal. `rule` is a clause, `remedy` a sentence. */
export function refused(rule: string, remedy: string): Refused {
  return { kind: 'refused', rule, remedy };
}

/**
 * Why a value of another kind is not taken. Null is refused for every field: what it stands for is unclear, and mostly
 * it is a template that was given no value.
 */
export function refuseKind(value: Value, mustBe: string, remedy: string): Refused {
  switch (value.kind) {
    case 'null':
      return refused(`must be ${mustBe}, and has no value`, 'Give the value, or leave the field out.');
    case 'refused':
      return refused(value.rule, value.remedy);
    case 'ambiguous':
      return refused(
        value.is === 'boolean'
          ? `must be ${mustBe}; to kubectl a bare ${value.source} is a boolean`
          : `must be ${mustBe}; only plain decimal digits are the same number to every YAML version`,
        remedy,
      );
    default:
      return refused(`must be ${mustBe}`, remedy);
  }
}

/** A rule for a text, and what to write instead of one that breaks it. */
export type TextRule = NameRule & { readonly remedy: (text: string) => string };

/** Reads a text by a rule. A bare number or boolean is no text to kubectl, whatever it looks like. */
export function readText(value: Value, { test, words, remedy }: TextRule): Read<string> {
  if (value.kind === 'integer' || value.kind === 'ambiguous') {
    const source = value.kind === 'integer' ? String(value.number) : value.source;
    const is = value.kind === 'integer' ? 'number' : value.is;
    return refused(
      `must be a text, and unquoted this is a ${is}`,
      test(source) ? `Quote it: "${source}".` : remedy(''),
    );
  }
  if (value.kind !== 'text') return refuseKind(value, words, remedy(''));
  return test(value.text) ? { kind: 'read', value: value.text } : refused(`must be ${words}`, remedy(value.text));
}

/** Reads a name; what was probably meant is suggested. */
export function readName(value: Value, rule: NameRule, example: string): Read<string> {
  return readText(value, {
    ...rule,
    remedy: (text) => {
      const tidy = tidyName(text);
      return text !== '' && rule.test(tidy) && tidy !== text ? `Write ${tidy}.` : `Write for example ${example}.`;
    },
  });
}

/** What was probably meant: lower case, nothing of an SRV name around it, hyphens for what a label does not take. */
function tidyName(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/^_+|\._(tcp|udp|sctp)\b.*$/g, '')
    .replace(/[_. ]+/g, '-');
}

/** Reads one word of a closed set. An empty text is the default, as the API server reads it. */
export function readWord<T extends string>(value: Value, words: readonly T[], mustBe: string): Read<T> {
  const all = `Write ${[words.slice(0, -1).join(', '), ...words.slice(-1)].filter((part) => part !== '').join(' or ')}.`;
  if (value.kind !== 'text') return refuseKind(value, mustBe, all);
  if (value.text === '') return { kind: 'default' };
  const exact = words.find((word) => word === value.text);
  if (exact !== undefined) return { kind: 'read', value: exact };
  const near = nearestName(value.text.trim(), words);
  return refused(`must be ${mustBe}`, near === undefined ? all : `Write ${near}.`);
}

/** Reads `true` or `false`, the two words that are booleans to every YAML version; `yes`, `on` and their like are not. */
export function readBoolean(value: Value): Read<boolean> {
  const mustBe = 'true or false';
  if (value.kind === 'text') {
    const text = value.text.trim().toLowerCase();
    const isWord = text === 'true' || text === 'false';
    return refused(
      `must be ${mustBe}, not a text`,
      isWord ? `Write it without quotes: ${text}.` : 'Write true or false.',
    );
  }
  if (value.kind !== 'ambiguous' || value.is !== 'boolean') return refuseKind(value, mustBe, 'Write true or false.');
  if (value.source === 'true' || value.source === 'false') return { kind: 'read', value: value.source === 'true' };
  const isYes = ['y', 'yes', 'on', 'true'].includes(value.source.toLowerCase());
  return refused(`must be ${mustBe}; a bare ${value.source} is not the same to every YAML version`, `Write ${isYes}.`);
}

/** Reads a whole number within bounds. `example` stands in the remedy. */
export function readWhole(
  value: Value,
  { bounds, words, example }: { readonly bounds: Bounds; readonly words: string; readonly example: number },
): Read<number> {
  const remedy = `Write for example ${example}.`;
  if (value.kind === 'integer') {
    const { number } = value;
    return number >= bounds.least && number <= bounds.most
      ? { kind: 'read', value: number }
      : refused(`must be ${words}`, remedy);
  }
  if (value.kind !== 'text') return refuseKind(value, words, remedy);
  const digits = /^(\d+)\s*(s|sec|seconds)?$/.exec(value.text.trim());
  if (digits?.[2] !== undefined) return refused(`must be ${words}, without a unit`, `Write ${digits[1]}.`);
  return refused(`must be ${words}, not a text`, withoutQuotes(value.text, remedy));
}

/** Reads a port number. */
export function readPortNumber(value: Value): Read<number> {
  if (value.kind === 'integer') return portInRange(value.number) ?? refused(`must be ${portNumber}`, exampleOfPort);
  if (value.kind === 'text')
    return refused(
      `must be ${portNumber}, not a text`,
      withoutQuotes(value.text, 'Write the number, for example 88; the name of a container port goes into targetPort.'),
    );
  return refuseKind(value, portNumber, exampleOfPort);
}

const exampleOfPort = 'Write for example 88.';

/** What a port by number or name must be, to stand after "must be". */
export const portOrName = `${portNumber}, or ${containerPortName.words}`;

/** Reads a port number or the name of a container port. */
export function readPortOrName(value: Value, example: number): Read<number | string> {
  const remedy = `Write for example ${example}.`;
  if (value.kind === 'integer') return portInRange(value.number) ?? refused(`must be ${portOrName}`, remedy);
  if (value.kind !== 'text') return refuseKind(value, portOrName, remedy);
  if (containerPortName.test(value.text)) return { kind: 'read', value: value.text };
  const tidy = tidyName(value.text);
  const otherwise = containerPortName.test(tidy)
    ? `Write ${tidy}.`
    : 'Write the number, or the name of a container port.';
  return refused(`must be ${portOrName}`, withoutQuotes(value.text, otherwise));
}

function portInRange(number: number): { readonly kind: 'read'; readonly value: number } | undefined {
  return number >= portBounds.least && number <= portBounds.most ? { kind: 'read', value: number } : undefined;
}

function withoutQuotes(text: string, otherwise: string): string {
  return /^[1-9]\d{0,4}$/.test(text.trim()) ? `Write it without quotes: ${text.trim()}.` : otherwise;
}
