/** A keeper's state as /status, /readyz and /livez show it. */
import type { EndpointSlice } from '../kube/objects.ts';
import { timeoutInForceMs } from '../plan/heartbeat.ts';
import { publisherOf } from '../plan/slices.ts';
import type { LoopFacts, ServiceHealth } from '../status/health.ts';
import type { KeeperStatus } from '../status/status.ts';
import type { KeeperOptions } from './deps.ts';
import type { KeeperState } from './keeper.ts';

/** How long the loop may be without a new pass beyond its sleep: requests of one pass that each run into their deadline. */
const REQUESTS_A_PASS = 10;

/** What /livez looks at: the sleep and the slowest pass that is still no fault of the loop. */
export function describeLoop(state: KeeperState, options: KeeperOptions, nowMs: number): LoopFacts {
  const { service, attemptedAtMs, memory, failure } = state;
  const timeoutMs = timeoutInForceMs(options.requestTimeoutMs, memory.promisedMs);
  const limitMs = 2 * memory.promisedMs + REQUESTS_A_PASS * timeoutMs + (failure?.retryAfterMs ?? 0);
  return { service, attemptAgeMs: nowMs - attemptedAtMs, limitMs };
}

/** What /readyz looks at. `isPodHidden`: no pass can begin, and a finding of the whole agent says why. */
export function describeHealth(
  { service, hasStarted, findings }: KeeperState,
  { isPodHidden }: { readonly isPodHidden: boolean },
): ServiceHealth {
  const firstPass =
    !hasStarted && !isPodHidden ? 'pending' : findings.length > 0 || isPodHidden ? 'refused' : 'acknowledged';
  return { service, firstPass, findings };
}

/** One Service's part of /status. `slices`: all that are known under the Service. */
export function describeService(
  { service, memory, findings }: KeeperState,
  given: { readonly slices: readonly EndpointSlice[]; readonly ownUid: string | undefined; readonly nowMs: number },
): KeeperStatus {
  const { lastAcknowledgedAtMs, ages } = memory;
  return {
    service,
    serviceUid: memory.serviceUid ?? null,
    way: memory.way ?? null,
    reason: memory.wayReason,
    intervalMs: lastAcknowledgedAtMs === undefined ? null : memory.promisedMs,
    lastHeartbeatAgeMs: lastAcknowledgedAtMs === undefined ? null : Math.round(given.nowMs - lastAcknowledgedAtMs),
    pairs: memory.pairs,
    slices: given.slices
      .filter((slice) => given.ownUid !== undefined && publisherOf(slice) === given.ownUid)
      .map((slice) => ({
        name: slice.metadata?.name ?? '',
        addressType: slice.addressType,
        ports: (slice.ports ?? []).map(({ name, protocol, port }) => `${name}/${protocol ?? 'TCP'} ${port}`),
      })),
    peers: [...ages.peers].map(([uid, { podName, age, promisedMs }]) => ({
      uid,
      podName: podName ?? null,
      age,
      promisedMs: promisedMs ?? null,
    })),
    findings,
  };
}
