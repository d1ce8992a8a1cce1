/**
 * The command `sweep`: removes once what the agents would remove by and by, and, where asked for, what the control
 * plane left of a selector, or all of ours. What is done is `plan`, how `apply`.
 */
import { createApi } from '../../kube/api.ts';
import { KubeError } from '../../kube/errors.ts';
import { forbiddenRule } from '../../kube/forbidden.ts';
import { listSome } from '../../plan/finding.ts';
import { isDnsLabel } from '../../plan/identity.ts';
import { optionOf } from '../arguments.ts';
import { type Cluster, clusterOptions, openCluster } from '../cluster.ts';
import type { Command, CommandEnding, CommandIo, GivenArguments } from '../command.ts';
import { withSpinner } from '../terminal.ts';
import { beatingPods, registeredUids, runningSidecars, watchMs } from './alive.ts';
import { type Applied, applySweep } from './apply.ts';
import { findNames, observeScene } from './observe.ts';
import { planSweep, type SweepScope, type SweepStep } from './plan.ts';
import { complain, createReporter, type Reporter, tellFailure } from './reporter.ts';
import type { Scene } from './scene.ts';
import { reportStep } from './words.ts';

/** `sweep`. */
export const sweepCommand: Command = {
  name: 'sweep',
  summary: 'Removes once what pods that died have left: heartbeats, entries and EndpointSlices.',
  options: {
    ...clusterOptions,
    service: { value: 'NAME', isRepeatable: true, help: 'only this Service; may stand several times' },
    'dry-run': { help: 'say what would be removed, and remove nothing' },
    leftovers: { help: 'also what the control plane left when the selector of a Service was removed' },
    all: { help: 'for an uninstall: all that agents have written, also that of pods that live' },
    force: { help: 'with --all: although agents still run; they write again what is removed' },
    output: { value: 'FORMAT', short: 'o', help: 'text or json; text where not given' },
  },
  notes: [
    'Without --service: the Services of the ConfigMap, and all others under which agents have left anything. The pod of',
    'what goes is gone, has another UID or has ended; a pod that is listed and lives keeps all, however old its heartbeat.',
    'Addresses, labels, annotations and slices of others stay in any case.',
    'Exit code 0: all of it is removed, or there was nothing. 1: something could not be removed, or agents still run.',
    '2: bad arguments. 3: the API server could not be asked.',
  ],
  run: async (given, io) => {
    const options = readOptions(given);
    if (options.kind === 'refused') {
      complain(io, options.faults);
      return 'unusable';
    }
    const cluster = await openCluster(given, io);
    try {
      return await sweep(cluster, options, io);
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      return cannotRead(error, io);
    } finally {
      await cluster.close();
    }
  },
};

type SweepOptions = {
  readonly services: readonly string[] | undefined;
  readonly scope: SweepScope;
  readonly isDryRun: boolean;
  readonly isForced: boolean;
  readonly format: 'text' | 'json';
};

function readOptions(
  given: GivenArguments,
): ({ readonly kind: 'read' } & SweepOptions) | { readonly kind: 'refused'; readonly faults: readonly string[] } {
  const format = optionOf(given, 'output') ?? 'text';
  const isAll = given.switches.has('all');
  const services = given.values.get('service') ?? [];
  const faults = [
    ...(format === 'text' || format === 'json' ? [] : [`--output ${format}: must be text or json. Write -o json.`]),
    ...services.filter((name) => !isDnsLabel(name)).map(badName),
    ...(given.switches.has('force') && !isAll ? ['--force: it goes with --all alone. Leave it out.'] : []),
  ];
  if (faults.length > 0) return { kind: 'refused', faults };
  return {
    kind: 'read',
    services: services.length === 0 ? undefined : services,
    scope: { who: isAll ? 'everybody' : 'dead', hasLeftovers: given.switches.has('leftovers') },
    isDryRun: given.switches.has('dry-run'),
    isForced: given.switches.has('force'),
    format: format === 'json' ? 'json' : 'text',
  };
}

function badName(name: string): string {
  return `--service ${name}: must be the name of a Service, 1 to 63 of a-z, 0-9 and -, beginning and ending with a letter or digit.`;
}

