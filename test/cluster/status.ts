/** How a local cluster stands, from its notes and its health addresses alone: asking changes nothing. */

import type { Layout } from './layout.ts';
import { existingMachines } from './local.ts';
import { askHealth } from './machine/health.ts';
import { createMachine, initName } from './machine/machine.ts';

/** One program on one machine. `state` is `ready`, `not ready: …` or `ended`. */
export interface ProgramStatus {
  readonly machine: string;
  readonly program: string;
  readonly pid: number | undefined;
  readonly state: string;
}

/** All programs that were started and not taken down; empty when the instance is down. */
export async function readStatus(widest: Layout): Promise<readonly ProgramStatus[]> {
  const rows = existingMachines(widest).map(async (layout) => {
    const { notes } = createMachine(layout);
    const names = (await notes.names()).filter((name) => name !== initName);
    return Promise.all(
      names.map(async (program): Promise<ProgramStatus> => {
        const note = await notes.running(program);
        if (note === undefined) return { machine: layout.name, program, pid: undefined, state: 'ended' };
        const seen = await askHealth(note.health);
        return {
          machine: layout.name,
          program,
          pid: note.pid,
          state: seen === undefined ? 'ready' : `not ready: ${seen}`,
        };
      }),
    );
  });
  return (await Promise.all(rows)).flat();
}

/** The rows as a table for people. */
export function formatStatus(rows: readonly ProgramStatus[]): string {
  const lines = rows.map((row) => [row.machine, row.program, String(row.pid ?? '-'), row.state]);
  const table = [['MACHINE', 'PROGRAM', 'PID', 'STATE'], ...lines];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)));
  return table
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
