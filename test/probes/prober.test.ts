/** The prober on a fake clock, against daemons on loopback that a test makes sick and sound again. */
import assert from 'node:assert/strict';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { getEventListeners } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { defaultTiming, type Probe } from '../../agent/plan/probe.ts';
import type { ProbeAim } from '../../agent/probes/aim.ts';
import { createProber, type Prober } from '../../agent/probes/prober.ts';
import { createMetrics } from '../../agent/status/metrics.ts';
import { createFakeClock, type FakeClock } from '../support/clock.ts';
import { createLogBook, type LogLine } from '../support/log.ts';
import { until } from '../support/until.ts';
import { freePort, krbErrorBytes, startUdp, type UdpServer } from './servers.ts';

const PERIOD_MS = 10_000;
const TIMEOUT_MS = 1_000;
/** Far less than a timeout: the clock stands while an attempt waits for its daemon, which lives in real time. */
const STEP_MS = 20;

/** A KDC over UDP. `answer`: an error code, or silence. */
type Daemon = UdpServer & { answer: number | 'nothing' };

async function startDaemon(t: TestContext): Promise<Daemon> {
  const behave = (socket: Socket, { port, address }: RemoteInfo) => {
    if (daemon.answer !== 'nothing') socket.send(krbErrorBytes(daemon.answer), port, address);
  };
  const server = await startUdp(t, behave);
  const daemon: Daemon = { ...server, answer: 6 };
  return daemon;
}

const kerberos: Probe = { ...defaultTiming, action: { kind: 'kerberos' } };

function aimAt({ address, port }: { address: string; port: number }, ...probes: readonly Probe[]): ProbeAim {
  const pair = { name: 'kerberos', protocol: 'UDP', port, probes: probes.length === 0 ? [kerberos] : probes } as const;
  return { service: 'ipa', realm: 'R', address, pairs: [pair], namedPorts: [] };
}

type World = {
  readonly prober: Prober;
  readonly clock: AttemptClock;
  readonly lines: readonly LogLine[];
  readonly changes: () => number;
  readonly print: () => Promise<string>;
  readonly stop: AbortController;
  /** Resolves when `run` has; awaited at the end of the test as well. */
  readonly ended: Promise<void>;
  /** Moves the clock until one more attempt has begun. */
  readonly toAttempt: () => Promise<void>;
  /** Moves the clock until every probe has been answered so many times in all. */
  readonly next: (attemptCount: number) => Promise<void>;
};

/** A fake clock that tells of attempts: each sleeps for the usual timeout while it is under way. */
type AttemptClock = FakeClock & {
  readonly attempting: () => number;
  /** When each attempt began, in monotonic milliseconds. */
  readonly startsMs: readonly number[];
};

function createAttemptClock(): AttemptClock {
  const clock = createFakeClock();
  const startsMs: number[] = [];
  let attemptingCount = 0;
  return {
    ...clock,
    startsMs,
    attempting: () => attemptingCount,
    sleep: async (ms, signal) => {
      if (ms !== TIMEOUT_MS) return clock.sleep(ms, signal);
      startsMs.push(clock.monotonicMs());
      attemptingCount += 1;
      await clock.sleep(ms, signal);
      attemptingCount -= 1;
    },
  };
}

function startWorld(t: TestContext, aim?: ProbeAim): World {
  const clock = createAttemptClock();
  const { log, lines } = createLogBook();
  const metrics = createMetrics({
    version: '1',
    process: () => ({ cpuSeconds: 0, residentBytes: 0, startedAt: new Date(0) }),
  });
  let changeCount = 0;
  const onChange = () => {
    changeCount += 1;
  };
  const prober = createProber({ clock, random: Math.random, log, metrics, onChange });
  if (aim !== undefined) prober.aim(aim);
  const stop = new AbortController();
  const ended = prober.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await ended;
    assert.equal(clock.sleeperCount(), 0, 'no sleep is left behind');
  });
  const toAttempt = async () => {
    const startCount = clock.startsMs.length;
    const endMs = clock.monotonicMs() + 2 * PERIOD_MS;
    while (clock.startsMs.length === startCount) {
      assert.ok(clock.monotonicMs() < endMs, 'no attempt within two periods');
      await clock.advance(STEP_MS);
    }
  };
  const next = async (attemptCount: number) => {
    while (prober.states().some((state) => state.attemptCount < attemptCount)) {
      await toAttempt();
      await until(() => assert.equal(clock.attempting(), 0));
      await setImmediate();
    }
    const counts = prober.states().map((state) => state.attemptCount);
    assert.deepEqual(new Set(counts), new Set([attemptCount]));
  };
  const print = async () => (await metrics.print()).text;
  return { prober, clock, lines, changes: () => changeCount, print, stop, ended, toAttempt, next };
}

