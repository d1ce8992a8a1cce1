/** Every command by its name. A command's code is its own folder; what it is given is `command`. */
import type { Command } from './command.ts';

/** The commands that there are. */
export const commands: readonly Command[] = [];
