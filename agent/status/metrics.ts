/**
 * The metrics as verbs: what happened goes in, the text of /metrics comes out. Who reports knows neither prom-client
 * nor how the metrics are called. The series are `series`, the names and words `metric-table`.
 */
import type { Protocol } from '../plan/declaration.ts';
import type { EvictionPlan } from '../plan/evict.ts';
import type { FindingCode } from '../plan/finding.ts';
import type { RegisterPatch } from '../plan/patch.ts';
import type { ProbeAction } from '../plan/probe.ts';
import type { SliceChange } from '../plan/slices.ts';
import type { Way } from '../plan/way.ts';
import { createSeries } from './series.ts';

/** How a pass ended. `refused`: a finding stands that an operator must act on; `failed`: it is tried again. */
export type PassOutcome = 'acknowledged' | 'refused' | 'failed';

/** Why a peer was evicted. */
export type EvictionReason = Extract<EvictionPlan, { kind: 'evict' }>['reason'];

/** Why the own registration was withdrawn. */
export type WithdrawalReason =
  | 'not-declared'
  | 'no-ports'
  | 'pod-ending'
  | 'shutdown'
  | Extract<Way, { kind: 'withdraw' }>['reason'];

/** What is listed and watched. */
export type WatchedResource = 'configmaps' | 'endpointslices' | 'pods' | 'services';

/** What the process uses, read when /metrics is asked for. */
export type ProcessUsage = {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly startedAt: Date;
};

type OfService = { readonly service: string };
type RegisterWrite = OfService & { readonly kind: RegisterPatch['kind'] };

/** What the agent reports, one verb an observation, and the text that comes of it. No verb throws or waits. */
export type Metrics = {
  readonly passFinished: (seen: OfService & { readonly outcome: PassOutcome }) => void;
  readonly registerWriteAcknowledged: (seen: RegisterWrite & { readonly latencyMs: number }) => void;
  /** Somebody was faster: a `test` of the patch failed. */
  readonly registerWriteOutrun: (seen: RegisterWrite) => void;
  readonly registerWriteFailed: (seen: RegisterWrite) => void;
  readonly sliceWritten: (seen: OfService & { readonly kind: SliceChange['kind']; readonly isDone: boolean }) => void;
  /** A beat was acknowledged, which promises the next one after `intervalMs`. */
  readonly beatScheduled: (seen: OfService & { readonly intervalMs: number; readonly acknowledgedAt: Date }) => void;
  readonly peersSeen: (seen: OfService & { readonly count: number }) => void;
  /** All declared pairs of the Service: those seen before and not any more are removed. */
  readonly pairsSeen: (
    seen: OfService & {
      readonly pairs: readonly { readonly name: string; readonly protocol: Protocol; readonly isAnnounced: boolean }[];
    },
  ) => void;
  /** DNS answered a published pair with this pod, so long after its slice was acknowledged. */
  readonly pairResolved: (seen: OfService & { readonly elapsedMs: number }) => void;
  /** All findings that stand, of one Service or, where `service` is undefined, of the agent. */
  readonly findingsSeen: (seen: {
    readonly service: string | undefined;
    readonly findings: readonly { readonly code: FindingCode }[];
  }) => void;
  /** `port` and `protocol`: of the declared pair; `kind`: of the probe. */
  readonly probeAttempted: (
    seen: OfService & {
      readonly port: string;
      readonly protocol: Protocol;
      readonly kind: ProbeAction['kind'];
      readonly outcome: 'healthy' | 'sick';
      readonly durationMs: number;
    },
  ) => void;
  readonly evicted: (seen: OfService & { readonly reason: EvictionReason }) => void;
  readonly withdrawn: (seen: { readonly reason: WithdrawalReason }) => void;
  /** A failed request of any kind. `reason` as of KubeError; unknown ones count as `Other`. */
  readonly requestFailed: (seen: { readonly reason: string }) => void;
  readonly declarationsSeen: (seen: { readonly isValid: boolean; readonly serviceCount: number }) => void;
  readonly watchFailed: (seen: { readonly resource: WatchedResource }) => void;
  readonly watchRecovered: (seen: { readonly resource: WatchedResource }) => void;
  /** Removes every series of a Service: it is withdrawn and its keeper has ended. */
  readonly forgetService: (service: string) => void;
  /** The text of /metrics, with its content type. */
  readonly print: () => Promise<{ readonly contentType: string; readonly text: string }>;
};