function verdictOf({ prober }: World): string {
  const { kind, reason } = prober.verdict('kerberos/UDP') ?? { kind: 'none', reason: '' };
  return `${kind}: ${reason.replace(/127\.0\.0\.1:\d+/g, 'HERE')}`;
}

describe('verdicts', () => {
  test('a probe is pending until its daemon answers, then passing, and the keeper is told once', async (t) => {
    const world = startWorld(t, aimAt(await startDaemon(t)));
    assert.equal(verdictOf(world), 'pending: kerberos probe over UDP to HERE: not answered yet');
    await world.next(1);
    assert.equal(verdictOf(world), 'passing: kerberos probe over UDP to HERE: healthy');
    await world.next(2);
    await world.next(3);
    assert.equal(world.changes(), 1);
    assert.deepEqual(world.lines, [], 'a probe that passes says nothing');
  });

  test('a daemon that stops answering fails after three attempts, is logged once, and recovers with one answer', async (t) => {
    const daemon = await startDaemon(t);
    const world = startWorld(t, aimAt(daemon));
    await world.next(1);
    daemon.answer = 'nothing';
    await silent(world, daemon, 2);
    await silent(world, daemon, 3);
    assert.match(verdictOf(world), /^passing: .*no answer within 1000 ms \(2 of the 3 failures in a row that count\)$/);
    assert.equal(world.changes(), 1);
    await silent(world, daemon, 4);
    assert.equal(verdictOf(world), 'failing: kerberos probe over UDP to HERE: no answer within 1000 ms');
    await silent(world, daemon, 5);
    assert.equal(world.changes(), 2, 'the same cause again is told nobody');
    daemon.answer = 25;
    await world.next(6);
    assert.match(verdictOf(world), /^passing/);
    assert.equal(world.changes(), 3);
    const told = world.lines.map(({ level, event, service, pair }) => ({ level, event, service, pair }));
    const place = { service: 'ipa', pair: 'kerberos/UDP' };
    assert.deepEqual(told, [
      { level: 'warn', event: 'probe-failed', ...place },
      { level: 'info', event: 'probe-recovered', ...place },
    ]);
    assert.match(String(world.lines[0]?.['reason']), /no answer within 1000 ms/);
  });

  test('another cause of a failing pair is told the keeper, not the log', async (t) => {
    const daemon = await startDaemon(t);
    daemon.answer = 60;
    const world = startWorld(t, aimAt(daemon));
    for (const count of [1, 2, 3, 4]) await world.next(count);
    assert.match(verdictOf(world), /^failing: .*answered KRB-ERROR 60/);
    assert.equal(world.changes(), 1);
    daemon.answer = 29;
    await world.next(5);
    assert.match(verdictOf(world), /^failing: .*answered KRB-ERROR 29/);
    assert.equal(world.changes(), 2);
    assert.equal(world.lines.length, 1);
  });

  test('every probe of a pair must pass', async (t) => {
    const daemon = await startDaemon(t);
    const closed = await freePort();
    const other: Probe = { ...kerberos, failureThreshold: 2, action: { kind: 'tcpSocket', port: closed } };
    const world = startWorld(t, aimAt(daemon, kerberos, other));
    await world.next(1);
    assert.match(verdictOf(world), /^pending: tcpSocket probe to HERE: nothing listens there/);
    await world.next(2);
    assert.equal(verdictOf(world), 'failing: tcpSocket probe to HERE: nothing listens there (ECONNREFUSED)');
    assert.deepEqual(
      world.prober.states().map(({ action, verdict, failuresInARow }) => [action, verdict, failuresInARow]),
      [
        ['kerberos', 'passing', 0],
        ['tcpSocket', 'failing', 2],
      ],
    );
  });

  test('a named port that no container has fails from the beginning, and asks nobody', async (t) => {
    const daemon = await startDaemon(t);
    const world = startWorld(t, aimAt(daemon, { ...kerberos, action: { kind: 'kerberos', port: 'krb' } }));
    assert.match(verdictOf(world), /^failing: kerberos probe: no UDP container port of this pod is named "krb"/);
    assert.equal(world.lines[0]?.['event'], 'probe-failed');
    await world.clock.advance(3 * PERIOD_MS);
    assert.deepEqual(daemon.askers, []);
    world.prober.aim({
      ...aimAt(daemon, { ...kerberos, action: { kind: 'kerberos', port: 'krb' } }),
      namedPorts: [{ name: 'krb', protocol: 'UDP', port: daemon.port }],
    });
    await world.next(1);
    assert.match(verdictOf(world), /^passing/);
    assert.equal(world.lines[1]?.['event'], 'probe-recovered');
  });

  test('attempts are counted and timed', async (t) => {
    const daemon = await startDaemon(t);
    const world = startWorld(t, aimAt(daemon));
    await world.next(1);
    daemon.answer = 60;
    await world.next(2);
    const text = await world.print();
    const labels = 'service="ipa",port="kerberos",protocol="UDP"';
    assert.ok(text.includes(`probe_attempts_total{${labels},outcome="healthy"} 1`), text);
    assert.ok(text.includes(`probe_attempts_total{${labels},outcome="sick"} 1`), text);
    assert.ok(text.includes('probe_duration_seconds_count{kind="kerberos"} 2'), text);
  });
});

