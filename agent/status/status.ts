/**
 * The document of /status: what this agent declares, announces and sees, and why. Types and their print only; the
 * assembly fills them in. Durations are milliseconds and say so; times are RFC 3339 by the pod's clock.
 */
import type { Finding } from '../plan/finding.ts';
import type { PairState } from '../plan/pairs.ts';
import type { ProbeAction, ProbeVerdict } from '../plan/probe.ts';
import type { WayName } from '../plan/way.ts';

/** Where the agent is in its life. `latched`: the own pod is going, nothing is registered again. */
export type Phase = 'starting' | 'running' | 'latched' | 'shutting-down';

/** One of our slices as known now. `ports` e.g. `['kerberos/UDP 88']`. */
export type SliceStatus = { readonly name: string; readonly addressType: string; readonly ports: readonly string[] };

/** One other pod under the Service. `age` counts its own promised intervals of silence: 2 asks for its pod, 3 evicts. */
export type PeerStatus = {
  readonly uid: string;
  readonly podName: string | null;
  readonly age: number;
  readonly promisedMs: number | null;
};

/** What one probe of a pair says. `kind`: its verdict by the thresholds; `reason` names the probe. */
export type ProbeStatus = {
  readonly action: ProbeAction['kind'];
  readonly kind: ProbeVerdict['kind'];
  readonly reason: string;
  readonly lastAttemptAgeMs: number | null;
  readonly attemptCount: number;
  readonly failuresInARow: number;
};

/** What DNS says of a published pair. `elapsedMs`: from the slice's acknowledgement to the first answer with us. */
export type DnsStatus = {
  readonly state: string;
  readonly reason: string;
  readonly answeredAgeMs: number | null;
  readonly elapsedMs: number | null;
};

/** One declared pair. `dns` is null where we publish nothing under it. */
export type PairStatus = PairState & { readonly probes: readonly ProbeStatus[]; readonly dns: DnsStatus | null };

/** One declared Service, as its keeper knows it. */
export type KeeperStatus = {
  readonly service: string;
  readonly serviceUid: string | null;
  /** How it is served, null before the first pass; `reason` says why, or why not. */
  readonly way: WayName | null;
  readonly reason: string;
  /** The interval that the last acknowledged heartbeat promises. */
  readonly intervalMs: number | null;
  readonly lastHeartbeatAgeMs: number | null;
  readonly pairs: readonly PairState[];
  readonly slices: readonly SliceStatus[];
  readonly peers: readonly PeerStatus[];
  readonly findings: readonly Finding[];
};

/** One declared Service, with what probes and DNS say. */
export type ServiceStatus = Omit<KeeperStatus, 'pairs'> & { readonly pairs: readonly PairStatus[] };

/** The whole document. */
export type Status = {
  readonly version: string;
  readonly startedAt: string;
  readonly phase: Phase;
  readonly pod: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string | null;
    readonly addresses: readonly string[];
    /** Whether the other containers are ready; `reason` where they are not. */
    readonly isReady: boolean | null;
    readonly reason: string | null;
  };
  readonly configMap: { readonly name: string; readonly state: 'unread' | 'read' | 'refused' };
  /** The DNS that is asked for what was published; `server` is null where none is, and `reason` says why. */
  readonly dns: { readonly server: string | null; readonly clusterDomain: string; readonly reason: string | null };
  readonly services: readonly ServiceStatus[];
  /** Of the agent as a whole. */
  readonly findings: readonly Finding[];
};

/** Prints the document as JSON that a person can read too, Services and peers in a steady order. */
export function printStatus(status: Status): string {
  const services = [...status.services]
    .sort((a, b) => compare(a.service, b.service))
    .map((service) => ({ ...service, peers: [...service.peers].sort((a, b) => compare(a.uid, b.uid)) }));
  return `${JSON.stringify({ ...status, services }, undefined, 2)}\n`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
