import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandExitCodes } from '../../agent/commands/command.ts';
import { commandNames, isCommandName } from '../../agent/commands/names.ts';
import { runCommand } from '../../agent/commands/run.ts';
import { commands } from '../../agent/commands/table.ts';
import { type KeptIo, keepIo } from './io.ts';

function run(name: string, argv: readonly string[], io: KeptIo): Promise<number> {
  assert.ok(isCommandName(name));
  return runCommand(name, argv, io);
}

test('every name is a command, and every command has its name in the list', () => {
  assert.deepEqual(commands.map(({ name }) => name).sort(), [...commandNames].sort());
  assert.ok(commandNames.every(isCommandName));
  assert.ok(!isCommandName('run') && !isCommandName(undefined));
});

test('each command says what its endings mean, and no option twice in short', () => {
  for (const { name, notes, options, summary } of commands) {
    assert.match(notes.join(' '), /[Ee]xit code/, name);
    assert.match(summary, /\.$/, name);
    const shorts = Object.values(options).flatMap(({ short }) => short ?? []);
    assert.equal(new Set(shorts).size, shorts.length, name);
  }
});

for (const { name } of commands) {
  test(`${name} --help prints the help and ends well`, async () => {
    const io = keepIo();
    assert.equal(await run(name, ['--help'], io), commandExitCodes.good);
    assert.match(io.stdout.text(), new RegExp(`^Usage: endpoint-registrar ${name} `));
    assert.equal(io.stderr.text(), '');
  });

  test(`${name} tells all faults of its arguments on stderr`, async () => {
    const io = keepIo();
    assert.equal(await run(name, ['--nonsense', '--rubbish'], io), commandExitCodes.unusable);
    assert.match(io.stderr.text(), /^--nonsense: .*\n--rubbish: .*\n/);
    assert.equal(io.stdout.text(), '');
  });
}

test('without a cluster it says what was looked for', async () => {
  const io = keepIo({ env: { HOME: '/nonexistent' } });
  assert.equal(await runCommand('status', [], io), commandExitCodes.unusable);
  assert.match(
    io.stderr.text(),
    /^nothing says which cluster is meant: .*Set KUBECONFIG or give --kubeconfig FILE\.\n$/,
  );
  assert.equal(io.stdout.text(), '');
});
