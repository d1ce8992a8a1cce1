/**
 * How the demo's process ends: the first signal asks for it, the second one does not wait, and whatever the way out,
 * what was begun is undone. Only SIGKILL passes by here.
 */
import { constants } from 'node:os';

/** The life of this process. */
export type Life = {
  /** Aborts with the first SIGINT, SIGTERM or SIGHUP. */
  readonly signal: AbortSignal;
  /** The exit code that this signal stands for, 128 plus its number; undefined where none has come. */
  readonly signalCode: () => number | undefined;
  /** Calls `undo` when the process exits, newest first. It must do all it does at once: nothing is awaited any more. */
  readonly atExit: (undo: () => void) => void;
};

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const SIGPIPE_CODE = 128 + constants.signals.SIGPIPE;

/** Installs the listeners. */
export function watchLife(): Life {
  const ending = new AbortController();
  const undos: (() => void)[] = [];
  let code: number | undefined;
  for (const name of signals) {
    process.on(name, () => {
      if (code !== undefined) process.exit(code);
      code = 128 + constants.signals[name];
      ending.abort();
    });
  }
  process.on('exit', () => {
    for (const undo of undos.reverse()) undo();
  });
  // `scripts/demo | head`: nobody reads any more, so the story is over.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(SIGPIPE_CODE);
  });
  return { signal: ending.signal, signalCode: () => code, atExit: (undo) => undos.push(undo) };
}
