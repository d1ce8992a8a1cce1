import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printStatus, type ServiceStatus, type Status } from '../../agent/status/status.ts';

const service: ServiceStatus = {
  service: 'ipa',
  serviceUid: 'u',
  way: 'full',
  reason: 'headless-without-selector',
  intervalMs: 5000,
  lastHeartbeatAgeMs: 120,
  pairs: [
    {
      name: 'kerberos',
      protocol: 'UDP',
      kind: 'announced',
      reason: 'the workload is ready',
      probes: [
        {
          action: 'kerberos',
          kind: 'passing',
          reason: 'it answers',
          lastAttemptAgeMs: 90,
          attemptCount: 2,
          failuresInARow: 0,
        },
      ],
      dns: { state: 'resolved', reason: 'DNS answers', answeredAgeMs: 10, elapsedMs: 1020 },
    },
  ],
  slices: [{ name: 'ipa-0-1', addressType: 'IPv4', ports: ['kerberos/UDP 88'] }],
  peers: [
    { uid: 'z', podName: 'ipa-2', age: 0, promisedMs: 5000 },
    { uid: 'b', podName: null, age: 2, promisedMs: null },
  ],
  findings: [],
};

const status: Status = {
  version: '1.2.3',
  startedAt: '2026-01-01T00:00:00.000Z',
  phase: 'running',
  pod: { namespace: 'default', name: 'ipa-0', uid: 'a', addresses: ['10.0.0.1'], isReady: true, reason: null },
  configMap: { name: 'ports', state: 'read' },
  dns: { server: '10.96.0.10:53', clusterDomain: 'cluster.local', reason: null },
  services: [{ ...service, service: 'z' }, service],
  findings: [],
};

test('the document is JSON that ends with a line end, Services and peers in a steady order', () => {
  const text = printStatus(status);
  assert.ok(text.endsWith('}\n'));
  const peers = [...service.peers].reverse();
  assert.deepEqual(JSON.parse(text), {
    ...status,
    services: [
      { ...service, peers },
      { ...service, service: 'z', peers },
    ],
  });
});

test('printing changes nothing in what it is given', () => {
  const before = structuredClone(status);
  printStatus(status);
  assert.deepEqual(status, before);
});