describe('timing', () => {
  test('the first attempt waits for the initial delay and no longer than 10 ms a probe after it', async (t) => {
    const daemon = await startDaemon(t);
    const world = startWorld(t, aimAt(daemon, { ...kerberos, initialDelayMs: 3_000 }));
    await world.clock.advance(2_999);
    assert.equal(daemon.askers.length, 0);
    await world.clock.advance(11);
    await until(() => assert.equal(daemon.askers.length, 1));
    await until(() => assert.match(verdictOf(world), /^passing/));
  });

  test('attempts follow at the period, give or take a twentieth', async (t) => {
    const daemon = await startDaemon(t);
    const world = startWorld(t, aimAt(daemon));
    for (let count = 1; count <= 12; count += 1) await world.next(count);
    const { startsMs } = world.clock;
    const gapsMs = startsMs.slice(1).map((startMs, index) => startMs - (startsMs[index] ?? 0));
    assert.ok(Math.min(...gapsMs) >= PERIOD_MS * 0.95, String(gapsMs));
    assert.ok(Math.max(...gapsMs) <= PERIOD_MS * 1.05, String(gapsMs));
    assert.ok(Math.max(...gapsMs) - Math.min(...gapsMs) > 1, 'probes that meet drift apart');
  });

  test('one attempt at a time, though it takes longer than a period', async (t) => {
    const daemon = await startDaemon(t);
    daemon.answer = 'nothing';
    const world = startWorld(t, aimAt(daemon, { ...kerberos, periodMs: 1_000, timeoutMs: 5_000 }));
    await world.clock.advance(20);
    await until(() => assert.equal(daemon.askers.length, 1));
    await world.clock.advance(4_900);
    assert.equal(daemon.askers.length, 1);
    await world.clock.advance(200);
    await until(() => assert.equal(daemon.askers.length, 2));
    assert.equal(world.prober.states()[0]?.attemptCount, 1);
  });
});

