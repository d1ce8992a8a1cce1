/**
 * What a cluster DNS server reads: the seam between the embedded API server and the embedded DNS server, so that
 * neither needs the other's code. CoreDNS's `kubernetes` plugin watches exactly these three collections.
 */
import type { EndpointSlice, Service } from '../../agent/kube/objects.ts';

/** The current state of the world as cluster DNS sees it. Each call returns the newest state; what it returns never changes afterwards. */
export type DnsSource = {
  readonly services: () => readonly Service[];
  readonly endpointSlices: () => readonly EndpointSlice[];
  /** Names of the namespaces that exist. */
  readonly namespaces: () => readonly string[];
  /** Calls `listener` after each change of one of the three; returns the function that stops it. */
  readonly onChange: (listener: () => void) => () => void;
};
