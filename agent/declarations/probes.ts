/**
 * The probes of one pair: one mapping or a list of them, each in the Kubernetes probe schema (API reference, Probe v1)
 * with exactly one action. What an action asks is read by `actions`.
 */
import { nearestName } from '../nearest.ts';
import type { Protocol } from '../plan/declaration.ts';
import { defaultTiming, type Probe, type ProbeAction, type ProbeTiming } from '../plan/probe.ts';
import { actionRules, allActionFields, isActionName, readAction } from './actions.ts';
import { pathTo, type Report, readFields, spotOf } from './fields.ts';
import { type Bounds, readWhole } from './read.ts';
import type { Field, Value } from './text.ts';

/** Where the probes stand, e.g. `ports[2].probe`, and the pair's own protocol. */
export type ProbePlace = { readonly path: string; readonly protocol: Protocol; readonly report: Report };

/** Reads what stands under `probe`. Undefined where there is a fault in it; then all of them are reported. */
export function readProbes(value: Value, place: ProbePlace): readonly Probe[] | undefined {
  let isWhole = true;
  const report: Report = (fault) => {
    isWhole = false;
    place.report(fault);
  };
  const probes =
    value.kind === 'list'
      ? value.items.map((item, index) => readProbe(item, { ...place, path: `${place.path}[${index}]`, report }))
      : [readProbe(value, { ...place, report })];
  if (probes.length === 0) {
    const rule = 'must be a probe, or a list with at least one';
    report({ spot: value.spot, field: place.path, rule, remedy: 'List the probes, or leave the field out.' });
  }
  return isWhole ? probes.filter((probe) => probe !== undefined) : undefined;
}

function readProbe(value: Value, place: ProbePlace): Probe | undefined {
  const { path, report } = place;
  if (value.kind !== 'mapping') {
    report({ spot: value.spot, field: path, ...notAProbe(value) });
    return undefined;
  }
  const fields = readFields(value.fields, path, report);
  const given = [...fields.values()].filter(({ name }) => isActionName(name));
  const strangers = [...fields.values()].filter(({ name }) => !isActionName(name) && !Object.hasOwn(timings, name));
  for (const field of strangers) {
    report({ spot: spotOf(field), field: pathTo(path, field.name), ...strayField(field.name, given) });
  }
  for (const field of given.slice(1)) {
    const rule = `a probe has one action, and ${given[0]?.name} is that already`;
    const remedy = 'Make a list of probes, one for each action: all of them must succeed.';
    report({ spot: spotOf(field), field: pathTo(path, field.name), rule, remedy });
  }
  if (given.length === 0 && strangers.length === 0) {
    report({ spot: value.spot, field: path, rule: `must have one action: ${actionList}`, remedy: exampleRemedy });
  }
  const timing = readTiming(fields, place);
  const actions = given.map((field) => readActionField(field, place));
  const [action] = actions;
  return action === undefined ? undefined : { ...timing, action };
}

function readActionField(field: Field, { path, protocol, report }: ProbePlace): ProbeAction | undefined {
  if (!isActionName(field.name)) return undefined;
  return readAction(field.name, field.value(), { path: pathTo(path, field.name), protocol, report });
}

const actionNames = Object.keys(actionRules);
const actionList = `${actionNames.slice(0, -1).join(', ')} or ${actionNames.at(-1)}`;
const exampleRemedy = 'Write for example probe: { tcpSocket: {} }.';

function notAProbe(value: Value): { readonly rule: string; readonly remedy: string } {
  if (value.kind === 'refused') return value;
  if (value.kind === 'null') {
    return {
      rule: `must be a mapping with one action (${actionList}), and has no value`,
      remedy: `${exampleRemedy.slice(0, -1)}, or leave the field out.`,
    };
  }
  const action = value.kind === 'text' && isActionName(value.text) ? value.text : undefined;
  const rule = `must be a mapping with one action: ${actionList}`;
  return { rule, remedy: action === undefined ? exampleRemedy : `Write probe: { ${action}: {} }.` };
}

