/**
 * What a hundred probes cost an agent and whether they delay its heartbeats: agents without any and with a hundred, half
 * of them never answered, side by side in the same time. Runs in the network that `namespace` makes.
 * Usage: node --import tsx scripts/bench-parts/probes.ts BEATS
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startDaemons } from './daemons.ts';
import { ANNOUNCED_COUNT, plainDeclaration, probeCounts, probedDeclaration } from './declarations.ts';
import type { Measured, Usage } from './process.ts';
import { exitOnSignals } from './signals.ts';
import { printLine, printRow, quantile } from './table.ts';
import { INTERVAL_MS, shipped, startAgent } from './variants.ts';
import { type BenchPod, createWorld, type World } from './world.ts';

/** The default of `periodSeconds`, and the least that it can be. `periodSeconds` undefined: no probes. */
const kinds: readonly { readonly name: string; readonly periodSeconds: number | undefined }[] = [
  { name: 'no probes', periodSeconds: undefined },
  { name: '100 every 10 s', periodSeconds: 10 },
  { name: '100 every 1 s', periodSeconds: 1 },
];

/** Until every probe was asked a first time, and what is compiled once is compiled. */
const WARM_BEATS = 20;
const FIRST_HTTP_PORT = 9801;
const LOOK_LIMIT_MS = 10_000;
/** A heartbeat may come a tenth later or earlier than its interval: that is wanted. */
const WANTED_JITTER = 0.1;

type Runner = {
  readonly kind: (typeof kinds)[number];
  readonly pod: BenchPod;
  readonly agent: Measured;
  readonly metricsUrl: string;
};

/** One look at one agent. */
type Look = { readonly usage: Usage; readonly attempts: Attempts };
/** Attempts since its start, by what came of them. */
type Attempts = { readonly healthy: number; readonly sick: number };

type Result = {
  readonly kind: Runner['kind'];
  readonly seconds: number;
  readonly cpuMs: number;
  readonly rssMiB: number;
  readonly attempts: Attempts;
  /** Between heartbeats, in parts of the promised interval. */
  readonly intervals: readonly number[];
};

async function main(): Promise<number> {
  exitOnSignals();
  const beatCount = Number(process.argv[2]);
  const declarations = kinds.map(({ periodSeconds }, index) => [
    serviceOf(index),
    periodSeconds === undefined ? plainDeclaration() : probedDeclaration(periodSeconds),
  ]);
  const world = await createWorld(Object.fromEntries(declarations));
  const runners = await Promise.all(kinds.map((_, index) => startRunner(world, index)));
  try {
    const results = await measure(world, runners, beatCount);
    print(results, beatCount);
    return report(world, runners, results);
  } finally {
    await Promise.all(runners.map(({ agent }) => agent.end()));
    await world.close();
  }
}

const serviceOf = (index: number): string => `ipa-${index}`;

/** A pod with its daemons and its agent, which is alone under its Service. */
async function startRunner(world: World, index: number): Promise<Runner> {
  const kind = kinds[index] ?? { name: '', periodSeconds: undefined };
  const httpPort = FIRST_HTTP_PORT + index;
  const pod = world.createPod({
    name: `probes-${index}`,
    service: serviceOf(index),
    intervalMs: INTERVAL_MS,
    httpPort,
  });
  await startDaemons(pod.ip);
  const agent = startAgent(pod, shipped);
  return { kind, pod, agent, metricsUrl: `http://127.0.0.1:${httpPort}/metrics` };
}

/** All of them in the same time: whatever else the machine does meets all alike. */
async function measure(world: World, runners: readonly Runner[], beatCount: number): Promise<readonly Result[]> {
  await Promise.all(
    runners.map(({ pod }) => world.beaten(pod.name, WARM_BEATS, WARM_BEATS * INTERVAL_MS * 2 + 30_000)),
  );
  const before = await Promise.all(runners.map(look));
  const fromMs = performance.now();
  await sleep(beatCount * INTERVAL_MS);
  const untilMs = performance.now();
  const after = await Promise.all(runners.map(look));
  return runners.map(({ kind, pod }, index) => {
    const [first, last] = [before[index], after[index]];
    if (first === undefined || last === undefined) throw new Error('an agent was not looked at');
    const beatsMs = world.beatsMs(pod.name).filter((atMs) => atMs >= fromMs && atMs < untilMs);
    return {
      kind,
      seconds: (untilMs - fromMs) / 1000,
      cpuMs: last.usage.cpuMs - first.usage.cpuMs,
      rssMiB: last.usage.rssMiB,
      attempts: {
        healthy: last.attempts.healthy - first.attempts.healthy,
        sick: last.attempts.sick - first.attempts.sick,
      },
      intervals: beatsMs.slice(1).map((atMs, beat) => (atMs - (beatsMs[beat] ?? Number.NaN)) / INTERVAL_MS),
    };
  });
}

