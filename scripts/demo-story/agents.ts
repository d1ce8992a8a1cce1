/**
 * The agents of the story: each a process of the real entry point, with its own kubeconfig. What they log is read line
 * by line, so that the story can quote them and wait for what they say.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { isRecord } from '../../agent/kube/parse.ts';
import { formatDuration, settings } from '../../agent/settings.ts';
import { CONFIGMAP } from '../../test/support/role.ts';
import { entryPoint, plainEnvironment } from './commands.ts';
import type { Life } from './life.ts';
import { createLineBook, type LineBook, type LogLine } from './lines.ts';
import { Unexpected } from './unexpected.ts';
import { HTTP_PORT, type World } from './world.ts';

/** How an agent's process ended, in words: `exit code 0`, `SIGKILL`. */
export type AgentEnd = string;

/** One agent's process. */
export type Agent = { readonly pod: string; readonly pid: number; readonly httpPort: () => number | undefined };

/** All of them. */
export type Agents = {
  readonly lines: LineBook;
  /** The pods beside which one was started, sorted. */
  readonly pods: () => readonly string[];
  /** Those that run, in the order of their pods' names. */
  readonly running: () => readonly Agent[];
  /** Starts the agent beside this pod, which must be there. */
  readonly start: (pod: string) => Promise<void>;
  /** Sends the signal and waits for the process to end. */
  readonly end: (pod: string, signal: 'SIGTERM' | 'SIGKILL') => Promise<AgentEnd>;
  /** @throws Unexpected where one ended that nobody asked to. */
  readonly check: () => void;
  /** Ends all that still run, by force where they do not go. */
  readonly close: () => Promise<void>;
};

/** Times that every agent of the story is given, so that the story is short. */
export const INTERVAL_MS = 1000;
export const REQUEST_TIMEOUT_MS = 500;
const SHUTDOWN_BUDGET_MS = 5000;
/** For what a shutdown takes beside its budget; who is not gone by then is killed. */
const END_LIMIT_MS = SHUTDOWN_BUDGET_MS + 1000;

type Member = Agent & {
  readonly child: ChildProcess;
  readonly ended: Promise<AgentEnd>;
  isAskedToEnd: boolean;
  end: AgentEnd | undefined;
};

/** Builds an empty set of agents; whatever runs at the process's exit is killed then. */
export function createAgents(world: World, life: Life): Agents {
  const members = new Map<string, Member>();
  const lines = createLineBook();
  life.atExit(() => {
    for (const { child, end } of members.values()) if (end === undefined) child.kill('SIGKILL');
  });

  const adopt = (pod: string, child: ChildProcess): void => {
    const startedMs = performance.now();
    const { promise: ended, resolve } = Promise.withResolvers<AgentEnd>();
    const httpPort = () => {
      const said = lines.find({ pod, event: 'listening', sinceMs: startedMs });
      return typeof said?.fields['httpPort'] === 'number' ? said.fields['httpPort'] : undefined;
    };
    const hear = (line: LogLine): void => {
      lines.add(line);
      const port = line.event === 'listening' ? httpPort() : undefined;
      if (port !== undefined) world.api.podPorts.open({ pod, port: HTTP_PORT }, port);
    };
    const member: Member = { pod, pid: child.pid ?? 0, child, httpPort, ended, isAskedToEnd: false, end: undefined };
    members.set(pod, member);
    const finish = (how: AgentEnd): void => {
      member.end ??= how;
      world.api.podPorts.close({ pod, port: HTTP_PORT });
      resolve(how);
    };
    child.on('error', (error) => finish(error.message));
    // `close`, not `exit`: by then its last line is read.
    child.on('close', (code, signal) => finish(signal ?? `exit code ${code}`));
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (text) => hear(readLine(pod, text)));
    }
  };

  const end: Agents['end'] = async (pod, signal) => {
    const member = members.get(pod);
    if (member === undefined) throw new Error(`no agent was started beside ${pod}`);
    member.isAskedToEnd = true;
    member.child.kill(signal);
    const timer = setTimeout(() => member.child.kill('SIGKILL'), END_LIMIT_MS);
    return member.ended.finally(() => clearTimeout(timer));
  };
  const running = () =>
    [...members.values()].filter((member) => member.end === undefined).sort((a, b) => (a.pod < b.pod ? -1 : 1));

  return {
    lines,
    pods: () => [...members.keys()].sort(),
    running,
    start: async (pod) => {
      const env = agentEnvironment({ pod, kubeconfig: await world.writeKubeconfig({ pod }), dns: world.dns });
      // Node strips the types by itself: with tsx each start would cost a second of CPU more.
      const child = spawn(process.execPath, [entryPoint], {
        cwd: world.folder,
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      adopt(pod, child);
    },
    end,
    check: () => {
      for (const { pod, end: how, isAskedToEnd } of members.values()) {
        if (how !== undefined && !isAskedToEnd) throw new Unexpected(`the agent of ${pod} ended by itself: ${how}`);
      }
    },
    close: async () => {
      await Promise.all(running().map(({ pod }) => end(pod, 'SIGTERM')));
    },
  };
}

function agentEnvironment(given: {
  readonly pod: string;
  readonly kubeconfig: string;
  readonly dns: World['dns'];
}): NodeJS.ProcessEnv {
  return {
    ...plainEnvironment(),
    [settings.configMap.env]: CONFIGMAP,
    [settings.namespace.env]: 'default',
    [settings.podName.env]: given.pod,
    [settings.intervalMs.env]: formatDuration(INTERVAL_MS),
    [settings.requestTimeoutMs.env]: formatDuration(REQUEST_TIMEOUT_MS),
    [settings.shutdownBudgetMs.env]: formatDuration(SHUTDOWN_BUDGET_MS),
    [settings.httpPort.env]: '0',
    [settings.dnsServer.env]: `${given.dns.address}:${given.dns.port}`,
    [settings.clusterDomain.env]: 'cluster.local',
    [settings.kubeconfig.env]: given.kubeconfig,
  };
}

/** Reads one line; one that is no JSON (a fault before the log is open) is taken as it is. */
function readLine(pod: string, text: string): LogLine {
  const fields = tryParse(text);
  const { event, msg } = fields;
  return {
    pod,
    event: typeof event === 'string' ? event : '',
    msg: typeof msg === 'string' ? msg : text,
    fields,
    atMs: performance.now(),
  };
}

function tryParse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}
