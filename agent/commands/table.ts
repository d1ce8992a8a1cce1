/** Every command by its name. A command's code is its own folder; what it is given is `command`. */
import { check } from './check/check.ts';
import type { Command } from './command.ts';
import { doctor } from './doctor/doctor.ts';
import { statusCommand } from './status/command.ts';
import { sweepCommand } from './sweep/command.ts';

/** The commands that there are. */
export const commands: readonly Command[] = [check, doctor, statusCommand, sweepCommand];
