/**
 * What the agent costs in a pod: resident memory and CPU a heartbeat after many of them, and the time from its start to
 * its first write. Each number stands beside that of a bare node, measured in the same run: the ratio travels between
 * machines, the number does not. Prints a table; exits 1 where a target is missed.
 * Usage: scripts/bench [--beats N]   (N heartbeats a variant, 1000 by default, twice a second)
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { imageFolder, type Measured, startMeasured } from './bench-parts/process.ts';
import { createWorld, type World } from './bench-parts/world.ts';

const INTERVAL_MS = 500;
const STARTS = 10;
/** The targets: what a pod may be charged. */
const TARGETS = { rssMiB: 64, cpuMsPerBeat: 2, startMs: 150 };

type Variant = {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

/** What the image runs stands first: the targets are its. */
const variants: readonly Variant[] = [
  { name: 'as shipped', command: [`${imageFolder}/endpoint-registrar`], env: imageEnv() },
  { name: 'no flags', command: [`${imageFolder}/node`, `${imageFolder}/main.cjs`], env: {} },
];

/** The variables that the Containerfile sets. */
function imageEnv(): Readonly<Record<string, string>> {
  const lines = readFileSync('Containerfile', 'utf8').matchAll(/^ENV (NODE_OPTIONS|MALLOC_\w+)=(.+)$/gm);
  return Object.fromEntries([...lines].map(([, name = '', value = '']) => [name, value]));
}

function print(cells: readonly string[]): void {
  const [first = '', ...rest] = cells;
  process.stdout.write(`${first.padEnd(14)}${rest.map((cell) => cell.padStart(12)).join('')}\n`);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Milliseconds from spawn to the first answered write, one agent at a time; and of a bare node from spawn to exit. */
async function measureStart(world: World): Promise<{ readonly agentMs: number; readonly bareMs: number }> {
  const agentMs: number[] = [];
  const bareMs: number[] = [];
  for (let index = 0; index < STARTS; index += 1) {
    const pod = world.createPod(`start-${index}`, INTERVAL_MS);
    const atMs = performance.now();
    const agent = startAgent(pod, variants[0]);
    await world.beaten(pod.name, 1, 30_000);
    agentMs.push(performance.now() - atMs);
    await agent.end();
    world.removePod(pod.name);
    const bareAtMs = performance.now();
    await startMeasured({ command: [`${imageFolder}/node`, '-e', '0'], credentials: pod.credentials, env: {} }).exited;
    bareMs.push(performance.now() - bareAtMs);
  }
  return { agentMs: median(agentMs), bareMs: median(bareMs) };
}

function startAgent(pod: ReturnType<World['createPod']>, variant: Variant | undefined): Measured {
  const { command = [], env = {} } = variant ?? {};
  return startMeasured({ command, credentials: pod.credentials, env: { ...pod.env, ...env } });
}

type Footprint = { readonly rssMiB: number; readonly anonymousMiB: number; readonly cpuMsPerBeat: number };

/** All variants at once, in pods of one Service, beside a bare node. CPU is counted from a tenth of the beats on. */
async function measureFootprint(world: World, beatCount: number): Promise<readonly Footprint[]> {
  const agents = variants.map((variant, index) => {
    const pod = world.createPod(`beat-${index}`, INTERVAL_MS);
    return { pod, agent: startAgent(pod, variant) };
  });
  const limitMs = beatCount * INTERVAL_MS * 2 + 30_000;
  try {
    return await Promise.all(
      agents.map(async ({ pod, agent }) => {
        const warm = Math.ceil(beatCount / 10);
        await world.beaten(pod.name, warm, limitMs);
        const before = agent.usage();
        await world.beaten(pod.name, beatCount, limitMs);
        const { rssMiB, anonymousMiB, cpuMs } = agent.usage();
        return { rssMiB, anonymousMiB, cpuMsPerBeat: (cpuMs - before.cpuMs) / (beatCount - warm) };
      }),
    );
  } finally {
    await Promise.all(agents.map(({ agent }) => agent.end()));
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { beats: { type: 'string', default: '1000' } } });
  const beatCount = Number(values.beats);
  if (!Number.isInteger(beatCount) || beatCount < 10) {
    process.stderr.write(`--beats is ${values.beats}: must be a whole number from 10 on\n`);
    return 2;
  }
  const world = await createWorld();
  try {
    const start = await measureStart(world);
    print(['start', 'ms', 'x bare node']);
    print(['bare node', start.bareMs.toFixed(0), '1.0']);
    print(['as shipped', start.agentMs.toFixed(0), (start.agentMs / start.bareMs).toFixed(1)]);
    process.stdout.write(`\nafter ${beatCount} heartbeats, watches held\n`);
    const credentials = world.createPod('bare', INTERVAL_MS).credentials;
    const bare = [`${imageFolder}/node`, '-e', 'setInterval(() => {}, 1 << 30)'];
    const idle = startMeasured({ command: bare, credentials, env: {} });
    const footprints = await measureFootprint(world, beatCount);
    const base = idle.usage();
    await idle.end();
    print(['', 'RSS MiB', 'x bare node', 'anon MiB', 'ms CPU/beat']);
    print(['bare node', base.rssMiB.toFixed(1), '1.00', base.anonymousMiB.toFixed(1), '-']);
    for (const [index, { rssMiB, anonymousMiB, cpuMsPerBeat }] of footprints.entries()) {
      const ratio = (rssMiB / base.rssMiB).toFixed(2);
      print([variants[index]?.name ?? '', rssMiB.toFixed(1), ratio, anonymousMiB.toFixed(1), cpuMsPerBeat.toFixed(2)]);
    }
    const [shipped] = footprints;
    return report({ ...(shipped ?? { rssMiB: Number.NaN, cpuMsPerBeat: Number.NaN }), startMs: start.agentMs });
  } finally {
    await world.close();
  }
}

/** Says which targets are met. */
function report(measured: Readonly<Record<keyof typeof TARGETS, number>>): number {
  const missed = (['rssMiB', 'cpuMsPerBeat', 'startMs'] as const).filter((name) => !(measured[name] <= TARGETS[name]));
  for (const name of missed) {
    process.stdout.write(`missed: ${name} is ${measured[name].toFixed(1)}, the target is ${TARGETS[name]}\n`);
  }
  if (missed.length === 0) process.stdout.write(`\nall targets met: ${JSON.stringify(TARGETS)}\n`);
  return missed.length === 0 ? 0 : 1;
}

process.exit(await main());
