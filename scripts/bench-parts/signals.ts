/** Ends the program with a signal in a way that lets what it started end too. */
import { constants } from 'node:os';

/** With the first signal the program exits, which runs what waits for its exit. */
export function exitOnSignals(): void {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => process.exit(128 + constants.signals[name]));
  }
}
