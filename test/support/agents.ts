/** Whole agents in this process, each with its own pod, token and clock, against the embedded API server over HTTP. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type Agent, createAgent } from '../../agent/assembly/agent.ts';
import type { Clock } from '../../agent/clock.ts';
import type { Dns } from '../../agent/dns/ask.ts';
import { createApiClient } from '../../agent/kube/client.ts';
import type { FindingCode } from '../../agent/plan/finding.ts';
import { createMetrics } from '../../agent/status/metrics.ts';
import type { ServiceStatus } from '../../agent/status/status.ts';
import type { EmbeddedApiServer } from '../embedded/server.ts';
import { createLogBook, type LogLine } from './log.ts';
import { CONFIGMAP, SERVICE_ACCOUNT } from './role.ts';
import { createRunningClock, type RunningClock } from './running-clock.ts';
import { until } from './until.ts';

/** How much faster than the real clock the agents' runs: their 2 s between beats are a quarter of a second. */
export const SPEED = 8;

/** The heartbeat interval, on the agents' clock and on ours. */
export const INTERVAL_MS = 2000;
export const REAL_INTERVAL_MS = INTERVAL_MS / SPEED;

/** How an agent is set up. Times are those of its own clock. */
export type AgentOptions = {
  readonly intervalMs?: number;
  /** @default 20000: a busy machine must not look like an API server that does not answer */
  readonly requestTimeoutMs?: number;
  readonly speed?: number;
  readonly random?: () => number;
  /** The agent's way to the cluster's DNS, on its own clock. @default it asks none */
  readonly dns?: (clock: Clock) => Dns;
  /** Where the pod does not exist, nobody can mint one for it. @default one that is bound to the pod */
  readonly token?: string;
};

/** One agent. */
export type RunningAgent = {
  readonly podName: string;
  readonly uid: string;
  readonly token: string;
  readonly agent: Agent;
  readonly clock: RunningClock;
  readonly lines: readonly LogLine[];
  /** Rejects where the agent met a bug. */
  readonly running: Promise<void>;
  /** SIGTERM: withdraws, then ends. */
  readonly terminate: () => Promise<'withdrawn' | 'incomplete'>;
  /** SIGKILL: not another request. */
  readonly kill: () => Promise<void>;
  /** What /status says of the Service `ipa`. */
  readonly service: () => ServiceStatus;
  /** Codes of all findings that stand, sorted. */
  readonly findings: () => readonly FindingCode[];
  /** Resolves when exactly these findings stand. */
  readonly finds: (...codes: readonly FindingCode[]) => Promise<void>;
  /** Resolves when an event with these fields is in the log. */
  readonly logged: (event: string, fields?: LogLine) => Promise<LogLine>;
};

/** Starts an agent in a pod. It is killed when the test is over. */
export function startAgent(
  t: TestContext,
  server: EmbeddedApiServer,
  podName: string,
  options: AgentOptions = {},
): RunningAgent {
  const clock = createRunningClock(options.speed ?? SPEED);
  const token = options.token ?? server.mintToken({ serviceAccount: SERVICE_ACCOUNT, pod: podName });
  const connection = {
    transport: { server: server.url, tls: {} },
    headers: { authorization: `Bearer ${token}` },
  };
  const client = createApiClient({
    connection: { namespace: undefined, current: async () => connection, refused: () => {} },
    clock,
    userAgent: podName,
  });
  const { log, lines } = createLogBook();
  const usage = { cpuSeconds: 0, residentBytes: 0, startedAt: new Date(0) };
  const agent = createAgent({
    config: {
      configMap: CONFIGMAP,
      namespace: 'default',
      podName,
      containerName: 'endpoint-registrar',
      intervalMs: options.intervalMs ?? INTERVAL_MS,
      requestTimeoutMs: options.requestTimeoutMs ?? 20_000,
      shutdownBudgetMs: 10_000,
    },
    client,
    clock,
    random: options.random ?? Math.random,
    log,
    metrics: createMetrics({ version: 'test', process: () => usage }),
    version: 'test',
    dns: options.dns?.(clock) ?? { kind: 'off', reason: 'this test asks no DNS' },
    clusterDomain: 'cluster.local',
  });
  const watching = new AbortController();
  const running = agent.run(watching.signal);
  const kill = async () => {
    clock.stop();
    await client.close();
    // Nobody goes on, since the clock stands; what sleeps for ever gives its timer back.
    watching.abort();
  };
  t.after(kill);
  const findings = () => {
    const { services, findings: own } = agent.status();
    return [...own, ...services.flatMap((service) => service.findings)].map(({ code }) => code).sort();
  };
  return {
    podName,
    uid: server.admin.get('pods', podName)?.metadata.uid ?? '',
    token,
    agent,
    clock,
    lines,
    running,
    terminate: async () => {
      const outcome = await agent.withdraw(new AbortController().signal);
      watching.abort();
      await running;
      await client.close();
      return outcome;
    },
    kill,
    service: () => {
      const found = agent.status().services.find(({ service }) => service === 'ipa');
      assert.ok(found !== undefined, 'no keeper of ipa');
      return found;
    },
    findings,
    finds: (...codes) => until(() => assert.deepEqual(findings(), [...codes].sort())),
    logged: (event, fields = {}) =>
      until(() => {
        const found = lines.find(
          (line) => line['event'] === event && Object.entries(fields).every(([key, value]) => line[key] === value),
        );
        assert.ok(found !== undefined, `no ${event} ${JSON.stringify(fields)} in the log of ${podName}`);
        return found;
      }),
  };
}
