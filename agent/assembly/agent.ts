/**
 * Puts the agent together: the watches of the own pod and of the ConfigMap, the fleet of keepers, and what is shown of
 * them. Knows every room and decides nothing.
 */
import { type Clock, whenAborted } from '../clock.ts';
import type { Config } from '../config.ts';
import { createEvents } from '../events/events.ts';
import { describeHealth, describeLoop, describeService } from '../keeper/describe.ts';
import { createFleet } from '../keeper/fleet.ts';
import { createLatch } from '../keeper/latch.ts';
import { createFindingBook, refusedRequest } from '../keeper/notes.ts';
import { createApi } from '../kube/api.ts';
import type { ApiClient } from '../kube/client.ts';
import type { ConfigMap, Pod } from '../kube/objects.ts';
import { parseConfigMap, parsePod } from '../kube/parse.ts';
import { type Change, createCollection } from '../kube/watch.ts';
import type { Log } from '../log.ts';
import { failureOf } from '../register/failure.ts';
import type { Failure } from '../register/register.ts';
import { createGate } from '../resolved/gate.ts';
import { createSelfCheck } from '../resolved/self-check.ts';
import { createHealth, type Health } from '../status/health.ts';
import type { Metrics } from '../status/metrics.ts';
import type { Status } from '../status/status.ts';
import type { ClusterDns } from './cluster-dns.ts';
import { countFailures } from './counted.ts';
import { createDeclaredWatch } from './declared.ts';
import { describeDns, describePairs, describePod, phaseOf } from './describe.ts';
import { discoverRegistered } from './discover.ts';
import { type OpenedService, openService } from './open-service.ts';
import { createOwnPodWatch, podForbidden } from './own-pod.ts';
import { createWatchReporter } from './watches.ts';

/** What the agent is made of. `config`: the part that it uses. */
export type AgentDeps = {
  readonly config: Pick<
    Config,
    'configMap' | 'namespace' | 'podName' | 'containerName' | 'intervalMs' | 'requestTimeoutMs' | 'shutdownBudgetMs'
  >;
  readonly client: ApiClient;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly version: string;
} & ClusterDns;

/** One agent. */
export type Agent = {
  /** Watches and keeps until `signal` aborts. Rejects only for a bug. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /**
   * Ends readiness, then withdraws everywhere, what an earlier container registered included; `incomplete` where `signal`
   * aborted first, or the own pod was never seen.
   */
  readonly withdraw: (signal: AbortSignal) => Promise<'withdrawn' | 'incomplete'>;
  readonly health: Health;
  readonly status: () => Status;
};

