/** The command `status`: looks once, or again and again, and prints what it saw. */
import { KubeError } from '../../kube/errors.ts';
import { nearestName } from '../../nearest.ts';
import { optionOf } from '../arguments.ts';
import { clusterOptions, openCluster } from '../cluster.ts';
import type { Command, CommandEnding, CommandIo, GivenArguments } from '../command.ts';
import { createPaint, escapeText, withSpinner } from '../terminal.ts';
import { createAskAgent } from './ask.ts';
import { type LookDeps, type Observed, observe } from './observe.ts';
import { printJson, printText } from './print.ts';
import { planTable, type Table } from './table.ts';

/** `status`. */
export const statusCommand: Command = {
  name: 'status',
  summary: 'Shows each pair of each pod: announced or not, why, how old its heartbeat is, and what DNS says.',
  options: {
    ...clusterOptions,
    service: { value: 'NAME', isRepeatable: true, help: 'only this Service; may stand several times' },
    output: { value: 'FORMAT', short: 'o', help: 'table or json; table where not given' },
    watch: {
      value: '[SECONDS]',
      short: 'w',
      help: 'look again and again, every 2 seconds where not given; Ctrl-C ends it',
    },
  },
  notes: [
    'States: announced; left-to-service, where the Service has the pair itself; withheld by its agent; silent, no new',
    'heartbeat for two intervals or more; unreachable, the agent gives no answer; gone, the pod is, and its entries are not.',
    'AGE is that of the last acknowledged heartbeat, DNS what the cluster DNS answered the agent when it looked.',
    'The agents are asked themselves: at their pod addresses from a pod, else through the API server (get on pods/proxy).',
    'Exit code 0: every pair of every pod is announced or left to the Service, nothing failed, and all could be read;',
    'what DNS says does not count by itself. 1: something else. 2: bad arguments, or nothing of this ConfigMap is there.',
    '3: the API server could not be asked. With --watch it is 0 when Ctrl-C ends it.',
  ],
  run: async (given, io) => {
    const options = readOptions(given);
    if (options.kind === 'refused') {
      io.stderr.write(options.faults.map((fault) => `${escapeText(fault)}\n`).join(''));
      return 'unusable';
    }
    const cluster = await openCluster(given, io);
    try {
      return await showStatus({ cluster, ask: createAskAgent(cluster, io), wanted: options.wanted }, options, io);
    } finally {
      await cluster.close();
    }
  },
};

/** How the status is shown. `everyMs` undefined: once. */
export type StatusOptions = {
  readonly wanted: readonly string[];
  readonly format: 'table' | 'json';
  readonly everyMs: number | undefined;
};

type ReadOptions =
  | ({ readonly kind: 'read' } & StatusOptions)
  | { readonly kind: 'refused'; readonly faults: readonly string[] };

const EVERY_SECONDS = 2;
const LEAST_SECONDS = 0.5;
const MOST_SECONDS = 3600;

function readOptions(given: GivenArguments): ReadOptions {
  const faults: string[] = [];
  const format = optionOf(given, 'output') ?? 'table';
  if (format !== 'table' && format !== 'json') faults.push(`--output ${format}: must be table or json. Write -o json.`);
  const text = optionOf(given, 'watch') ?? String(EVERY_SECONDS);
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds >= LEAST_SECONDS && seconds <= MOST_SECONDS)) {
    faults.push(
      `--watch ${text}: must be a number of seconds from ${LEAST_SECONDS} to ${MOST_SECONDS}. Write --watch 5.`,
    );
  }
  if (faults.length > 0) return { kind: 'refused', faults };
  return {
    kind: 'read',
    wanted: given.values.get('service') ?? [],
    format: format === 'json' ? 'json' : 'table',
    everyMs: given.switches.has('watch') ? seconds * 1000 : undefined,
  };
}

type Io = Pick<CommandIo, 'stdout' | 'stderr' | 'env' | 'clock' | 'signal'>;

/**
 * Looks and prints, once or until the signal.
 * @throws KubeError where the API server could not be asked; while watching that is told instead
 */
export async function showStatus(deps: LookDeps, options: StatusOptions, io: Io): Promise<CommandEnding> {
  const { everyMs } = options;
  const first = () => withSpinner(io, 'asking the agents', () => observe(deps));
  if (everyMs === undefined) return show(await first(), options, io);
  for (let look = first; !io.signal.aborted; look = () => observe(deps)) {
    try {
      const observed = await look();
      if (io.signal.aborted) break;
      beginScreen(options, io);
      show(observed, options, io);
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (!io.signal.aborted) io.stderr.write(`${io.clock.wall().toISOString()} ${escapeText(error.message)}\n`);
    }
    await io.clock.sleep(everyMs, io.signal);
  }
  return 'good';
}

/** A terminal is cleared and written anew; elsewhere a line with the time stands between two looks. */
function beginScreen({ format }: StatusOptions, { stdout, clock }: Io): void {
  if (format === 'json') return;
  const time = clock.wall().toISOString();
  stdout.write(stdout.isTerminal ? `\u001b[H\u001b[2J${time}\n\n` : `--- ${time}\n`);
}

function show(observed: Observed, options: StatusOptions, io: Io): CommandEnding {
  const faults = nothingToShow(observed);
  if (faults.length > 0) {
    io.stderr.write(faults.map((fault) => `${escapeText(fault)}\n`).join(''));
    return 'unusable';
  }
  const table = planTable(observed);
  io.stdout.write(print(table, observed, { options, io }));
  return table.isGood ? 'good' : 'found';
}

function print(
  table: Table,
  { namespace, configMap }: Observed,
  { options, io }: { readonly options: StatusOptions; readonly io: Io },
): string {
  const { stdout, env, clock } = io;
  if (options.format === 'table') {
    return printText(table, createPaint(stdout, env), stdout.isTerminal ? stdout.columns : undefined);
  }
  const frame = { namespace, configMap, time: clock.wall().toISOString() };
  return printJson(table, frame, options.everyMs === undefined ? 2 : 0);
}

function nothingToShow({
  declared,
  services,
  agents,
  namespace,
  configMap,
  unknownServices,
}: Observed): readonly string[] {
  const hasAgents = agents.kind === 'unseen' || agents.value.length > 0;
  if (declared.kind === 'missing' && services.length === 0 && !hasAgents) {
    return [
      `ConfigMap ${configMap}: namespace ${namespace} has none of this name, and no pod that uses it. Name yours with --namespace and --configmap.`,
    ];
  }
  const names = declared.kind === 'valid' ? [...declared.declarations.keys()] : [];
  return unknownServices.map((name) => {
    const near = nearestName(name, names);
    const remedy = near === undefined ? `It declares: ${names.join(', ') || 'nothing'}.` : `Did you mean ${near}?`;
    return `--service ${name}: ConfigMap ${configMap} declares no such Service, and no agent knows it. ${remedy}`;
  });
}
