/**
 * Every metric in one table: name, type, unit, labels, help. It drives /metrics and the README's table; what is
 * counted when is `metrics`. Labels are closed unions, and Service, port and protocol as declared; never UIDs, peers
 * or error texts.
 */

/** A label of a metric. */
export type MetricLabel =
  | 'code'
  | 'kind'
  | 'outcome'
  | 'port'
  | 'protocol'
  | 'reason'
  | 'resource'
  | 'service'
  | 'version';

/** One metric, as the README's table shows it. `buckets` in the unit, of a histogram only. */
export type MetricSpec = {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly unit: string;
  readonly labels: readonly MetricLabel[];
  readonly help: string;
  readonly buckets?: readonly number[];
};

/** Every metric of the agent. */
export const metricTable = {
  info: {
    name: 'endpoint_registrar_info',
    type: 'gauge',
    unit: '1',
    labels: ['version'],
    help: 'Always 1; the label says which version runs.',
  },
  declarationsValid: {
    name: 'endpoint_registrar_declarations_valid',
    type: 'gauge',
    unit: '0 or 1',
    labels: [],
    help: '1 where the ConfigMap as last seen is valid; 0 where it is not, or is missing: then the last good declarations stay.',
  },
  declaredServices: {
    name: 'endpoint_registrar_declared_services',
    type: 'gauge',
    unit: 'Services',
    labels: [],
    help: 'Services in the declarations in force.',
  },
  findings: {
    name: 'endpoint_registrar_findings',
    type: 'gauge',
    unit: 'findings',
    labels: ['service', 'code'],
    help: 'Findings that stand now, which an operator should know or act on; service is empty for those of the whole agent.',
  },
  pairAnnounced: {
    name: 'endpoint_registrar_pair_announced',
    type: 'gauge',
    unit: '0 or 1',
    labels: ['service', 'port', 'protocol'],
    help: '1 where this pod is announced under the declared pair, by the agent or by the Service itself; 0 where it is withheld.',
  },
  heartbeatInterval: {
    name: 'endpoint_registrar_heartbeat_interval_seconds',
    type: 'gauge',
    unit: 'seconds',
    labels: ['service'],
    help: 'The interval that the last acknowledged heartbeat promises; longer than the setting above 30 pods.',
  },
  lastHeartbeat: {
    name: 'endpoint_registrar_last_heartbeat_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds since 1970',
    labels: ['service'],
    help: "When the last heartbeat was acknowledged, by the pod's clock.",
  },
  peers: {
    name: 'endpoint_registrar_peers',
    type: 'gauge',
    unit: 'pods',
    labels: ['service'],
    help: 'Other pods with a heartbeat under the Service.',
  },
  passes: {
    name: 'endpoint_registrar_passes_total',
    type: 'counter',
    unit: 'passes',
    labels: ['service', 'outcome'],
    help: 'Turns of the loop: acknowledged, refused (an operator must act), or failed (tried again).',
  },
  registerWrites: {
    name: 'endpoint_registrar_register_writes_total',
    type: 'counter',
    unit: 'writes',
    labels: ['service', 'kind', 'outcome'],
    help: 'Writes to the register: join, update or beat; acknowledged, outrun (somebody was faster) or failed.',
  },
  registerWriteDuration: {
    name: 'endpoint_registrar_register_write_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    labels: ['kind'],
    help: 'Time until a write to the register was acknowledged.',
    // From a quiet API server (5 ms) to the longest request timeout in force by itself (15 s).
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15],
  },
  sliceWrites: {
    name: 'endpoint_registrar_slice_writes_total',
    type: 'counter',
    unit: 'writes',
    labels: ['service', 'kind', 'outcome'],
    help: 'Writes of EndpointSlices: apply or delete; done or failed.',
  },
  probeAttempts: {
    name: 'endpoint_registrar_probe_attempts_total',
    type: 'counter',
    unit: 'attempts',
    labels: ['service', 'port', 'protocol', 'outcome'],
    help: 'Attempts of the probes of a declared pair: healthy or sick.',
  },
  probeDuration: {
    name: 'endpoint_registrar_probe_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    labels: ['kind'],
    help: 'Time that an attempt of a probe took, whatever it came to, by the kind of probe.',
    // From a daemon on the own pod (1 ms) over the default timeout (1 s) to a patient one.
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1, 2.5, 10],
  },
  registerToResolvable: {
    name: 'endpoint_registrar_register_to_resolvable_seconds',
    type: 'histogram',
    unit: 'seconds',
    labels: ['service'],
    help: 'From the acknowledgement of a slice until the cluster DNS answered one of its pairs with this pod; DNS is asked after 1 s at the soonest.',
    // From the first question (1 s) over one negative answer kept (30 s) to what no operator would wait for.
    buckets: [1, 1.5, 2, 3, 5, 10, 20, 30, 35, 45, 60, 90, 120],
  },
  evictions: {
    name: 'endpoint_registrar_evictions_total',
    type: 'counter',
    unit: 'peers',
    labels: ['service', 'reason'],
    help: 'Peers that this agent removed from the register, and why.',
  },
  withdrawals: {
    name: 'endpoint_registrar_withdrawals_total',
    type: 'counter',
    unit: 'withdrawals',
    labels: ['reason'],
    help: "Services from which this pod's own registration was removed, and why.",
  },
  requestFailures: {
    name: 'endpoint_registrar_request_failures_total',
    type: 'counter',
    unit: 'requests',
    labels: ['reason'],
    help: 'Requests to the API server that got no useful answer, by its reason or ours (Timeout, Network, BadAnswer).',
  },
  watchFailures: {
    name: 'endpoint_registrar_watch_failures_total',
    type: 'counter',
    unit: 'failures',
    labels: ['resource'],
    help: 'Lists and watches that failed and are tried again.',
  },
  watchRecoveries: {
    name: 'endpoint_registrar_watch_recoveries_total',
    type: 'counter',
    unit: 'recoveries',
    labels: ['resource'],
    help: 'Watches that run again after a failure.',
  },
  processCpu: {
    name: 'process_cpu_seconds_total',
    type: 'counter',
    unit: 'seconds',
    labels: [],
    help: 'CPU time that the process has used, user and system.',
  },
  processMemory: {
    name: 'process_resident_memory_bytes',
    type: 'gauge',
    unit: 'bytes',
    labels: [],
    help: 'Resident memory of the process.',
  },
  processStart: {
    name: 'process_start_time_seconds',
    type: 'gauge',
    unit: 'seconds since 1970',
    labels: [],
    help: "When the process was started, by the pod's clock.",
  },
} as const satisfies Record<string, MetricSpec>;

/** The name of a metric in the code. */
export type MetricKey = keyof typeof metricTable;