/** A day: whoever waits longer has mistaken the unit. */
const MAX_SECONDS = 86_400;
const MAX_THRESHOLD = 10_000;

type Timing = { readonly field: keyof ProbeTiming; readonly unitMs: number; readonly bounds: Bounds };

/** The fields of a probe beside its action, with the API server's lower bounds. */
const timings = {
  initialDelaySeconds: { field: 'initialDelayMs', unitMs: 1000, bounds: { least: 0, most: MAX_SECONDS } },
  periodSeconds: { field: 'periodMs', unitMs: 1000, bounds: { least: 1, most: MAX_SECONDS } },
  timeoutSeconds: { field: 'timeoutMs', unitMs: 1000, bounds: { least: 1, most: MAX_SECONDS } },
  failureThreshold: { field: 'failureThreshold', unitMs: 1, bounds: { least: 1, most: MAX_THRESHOLD } },
  successThreshold: { field: 'successThreshold', unitMs: 1, bounds: { least: 1, most: MAX_THRESHOLD } },
} as const satisfies Readonly<Record<string, Timing>>;

function readTiming(fields: ReadonlyMap<string, Field>, { path, report }: ProbePlace): ProbeTiming {
  const take = (name: keyof typeof timings): number => {
    const { field, unitMs, bounds }: Timing = timings[name];
    const example = defaultTiming[field] / unitMs;
    const value = fields.get(name)?.value();
    if (value === undefined) return defaultTiming[field];
    const what = unitMs === 1 ? 'a whole number' : 'a whole number of seconds';
    const read = readWhole(value, { bounds, words: `${what} from ${bounds.least} to ${bounds.most}`, example });
    if (read.kind === 'read') return read.value * unitMs;
    if (read.kind === 'refused') report({ ...read, spot: value.spot, field: pathTo(path, name) });
    return defaultTiming[field];
  };
  return {
    initialDelayMs: take('initialDelaySeconds'),
    periodMs: take('periodSeconds'),
    timeoutMs: take('timeoutSeconds'),
    failureThreshold: take('failureThreshold'),
    successThreshold: take('successThreshold'),
  };
}

/** Fields that people bring along from a container's probes, and what to do instead. */
const strangers: ReadonlyMap<string, { readonly rule: string; readonly remedy: string }> = new Map([
  [
    'exec',
    {
      rule: 'nothing can be run in another container',
      remedy:
        "Leave it out: as the container's own readinessProbe it counts for every pair; here take an action that asks over the network.",
    },
  ],
  [
    'grpc',
    {
      rule: 'there is no such action here',
      remedy:
        "Leave it out: as the container's own readinessProbe it counts for every pair; here take tcpSocket or httpGet.",
    },
  ],
  [
    'terminationGracePeriodSeconds',
    { rule: 'there is no such field here', remedy: 'Leave it out: a probe of a pair ends nothing.' },
  ],
  ...['livenessProbe', 'readinessProbe', 'startupProbe', 'probe'].map(
    (name) =>
      [name, { rule: 'there is no such field here', remedy: 'Write its content directly under probe.' }] as const,
  ),
]);

function strayField(name: string, given: readonly Field[]): { readonly rule: string; readonly remedy: string } {
  const stranger = strangers.get(name);
  if (stranger !== undefined) return stranger;
  const rule = 'a probe has no such field';
  if (allActionFields.has(name)) {
    const action = given.length === 1 ? given[0]?.name : undefined;
    const place = action === undefined ? 'its action' : action;
    return { rule, remedy: `It belongs into ${place}: indent it below ${place}, or write it between its braces.` };
  }
  const near = nearestName(name, [...actionNames, ...Object.keys(timings)]);
  if (near !== undefined) return { rule, remedy: `Did you mean ${near}?` };
  return { rule, remedy: `Leave it out; a probe has one action, and ${Object.keys(timings).join(', ')}.` };
}
