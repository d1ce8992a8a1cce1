/** Memory and CPU a heartbeat after many of them, watches held, beside a bare node that idles as long. */
import { plainDeclaration } from './declarations.ts';
import type { Usage } from './process.ts';
import { printLine, printRow } from './table.ts';
import { INTERVAL_MS, shipped, startAgent, startBareNode, withoutFlags } from './variants.ts';
import { createWorld, type World } from './world.ts';

/** What the image runs stands first: the targets are its. */
const variants = [shipped, withoutFlags];
const SERVICE = 'ipa';

type Footprint = Pick<Usage, 'rssMiB' | 'anonymousMiB'> & { readonly cpuMsPerBeat: number };

/** Measures and prints; gives what the image costs. */
export async function measureFootprint(beatCount: number): Promise<Pick<Footprint, 'rssMiB' | 'cpuMsPerBeat'>> {
  const world = await createWorld({ [SERVICE]: plainDeclaration() });
  try {
    const bare = world.createPod({ name: 'bare', service: SERVICE, intervalMs: INTERVAL_MS });
    const idle = startBareNode(bare, 'setInterval(() => {}, 1 << 30)');
    const footprints = await runVariants(world, beatCount);
    const base = idle.usage();
    await idle.end();
    printLine(`after ${beatCount} heartbeats, watches held`);
    printRow('', ['RSS MiB', 'x bare node', 'anon MiB', 'ms CPU/beat']);
    printRow('bare node', [base.rssMiB.toFixed(1), '1.00', base.anonymousMiB.toFixed(1), '-']);
    for (const [index, { rssMiB, anonymousMiB, cpuMsPerBeat }] of footprints.entries()) {
      const ratio = (rssMiB / base.rssMiB).toFixed(2);
      const cells = [rssMiB.toFixed(1), ratio, anonymousMiB.toFixed(1), cpuMsPerBeat.toFixed(2)];
      printRow(variants[index]?.name ?? '', cells);
    }
    return footprints[0] ?? { rssMiB: Number.NaN, cpuMsPerBeat: Number.NaN };
  } finally {
    await world.close();
  }
}

/** All variants at once, in pods of one Service. CPU is counted from a tenth of the beats on. */
async function runVariants(world: World, beatCount: number): Promise<readonly Footprint[]> {
  const agents = variants.map((variant, index) => {
    const pod = world.createPod({ name: `beat-${index}`, service: SERVICE, intervalMs: INTERVAL_MS });
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
