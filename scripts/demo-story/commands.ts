/**
 * The program's commands, as a person runs them at a shell: each a process of the real entry point, which ends by
 * itself. What they say is for the steps to judge.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { settings } from '../../agent/settings.ts';
import type { Life } from './life.ts';

/** How a command ended, in the words of `AgentEnd`, and all that it said on both streams. */
export type Said = { readonly end: string; readonly text: string };

/** One command: its words, e.g. `['check', 'configmap.yaml']`, the folder it is run in, and its kubeconfig. */
export type CommandLine = {
  readonly words: readonly string[];
  readonly folder: string;
  readonly kubeconfig?: string;
};

/** The commands. */
export type Commands = {
  /** Runs one to its end, or until the limit or the demo's own end kills it. */
  readonly run: (line: CommandLine) => Promise<Said>;
};

/** What everything of the story is started from: node strips the types by itself. */
export const entryPoint = fileURLToPath(new URL('../../agent/main.ts', import.meta.url));

/** A command takes a second; a machine that is busy needs more. */
const LIMIT_MS = 20_000;

/** Our own environment, but for what would point an agent or a command elsewhere. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(REGISTRAR_|KUBE|NODE_OPTIONS$)/.test(name)),
  );
}

/** Builds them; whatever runs at the process's exit is killed then. */
export function createCommands(life: Life): Commands {
  const running = new Set<ChildProcess>();
  life.atExit(() => {
    for (const child of running) child.kill('SIGKILL');
  });
  return {
    run: async ({ words, folder, kubeconfig }) => {
      const child = spawn(process.execPath, [entryPoint, ...words], {
        cwd: folder,
        env: { ...plainEnvironment(), ...(kubeconfig === undefined ? {} : { [settings.kubeconfig.env]: kubeconfig }) },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: LIMIT_MS,
        killSignal: 'SIGKILL',
      });
      running.add(child);
      const kill = () => child.kill('SIGKILL');
      life.signal.addEventListener('abort', kill);
      const ended = new Promise<string>((resolve) => {
        child.on('error', (error) => resolve(error.message));
        child.on('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
      });
      try {
        const [out, error, end] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
        return { end, text: `${out}${error}` };
      } finally {
        life.signal.removeEventListener('abort', kill);
        running.delete(child);
      }
    },
  };
}
