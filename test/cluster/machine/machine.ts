/**
 * One machine of the cluster: its own network, PID, mount, UTS and IPC namespaces over this computer's file system, with an init of its own.
 * Whatever is started in it ends with its init, and its mounts with it: killing one process is pulling the plug.
 * Wiring its network to others is `network.ts`'s business, and knowing what a component is `supervise.ts`'s.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { MachineLayout } from '../layout.ts';
import { attempt, lastLines, run } from './exec.ts';
import { spawnDetached } from './launch.ts';
import { createNotes, type Notes } from './notes.ts';
import { commandLine, firstChild, identify, type ProcessId, signalProcess } from './processes.ts';
import { until } from './until.ts';

/** A folder or file that is there, shown at another path inside the machine: `{ from: '…/var-lib', at: '/var/lib' }`. */
export interface Bind {
  readonly from: string;
  readonly at: string;
}

export interface Machine {
  readonly layout: MachineLayout;
  readonly notes: Notes;
  /** Creates the namespaces and the init; does nothing when the machine runs. */
  start(binds: readonly Bind[]): Promise<void>;
  /** Starts a program that outlives us. Resolves to its process, or undefined when it ended at once. Its output is appended to the log of that name. */
  launch(name: string, command: readonly string[]): Promise<ProcessId | undefined>;
  logFile(name: string): string;
  /** Ends the machine and everything in it at once, without a word to anybody; resolves when all of it is gone. */
  kill(): Promise<void>;
  /** Runs a short command inside, e.g. `['ip', 'route']`, and resolves to its output. Throws CommandError. */
  run(command: readonly string[]): Promise<string>;
}

/** The name of the note and the log of a machine's init. */
export const initName = 'init';

const initScriptName = 'init.sh';
const launchLimitMs = 10_000;
const deathLimitMs = 20_000;
const insideLimitMs = 120_000;

export function createMachine(layout: MachineLayout): Machine {
  const notes = createNotes(join(layout.folder, 'processes'));
  const logs = join(layout.folder, 'logs');
  const logFile = (name: string) => join(logs, `${name}.log`);

  const launchOnHost = async (name: string, command: readonly string[]): Promise<ProcessId | undefined> => {
    const parentPid = await spawnDetached(command, logFile(name));
    // unshare and nsenter fork: the program is their child, in the new PID namespace.
    return until(`${layout.name}: process of ${name}`, { limitMs: launchLimitMs, everyMs: 10 }, async () => {
      const child = firstChild(parentPid);
      if (child !== undefined) return { kind: 'done', value: child };
      if (identify(parentPid) === undefined) return { kind: 'done', value: undefined };
      return { kind: 'waiting', seen: 'no child yet' };
    });
  };

  const enter = async (): Promise<readonly string[]> => {
    const init = await notes.running(initName);
    if (init === undefined) throw new Error(`the machine ${layout.name} is not running`);
    return ['nsenter', '--target', String(init.pid), '--net', '--mount', '--uts', '--ipc', '--pid', '--'];
  };

  return {
    layout,
    notes,
    logFile,
    async start(binds) {
      if ((await notes.running(initName)) !== undefined) return;
      await endLeftovers(layout);
      await mkdir(logs, { recursive: true });
      if (!(await namespaceExists(layout.netns))) await run(['ip', 'netns', 'add', layout.netns]);
      const script = join(layout.folder, initScriptName);
      await writeFile(script, initScript(layout.name, binds));
      const unshare = ['unshare', '--mount', '--uts', '--ipc', '--pid', '--fork', '--kill-child', '--mount-proc'];
      const command = ['nsenter', `--net=/run/netns/${layout.netns}`, '--', ...unshare, 'sh', '-eu', script];
      const init = await launchOnHost(initName, command);
      if (init === undefined) {
        const said = lastLines(await readFile(logFile(initName), 'utf8'), 10);
        throw new Error(`the machine ${layout.name} could not be started; it said:\n${said}`);
      }
      await notes.write(initName, { ...init, recipe: '', health: '' });
      const inside = await enter();
      await until(`${layout.name}: its init`, { limitMs: launchLimitMs, everyMs: 20 }, async () => {
        const { stdout } = await attempt([...inside, 'cat', '/proc/1/comm']);
        return stdout.trim() === 'tini'
          ? { kind: 'done', value: undefined }
          : { kind: 'waiting', seen: `PID 1 is ${stdout.trim()}` };
      });
    },
    async launch(name, command) {
      return launchOnHost(name, [...(await enter()), ...command]);
    },
    async kill() {
      const init = await notes.running(initName);
      if (init !== undefined) signalProcess(init, 'SIGKILL');
      await endLeftovers(layout);
      await notes.remove(initName);
    },
    async run(command) {
      return run([...(await enter()), ...command], { timeoutMs: insideLimitMs });
    },
  };
}

/** Whether a network namespace of this name exists. */
export async function namespaceExists(netns: string): Promise<boolean> {
  const listed = await run(['ip', 'netns', 'list']);
  return listed.split('\n').some((line) => line.split(' ')[0] === netns);
}

/**
 * Ends what still lives in a network namespace of ours: after the init, or after a start that was cut off.
 * Throws Error where another state folder's machine lives there: the name goes by the instance alone.
 */
async function endLeftovers({ netns, folder }: MachineLayout): Promise<void> {
  if (!(await namespaceExists(netns))) return;
  await until(`the end of all processes in ${netns}`, { limitMs: deathLimitMs, everyMs: 20 }, async () => {
    const listed = await run(['ip', 'netns', 'pids', netns]);
    const living = listed
      .split('\n')
      .filter(Boolean)
      .map(Number)
      .flatMap((pid) => identify(pid) ?? []);
    const scripts = living.flatMap((id) => commandLine(id).filter((word) => basename(word) === initScriptName));
    const other = scripts.map(dirname).find((owner) => owner !== folder);
    if (other !== undefined) {
      throw new Error(
        `${netns} is in use by the cluster kept in ${dirname(other)}, and not by the one in ${dirname(folder)}: choose another instance, or take that one down first`,
      );
    }
    if (living.length === 0) return { kind: 'done', value: undefined };
    for (const id of living) signalProcess(id, 'SIGKILL');
    return { kind: 'waiting', seen: `pids ${living.map((id) => id.pid).join(' ')}` };
  });
}

/** The machine's first steps: private mounts, its folders, its own name; then an init that reaps orphans and waits. */
function initScript(name: string, binds: readonly Bind[]): string {
  const mounts = binds.map((bind) => `mount --bind '${bind.from}' '${bind.at}'`);
  return [
    'mount --make-rprivate /',
    'mount --make-rshared /',
    ...mounts,
    'mount -t tmpfs -o mode=755 tmpfs /run',
    `hostname '${name}'`,
    'ip link set lo up',
    'exec tini -- sleep infinity',
    '',
  ].join('\n');
}
