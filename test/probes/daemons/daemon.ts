/** A daemon that a test starts on loopback: one process in the foreground, stopped with the test at the latest. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { TestContext } from 'node:test';

/** A running daemon. */
export type Daemon = {
  /** Stops it as a debugger does: its sockets stay open, and nothing answers. */
  readonly freeze: () => void;
  readonly thaw: () => void;
  /** Ends it and resolves when it has ended, frozen or not. */
  readonly kill: () => Promise<void>;
};

/** Variables of a daemon, beside those of this process. */
export type Env = Readonly<Record<string, string>>;

/** Starts a program that stays in the foreground. It is killed when the test is over. */
export function startDaemon(t: TestContext, command: readonly string[], env: Env = {}): Daemon {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: 'ignore' });
  child.on('error', (error) => t.diagnostic(`${program}: ${error.message}`));
  const kill = () => end(child);
  t.after(kill);
  return { freeze: () => void child.kill('SIGSTOP'), thaw: () => void child.kill('SIGCONT'), kill };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL'); // ends a frozen process as well, and nothing of it is to be kept
  await ended;
}

/** Runs a program to its end. @throws where it fails, with what it said */
export function run(command: readonly string[], env: Env = {}): void {
  const [program = '', ...args] = command;
  const { status, stderr, error } = spawnSync(program, args, {
    env: { ...process.env, ...env },
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (status !== 0) throw new Error(`${command.join(' ')}: exit ${status}\n${stderr}`, { cause: error });
}

/** A port that is free on loopback for TCP and UDP. Another process may take it before it is used; none here does. */
export async function freePortPair(): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const socket = createSocket('udp4');
    socket.bind(port, '127.0.0.1');
    const isFree = await Promise.race([once(socket, 'listening'), once(socket, 'error')]).then(
      () => true,
      () => false,
    );
    socket.close();
    server.close();
    await once(server, 'close');
    if (isFree) return port;
  }
}
