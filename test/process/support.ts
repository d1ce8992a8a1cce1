/** The real entry point as a child process, with its log lines, its HTTP pages and its exit code. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isRecord } from '../../agent/kube/parse.ts';
import type { LogLine } from '../support/log.ts';
import { CONFIGMAP, SERVICE_ACCOUNT } from '../support/role.ts';
import { until } from '../support/until.ts';
import type { World } from '../support/world.ts';

/** What the agent's HTTP server answered. */
export type Page = { readonly status: number; readonly body: string };

/** One child. */
export type Child = {
  readonly signal: (name: NodeJS.Signals) => void;
  /** The log, one object a line; a line that is no JSON is a failure of the test. */
  readonly lines: () => readonly LogLine[];
  readonly events: () => readonly unknown[];
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves with the first line of this event. */
  readonly logged: (event: string) => Promise<LogLine>;
  /** Asks the child's own HTTP server; it must have logged where it listens. */
  readonly get: (path: string) => Promise<Page>;
  /** Resolves with the exit code when the process has ended; null: a signal ended it. */
  readonly exited: Promise<number | null>;
};

type Environment = Readonly<Record<string, string>>;

/** A process starts in under a second, and on a machine that is busy with other things in many. */
const START_LIMIT_MS = 40_000;

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Spawns the entry point with exactly these variables; it is killed when the test is over. */
export function spawnAgent(t: TestContext, env: Environment, args: readonly string[] = []): Child {
  const child = spawn(process.execPath, ['--import', 'tsx', 'agent/main.ts', ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const lines = (): readonly LogLine[] =>
    stdout.split('\n').flatMap((text) => {
      const line: unknown = text === '' ? undefined : JSON.parse(text);
      return isRecord(line) ? [line] : [];
    });
  const logged: Child['logged'] = (event) =>
    until(() => {
      const line = lines().find((one) => one['event'] === event);
      assert.ok(line !== undefined, `no ${event} in the log; stdout: ${stdout}; stderr: ${stderr}`);
      return line;
    }, START_LIMIT_MS);
  return {
    signal: (name) => void child.kill(name),
    lines,
    events: () => lines().map(({ event }) => event),
    stdout: () => stdout,
    stderr: () => stderr,
    logged,
    get: async (path) => {
      const { httpPort } = await logged('listening');
      const answer = await fetch(`http://127.0.0.1:${httpPort}${path}`);
      return { status: answer.status, body: await answer.text() };
    },
    exited,
  };
}

/** Variables of an agent in a pod of this world, which is created where it is not there. */
export async function environmentOf(t: TestContext, world: World, podName: string): Promise<Environment> {
  if (world.server.admin.get('pods', podName) === undefined) world.createPod(podName);
  const token = world.server.mintToken({ serviceAccount: SERVICE_ACCOUNT, pod: podName });
  return {
    REGISTRAR_CONFIGMAP: CONFIGMAP,
    REGISTRAR_NAMESPACE: 'default',
    REGISTRAR_POD_NAME: podName,
    REGISTRAR_HEARTBEAT_INTERVAL: '1s',
    REGISTRAR_REQUEST_TIMEOUT: '500ms',
    REGISTRAR_SHUTDOWN_BUDGET: '8s',
    REGISTRAR_HTTP_PORT: '0',
    REGISTRAR_DNS_SERVER: `127.0.0.1:${world.dnsPort}`,
    REGISTRAR_CLUSTER_DOMAIN: 'cluster.local',
    KUBECONFIG: await writeText(t, world.server.kubeconfig(token)),
  };
}

/** A file with this text, gone when the test is over. */
export async function writeText(t: TestContext, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'registrar-process-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'file');
  await writeFile(path, text);
  return path;
}

/** The pod as it is looked for in register, slices and DNS. */
export function bearerOf(world: World, podName: string): { readonly podName: string; readonly uid: string } {
  return { podName, uid: world.server.admin.get('pods', podName)?.metadata.uid ?? '' };
}