describe('aim', () => {
  test('the same aim again changes nothing, however often it is given', async (t) => {
    const daemon = await startDaemon(t);
    const world = startWorld(t, aimAt(daemon));
    await world.next(1);
    for (let i = 0; i < 5; i += 1) world.prober.aim(structuredClone(aimAt(daemon)));
    assert.match(verdictOf(world), /^passing/);
    await world.next(2);
    assert.equal(daemon.askers.length, 2);
    assert.equal(world.changes(), 1);
  });

  const changed: readonly { readonly name: string; readonly change: (aim: ProbeAim) => ProbeAim }[] = [
    { name: 'another address', change: (aim) => ({ ...aim, address: '127.0.0.2' }) },
    { name: 'another port', change: (aim) => ({ ...aim, pairs: aim.pairs.map((pair) => ({ ...pair, port: 1 })) }) },
    { name: 'another realm', change: (aim) => ({ ...aim, realm: 'OTHER' }) },
    {
      name: 'another timing',
      change: (aim) => ({
        ...aim,
        pairs: aim.pairs.map((pair) => ({ ...pair, probes: [{ ...kerberos, timeoutMs: 2 }] })),
      }),
    },
  ];
  for (const { name, change } of changed) {
    test(`${name} begins as pending`, async (t) => {
      const daemon = await startDaemon(t);
      const world = startWorld(t, aimAt(daemon));
      await world.next(1);
      world.prober.aim(change(aimAt(daemon)));
      assert.match(verdictOf(world), /^pending/);
      assert.equal(world.prober.states()[0]?.attemptCount, 0);
      assert.equal(world.changes(), 1, 'whoever aims reads the verdict anyway');
    });
  }

  test('a probe beside a changed one keeps its state, whatever their order', async (t) => {
    const daemon = await startDaemon(t);
    const world = startWorld(t, aimAt(daemon));
    await world.next(1);
    world.prober.aim(aimAt(daemon, { ...kerberos, periodMs: 20_000 }, kerberos));
    assert.deepEqual(
      world.prober.states().map(({ verdict }) => verdict),
      ['pending', 'passing'],
    );
    assert.match(verdictOf(world), /^pending/);
  });

  test('what is not aimed at any more is forgotten, its attempt is cut, and it begins anew', async (t) => {
    const daemon = await startDaemon(t);
    daemon.answer = 'nothing';
    const world = startWorld(t, aimAt(daemon));
    await world.clock.advance(20);
    await until(() => assert.equal(daemon.askers.length, 1));
    world.prober.aim(undefined);
    assert.equal(verdictOf(world), 'none: ');
    assert.deepEqual(world.prober.states(), []);
    await until(async () => {
      await setImmediate();
      assert.equal(world.clock.sleeperCount(), 0, 'neither deadline nor period is slept for');
    });
    assert.ok(!(await world.print()).includes('outcome="sick"'), 'an attempt that was cut is none');
    const [asker] = daemon.askers;
    await until(() => isFree(asker?.port ?? 0));
    world.prober.aim(aimAt(daemon));
    assert.match(verdictOf(world), /^pending/);
    daemon.answer = 6;
    await world.next(1);
    assert.match(verdictOf(world), /^passing/);
    assert.equal(world.changes(), 1, 'the attempt that was cut has told nobody');
  });

  test('a pair without probes has no verdict', async (t) => {
    const world = startWorld(t, aimAt(await startDaemon(t)));
    assert.equal(world.prober.verdict('ldap/TCP'), undefined);
  });

  test('nothing is asked before it runs, and nothing after', async (t) => {
    const daemon = await startDaemon(t);
    const world = startWorld(t);
    world.stop.abort();
    await world.ended;
    world.prober.aim(aimAt(daemon));
    await world.clock.advance(PERIOD_MS);
    assert.deepEqual(world.prober.states(), []);
    assert.deepEqual(daemon.askers, []);
  });

  test('stopping in the middle of an attempt ends it, and leaves no listener', async (t) => {
    const daemon = await startDaemon(t);
    daemon.answer = 'nothing';
    const world = startWorld(t, aimAt(daemon));
    await world.clock.advance(20);
    await until(() => assert.equal(daemon.askers.length, 1));
    world.stop.abort();
    await world.ended;
    assert.equal(getEventListeners(world.stop.signal, 'abort').length, 0);
    assert.equal(world.prober.verdict('kerberos/UDP'), undefined);
  });
});

/** Has the next attempt asked, and run into its deadline. */
async function silent(world: World, daemon: Daemon, attemptCount: number): Promise<void> {
  const askedCount = daemon.askers.length;
  await world.toAttempt();
  await until(() => assert.equal(daemon.askers.length, askedCount + 1));
  await world.clock.advance(TIMEOUT_MS);
  await until(() => assert.equal(world.prober.states()[0]?.attemptCount, attemptCount));
}

/** Resolves where the port can be bound: the socket that had it is closed. */
function isFree(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', reject);
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve()));
  });
}
