/** The time from an agent's start to its first answered write, beside a bare node's from its start to its exit. */
import { plainDeclaration } from './declarations.ts';
import { printLine, printRow, quantile } from './table.ts';
import { INTERVAL_MS, shipped, startAgent, startBareNode } from './variants.ts';
import { createWorld } from './world.ts';

const STARTS = 10;
const SERVICE = 'ipa';

/** One agent at a time, a bare node behind each; prints the medians. */
export async function measureStart(): Promise<{ readonly startMs: number }> {
  const world = await createWorld({ [SERVICE]: plainDeclaration() });
  const agentMs: number[] = [];
  const bareMs: number[] = [];
  try {
    for (let index = 0; index < STARTS; index += 1) {
      const pod = world.createPod({ name: `start-${index}`, service: SERVICE, intervalMs: INTERVAL_MS });
      const atMs = performance.now();
      const agent = startAgent(pod, shipped);
      await world.beaten(pod.name, 1, 30_000);
      agentMs.push(performance.now() - atMs);
      await agent.end();
      world.removePod(pod.name);
      const bareAtMs = performance.now();
      await startBareNode(pod, '0').exited;
      bareMs.push(performance.now() - bareAtMs);
    }
  } finally {
    await world.close();
  }
  const [agent, bare] = [quantile(agentMs, 0.5), quantile(bareMs, 0.5)];
  printLine(`start to first write, median of ${STARTS}`);
  printRow('', ['ms', 'x bare node']);
  printRow('bare node', [bare.toFixed(0), '1.0']);
  printRow(shipped.name, [agent.toFixed(0), (agent / bare).toFixed(1)]);
  return { startMs: agent };
}
