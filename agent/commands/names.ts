/** The names of the commands, apart from their code, which is loaded only where one of them is asked for. */

/** Every command beside `run`. */
export const commandNames = ['check', 'doctor', 'status', 'sweep'] as const;

/** The name of a command. */
export type CommandName = (typeof commandNames)[number];

/** Whether the first argument names a command. */
export function isCommandName(text: string | undefined): text is CommandName {
  return commandNames.some((name) => name === text);
}
