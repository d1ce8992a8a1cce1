/**
 * A process that is measured: started as in a pod (token, CA and namespace as files at their fixed place, in a mount
 * namespace of its own), read through /proc, ended by its pid. Linux only, as the image is.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** What one process uses now. */
export type Usage = {
  /** Resident memory, and the part of it that no other process can share. */
  readonly rssMiB: number;
  readonly anonymousMiB: number;
  /** User and system time since its start. */
  readonly cpuMs: number;
};

/** A measured process. */
export type Measured = {
  readonly pid: number;
  readonly usage: () => Usage;
  /** Resolves when it has ended by itself or by `end`. */
  readonly exited: Promise<void>;
  /** Ends it with SIGKILL and waits: what it leaves behind is not the question here. */
  readonly end: () => Promise<void>;
};

/** The kernel's clock ticks a second (sysconf _SC_CLK_TCK), 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** The folder that an image has the agent in. */
export const imageFolder = '/opt/endpoint-registrar';

/**
 * Starts `command` where it finds what it has in a pod: the files of `credentials` at the ServiceAccount's place, the
 * built bundle and node in the image's folder. Both stand in a mount namespace that unshare(1) makes for it; that ends
 * up as the command itself, so the pid stays.
 */
export function startMeasured(options: {
  readonly command: readonly string[];
  readonly credentials: string;
  readonly env: Readonly<Record<string, string>>;
}): Measured {
  const { command, credentials, env } = options;
  const script = `
    account=/var/run/secrets/kubernetes.io/serviceaccount
    mount -t tmpfs none "$(readlink -f /var/run)" && mkdir -p $account && cp "$0"/* $account/ &&
    mount -t tmpfs none /opt && mkdir ${imageFolder} && cp dist/*.cjs dist/endpoint-registrar ${imageFolder}/ &&
    ln -s "$1" ${imageFolder}/node && shift && exec "$@"`;
  const args = ['--map-root-user', '--mount', 'sh', '-c', script, credentials, process.execPath, ...command];
  const child = spawn('unshare', args, {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('unshare(1) could not be started: install util-linux');
  const exited = once(child, 'exit').then(() => undefined);
  // Whatever ends this program, nothing of it stays behind.
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  child.once('exit', () => process.off('exit', endWithUs));
  return { pid, usage: () => readUsage(pid), exited, end: () => end(child, exited) };
}

function end(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  return exited;
}

function readUsage(pid: number): Usage {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(rollup)?.[1] ?? Number.NaN);
  // The second field, the command in parentheses, may hold blanks: count from behind it.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { rssMiB: kib('Rss') / 1024, anonymousMiB: kib('Anonymous') / 1024, cpuMs: (ticks * 1000) / TICKS_PER_SECOND };
}
