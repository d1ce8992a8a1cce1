/**
 * How long the DNS takes to follow the cluster, the plain selector Service beside both of our ways, and beside them the least that is possible:
 * a slice written by hand. All of them in one loop on one cluster, so that whatever else the computer does hits all alike.
 * Run by `node --import tsx --test test/cluster/measure/measure.real.ts`, after `eval "$(scripts/cluster up)"`. The table is printed;
 * where CLUSTER_MEASUREMENTS names a document (docs/measurements.md), it is written there too.
 */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { projectFolder } from '../e2e/image.ts';
import { useTurn } from '../e2e/turn.ts';
import { report } from '../e2e/world.ts';
import { isOurs } from '../open.ts';
import { look, type Sight } from './look.ts';
import type { PodKey } from './pods.ts';
import { fillInTable, type Path, paths, renderMeasurements, type Span, spans } from './samples.ts';
import { namespaceOf, type PodPath, podNames, podPaths, port } from './workload.ts';
import { createMeasureWorld } from './world.ts';

const [firstPod] = podNames;
const roundCount = 10;
const deathCount = 3;
const limitMs = 120_000;
/** README.md promises less than 1 s; a busy computer adds to it. */
const promptMs = 2_000;
/** README.md promises 22 s, and up to 0.5 s more with one living peer; a busy computer adds to it. */
const evictionMs = 25_000;
const document = process.env['CLUSTER_MEASUREMENTS'];

const skip = isOurs(process.env)
  ? false
  : 'this cluster is not ours: its DNS cannot be asked from here every few milliseconds, and no node of it may be stopped';

