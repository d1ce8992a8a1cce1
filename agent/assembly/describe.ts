/** The parts of /status that no single room knows: the own pod, the cluster's DNS, and what probes and DNS say of a pair. */
import type { LatchReason } from '../keeper/latch.ts';
import { pairKey } from '../plan/pairs.ts';
import type { OwnPod } from '../plan/pod.ts';
import type { ProbeState } from '../probes/prober.ts';
import type { PairAnswer } from '../resolved/self-check.ts';
import type { KeeperStatus, PairStatus, ServiceStatus, Status } from '../status/status.ts';
import type { ClusterDns } from './cluster-dns.ts';

/** The latch is closed or not, the pod was seen or not: what that makes of the agent. */
export function phaseOf(latched: LatchReason | undefined, pod: OwnPod | undefined): Status['phase'] {
  if (latched !== undefined) return 'latched';
  return pod === undefined ? 'starting' : 'running';
}

/** The own pod's part. */
export function describePod(
  { namespace, podName }: { readonly namespace: string; readonly podName: string },
  pod: OwnPod | undefined,
): Status['pod'] {
  return {
    namespace,
    name: podName,
    uid: pod?.identity.uid ?? null,
    addresses: Object.values(pod?.identity.addresses ?? {}),
    isReady: pod === undefined ? null : pod.readiness.kind === 'ready',
    reason: pod?.readiness.kind === 'unready' ? pod.readiness.reason : null,
  };
}

/** The DNS that is asked for what was published. */
export function describeDns({ dns, clusterDomain }: ClusterDns): Status['dns'] {
  return dns.kind === 'on'
    ? { server: dns.server, clusterDomain, reason: null }
    : { server: null, clusterDomain, reason: dns.reason };
}

/** Puts what probes and DNS say beside each declared pair. */
export function describePairs(
  service: KeeperStatus,
  seen: { readonly probes: readonly ProbeState[]; readonly answers: readonly PairAnswer[] },
): ServiceStatus {
  return {
    ...service,
    pairs: service.pairs.map((pair) => {
      const answer = seen.answers.find((one) => one.pair === pairKey(pair));
      return {
        ...pair,
        probes: seen.probes.filter((probe) => pairKey(probe) === pairKey(pair)).map(describeProbe),
        dns: answer === undefined ? null : describeAnswer(answer),
      };
    }),
  };
}

function describeAnswer({ state, reason, answeredAgeMs, elapsedMs }: PairAnswer): NonNullable<PairStatus['dns']> {
  return { state, reason, answeredAgeMs, elapsedMs };
}

function describeProbe(probe: ProbeState): PairStatus['probes'][number] {
  const { action, verdict, reason, lastAttemptAgeMs, attemptCount, failuresInARow } = probe;
  return {
    action,
    kind: verdict,
    reason,
    lastAttemptAgeMs: lastAttemptAgeMs === undefined ? null : Math.round(lastAttemptAgeMs),
    attemptCount,
    failuresInARow,
  };
}
