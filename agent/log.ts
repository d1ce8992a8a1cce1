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
  'api-recovered': 'a list or watch runs again, with how often it had failed',
  'api-unreachable': 'a list or watch failed and is tried again; what was seen last stays in force',
  crashed:
    'a fault that the agent cannot go on after, with its stack; it exits, and a new process adopts what is registered',
  'declarations-changed': 'a valid ConfigMap with other declarations is in force now',
  'event-dropped': 'an Event on the own pod could not be written and is let go; nothing else waits for it',
  'event-refused':
    'the Role does not allow Events on the own pod, with the rule that it lacks; tried again after 10 minutes',
  'dns-resolved': 'the cluster DNS answers all published pairs of a Service with this pod, with how long that took',
  'finding-cleared': 'something that an operator had to know or do is over',
  'finding-raised': 'something that an operator should know or do, with its remedy; it stands until finding-cleared',
  'gate-set': 'the readiness gate of the own pod was opened, or says why it is still closed',
  'http-request-failed': 'an answer of the own HTTP server could not be made: a bug',
  'latch-closed': 'the own pod is going or gone: everything is withdrawn, and nothing is registered again',
  listening: 'the own HTTP server answers, on this port',
  'orphan-removed': 'slices of a pod that has no heartbeat any more were deleted',
  'own-pod-changed': 'the own pod was read, or its readiness or address changed',
  'pass-failed': 'the first failure of a pass over a Service; what is registered stays',
  'pass-recovered': 'passes succeed again, with the number of failures and how long they lasted',
  'peer-evicted': 'a peer that died silently was removed, and why',
  'probe-failed': 'a pair fails its probes from now on, with what the daemon answered',
  'probe-recovered': 'a pair that had failed passes all of its probes again',
  'register-adopted': 'an earlier container of this pod had registered it: that goes on, without a gap',
  'register-joined': 'our heartbeat, and in the way full our entries, are in the register',
  'register-updated': 'our entries in the register were changed',
  'setting-ignored': 'a setting or variable has no effect, and why',
  'shutdown-finished': 'the shutdown is over; says the outcome of each step',
  'shutdown-started': 'the shutdown begins, with its budget and steps',
  'shutdown-step-finished': 'one step of the shutdown ended: done, failed or timed-out',
  'slices-published': 'our EndpointSlices were written or removed, with the pairs that DNS answers now',
  started: 'the agent has read its settings and begins',
  'way-changed': 'a Service is served in another way, or not any more, and why',
  withdrawn: 'nothing of ours is left under a Service, and why',
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
