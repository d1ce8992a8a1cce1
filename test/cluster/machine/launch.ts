/** Starts programs that go on after this process has ended. */
import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';

/** Starts a program in a session of its own, its output appended to `logFile`, and resolves to its pid. */
export async function spawnDetached(command: readonly string[], logFile: string): Promise<number> {
  const [program = '', ...args] = command;
  const log = await open(logFile, 'a');
  try {
    const { PATH, HOME } = process.env;
    const child = spawn(program, args, {
      cwd: '/',
      detached: true,
      env: { PATH, HOME },
      stdio: ['ignore', log.fd, log.fd],
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('error', (cause) => reject(new Error(`${program} could not be started`, { cause })));
      child.once('spawn', () => resolve(child.pid ?? 0));
    });
    child.unref();
    return pid;
  } finally {
    await log.close();
  }
}
