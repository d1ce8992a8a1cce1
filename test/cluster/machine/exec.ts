/** Runs short commands to their end, each under a time limit. Long-lived programs are `launch.ts`'s business. */
import { spawn } from 'node:child_process';

/** A command that could not be run to a good end. `stderr` is what it said, shortened to its last lines. */
export class CommandError extends Error {
  readonly command: readonly string[];
  readonly stderr: string;

  constructor(command: readonly string[], outcome: string, stderr: string, options?: ErrorOptions) {
    super(`${command.join(' ')}: ${outcome}${stderr === '' ? '' : `\n${lastLines(stderr, 20)}`}`, options);
    this.name = 'CommandError';
    this.command = command;
    this.stderr = stderr;
  }
}

export interface RunOptions {
  /** @default 30_000 */
  readonly timeoutMs?: number;
  /** Text for the command's standard input; without it the input is empty. */
  readonly input?: string;
  /** Variables beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Called with each whole line of standard error as it comes. */
  readonly onStderrLine?: (line: string) => void;
}

/** How a command ended: `code` is its exit code, or 128 + the signal's absence of one (see `signal`). */
export interface Outcome {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command and resolves to its standard output. Throws CommandError when it cannot be started, times out or fails. */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const outcome = await attempt(command, options);
  if (outcome.code !== 0) {
    throw new CommandError(
      command,
      outcome.code === undefined ? `ended by ${outcome.signal}` : `exit code ${outcome.code}`,
      outcome.stderr,
    );
  }
  return outcome.stdout;
}

/** Runs a command and resolves to how it ended, whatever that is. Throws CommandError when it cannot be started or times out. */
export function attempt(command: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const [program = '', ...args] = command;
  const timeoutMs = options.timeoutMs ?? 30_000;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: options.cwd, env: { ...process.env, ...options.env }, stdio: 'pipe' });
    let stdout = '';
    let stderr = '';
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    const lines = createLineSplitter(options.onStderrLine ?? (() => {}));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      lines(text);
    });
    child.stdin.on('error', () => {}); // a command may end without reading its input: EPIPE says no more than its exit code
    child.stdin.end(options.input ?? '');
    child.once('error', (cause) => {
      clearTimeout(timer);
      reject(new CommandError(command, 'could not be started', '', { cause }));
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (isLate) reject(new CommandError(command, `not finished after ${timeoutMs} ms`, stderr));
      else resolve({ code: code ?? undefined, signal: signal ?? undefined, stdout, stderr });
    });
  });
}

/** The last `count` lines of a text. */
export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

function createLineSplitter(onLine: (line: string) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  };
}
