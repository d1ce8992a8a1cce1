/**
 * What a command is: `check`, `doctor`, `status`, `sweep`. Types only; which commands there are is `table`, reading
 * their arguments `arguments`. A command is given everything it touches, so that a test can run it whole.
 */
import type { Clock } from '../clock.ts';

/** Where a command writes. `isTerminal`: a person reads it as it comes: colour and a spinner may be used. */
export type Output = {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
  /** Characters a line; undefined where it is no terminal. */
  readonly columns: number | undefined;
};

/** What a command is given. */
export type CommandIo = {
  /** The environment as `process.env` has it; of it the settings, `KUBECONFIG` and `NO_COLOR` are read. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Output;
  readonly stderr: Output;
  /** All of the standard input, as text in UTF-8. */
  readonly readStdin: () => Promise<string>;
  /** A file's text. Rejects as node:fs does. */
  readonly readFile: (path: string) => Promise<string>;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  readonly version: string;
};

/**
 * How a command ended, as its exit code: `good` 0; `found` 1, there is something that a person must act on; `unusable` 2,
 * bad arguments or nothing to work with; `unreachable` 3, the cluster could not be asked.
 */
export type CommandEnding = 'good' | 'found' | 'unusable' | 'unreachable';

/** The exit code of each ending. */
export const commandExitCodes = {
  good: 0,
  found: 1,
  unusable: 2,
  unreachable: 3,
} as const satisfies Record<CommandEnding, number>;

/**
 * One option of a command. `value`: what it takes, in capitals as the help shows it; absent: it is a switch. In brackets
 * (`[SECONDS]`) it may be left out, which is for commands without operands; the option then stands in `switches` too.
 */
export type OptionSpec = {
  readonly value?: string;
  readonly short?: string;
  readonly isRepeatable?: boolean;
  readonly help: string;
};

/** The arguments of a command, read by its table: switches are in `switches`, the others in `values`. */
export type GivenArguments = {
  readonly switches: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly operands: readonly string[];
};

/** One command. */
export type Command = {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What stands behind the options in the usage line, e.g. `FILE…`; absent: it takes no operands. */
  readonly operands?: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** What to know beyond the options: a few lines for `--help`. */
  readonly notes: readonly string[];
  readonly run: (given: GivenArguments, io: CommandIo) => Promise<CommandEnding>;
};