describe('the native path beside ours', { skip }, () => {
  const world = useTurn(createMeasureWorld);
  const startedAt = new Date();
  const loads: number[] = [];
  let blindMs = 0;
  const measured = new Map<`${Span} ${Path}`, number[]>();
  const samplesOf = (span: Span, path: Path): readonly number[] => measured.get(`${span} ${path}`) ?? [];

  /** The answer may be there before the event has reached us: that is no time at all. */
  function record(span: Span, path: Path, { fromMs, sight }: { readonly fromMs: number; readonly sight: Sight }): void {
    const elapsedMs = Math.max(0, sight.atMs - fromMs);
    measured.set(`${span} ${path}`, [...samplesOf(span, path), elapsedMs]);
    blindMs = Math.max(blindMs, sight.blindMs);
  }

  /** The clock starts when `event` resolves; the looking starts before. */
  async function measure(span: Span, path: Path, event: () => Promise<void>): Promise<void> {
    const seen = until(path, firstPod, span === 'ready' ? 'named' : 'absent');
    const [sight, fromMs] = await Promise.all([seen, event().then(() => performance.now())]);
    record(span, path, { fromMs, sight });
  }

  function until(path: Path, pod: string, wanted: 'named' | 'absent'): Promise<Sight> {
    const isNamed = (targets: readonly string[]): boolean => targets.some((target) => target.startsWith(`${pod}.`));
    const isWanted = (targets: readonly string[]): boolean => isNamed(targets) === (wanted === 'named');
    return look(world().question(path), { limitMs, isWanted });
  }

  /** One pod goes, and the next of its name comes. */
  async function measurePod(path: PodPath): Promise<void> {
    const { pods, deletePod } = world();
    const pod: PodKey = { namespace: namespaceOf(path), name: firstPod };
    const notUid = pods.uidOf(pod);
    await measure('deleted', path, () => deletePod(pod));
    await measure('ready', path, () => pods.workloadReady(pod, { notUid, limitMs }));
  }

  async function measureSlice(): Promise<void> {
    await measure('ready', 'bare', world().createSlice);
    await measure('deleted', 'bare', world().deleteSlice);
  }

  async function awaitWhole(): Promise<void> {
    await world().pods.allReady(world().podKeys, limitMs);
    for (const path of podPaths) for (const name of podNames) await until(path, name, 'named');
  }

  test(`ready → resolvable and deleted → gone, ${roundCount} rounds`, async () => {
    await awaitWhole(); // what is not named yet is not gone either
    for (let round = 0; round < roundCount; round += 1) {
      loads.push(loadavg()[0] ?? 0);
      // No path always comes after the same other one.
      for (const at of paths.keys()) {
        const path = paths[(round + at) % paths.length] ?? 'bare';
        await (path === 'bare' ? measureSlice() : measurePod(path));
      }
      await awaitWhole();
      report(`round ${round + 1} of ${roundCount} measured`);
    }
    for (const path of ['supplement', 'full'] as const) {
      for (const span of ['ready', 'deleted'] as const) {
        const elapsedMs = samplesOf(span, path);
        assert.ok(Math.max(...elapsedMs) < promptMs, `${span} ${path}: ${elapsedMs} ms`);
      }
    }
  });

  test(`node dead → gone, ${deathCount} deaths of all paths at once`, async () => {
    const { cluster, pods, podKeys } = world();
    const [doomed] = cluster.nodes;
    assert.ok(doomed?.faults !== undefined);
    for (let death = 0; death < deathCount; death += 1) {
      loads.push(loadavg()[0] ?? 0);
      const going = podPaths.map(async (path) => {
        const dead = podKeys.find((pod) => pod.namespace === namespaceOf(path) && pods.nodeOf(pod) === doomed.name);
        assert.ok(dead !== undefined, `no pod of ${path} is on ${doomed.name}`);
        return { path, sight: await until(path, dead.name, 'absent') };
      });
      const fromMs = performance.now();
      try {
        const [, ...sights] = await Promise.all([doomed.faults.kill(), ...going]);
        for (const { path, sight } of sights) record('node-death', path, { fromMs, sight });
      } finally {
        await doomed.faults.start();
      }
      await awaitWhole();
      report(`death ${death + 1} of ${deathCount} measured`);
    }
    for (const path of ['supplement', 'full'] as const) {
      const elapsedMs = samplesOf('node-death', path);
      assert.ok(Math.max(...elapsedMs) < evictionMs, `${path}: ${elapsedMs} ms`);
    }
  });

  test('the table is whole', async () => {
    const all = spans.flatMap((span) =>
      (span === 'node-death' ? podPaths : paths).map((path) => ({ span, path, elapsedMs: samplesOf(span, path) })),
    );
    for (const { span, path, elapsedMs } of all) {
      assert.equal(elapsedMs.length, span === 'node-death' ? deathCount : roundCount, `${span} ${path}`);
    }
    const table = renderMeasurements(await readCircumstances(), all);
    for (const line of table.split('\n')) report(line);
    if (document === undefined) return;
    const file = join(projectFolder, document);
    await writeFile(file, fillInTable(await readFile(file, 'utf8'), table));
    report(`written into ${file}`);
  });

  async function readCircumstances(): Promise<Readonly<Record<string, string>>> {
    const { cluster, serverVersion } = world();
    const module = await readFile(join(import.meta.dirname, '..', 'modules', 'coredns', 'go.mod'), 'utf8');
    const coreDns = /github\.com\/coredns\/coredns v([\d.]+)/.exec(module)?.[1] ?? 'unknown';
    const { version }: { readonly version: string } = JSON.parse(
      await readFile(join(projectFolder, 'package.json'), 'utf8'),
    );
    const load = `${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}`;
    return {
      measured: `${startedAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
      versions: `Kubernetes ${(await serverVersion()).slice(1)}, CoreDNS ${coreDns}, endpoint-registrar ${version}`,
      computer: `${availableParallelism()} CPUs (${cpus()[0]?.model.trim() ?? 'unknown'}), ${cluster.nodes.length} nodes on it; load average of one minute ${load}`,
      looking: `the pair \`_${port.name}._tcp\`, at most ${Math.ceil(blindMs)} ms between two looks`,
    };
  }
});
