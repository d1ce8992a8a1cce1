/** What befalls a server's programs one by one, inside its pod: hung, resumed, robbed of their data. */
import type { Daemon } from './workload.ts';
import type { World } from './world.ts';

/** The script that stops or resumes programs for `inServer`. A stopped one still has its ports: the kernel goes on accepting connections. */
export function tellDaemons(signal: 'STOP' | 'CONT', daemons: readonly Daemon[]): string {
  return daemons.map((name) => `kill -${signal} "$(cat /data/${name}.pid)"`).join('; ');
}

/** Runs a bash script in the server's own container. Throws CommandError when it fails. */
export async function inServer({ kubectl }: World, pod: string, script: string): Promise<void> {
  await kubectl(['exec', pod, '--container=freeipa', '--', 'bash', '-euc', script]);
}