/** Builds an agent; nothing runs before `run`. */
export function createAgent(deps: AgentDeps): Agent {
  const { config, clock, random, log, metrics } = deps;
  const client = countFailures(deps.client, metrics);
  const { namespace, intervalMs, requestTimeoutMs } = config;
  const startedAt = clock.wall().toISOString();
  const api = createApi(client, { namespace });
  const report = createWatchReporter({ log, metrics });
  const events = createEvents({ clock, api, log, podIdentity: () => ownPod.current()?.identity });
  const findings = createFindingBook({ service: undefined, log, metrics, onFindings: events.findings });
  const opened = new Map<string, OpenedService>();
  let isShuttingDown = false;
  let isDiscovered = false;
  let podFailure: Failure | undefined;
  let discoveryFailure: Failure | undefined;

  const latch = createLatch((reason) => {
    log.warn('latch-closed', `own pod: ${reason}; withdrawing, and never registering again`, { reason });
    fleet.wake();
  });
  const noteFindings = () =>
    findings.note([
      ...ownPod.findings(),
      ...(podFailure === undefined ? [] : [podForbidden(config.podName, podFailure)]),
      ...declared.findings(),
      ...(discoveryFailure?.verdict === 'give-up' ? [refusedRequest('of every name', discoveryFailure)] : []),
      ...selfCheck.findings(),
      ...gate.findings(),
    ]);
  const ownPod = createOwnPodWatch({
    names: config,
    shutdownBudgetMs: config.shutdownBudgetMs,
    latch,
    log,
    onChange: () => {
      noteFindings();
      if (ownPod.current() !== undefined) seenPod.resolve();
      gate.wake();
      fleet.wake();
    },
  });
  const seenPod = Promise.withResolvers<void>();
  const declared = createDeclaredWatch({
    name: config.configMap,
    log,
    metrics,
    onDeclared: (declarations) => fleet.declare(declarations),
    onFinding: noteFindings,
  });
  const selfCheck = createSelfCheck({
    ...deps,
    namespace,
    onChange: () => {
      noteFindings();
      gate.wake();
    },
  });
  const onLongOutage = () => {
    client.reset();
    for (const collection of [pods, configMaps, ...opened.values()]) collection.kick();
  };
  /** The own pod cannot be seen, and an operator was told: a mistake in our settings or Role must not hold the pod back. */
  const isPodHidden = () => ownUid() === undefined && (podFailure !== undefined || ownPod.findings().length > 0);
  const ownUid = () => ownPod.current()?.identity.uid;
  const fleet = createFleet({
    latch,
    clock,
    random,
    log,
    metrics,
    options: { intervalMs, requestTimeoutMs },
    onLongOutage,
    published: selfCheck.published,
    onFindings: events.findings,
    notify: events.note,
    pod: ownPod.current,
    open: (service, onChange) => {
      const parts = openService(
        { ...deps, api, client, namespace, requestTimeoutMs, ownUid, report },
        service,
        onChange,
      );
      opened.set(service, parts);
      return { ...parts, run: (signal) => parts.run(signal).finally(() => opened.delete(service)) };
    },
  });
  const gate = createGate({
    ...deps,
    api,
    requestTimeoutMs,
    pod: ownPod.current,
    declarations: declared.state,
    keepers: fleet.states,
    selfCheck,
    onChange: noteFindings,
  });

  const reportPods = report<Pod>('pods');
  const observePod = (change: Change<Pod>) => {
    reportPods(change);
    if (change.type === 'failed' && change.error.status === 403) podFailure = failureOf(change.error);
    if (change.type === 'synced' || change.type === 'recovered') podFailure = undefined;
    ownPod.observe(change);
    noteFindings();
  };
  const reportConfigMaps = report<ConfigMap>('configmaps');
  const observeConfigMap = (change: Change<ConfigMap>) => {
    reportConfigMaps(change);
    declared.observe(change);
  };
  const pods = createCollection<Pod>(
    { client, clock, random, onChange: observePod },
    {
      path: `/api/v1/namespaces/${namespace}/pods`,
      fieldSelector: `metadata.name=${config.podName}`,
      parse: parsePod,
      requestTimeoutMs,
    },
  );
  const configMaps = createCollection<ConfigMap>(
    { client, clock, random, onChange: observeConfigMap },
    {
      path: `/api/v1/namespaces/${namespace}/configmaps`,
      fieldSelector: `metadata.name=${config.configMap}`,
      parse: parseConfigMap,
      requestTimeoutMs,
    },
  );

  /** Once the own pod is seen: what an earlier container of it registered goes on, or is withdrawn. */
  const discover = async (signal: AbortSignal) => {
    await Promise.race([seenPod.promise, whenAborted(signal)]);
    const uid = ownUid();
    if (uid === undefined) return;
    const onFailure = (failure: Failure | undefined) => {
      discoveryFailure = failure;
      noteFindings();
    };
    const registered = await discoverRegistered({ api, clock, random, requestTimeoutMs, onFailure }, uid, signal);
    if (registered === undefined) return;
    isDiscovered = true;
    fleet.adopt(registered);
    discovered.resolve();
  };
  const discovered = Promise.withResolvers<void>();

  const health = createHealth({
    livez: () => ({
      loops: fleet.states().map((state) => describeLoop(state, { intervalMs, requestTimeoutMs }, clock.monotonicMs())),
    }),
    readyz: () => ({
      isShuttingDown,
      declarations: declared.state(),
      services: fleet.states().map((state) => describeHealth(state, { isPodHidden: isPodHidden() })),
      findings: findings.current(),
    }),
  });

  return {
    run: async (signal) => {
      await Promise.race([
        fleet.failed,
        Promise.all([
          ...[pods.run(signal), configMaps.run(signal), discover(signal)],
          ...[selfCheck.run(signal), gate.run(signal), events.run(signal)],
        ]).then(() => whenAborted(signal)),
      ]);
    },
    withdraw: async (signal) => {
      isShuttingDown = true;
      const outcome = await fleet.shutdown(signal, { adopting: discovered.promise });
      return isDiscovered ? outcome : 'incomplete';
    },
    health,
    status: () => ({
      version: deps.version,
      startedAt,
      phase: isShuttingDown ? 'shutting-down' : phaseOf(latch.reason(), ownPod.current()),
      pod: describePod(config, ownPod.current()),
      configMap: { name: config.configMap, state: declared.state() },
      dns: describeDns(deps),
      services: fleet.states().map((state) => {
        const { service } = state;
        const parts = opened.get(service);
        const known = { slices: parts?.slices.known() ?? [], ownUid: ownUid(), nowMs: clock.monotonicMs() };
        const seen = { probes: parts?.probeStates() ?? [], answers: selfCheck.pairs(service) };
        return describePairs(describeService(state, known), seen);
      }),
      findings: findings.current(),
    }),
  };
}
