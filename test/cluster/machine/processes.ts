/** Processes as the kernel shows them under /proc. A pid alone may have been given to another program; with its start time it is one process. */
import { readdirSync, readFileSync } from 'node:fs';

/** One process, for good: `startTicks` is its start in clock ticks since boot (field 22 of /proc/PID/stat). */
export interface ProcessId {
  readonly pid: number;
  readonly startTicks: number;
}

interface ProcessStat extends ProcessId {
  readonly parentPid: number;
  readonly state: string;
}

/** The process that has this pid now; undefined when there is none or it is a zombie. */
export function identify(pid: number): ProcessId | undefined {
  const stat = readStat(pid);
  return stat === undefined || stat.state === 'Z' ? undefined : { pid, startTicks: stat.startTicks };
}

/** Whether exactly this process still runs. */
export function isRunning(id: ProcessId): boolean {
  return identify(id.pid)?.startTicks === id.startTicks;
}

/** Sends a signal to exactly this process. Resolves to false when it is gone already. */
export function signalProcess(id: ProcessId, signal: NodeJS.Signals): boolean {
  if (!isRunning(id)) return false;
  try {
    return process.kill(id.pid, signal);
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

/** The first child of a process; undefined when it has none. */
export function firstChild(parentPid: number): ProcessId | undefined {
  const stat = allPids()
    .map(readStat)
    .find((candidate) => candidate?.parentPid === parentPid && candidate.state !== 'Z');
  return stat === undefined ? undefined : { pid: stat.pid, startTicks: stat.startTicks };
}

/** What a process was started as, `['sh', '-eu', '/…/init.sh']`; empty when it is gone. */
export function commandLine({ pid }: ProcessId): readonly string[] {
  return readProc(pid, 'cmdline')?.split('\0').slice(0, -1) ?? [];
}

/** The processes that live in a cgroup whose path contains `text`, e.g. a container's or a pod's id. */
export function processesInCgroup(text: string): readonly ProcessId[] {
  return allPids().flatMap((pid) => {
    const id = readProc(pid, 'cgroup')?.includes(text) ? identify(pid) : undefined;
    return id === undefined ? [] : [id];
  });
}

function allPids(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function readStat(pid: number): ProcessStat | undefined {
  const text = readProc(pid, 'stat');
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' '); // the name in parentheses may itself hold blanks
  return { pid, state: fields[0] ?? '', parentPid: Number(fields[1]), startTicks: Number(fields[19]) };
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH');
}