async function sweep(cluster: Cluster, options: SweepOptions, io: CommandIo): Promise<CommandEnding> {
  const { scope, isDryRun, isForced } = options;
  const first = await observeAll(cluster, options, io);
  const looked =
    scope.who === 'everybody' && !isForced ? await lookForAgents(cluster, options, { first, io }) : undefined;
  const scenes = looked?.scenes ?? first;
  const reporter = createReporter({ namespace: cluster.namespace, ...options }, io);
  if (looked?.refusal !== undefined) {
    reporter.refuse(looked.refusal);
    if (!isDryRun) {
      reporter.finish('found');
      return 'found';
    }
  }
  if (isDryRun) {
    for (const scene of scenes) {
      for (const step of planSweep(scene, scope)) reporter.add(reportStep(scene.name, step, { outcome: 'planned' }));
    }
    reporter.finish('good');
    return 'good';
  }
  const ending = await applyAll(cluster, { scenes, scope, io, reporter });
  reporter.finish(ending);
  return ending;
}

/** Of what cannot be read nothing is removed. */
function cannotRead(error: KubeError, io: Pick<CommandIo, 'stderr'>): CommandEnding {
  tellFailure({ message: error.message, rule: forbiddenRule(error) }, io);
  return 'unreachable';
}

async function observeAll(cluster: Cluster, options: SweepOptions, io: CommandIo): Promise<readonly Scene[]> {
  return withSpinner(io, 'reading', async () => {
    if (options.services !== undefined) return readScenes(cluster, [...new Set(options.services)]);
    const { names, unlisted } = await findNames(cluster);
    if (unlisted) {
      const remedy = 'Name further ones with --service.';
      complain(io, [
        `Endpoints of namespace ${cluster.namespace} may not be listed: only Services that ConfigMap ${cluster.configMap} declares, or that have slices of ours, are looked at. ${remedy}`,
      ]);
    }
    return readScenes(cluster, names);
  });
}

/** One Service after the other: a namespace has few, and none of them is to wait for us. */
async function readScenes(cluster: Cluster, names: readonly string[]): Promise<readonly Scene[]> {
  const scenes: Scene[] = [];
  for (const name of names) scenes.push(await observeScene(cluster, name));
  return scenes;
}

/** Looks for living agents; without --service anywhere in the namespace. `scenes`: as they were read last. */
async function lookForAgents(
  cluster: Cluster,
  options: SweepOptions,
  { first, io }: { readonly first: readonly Scene[]; readonly io: CommandIo },
): Promise<{ readonly scenes: readonly Scene[]; readonly refusal?: string }> {
  const remedy = 'Remove the sidecars first, or add --force.';
  const uids = registeredUids(first);
  const pods = (first[0]?.pods ?? []).filter(
    ({ metadata }) => options.services === undefined || uids.has(metadata?.uid ?? ''),
  );
  const running = runningSidecars(pods);
  if (running.length > 0) {
    const refusal = `--all: the sidecar runs in ${listSome(running)}, and would write again what is removed. ${remedy}`;
    return { scenes: first, refusal };
  }
  const waitMs = watchMs(first);
  if (waitMs === 0) return { scenes: first };
  const scenes = await withSpinner(io, 'watching whether anybody still beats', async () => {
    await io.clock.sleep(waitMs, io.signal);
    return readScenes(
      cluster,
      first.map(({ name }) => name),
    );
  });
  const beating = beatingPods(first, scenes);
  if (beating.length === 0) return { scenes };
  const refusal = `--all: agents still beat (${listSome(beating)}), and would write again what is removed. ${remedy}`;
  return { scenes, refusal };
}

async function applyAll(
  cluster: Cluster,
  given: {
    readonly scenes: readonly Scene[];
    readonly scope: SweepScope;
    readonly io: CommandIo;
    readonly reporter: Reporter;
  },
): Promise<CommandEnding> {
  const { scenes, scope, io, reporter } = given;
  const { client, namespace } = cluster;
  const deps = {
    client,
    api: createApi(client, { namespace }),
    namespace,
    io,
    observe: (name: string) => observeScene(cluster, name),
    onDone: (service: string, step: SweepStep) => reporter.add(reportStep(service, step, { outcome: 'removed' })),
  };
  let ending: CommandEnding = 'good';
  for (const scene of scenes) {
    const applied = await applySweep(deps, scene, scope).catch((error: unknown) => {
      if (error instanceof KubeError) return cannotRead(error, io);
      throw error;
    });
    if (typeof applied === 'string') return applied;
    if (applied.kind === 'done') continue;
    reporter.add(reportStep(scene.name, applied.step, { outcome: 'failed', failure: whyOf(applied) }));
    if (applied.kind === 'failed' && applied.failure.verdict === 'retry') return 'unreachable';
    ending = 'found';
  }
  return ending;
}

function whyOf(applied: Exclude<Applied, { readonly kind: 'done' }>) {
  if (applied.kind === 'failed') return applied.failure;
  const message = 'others change the object faster than it could be read and written again. Run sweep again.';
  return { message, remedy: undefined };
}
