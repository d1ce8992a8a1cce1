/** Whether this computer can make a cluster at all: asked before anything is installed, built or started. */
import { readFile } from 'node:fs/promises';
import { CommandError, run } from '../machine/exec.ts';

/** What is asked of a computer. */
export interface Computer {
  readonly userId: number | undefined;
  readonly system: string;
  /** The text of /etc/os-release. */
  readonly osRelease: string;
  /** What `go version` says: `go version go1.26.0 linux/amd64`; undefined where there is no Go. */
  readonly goVersion: string | undefined;
}

const debianVersion = '12';
/** As in modules/kubernetes/go.mod, which an older Go refuses. */
const goVersion = { major: 1, minor: 26 };

/** This computer cannot make a cluster; the message is one sentence that says what is missing. */
export class ComputerError extends Error {
  override readonly name = 'ComputerError';
}

/** Throws ComputerError. */
export async function requireComputer(): Promise<void> {
  const fault = findComputerFault({
    userId: process.getuid?.(),
    system: `${process.platform} ${process.arch}`,
    osRelease: await readFile('/etc/os-release', 'utf8').catch(() => ''),
    goVersion: await run(['go', 'version']).catch((error: unknown) => {
      if (error instanceof CommandError) return undefined;
      throw error;
    }),
  });
  if (fault !== undefined) throw new ComputerError(fault);
}

/** The one sentence, or undefined where nothing is missing. */
export function findComputerFault(computer: Computer): string | undefined {
  const needs = 'The cluster of scripts/cluster cannot be made here: it needs';
  if (!computer.system.startsWith('linux ')) return `${needs} Linux, and this is ${computer.system}.`;
  if (computer.userId !== 0) return `${needs} root, and this is the user ${computer.userId}.`;
  const field = (name: string): string =>
    new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(computer.osRelease)?.[1] ?? 'unknown';
  if (field('ID') !== 'debian' || field('VERSION_ID') !== debianVersion) {
    return `${needs} Debian ${debianVersion}, whose packages it installs, and this is ${field('PRETTY_NAME')}.`;
  }
  const needed = `Go ${goVersion.major}.${goVersion.minor} or newer in PATH`;
  if (computer.goVersion === undefined) return `${needs} ${needed}, and there is none.`;
  const [, major, minor] = /\bgo(\d+)\.(\d+)/.exec(computer.goVersion) ?? [];
  const isNewEnough =
    Number(major) > goVersion.major || (Number(major) === goVersion.major && Number(minor) >= goVersion.minor);
  return isNewEnough ? undefined : `${needs} ${needed}, and found "${computer.goVersion.trim()}".`;
}
