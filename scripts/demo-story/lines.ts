/** What the agents said, in order, and waiting for what they are going to say. */
import type { EventName } from '../../agent/log.ts';

/** One line of an agent's log. */
export type LogLine = {
  readonly pod: string;
  /** Empty where the line was no log line. */
  readonly event: string;
  readonly msg: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** When it was read; monotonic milliseconds. */
  readonly atMs: number;
};

/** Which line: `pod` undefined is any agent's. */
export type LineQuery = {
  readonly pod?: string | undefined;
  readonly event: EventName;
  readonly sinceMs: number;
};

/** All lines of all agents. */
export type LineBook = {
  readonly add: (line: LogLine) => void;
  /** The first line that fits. */
  readonly find: (query: LineQuery) => LogLine | undefined;
  /** The newest lines of one agent. */
  readonly last: (pod: string, count: number) => readonly LogLine[];
  /** Calls `listener` with each line from now on; returns the function that stops it. */
  readonly follow: (listener: (line: LogLine) => void) => () => void;
};

/** Builds an empty book. */
export function createLineBook(): LineBook {
  const lines: LogLine[] = [];
  const listeners = new Set<(line: LogLine) => void>();
  return {
    add: (line) => {
      lines.push(line);
      for (const listener of listeners) listener(line);
    },
    find: ({ pod, event, sinceMs }) =>
      lines.find((line) => line.event === event && line.atMs >= sinceMs && (pod === undefined || line.pod === pod)),
    last: (pod, count) => lines.filter((line) => line.pod === pod).slice(-count),
    follow: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
