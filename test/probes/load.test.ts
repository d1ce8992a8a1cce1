/** A hundred probes of daemons that hang, beside a timer such as a heartbeat's: it must not notice them. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { createClock } from '../../agent/clock.ts';
import { defaultTiming, type ProbeAction } from '../../agent/plan/probe.ts';
import type { ProbeAim } from '../../agent/probes/aim.ts';
import { createProber } from '../../agent/probes/prober.ts';
import { createMetrics } from '../../agent/status/metrics.ts';
import { createLogBook } from '../support/log.ts';
import { until } from '../support/until.ts';
import { startTcp, startUdp } from './servers.ts';

const PAIR_COUNT = 25;
const TICK_MS = 10;
const WINDOW_MS = 2_000;

/** How often a timer fires that sleeps for 10 ms, again and again, in two seconds. */
async function countTicks(): Promise<number> {
  const clock = createClock();
  const { signal } = new AbortController();
  const endMs = clock.monotonicMs() + WINDOW_MS;
  let tickCount = 0;
  while (clock.monotonicMs() < endMs) {
    await clock.sleep(TICK_MS, signal);
    tickCount += 1;
  }
  return tickCount;
}

function openFileCount(): number {
  return readdirSync('/proc/self/fd').length;
}

test('a hundred probes that hang leave another timer alone, and close what they opened', async (t) => {
  const udp = await startUdp(t, () => {});
  const tcp = await startTcp(t, () => {});
  const actions: readonly ProbeAction[] = [
    { kind: 'kerberos', transport: 'UDP', port: udp.port },
    { kind: 'kerberos', transport: 'TCP', port: tcp.port },
    { kind: 'ldap', port: tcp.port },
    { kind: 'httpGet', scheme: 'HTTP', path: '/', headers: [], port: tcp.port },
  ];
  const timing = { ...defaultTiming, periodMs: 500, timeoutMs: 400 };
  const aim: ProbeAim = {
    service: 'ipa',
    realm: 'IPA.DEFAULT.SVC.CLUSTER.LOCAL',
    address: '127.0.0.1',
    namedPorts: [],
    pairs: Array.from({ length: PAIR_COUNT }, (_, index) => ({
      name: `port-${index}`,
      protocol: 'TCP',
      port: tcp.port,
      probes: actions.map((action) => ({ ...timing, action })),
    })),
  };
  const prober = createProber({
    clock: createClock(),
    random: Math.random,
    log: createLogBook().log,
    metrics: createMetrics({
      version: '1',
      process: () => ({ cpuSeconds: 0, residentBytes: 0, startedAt: new Date(0) }),
    }),
    onChange: () => {},
  });
  const stop = new AbortController();
  const aloneTicks = await countTicks();
  const aloneFiles = openFileCount();
  prober.aim(aim);
  const ended = prober.run(stop.signal);
  await until(() =>
    assert.equal(prober.states().filter(({ attemptCount }) => attemptCount > 0).length, 4 * PAIR_COUNT),
  );
  const besideTicks = await countTicks();
  stop.abort();
  await ended;
  assert.ok(besideTicks > aloneTicks / 2, `${besideTicks} ticks beside the probes, ${aloneTicks} alone`);
  await until(() => assert.equal(tcp.open.size, 0));
  await until(() => assert.ok(openFileCount() <= aloneFiles, `${openFileCount()} files open, ${aloneFiles} before`));
});
