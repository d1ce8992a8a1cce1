/**
 * A network of its own for a program: every pod address is one of that network's loopback interface, and no other
 * interface is there, so servers can listen at pods' addresses and nothing can leave the machine.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** The exit code of the program; or that this machine gives no such network, in words. */
export type Ran = { readonly kind: 'ran'; readonly code: number } | { readonly kind: 'refused'; readonly why: string };

/** The range that pods get their addresses from. */
const setUp = 'ip link set lo up && ip address add 10.244.0.0/16 dev lo';
const unshare = ['--map-root-user', '--net', 'sh', '-c'];

/** Runs a module of this project in it, with our own output; it is killed where we end before it. */
export async function runInNamespace(module: string, args: readonly string[]): Promise<Ran> {
  const tried = spawnSync('unshare', [...unshare, setUp], { encoding: 'utf8' });
  if (tried.status !== 0) {
    const said = (tried.error?.message ?? tried.stderr).trim().split('\n').at(-1);
    return { kind: 'refused', why: `unshare(1) and ip(8) made no network for it: ${said}` };
  }
  const command = [process.execPath, '--import', 'tsx', module, ...args];
  // unshare and the shell become the program: the pid stays.
  const child = spawn('unshare', [...unshare, `${setUp} && exec "$0" "$@"`, ...command], { stdio: 'inherit' });
  const endWithUs = () => child.kill('SIGTERM');
  process.once('exit', endWithUs);
  const ended = once(child, 'exit');
  const [code] = await ended;
  process.off('exit', endWithUs);
  return { kind: 'ran', code: typeof code === 'number' ? code : 1 };
}
