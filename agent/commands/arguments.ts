/** Reads a command's arguments by its table of options, and prints its help from the same table. */
import { parseArgs } from 'node:util';
import { nearestName } from '../nearest.ts';
import type { Command, GivenArguments, OptionSpec } from './command.ts';

/** What the arguments came to: all faults at once, one line each. */
export type ReadArguments =
  | { readonly kind: 'given'; readonly given: GivenArguments }
  | { readonly kind: 'help' }
  | { readonly kind: 'refused'; readonly faults: readonly string[] };

/** Reads the arguments behind the command's name. `--help` wins over everything else; behind `--` all are operands. */
export function readArguments(command: Command, argv: readonly string[]): ReadArguments {
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      Object.entries(command.options).map(([name, { value, short }]) => [
        name,
        { type: value === undefined ? 'boolean' : 'string', ...(short === undefined ? {} : { short }) } as const,
      ]),
    ),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const switches = new Set<string>();
  const values = new Map<string, string[]>();
  const operands: string[] = [];
  const faults: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    if (token.name === 'help' || token.name === 'h') return { kind: 'help' };
    const spec = command.options[token.name];
    const written = token.rawName;
    if (spec === undefined) faults.push(unknownOption(command, written));
    else if (spec.value === undefined) {
      if (token.value !== undefined)
        faults.push(`${written}=${token.value}: this option takes no value. Leave it out.`);
      switches.add(token.name);
    } else if (token.value === undefined || token.value === '') {
      faults.push(`${written}: a value must follow. Write ${written} ${spec.value}.`);
    } else if (values.has(token.name) && spec.isRepeatable !== true) {
      faults.push(`${written} ${token.value}: this option may stand once. Keep one of them.`);
    } else values.set(token.name, [...(values.get(token.name) ?? []), token.value]);
  }
  if (command.operands === undefined) {
    faults.push(...operands.map((operand) => `${operand}: ${command.name} takes no such argument. Leave it out.`));
  }
  if (faults.length > 0) return { kind: 'refused', faults };
  return { kind: 'given', given: { switches, values, operands } };
}

function unknownOption(command: Command, written: string): string {
  const known = Object.keys(command.options);
  const near = nearestName(written.replace(/^-+/, ''), known);
  const remedy = near === undefined ? `See endpoint-registrar ${command.name} --help.` : `Did you mean --${near}?`;
  return `${written}: ${command.name} has no such option. ${remedy}`;
}

/** The last value of an option, for one that may stand once. */
export function optionOf(given: GivenArguments, name: string): string | undefined {
  return given.values.get(name)?.at(-1);
}

const WIDTH = 26;

/** The text of `endpoint-registrar COMMAND --help`. */
export function printCommandHelp(command: Command): string {
  const operands = command.operands === undefined ? '' : ` ${command.operands}`;
  return [
    `Usage: endpoint-registrar ${command.name} [OPTION…]${operands}`,
    '',
    command.summary,
    '',
    'Options:',
    ...Object.entries(command.options).map(([name, spec]) => `  ${optionText(name, spec).padEnd(WIDTH)} ${spec.help}`),
    `  ${'--help'.padEnd(WIDTH)} this text`,
    ...(command.notes.length === 0 ? [] : ['', ...command.notes]),
    '',
  ].join('\n');
}

function optionText(name: string, { short, value }: OptionSpec): string {
  return `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
}
