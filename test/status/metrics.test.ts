import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MetricSpec, metricTable } from '../../agent/status/metric-table.ts';
import { createMetrics, type Metrics } from '../../agent/status/metrics.ts';

const specs = Object.values<MetricSpec>(metricTable);

function create(): Metrics {
  const usage = { cpuSeconds: 1.5, residentBytes: 1024, startedAt: new Date(1000) };
  return createMetrics({ version: '1.2.3', process: () => usage });
}

/** The samples of /metrics, without the comments. */
async function samples(metrics: Metrics): Promise<readonly string[]> {
  const { text } = await metrics.print();
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

async function samplesOf(metrics: Metrics, name: string): Promise<readonly string[]> {
  return (await samples(metrics)).filter((line) => line.startsWith(name));
}

/** Every verb, once, for the Service given. */
function reportEverything(metrics: Metrics, service: string): void {
  metrics.passFinished({ service, outcome: 'acknowledged' });
  metrics.registerWriteAcknowledged({ service, kind: 'join', latencyMs: 12 });
  metrics.registerWriteOutrun({ service, kind: 'update' });
  metrics.registerWriteFailed({ service, kind: 'beat' });
  metrics.sliceWritten({ service, kind: 'apply', isDone: true });
  metrics.beatScheduled({ service, intervalMs: 5500, acknowledgedAt: new Date(2_500) });
  metrics.peersSeen({ service, count: 2 });
  metrics.pairsSeen({ service, pairs: [{ name: 'kerberos', protocol: 'UDP', isAnnounced: true }] });
  metrics.pairResolved({ service, elapsedMs: 1234 });
  metrics.findingsSeen({ service, findings: [{ code: 'service-missing' }] });
  metrics.probeAttempted({
    service,
    port: 'kerberos',
    protocol: 'UDP',
    kind: 'kerberos',
    outcome: 'sick',
    durationMs: 1000,
  });
  metrics.evicted({ service, reason: 'silent' });
  metrics.withdrawn({ reason: 'shutdown' });
  metrics.requestFailed({ reason: 'Forbidden' });
  metrics.declarationsSeen({ isValid: true, serviceCount: 1 });
  metrics.watchFailed({ resource: 'pods' });
  metrics.watchRecovered({ resource: 'pods' });
}

test('the table and /metrics have the same names, types, helps and labels, in both directions', async () => {
  const metrics = create();
  reportEverything(metrics, 'ipa');
  const { text, contentType } = await metrics.print();
  assert.match(contentType, /^text\/plain; version=0\.0\.4/);
  const lines = text.split('\n');
  const printed = lines
    .filter((line) => line.startsWith('# TYPE '))
    .map((line) => line.split(' ').slice(2).join(' '))
    .sort();
  assert.deepEqual(printed, specs.map(({ name, type }) => `${name} ${type}`).sort());
  for (const { name, help, type, labels } of specs) {
    assert.ok(lines.includes(`# HELP ${name} ${help}`), name);
    const sample = lines.find((line) => line.startsWith(type === 'histogram' ? `${name}_count` : name)) ?? '';
    const names = [...sample.matchAll(/[{,](\w+)="/g)].map(([, label]) => label);
    assert.deepEqual(names.sort(), [...labels].sort(), `${name}: ${sample}`);
  }
});

test('names follow the conventions: prefix, unit, _total for counters', () => {
  for (const { name, type, unit } of specs) {
    assert.match(name, /^(endpoint_registrar|process)_[a-z_]+$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
    if (unit.startsWith('seconds')) assert.match(name, /_seconds(_total)?$/);
    if (unit === 'bytes') assert.match(name, /_bytes$/);
  }
});

const cases: readonly {
  readonly name: string;
  readonly report: (metrics: Metrics) => void;
  readonly expect: readonly string[];
}[] = [
  {
    name: 'an acknowledged write is counted and timed',
    report: (metrics) => metrics.registerWriteAcknowledged({ service: 'ipa', kind: 'beat', latencyMs: 30 }),
    expect: [
      'endpoint_registrar_register_writes_total{service="ipa",kind="beat",outcome="acknowledged"} 1',
      'endpoint_registrar_register_write_duration_seconds_bucket{le="0.025",kind="beat"} 0',
      'endpoint_registrar_register_write_duration_seconds_bucket{le="0.05",kind="beat"} 1',
      'endpoint_registrar_register_write_duration_seconds_sum{kind="beat"} 0.03',
    ],
  },
  {
    name: 'a failed write to the register, by its kind',
    report: (metrics) => metrics.registerWriteFailed({ service: 'ipa', kind: 'join' }),
    expect: ['endpoint_registrar_register_writes_total{service="ipa",kind="join",outcome="failed"} 1'],
  },
  {
    name: 'a failed request, under a known reason',
    report: (metrics) => metrics.requestFailed({ reason: 'TooManyRequests' }),
    expect: ['endpoint_registrar_request_failures_total{reason="TooManyRequests"} 1'],
  },
  {
    name: 'a reason nobody foresaw is Other: labels are a closed set',
    report: (metrics) => metrics.requestFailed({ reason: 'pod-7f says "no"' }),
    expect: ['endpoint_registrar_request_failures_total{reason="Other"} 1'],
  },
  {
    name: 'a slice write that failed',
    report: (metrics) => metrics.sliceWritten({ service: 'ipa', kind: 'delete', isDone: false }),
    expect: ['endpoint_registrar_slice_writes_total{service="ipa",kind="delete",outcome="failed"} 1'],
  },
  {
    name: 'a beat sets the interval in force and when it was',
    report: (metrics) =>
      metrics.beatScheduled({ service: 'ipa', intervalMs: 5500, acknowledgedAt: new Date(1_500_250) }),
    expect: [
      'endpoint_registrar_heartbeat_interval_seconds{service="ipa"} 5.5',
      'endpoint_registrar_last_heartbeat_timestamp_seconds{service="ipa"} 1500.25',
    ],
  },
  {
    name: 'findings are counted by code, those of the agent without a Service',
    report: (metrics) => {
      metrics.findingsSeen({ service: undefined, findings: [{ code: 'configmap-invalid' }] });
      metrics.findingsSeen({
        service: 'ipa',
        findings: [{ code: 'target-port-unresolved' }, { code: 'target-port-unresolved' }],
      });
    },
    expect: [
      'endpoint_registrar_findings{service="",code="configmap-invalid"} 1',
      'endpoint_registrar_findings{service="ipa",code="target-port-unresolved"} 2',
    ],
  },
  {
    name: 'an attempt of a probe is counted under its pair and timed under its kind',
    report: (metrics) =>
      metrics.probeAttempted({
        service: 'ipa',
        port: 'kerberos',
        protocol: 'UDP',
        kind: 'kerberos',
        outcome: 'healthy',
        durationMs: 2,
      }),
    expect: [
      'endpoint_registrar_probe_attempts_total{service="ipa",port="kerberos",protocol="UDP",outcome="healthy"} 1',
      'endpoint_registrar_probe_duration_seconds_bucket{le="0.0025",kind="kerberos"} 1',
      'endpoint_registrar_probe_duration_seconds_sum{kind="kerberos"} 0.002',
    ],
  },
  {
    name: 'the process, as read when asked',
    report: () => {},
    expect: [
      'process_cpu_seconds_total 1.5',
      'process_resident_memory_bytes 1024',
      'process_start_time_seconds 1',
      'endpoint_registrar_info{version="1.2.3"} 1',
    ],
  },
];

for (const { name, report, expect } of cases) {
  test(`metrics: ${name}`, async () => {
    const metrics = create();
    report(metrics);
    const printed = await samples(metrics);
    for (const line of expect) assert.ok(printed.includes(line), `${line}\nis not in\n${printed.join('\n')}`);
  });
}

test('asking twice does not count the CPU time twice', async () => {
  const metrics = create();
  await metrics.print();
  assert.deepEqual(await samplesOf(metrics, 'process_cpu'), ['process_cpu_seconds_total 1.5']);
});

test('a pair that is not declared any more has no series, and the others keep theirs', async () => {
  const metrics = create();
  const pair = (name: string, isAnnounced: boolean) => ({ name, protocol: 'TCP', isAnnounced }) as const;
  metrics.pairsSeen({ service: 'ipa', pairs: [pair('ldap', true), pair('kerberos', true)] });
  metrics.pairsSeen({ service: 'dns', pairs: [pair('dns', true)] });
  metrics.pairsSeen({ service: 'ipa', pairs: [pair('kerberos', false)] });
  assert.deepEqual(await samplesOf(metrics, 'endpoint_registrar_pair'), [
    'endpoint_registrar_pair_announced{service="ipa",port="kerberos",protocol="TCP"} 0',
    'endpoint_registrar_pair_announced{service="dns",port="dns",protocol="TCP"} 1',
  ]);
});

test('a finding that is over has no series', async () => {
  const metrics = create();
  metrics.findingsSeen({ service: 'ipa', findings: [{ code: 'service-missing' }] });
  metrics.findingsSeen({ service: 'ipa', findings: [] });
  assert.deepEqual(await samplesOf(metrics, 'endpoint_registrar_findings'), []);
});

test('a withdrawn Service leaves no series behind; other Services and the withdrawal itself stay', async () => {
  const metrics = create();
  reportEverything(metrics, 'dns');
  const before = await samples(metrics);
  reportEverything(metrics, 'ipa');
  metrics.forgetService('ipa');
  const after = await samples(metrics);
  assert.deepEqual(
    after.filter((line) => line.includes('"ipa"')),
    [],
  );
  const ofServices = (lines: readonly string[]) => lines.filter((line) => line.includes('service="dns"'));
  assert.deepEqual(ofServices(after), ofServices(before));
  assert.ok(after.includes('endpoint_registrar_withdrawals_total{reason="shutdown"} 2'));
});

test('a Service that comes back starts from nothing', async () => {
  const metrics = create();
  reportEverything(metrics, 'ipa');
  metrics.forgetService('ipa');
  metrics.passFinished({ service: 'ipa', outcome: 'failed' });
  assert.deepEqual(await samplesOf(metrics, 'endpoint_registrar_passes'), [
    'endpoint_registrar_passes_total{service="ipa",outcome="failed"} 1',
  ]);
});

test('two agents in one process share nothing', async () => {
  const [one, two] = [create(), create()];
  one.passFinished({ service: 'ipa', outcome: 'failed' });
  assert.deepEqual(await samplesOf(two, 'endpoint_registrar_passes'), []);
});

test('the time from register to resolvable is kept in seconds, a series a Service', async () => {
  const metrics = create();
  metrics.pairResolved({ service: 'ipa', elapsedMs: 1234 });
  metrics.pairResolved({ service: 'ipa', elapsedMs: 31_000 });
  const name = 'endpoint_registrar_register_to_resolvable_seconds';
  const lines = await samplesOf(metrics, name);
  assert.ok(lines.includes(`${name}_sum{service="ipa"} 32.234`), lines.join('\n'));
  assert.ok(lines.includes(`${name}_bucket{le="1.5",service="ipa"} 1`), lines.join('\n'));
  assert.ok(lines.includes(`${name}_bucket{le="35",service="ipa"} 2`), lines.join('\n'));
});