async function look({ agent, metricsUrl }: Runner): Promise<Look> {
  const usage = agent.usage();
  const text = await (await fetch(metricsUrl, { signal: AbortSignal.timeout(LOOK_LIMIT_MS) })).text();
  const lines = text.split('\n').filter((line) => line.startsWith('endpoint_registrar_probe_attempts_total{'));
  const count = (outcome: string) =>
    lines
      .filter((line) => line.includes(`outcome="${outcome}"`))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  return { usage, attempts: { healthy: count('healthy'), sick: count('sick') } };
}

function print(results: readonly Result[], beatCount: number): void {
  const [base] = results;
  if (base === undefined) return;
  const times = (value: number, of: number) => (value / of).toFixed(2);
  printLine(
    `a hundred probes: ${probeCounts.answered} answered and ${probeCounts.hung} never, their timeout 1 s; ${(beatCount * INTERVAL_MS) / 1000} s, the agents side by side`,
  );
  printRow('', ['ms CPU/s', 'x no probes', 'RSS MiB', 'x no probes', 'answered/s', 'unanswered/s', 'ms CPU/probe']);
  for (const { kind, cpuMs, seconds, rssMiB, attempts } of results) {
    printRow(kind.name, [
      (cpuMs / seconds).toFixed(1),
      times(cpuMs, base.cpuMs),
      rssMiB.toFixed(1),
      times(rssMiB, base.rssMiB),
      (attempts.healthy / seconds).toFixed(1),
      (attempts.sick / seconds).toFixed(1),
      kind.periodSeconds === undefined ? '-' : ((cpuMs - base.cpuMs) / (attempts.healthy + attempts.sick)).toFixed(2),
    ]);
  }
  const promised = `heartbeats every ${INTERVAL_MS} ms ± ${WANTED_JITTER * 100} %, intervals as parts of that`;
  printLine(`\n${promised}`);
  printRow('', ['beats', 'x no probes', 'least', 'median', '95 %', 'greatest']);
  for (const { kind, intervals } of results) {
    printRow(kind.name, [
      `${intervals.length + 1}`,
      times(intervals.length + 1, base.intervals.length + 1),
      ...[0, 0.5, 0.95, 1].map((part) => quantile(intervals, part).toFixed(2)),
    ]);
  }
}

/** Whether what was measured is what is claimed: the probes were asked, and the pairs stand as they should. */
function report(world: World, runners: readonly Runner[], results: readonly Result[]): number {
  const faults = results.flatMap(({ kind, seconds, attempts }, index) => {
    const { periodSeconds } = kind;
    const announced = world.announcedCount(runners[index]?.pod.name ?? '');
    const wrongPairs =
      announced === ANNOUNCED_COUNT ? [] : [`${announced} pairs are announced, not ${ANNOUNCED_COUNT}`];
    if (periodSeconds === undefined) return wrongPairs.map((fault) => `${kind.name}: ${fault}`);
    // An eighth less: a window cuts periods.
    const least = (probeCount: number) => (probeCount * seconds * 0.875) / periodSeconds;
    const tooFew = [
      ...(attempts.healthy < least(probeCounts.answered) ? [`only ${attempts.healthy} probes were answered`] : []),
      ...(attempts.sick < least(probeCounts.hung) ? [`only ${attempts.sick} probes went unanswered`] : []),
    ];
    return [...wrongPairs, ...tooFew].map((fault) => `${kind.name}: ${fault}`);
  });
  for (const fault of faults) printLine(`not measured: ${fault}`);
  return faults.length === 0 ? 0 : 1;
}

process.exit(await main());
