/**
 * Signals as facts: the first one asks for the shutdown, the second ends the process. Installs two listeners and
 * nothing else; exiting is handed in.
 */
import { exitCodes } from './exit.ts';

/** The signals that ask the agent to end. */
export type SignalName = 'SIGTERM' | 'SIGINT';

const names = ['SIGTERM', 'SIGINT'] as const satisfies readonly SignalName[];

/** What of `process` is needed here. */
export type SignalSource = {
  readonly on: (name: SignalName, listener: () => void) => unknown;
  readonly off: (name: SignalName, listener: () => void) => unknown;
};

/** The signals of one process. */
export type Signals = {
  /** Resolves with the first signal; never rejects. */
  readonly first: Promise<SignalName>;
  /** Aborts with the first signal. */
  readonly signal: AbortSignal;
  /** Removes every listener: signals then have their default effect again. */
  readonly uninstall: () => void;
};

/**
 * Listens for SIGTERM and SIGINT. The second one, of either name, calls `exitNow` with the exit code of an entry that
 * may remain; so does each further one.
 */
export function createSignals(source: SignalSource, options: { readonly exitNow: (code: number) => void }): Signals {
  const aborted = new AbortController();
  const { promise: first, resolve } = Promise.withResolvers<SignalName>();
  const listeners = names.map((name) => ({
    name,
    listener: () => {
      if (aborted.signal.aborted) {
        options.exitNow(exitCodes['entry-may-remain'].code);
        return;
      }
      aborted.abort();
      resolve(name);
    },
  }));
  for (const { name, listener } of listeners) source.on(name, listener);
  return {
    first,
    signal: aborted.signal,
    uninstall: () => {
      for (const { name, listener } of listeners) source.off(name, listener);
    },
  };
}