/**
 * The reasons of failed requests that have a series of their own: those of the API server's Status that can reach us,
 * and ours for where no answer came. The API server may add reasons, labels are a closed set: all others are `Other`.
 */
const requestReasons: ReadonlySet<string> = new Set([
  'Aborted',
  'BadAnswer',
  'BadRequest',
  'Conflict',
  'Expired',
  'Forbidden',
  'InternalError',
  'Invalid',
  'Network',
  'NotFound',
  'ServerTimeout',
  'ServiceUnavailable',
  'Timeout',
  'TooManyRequests',
  'Unauthorized',
]);

/** Builds the metrics. `process` is read each time /metrics is printed. */
export function createMetrics(options: { readonly version: string; readonly process: () => ProcessUsage }): Metrics {
  const series = createSeries();
  series.set('info', { version: options.version }, 1);
  const requestFailed = (reason: string) =>
    series.add('requestFailures', { reason: requestReasons.has(reason) ? reason : 'Other' });
  return {
    passFinished: ({ service, outcome }) => series.add('passes', { service, outcome }),
    registerWriteAcknowledged: ({ service, kind, latencyMs }) => {
      series.add('registerWrites', { service, kind, outcome: 'acknowledged' });
      series.observe('registerWriteDuration', { kind }, latencyMs / 1000);
    },
    registerWriteOutrun: ({ service, kind }) => series.add('registerWrites', { service, kind, outcome: 'outrun' }),
    registerWriteFailed: ({ service, kind }) => series.add('registerWrites', { service, kind, outcome: 'failed' }),
    sliceWritten: ({ service, kind, isDone }) =>
      series.add('sliceWrites', { service, kind, outcome: isDone ? 'done' : 'failed' }),
    beatScheduled: ({ service, intervalMs, acknowledgedAt }) => {
      series.set('heartbeatInterval', { service }, intervalMs / 1000);
      series.set('lastHeartbeat', { service }, acknowledgedAt.getTime() / 1000);
    },
    peersSeen: ({ service, count }) => series.set('peers', { service }, count),
    pairsSeen: ({ service, pairs }) =>
      series.replace(
        'pairAnnounced',
        service,
        pairs.map(({ name, protocol, isAnnounced }) => ({
          labels: { service, port: name, protocol },
          value: isAnnounced ? 1 : 0,
        })),
      ),
    pairResolved: ({ service, elapsedMs }) => series.observe('registerToResolvable', { service }, elapsedMs / 1000),
    findingsSeen: ({ service = '', findings }) => {
      const counts = new Map<FindingCode, number>();
      for (const { code } of findings) counts.set(code, (counts.get(code) ?? 0) + 1);
      series.replace(
        'findings',
        service,
        [...counts].map(([code, value]) => ({ labels: { service, code }, value })),
      );
    },
    probeAttempted: ({ service, port, protocol, kind, outcome, durationMs }) => {
      series.add('probeAttempts', { service, port, protocol, outcome });
      series.observe('probeDuration', { kind }, durationMs / 1000);
    },
    evicted: ({ service, reason }) => series.add('evictions', { service, reason }),
    withdrawn: ({ reason }) => series.add('withdrawals', { reason }),
    requestFailed: ({ reason }) => requestFailed(reason),
    declarationsSeen: ({ isValid, serviceCount }) => {
      series.set('declarationsValid', {}, isValid ? 1 : 0);
      series.set('declaredServices', {}, serviceCount);
    },
    watchFailed: ({ resource }) => series.add('watchFailures', { resource }),
    watchRecovered: ({ resource }) => series.add('watchRecoveries', { resource }),
    forgetService: (service) => series.forget(service),
    print: () => {
      const usage = options.process();
      series.total('processCpu', {}, usage.cpuSeconds);
      series.set('processMemory', {}, usage.residentBytes);
      series.set('processStart', {}, usage.startedAt.getTime() / 1000);
      return series.print();
    },
  };
}
