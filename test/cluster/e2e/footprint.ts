/** What the agent's container costs: the image, the time until it has registered its pod, and its memory. */
import { readFile } from 'node:fs/promises';
import { processesInCgroup } from '../machine/processes.ts';
import { readLog, readPod, untilRead } from './pods.ts';
import type { World } from './world.ts';

export interface Footprint {
  /** As the node's container runtime counts it. */
  readonly imageMb: number;
  /** From the process's start to its first heartbeat in the register; undefined where its process is not ours to see. */
  readonly startMs: number | undefined;
  /** The same until the slices are written: the workload's own start is in it. */
  readonly publishedMs: number | undefined;
  /** Resident memory now, and the part of it that belongs to no file. */
  readonly residentMib: number | undefined;
  readonly anonymousMib: number | undefined;
}

const imageLimitMs = 60_000;
const ticksPerSecond = 100; // USER_HZ, the same on every Linux that node runs on

/** Measures the agent of the pod `ipa-0`. */
export async function measureAgent(world: World): Promise<Footprint> {
  const pod = await readPod(world, 'ipa-0');
  const name = await world.kubectl([
    'get',
    'pod',
    pod.name,
    '--output=jsonpath={.spec.initContainers[?(@.name=="endpoint-registrar")].image}',
  ]);
  const sizes = `--output=jsonpath={.status.images[?(@.names[0]=="${name}")].sizeBytes}`;
  const read = () => world.cluster.kubectl(['get', 'node', pod.node, sizes]);
  const bytes = await untilRead(`size of ${name}`, imageLimitMs, read, (text) => text !== '');
  const [agent] = world.cluster.nodes.some(({ faults }) => faults !== undefined) ? processesInCgroup(pod.agent.id) : [];
  const log = await readLog(world, pod.name);
  const since = async (event: string): Promise<number | undefined> => {
    const at = log.find((line) => line.event === event)?.atMs;
    return agent === undefined || at === undefined ? undefined : Math.round(at - (await startedAtMs(agent.startTicks)));
  };
  const status = agent === undefined ? '' : await readFile(`/proc/${agent.pid}/status`, 'utf8');
  return {
    imageMb: Math.round(Number(bytes) / 1e6),
    startMs: await since('register-joined'),
    publishedMs: await since('slices-published'),
    residentMib: memory(status, 'VmRSS'),
    anonymousMib: memory(status, 'RssAnon'),
  };
}

async function startedAtMs(ticks: number): Promise<number> {
  const [upSeconds] = (await readFile('/proc/uptime', 'utf8')).split(' ');
  return Date.now() - Number(upSeconds) * 1000 + (ticks / ticksPerSecond) * 1000;
}

function memory(status: string, field: string): number | undefined {
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1];
  return kib === undefined ? undefined : Math.round(Number(kib) / 1024);
}
