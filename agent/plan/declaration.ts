/**
 * What a user declares for one Service: the spec fragment under that Service's key in the ConfigMap.
 * Only the shape; reading it from text is `declarations/`.
 */
import type { Probe } from './probe.ts';

/** A transport protocol of a port, as ServicePort spells it. */
export type Protocol = 'TCP' | 'UDP' | 'SCTP';

/** The protocols in the order in which we print and write them. */
export const protocols = ['TCP', 'UDP', 'SCTP'] as const satisfies readonly Protocol[];

/** One declared port: the fields of ServicePort that mean something here (API reference, ServicePort v1). */
export type DeclaredPort = {
  /** The SRV label without its underscore: an RFC 6335 service name, a DNS label in lower case. */
  readonly name: string;
  readonly protocol: Protocol;
  /** 1 to 65535. */
  readonly port: number;
  /** A port number, or the name of a container port in the own pod; absent: `port`. SRV of a headless Service carries this one. */
  readonly targetPort?: number | string;
  readonly appProtocol?: string;
  /** All of them must succeed; absent: the workload's readiness decides alone. Never empty. */
  readonly probes?: readonly Probe[];
};

/** What the ConfigMap asks for one Service. `ports` is unique by name and protocol; empty means: withdraw. */
export type Declaration = {
  /** The Service's name: the ConfigMap's key. */
  readonly service: string;
  readonly ports: readonly DeclaredPort[];
  /** Pairs are announced although the workload is not ready; their probes still decide. Absent: false. */
  readonly publishNotReadyAddresses?: boolean;
};

/** A whole valid ConfigMap: Service name to declaration. */
export type Declarations = ReadonlyMap<string, Declaration>;
