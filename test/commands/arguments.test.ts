import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { optionOf, printCommandHelp, readArguments } from '../../agent/commands/arguments.ts';
import type { Command } from '../../agent/commands/command.ts';

const ask: Command = {
  name: 'ask',
  summary: 'Asks.',
  options: {
    namespace: { value: 'NAMESPACE', short: 'n', help: 'the namespace' },
    label: { value: 'TEXT', isRepeatable: true, help: 'a label' },
    watch: { value: '[SECONDS]', short: 'w', help: 'again and again' },
    quiet: { short: 'q', help: 'says less' },
  },
  notes: ['Exit code 0: asked.'],
  run: async () => 'good',
};
const read: Command = { ...ask, name: 'read', operands: 'FILE…' };

/** As one line: switches, values, operands; or the faults. */
function lineOf(command: Command, argv: readonly string[]): unknown {
  const result = readArguments(command, argv);
  if (result.kind === 'help') return 'help';
  if (result.kind === 'refused') return result.faults;
  const { switches, values, operands } = result.given;
  return { switches: [...switches], values: Object.fromEntries(values), operands };
}

const given = (change: object) => ({ switches: [], values: {}, operands: [], ...change });

const cases: readonly {
  readonly name: string;
  readonly command?: Command;
  readonly argv: readonly string[];
  readonly expect: unknown;
}[] = [
  { name: 'nothing', argv: [], expect: given({}) },
  { name: 'a value behind its option', argv: ['--namespace', 'a'], expect: given({ values: { namespace: ['a'] } }) },
  {
    name: 'a value behind a sign of equality',
    argv: ['--namespace=a'],
    expect: given({ values: { namespace: ['a'] } }),
  },
  { name: 'a short option', argv: ['-n', 'a'], expect: given({ values: { namespace: ['a'] } }) },
  { name: 'a short option with its value in one', argv: ['-na'], expect: given({ values: { namespace: ['a'] } }) },
  { name: 'a switch', argv: ['-q'], expect: given({ switches: ['quiet'] }) },
  { name: 'several values', argv: ['--label', 'a', '--label=b'], expect: given({ values: { label: ['a', 'b'] } }) },
  {
    name: 'operands',
    command: read,
    argv: ['a', '-q', 'b'],
    expect: given({ switches: ['quiet'], operands: ['a', 'b'] }),
  },
  { name: 'a dash, which is the standard input', command: read, argv: ['-'], expect: given({ operands: ['-'] }) },
  {
    name: 'an operand that looks like an option',
    command: read,
    argv: ['--', '--quiet'],
    expect: given({ operands: ['--quiet'] }),
  },
  { name: 'an option whose value may be left out, without', argv: ['--watch'], expect: given({ switches: ['watch'] }) },
  {
    name: 'the same with a value',
    argv: ['--watch', '5'],
    expect: given({ switches: ['watch'], values: { watch: ['5'] } }),
  },
  {
    name: 'the same in short',
    argv: ['-w', '5', '-q'],
    expect: given({ switches: ['watch', 'quiet'], values: { watch: ['5'] } }),
  },
  {
    name: 'the same behind a sign of equality',
    argv: ['--watch=5'],
    expect: given({ switches: ['watch'], values: { watch: ['5'] } }),
  },
  {
    name: 'an option behind it is not its value',
    argv: ['--watch', '-q'],
    expect: given({ switches: ['watch', 'quiet'] }),
  },
  {
    name: 'no second value behind it',
    argv: ['--watch', '5', '6'],
    expect: ['6: ask takes no such argument. Leave it out.'],
  },
  {
    name: 'a value that is missing',
    argv: ['--namespace'],
    expect: ['--namespace: a value must follow. Write --namespace NAMESPACE.'],
  },
  {
    name: 'a value that is empty',
    argv: ['--namespace='],
    expect: ['--namespace: a value must follow. Write --namespace NAMESPACE.'],
  },
  {
    name: 'an option in the place of a value',
    argv: ['-n', '--quiet'],
    expect: ['-n: a value must follow. Write -n NAMESPACE.'],
  },
  {
    name: 'a value that begins with a dash on purpose',
    argv: ['--label=-a'],
    expect: given({ values: { label: ['-a'] } }),
  },
  {
    name: 'a value too many',
    argv: ['-n', 'a', '-n', 'b'],
    expect: ['-n b: this option may stand once. Keep one of them.'],
  },
  {
    name: 'a switch with a value',
    argv: ['--quiet=no'],
    expect: ['--quiet=no: this option takes no value. Leave it out.'],
  },
  {
    name: 'an unknown option with a near name',
    argv: ['--namespce', 'a'],
    expect: [
      '--namespce: ask has no such option. Did you mean --namespace?',
      'a: ask takes no such argument. Leave it out.',
    ],
  },
  {
    name: 'the name of something every object has',
    argv: ['--constructor'],
    expect: ['--constructor: ask has no such option. See endpoint-registrar ask --help.'],
  },
];

describe('arguments', () => {
  for (const { name, command = ask, argv, expect } of cases) {
    test(name, () => assert.deepEqual(lineOf(command, argv), expect));
  }

  for (const argv of [['--help'], ['-h'], ['--quiet=no', '-h'], ['-n', '--help'], ['--nonsense', '-h']]) {
    test(`${argv.join(' ')} asks for help`, () => assert.equal(lineOf(ask, argv), 'help'));
  }

  test('help behind -- is an operand', () => {
    assert.deepEqual(lineOf(read, ['--', '--help']), given({ operands: ['--help'] }));
  });

  test('the last value counts where one is asked for', () => {
    const result = readArguments(ask, ['--label', 'a', '--label', 'b']);
    assert.ok(result.kind === 'given');
    assert.equal(optionOf(result.given, 'label'), 'b');
    assert.equal(optionOf(result.given, 'namespace'), undefined);
  });
});

test('the help is made of the table', () => {
  assert.equal(
    printCommandHelp(read),
    `Usage: endpoint-registrar read [OPTION…] FILE…

Asks.

Options:
  -n, --namespace NAMESPACE  the namespace
  --label TEXT               a label
  -w, --watch [SECONDS]      again and again
  -q, --quiet                says less
  --help                     this text

Exit code 0: asked.
`,
  );
});
