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
    options: Object.fromEntries(Object.entries(command.options).map(([name, spec]) => [name, optionFor(spec)])),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const switches = new Set<string>();
  const values = new Map<string, string[]>();
  const operands: string[] = [];
  const faults: string[] = [];
  /** An option whose value may be left out; the operand right behind it is that value. */
  let open: { readonly name: string; readonly index: number } | undefined;
  for (const token of tokens) {
    if (token.kind === 'positional') {
      if (open?.index === token.index - 1) values.set(open.name, [token.value]);
      else operands.push(token.value);
    }
    if (token.kind !== 'option') continue;
    const { name, rawName: written, value, index } = token;
    if (name === 'help' || name === 'h' || isHelp(value)) return { kind: 'help' };
    const spec = Object.hasOwn(command.options, name) ? command.options[name] : undefined;
    if (spec === undefined) faults.push(unknownOption(command, written));
    else if (spec.value === undefined) {
      if (value !== undefined) faults.push(`${written}=${value}: this option takes no value. Leave it out.`);
      switches.add(name);
    } else if (isOptional(spec)) {
      switches.add(name);
      if (value === undefined) open = { name, index };
      else values.set(name, [value]);
    } else if (value === undefined || value === '' || (token.inlineValue !== true && /^-./.test(value))) {
      faults.push(`${written}: a value must follow. Write ${written} ${spec.value}.`);
    } else if (values.has(name) && spec.isRepeatable !== true) {
      faults.push(`${written} ${value}: this option may stand once. Keep one of them.`);
    } else values.set(name, [...(values.get(name) ?? []), value]);
  }
  if (command.operands === undefined) {
    faults.push(...operands.map((operand) => `${operand}: ${command.name} takes no such argument. Leave it out.`));
  }
  if (faults.length > 0) return { kind: 'refused', faults };
  return { kind: 'given', given: { switches, values, operands } };
}

/** The option as parseArgs knows it: one whose value may be left out is a switch to it. */
function optionFor(spec: OptionSpec) {
  const type = spec.value === undefined || isOptional(spec) ? 'boolean' : 'string';
  return { type, ...(spec.short === undefined ? {} : { short: spec.short }) } as const;
}

function isOptional({ value }: OptionSpec): boolean {
  return value?.startsWith('[') ?? false;
}

/** parseArgs takes whatever follows for the value, and so would swallow the cry for help. */
function isHelp(value: string | undefined): boolean {
  return value === '--help' || value === '-h';
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
