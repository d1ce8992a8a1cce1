/**
 * What the agent costs in a pod: the time from its start to its first write, resident memory and CPU a heartbeat after
 * many of them, and what a hundred probes add. Each number stands beside that of a bare node, or of an agent without
 * probes, measured in the same run: the ratio travels between machines, the number does not. Prints tables.
 * Usage: scripts/bench [--part NAME]… [--beats N] | --help
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureFootprint } from './bench-parts/footprint.ts';
import { runInNamespace } from './bench-parts/namespace.ts';
import { exitOnSignals } from './bench-parts/signals.ts';
import { measureStart } from './bench-parts/start.ts';
import { printLine } from './bench-parts/table.ts';

/** The targets: what a pod may be charged, once it has beaten so often. */
const TARGETS = { rssMiB: 64, cpuMsPerBeat: 2, startMs: 150 };
const TARGET_BEATS = 1000;

const DEFAULT_BEATS = 80;
const MIN_BEATS = 20;
const MAX_BEATS = 10_000;

const partNames = ['start', 'footprint', 'probes'] as const;
type PartName = (typeof partNames)[number];

type Options =
  | { readonly kind: 'run'; readonly parts: readonly PartName[]; readonly beatCount: number }
  | { readonly kind: 'help' }
  | { readonly kind: 'invalid'; readonly fault: string };

const helpText = `Usage: scripts/bench [--part NAME]… [--beats N]
       scripts/bench --help

Measures what the agent costs, as it is shipped, against a small API server in memory. Less than two minutes as it stands.

  --part NAME  only this part, several times for several:
                 start      from start to first write, beside a bare node
                 footprint  memory and CPU a heartbeat, beside a bare node
                 probes     what a hundred probes add, half of them never answered: CPU, memory, and the intervals
                            between heartbeats, beside an agent without probes
  --beats N    heartbeats that footprint and probes last, two a second; ${DEFAULT_BEATS} where not given (${MIN_BEATS} to ${MAX_BEATS}).
               Memory grows with the first thousand: the targets are for --beats ${TARGET_BEATS}
  --help       prints this

Linux only. Needs unshare(1); probes needs ip(8) too, and runs in a network of its own that leads nowhere.

Exit codes: 0 all measured, every target met; 1 a target was missed, or a part could not be measured; 2 an argument is wrong
`;

function parseOptions(argv: readonly string[]): Options {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        beats: { type: 'string', default: String(DEFAULT_BEATS) },
        part: { type: 'string', multiple: true, default: [...partNames] },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return { kind: 'help' };
    const stranger = values.part.find((name) => !partNames.some((known) => known === name));
    if (stranger !== undefined) {
      return { kind: 'invalid', fault: `--part is ${stranger}: must be ${partNames.join(', ')}` };
    }
    const beatCount = Number(values.beats);
    if (!Number.isInteger(beatCount) || beatCount < MIN_BEATS || beatCount > MAX_BEATS) {
      const rule = `must be a whole number from ${MIN_BEATS} to ${MAX_BEATS}`;
      return { kind: 'invalid', fault: `--beats is ${values.beats}: ${rule}` };
    }
    return { kind: 'run', parts: partNames.filter((name) => values.part.includes(name)), beatCount };
  } catch (error) {
    return { kind: 'invalid', fault: error instanceof Error ? error.message : String(error) };
  }
}

type Measured = Readonly<Partial<Record<keyof typeof TARGETS, number>>>;
/** What a part found; `failed`: it could not be measured, and has said why. */
type Found = Measured | 'failed';

async function measure(part: PartName, beatCount: number): Promise<Found> {
  switch (part) {
    case 'start':
      return measureStart();
    case 'footprint':
      return measureFootprint(beatCount);
    case 'probes':
      return measureProbes(beatCount);
    default:
      return part satisfies never;
  }
}

async function measureProbes(beatCount: number): Promise<Found> {
  const module = fileURLToPath(new URL('bench-parts/probes.ts', import.meta.url));
  const ran = await runInNamespace(module, [String(beatCount)]);
  if (ran.kind === 'refused') printLine(`probes cannot be measured here: ${ran.why}`);
  return ran.kind === 'ran' && ran.code === 0 ? {} : 'failed';
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  switch (options.kind) {
    case 'invalid':
      process.stderr.write(`scripts/bench: ${options.fault}. scripts/bench --help says what there is.\n`);
      return 2;
    case 'help':
      process.stdout.write(helpText);
      return 0;
    case 'run': {
      exitOnSignals();
      const found: Found[] = [];
      for (const part of options.parts) {
        found.push(await measure(part, options.beatCount));
        printLine('');
      }
      return report(found, options.beatCount);
    }
    default:
      return options satisfies never;
  }
}

/** Says which targets are met, of those that were measured. */
function report(found: readonly Found[], beatCount: number): number {
  const isWhole = !found.includes('failed');
  const measured: Measured = Object.assign({}, ...found.filter((one) => one !== 'failed'));
  const names = (['rssMiB', 'cpuMsPerBeat', 'startMs'] as const).filter((name) => measured[name] !== undefined);
  const missed = names.filter((name) => !((measured[name] ?? Number.NaN) <= TARGETS[name]));
  for (const name of missed) {
    printLine(`missed: ${name} is ${measured[name]?.toFixed(1)}, the target is ${TARGETS[name]}`);
  }
  if (names.length > 0 && missed.length === 0) {
    const met = names.map((name) => `${name} <= ${TARGETS[name]}`).join(', ');
    const tooEarly = measured.rssMiB !== undefined && beatCount < TARGET_BEATS;
    printLine(`targets met: ${met}${tooEarly ? `; memory is judged after ${TARGET_BEATS} heartbeats (--beats)` : ''}`);
  }
  return isWhole && missed.length === 0 ? 0 : 1;
}

process.exit(await main());
