/** A log that keeps its lines as objects. */
import { createLog, type Log } from '../../agent/log.ts';

/** One line, parsed. */
export type LogLine = Readonly<Record<string, unknown>>;

/** Builds a real log at level debug; `lines` grows as it is written to. */
export function createLogBook(): { readonly log: Log; readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  return { log: createLog({ level: 'debug', destination }), lines };
}
