/**
 * Runs one command: arguments, help, the command itself, its exit code. Loaded by `main` only where a command is asked
 * for, so that the agent carries none of it.
 */
import { CredentialsError } from '../kube/connection.ts';
import { KubeError } from '../kube/errors.ts';
import { printCommandHelp, readArguments } from './arguments.ts';
import { type Command, type CommandEnding, type CommandIo, commandExitCodes } from './command.ts';
import type { CommandName } from './names.ts';
import { commands } from './table.ts';
import { escapeText } from './terminal.ts';

/** Runs the command of that name and resolves to its exit code. Rejects only for a bug. */
export async function runCommand(name: CommandName, argv: readonly string[], io: CommandIo): Promise<number> {
  const command = commands.find((one) => one.name === name);
  if (command === undefined) throw new Error(`no command is named ${name}`);
  return commandExitCodes[await perform(command, argv, io)];
}

async function perform(command: Command, argv: readonly string[], io: CommandIo): Promise<CommandEnding> {
  const read = readArguments(command, argv);
  if (read.kind === 'help') {
    io.stdout.write(printCommandHelp(command));
    return 'good';
  }
  const complain = (lines: readonly string[]) => io.stderr.write(lines.map((line) => `${line}\n`).join(''));
  if (read.kind === 'refused') {
    complain(read.faults);
    return 'unusable';
  }
  try {
    return await command.run(read.given, io);
  } catch (error) {
    if (error instanceof CredentialsError) complain(error.faults);
    else if (error instanceof KubeError) complain([escapeText(error.message)]);
    else throw error;
    return error instanceof CredentialsError ? 'unusable' : 'unreachable';
  }
}
