/**
 * The keepers of one pod without the assembly around them: declarations are handed in, and probes say what the test has
 * them say. Everything else is real: client, watches, register and slices, against the embedded API server.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { openService } from '../../agent/assembly/open-service.ts';
import { createWatchReporter } from '../../agent/assembly/watches.ts';
import type { Probes, PublishedSeen, ServiceSeen } from '../../agent/keeper/deps.ts';
import { createFleet } from '../../agent/keeper/fleet.ts';
import { createLatch } from '../../agent/keeper/latch.ts';
import { createApi } from '../../agent/kube/api.ts';
import { createApiClient } from '../../agent/kube/client.ts';
import { parsePod } from '../../agent/kube/parse.ts';
import type { ProbeTarget } from '../../agent/plan/aim.ts';
import type { Declaration } from '../../agent/plan/declaration.ts';
import type { FindingCode } from '../../agent/plan/finding.ts';
import type { Family } from '../../agent/plan/identity.ts';
import { type PairKey, pairKey } from '../../agent/plan/pairs.ts';
import { readPod } from '../../agent/plan/pod.ts';
import type { ProbeVerdict } from '../../agent/plan/probe.ts';
import { createMetrics } from '../../agent/status/metrics.ts';
import { INTERVAL_MS, SPEED } from './agents.ts';
import { createLogBook } from './log.ts';
import { SERVICE_ACCOUNT } from './role.ts';
import { createRunningClock } from './running-clock.ts';
import { until } from './until.ts';
import type { Bearer, World } from './world.ts';

/** The keepers of one pod. */
export type RunningFleet = Bearer & {
  /** Puts a declaration of the Service `ipa` in force; undefined: none. */
  readonly declare: (declaration: Declaration | undefined) => void;
  /** What the probes of a pair say from now on; undefined: pending again. Pairs that are not aimed at have no verdict. */
  readonly judge: (key: PairKey, verdict: ProbeVerdict | undefined) => void;
  /** What is aimed at now. */
  readonly aimed: () => ProbeTarget | undefined;
  /** What was told of the slices last. */
  readonly published: () => PublishedSeen | undefined;
  readonly finds: (...codes: readonly FindingCode[]) => Promise<void>;
  /** What the state of a pair says, e.g. `withheld: kerberos does not answer`. */
  readonly stateOf: (key: PairKey) => string | undefined;
  /** Withdraws, and ends. */
  readonly terminate: () => Promise<'withdrawn' | 'incomplete'>;
  /** Not another request. */
  readonly kill: () => Promise<void>;
};

/** How a fleet is started. */
export type FleetOptions = {
  /** The Service's families as a dual-stack cluster would give them, which the embedded one is not. */
  readonly families?: readonly Family[];
};

/** Starts the keepers of a pod, which is created where it is not there; they are killed when the test is over. */
export function startFleet(
  t: TestContext,
  world: World,
  podName: string,
  { families }: FleetOptions = {},
): RunningFleet {
  const { server } = world;
  if (server.admin.get('pods', podName) === undefined) world.createPod(podName);
  const pod = () => {
    const found = server.admin.get('pods', podName);
    return found === undefined ? undefined : readPod(parsePod(found), 'endpoint-registrar');
  };
  const clock = createRunningClock(SPEED);
  const token = server.mintToken({ serviceAccount: SERVICE_ACCOUNT, pod: podName });
  const connection = {
    transport: { server: server.url, tls: {} },
    headers: { authorization: `Bearer ${token}` },
  };
  const client = createApiClient({
    connection: { namespace: undefined, current: async () => connection, refused: () => {} },
    clock,
    userAgent: podName,
  });
  const { log } = createLogBook();
  const usage = { cpuSeconds: 0, residentBytes: 0, startedAt: new Date(0) };
  const metrics = createMetrics({ version: 'test', process: () => usage });
  const ownUid = () => pod()?.identity.uid;
  const opening = {
    api: createApi(client, { namespace: 'default' }),
    client,
    clock,
    random: Math.random,
    namespace: 'default',
    requestTimeoutMs: 20_000,
    ownUid,
    report: createWatchReporter({ log, metrics }),
    log,
    metrics,
    clusterDomain: 'cluster.local',
  };
  const verdicts = new Map<PairKey, ProbeVerdict>();
  let target: ProbeTarget | undefined;
  let published: PublishedSeen | undefined;
  const probes: Probes = {
    aim: (next) => {
      target = next;
    },
    verdict: (key) =>
      target?.pairs.some((pair) => pairKey(pair) === key)
        ? (verdicts.get(key) ?? { kind: 'pending', reason: 'not asked yet' })
        : undefined,
  };
  const fleet = createFleet({
    latch: createLatch(() => fleet.wake()),
    clock,
    random: Math.random,
    log,
    metrics,
    options: { intervalMs: INTERVAL_MS, requestTimeoutMs: 20_000 },
    onLongOutage: () => {},
    onFindings: () => {},
    notify: () => {},
    published: (seen) => {
      published = seen;
    },
    pod,
    open: (service, onChange) => {
      const parts = openService(opening, service, onChange);
      return { ...parts, probes, seen: () => withFamilies(parts.seen(), families) };
    },
  });
  t.after(server.store.onChange('pods', () => fleet.wake()));
  const kill = async () => {
    clock.stop();
    await client.close();
  };
  t.after(kill);
  const state = () => fleet.states().find(({ service }) => service === 'ipa');
  return {
    podName,
    uid: ownUid() ?? '',
    declare: (declaration) => fleet.declare(new Map(declaration === undefined ? [] : [['ipa', declaration]])),
    judge: (key, verdict) => {
      if (verdict === undefined) verdicts.delete(key);
      else verdicts.set(key, verdict);
      fleet.wake();
    },
    aimed: () => target,
    published: () => published,
    finds: (...codes) =>
      until(() =>
        assert.deepEqual(
          state()
            ?.findings.map(({ code }) => code)
            .sort(),
          [...codes].sort(),
        ),
      ),
    stateOf: (key) => {
      const found = state()?.memory.pairs.find((pair) => pairKey(pair) === key);
      return found === undefined ? undefined : `${found.kind}: ${found.reason}`;
    },
    terminate: async () => {
      const outcome = await fleet.shutdown(new AbortController().signal, { adopting: Promise.resolve() });
      await client.close();
      return outcome;
    },
    kill,
  };
}

function withFamilies(seen: ServiceSeen, families: readonly Family[] | undefined): ServiceSeen {
  if (families === undefined || seen.kind === 'unseen' || seen.service === undefined) return seen;
  return { ...seen, service: { ...seen.service, families } };
}
