/**
 * Log lines: one JSON object a line on stdout, `time level event msg` and fields. `event` is a member of the closed
 * table below, which the README prints. What goes into a line is decided here; tokens and headers never do.
 */
import { pino } from 'pino';

/** How loud a line is. `error`: a person must act; `info`: a state changed; a healthy pass says nothing at info. */
export type Level = 'debug' | 'info' | 'warn' | 'error';

/** The levels that `REGISTRAR_LOG_LEVEL` takes, quietest last. */
export const levels = ['debug', 'info', 'warn', 'error'] as const satisfies readonly Level[];

/** Every event the agent logs, with what it tells an operator. The README's table is made from this one. */
export const events = {
  started: 'the agent has read its settings and begins',
} as const satisfies Record<string, string>;

/** The name of an event: kebab-case, past tense. */
export type EventName = keyof typeof events;

/** Extra fields of a line. Durations carry their unit in the name; an `err` is printed with its causes. */
export type LogFields = Readonly<Record<string, unknown>>;

type Write = (event: EventName, msg: string, fields?: LogFields) => void;

/** Writes log lines; one verb a level. */
export type Log = { readonly [L in Level]: Write };

/**
 * Builds the log.
 * @param destination where lines go, `process.stdout` in the agent; written synchronously, so that the last line of a
 * process is never lost
 */
export function createLog(options: {
  readonly level: Level;
  readonly destination: { readonly write: (line: string) => void };
  readonly fields?: LogFields;
}): Log {
  const logger = pino(
    {
      level: options.level,
      base: options.fields ?? {},
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => options.destination.write(line) },
  );
  const at =
    (level: Level): Write =>
    (event, msg, fields) =>
      logger[level]({ event, ...fields }, msg);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
