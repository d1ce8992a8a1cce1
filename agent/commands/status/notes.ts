/**
 * What an operator must know beside the rows: the findings of all agents, each once however many pods have it, and what
 * only a look from outside shows. Data to data.
 */
import { nextDeclarations, noDeclarations } from '../../declarations/newest.ts';
import { type FindingCode, findingWeights } from '../../plan/finding.ts';
import type { AgentFinding } from './document.ts';
import type { AgentSeen, Observed, Seen, ServiceSeen } from './observe.ts';
import { slicedPairs } from './published.ts';
import { serves, toldBy } from './silence.ts';
import type { ServiceTable } from './table.ts';

/** One note. `pods`: whose agents say so; empty where nobody's does. `remedy` may have several lines: a rule as YAML. */
export type Note = AgentFinding & { readonly weight: 'failure' | 'warning'; readonly pods: readonly string[] };

type Said = AgentFinding & { readonly pod?: string };

/** What only a look from outside shows; each counts as a failure. Findings of agents are `plan/finding`. */
type OwnCode = 'could-not-ask' | 'could-not-read' | 'no-agents' | 'not-in-register' | 'not-in-slices';

function note(code: OwnCode, said: Omit<Said, 'code'>): Said {
  return { code, ...said };
}

/** Plans the notes: those of the agents first, failures before warnings. `services`: the tables of those looked at. */
export function planNotes(observed: Observed, services: readonly ServiceTable[]): readonly Note[] {
  const agents = observed.agents.kind === 'seen' ? observed.agents.value : [];
  const names = new Set(services.map(({ service }) => service));
  const notes = merge([
    ...agents.flatMap((agent) => toldFindings(agent, names).map((finding) => ({ ...finding, pod: agent.name }))),
    ...declaredFindings(observed),
    ...services.flatMap(({ finding }) => finding ?? []),
    ...observed.services.flatMap((seen) => contradictions(seen, agents)),
    ...unread(observed),
    ...unasked(agents),
    ...withoutAgents(observed),
  ]);
  return [...notes.filter(({ weight }) => weight === 'failure'), ...notes.filter(({ weight }) => weight === 'warning')];
}

/** Alike in code and message is the same: remedies differ with what each agent still holds. */
function merge(said: readonly Said[]): readonly Note[] {
  const groups = Map.groupBy(said, ({ code, message }) => JSON.stringify([code, message]));
  return [...groups.values()].flatMap((group): readonly Note[] => {
    const [first] = group;
    if (first === undefined) return [];
    const { code, message, remedy } = first;
    return [
      { code, message, remedy, weight: weightOf(code), pods: [...new Set(group.flatMap(({ pod }) => pod ?? []))] },
    ];
  });
}

/** A finding that only newer agents know is taken seriously. */
function weightOf(code: string): Note['weight'] {
  return isKnown(code) ? findingWeights[code] : 'failure';
}

function isKnown(code: string): code is FindingCode {
  return Object.hasOwn(findingWeights, code);
}

function toldFindings({ answer }: AgentSeen, names: ReadonlySet<string>): readonly AgentFinding[] {
  if (answer.kind === 'unreachable') return [];
  const { services, findings } = answer.status;
  return [...findings, ...[...services].flatMap(([name, told]) => (names.has(name) ? told.findings : []))];
}

function declaredFindings({ declared, configMap }: Observed): readonly AgentFinding[] {
  if (declared.kind === 'forbidden') return [];
  const { finding } = nextDeclarations(noDeclarations, declared, { name: configMap });
  return finding === undefined ? [] : [finding];
}

/** An agent says announced, and it stands nowhere: somebody else took it out, or it speaks to another cluster. */
function contradictions(seen: ServiceSeen, agents: readonly AgentSeen[]): readonly Said[] {
  const { name, register } = seen;
  return agents.flatMap((agent) => {
    const { name: pod, uid } = agent;
    const told = toldBy(agent, name);
    const pairs = told !== undefined && serves(told) ? [...told.pairs] : [];
    const announced = pairs.flatMap(([key, { kind }]) => (kind === 'announced' ? [key] : []));
    if (announced.length === 0) return [];
    const place = `Service ${name}, announced as the agent says`;
    const remedy = `Look again; where it stays, ask the log of the pod's agent, and who else writes under Service ${name}.`;
    const sliced = slicedPairs(seen, uid);
    const missing = sliced === undefined ? [] : announced.filter((key) => !sliced.has(key));
    const isUnregistered = register.kind === 'seen' && register.value?.heartbeats.has(uid) !== true;
    return [
      ...(isUnregistered
        ? [
            note('not-in-register', {
              pod,
              message: `${place}: Endpoints ${name} have no heartbeat of the pod`,
              remedy,
            }),
          ]
        : []),
      ...(missing.length > 0
        ? [note('not-in-slices', { pod, message: `${place}: no slice of it has ${missing.join(', ')}`, remedy })]
        : []),
    ];
  });
}

function unread({ declared, agents, services, configMap, namespace }: Observed): readonly Said[] {
  const unseen = (what: string, seen: Seen<unknown>): readonly Said[] =>
    seen.kind === 'seen' ? [] : [couldNotRead(what, seen)];
  return [
    ...(declared.kind === 'forbidden'
      ? [couldNotRead(`ConfigMap ${configMap}`, { message: declared.message, rule: declared.remedy })]
      : []),
    ...unseen(`pods of namespace ${namespace}`, agents),
    ...services.flatMap(({ name, service, register, slices }) => [
      ...unseen(`Service ${name}`, service),
      ...unseen(`Endpoints ${name}`, register),
      ...unseen(`EndpointSlices of namespace ${namespace}`, slices),
    ]),
  ];
}

function couldNotRead(
  what: string,
  { message, rule }: { readonly message: string; readonly rule: string | undefined },
): Said {
  return note('could-not-read', {
    message: `${what}: not seen, so nothing is said about it: ${message}`,
    remedy: grant(rule),
  });
}

/** One rule lacks for all agents: it is told once. */
function unasked(agents: readonly AgentSeen[]): readonly Said[] {
  return agents.flatMap(({ name, answer }) =>
    answer.kind === 'unreachable' && answer.rule !== undefined
      ? [
          note('could-not-ask', {
            pod: name,
            message: "the agent's /status may not be read through the API server",
            remedy: `Run status in a pod (kubectl exec), where it asks the agents themselves. Or: ${grant(answer.rule)}`,
          }),
        ]
      : [],
  );
}

function grant(rule: string | undefined): string {
  return rule === undefined ? 'Look again.' : `Add this rule to the Role of whoever asks:\n${rule}`;
}

function withoutAgents({ agents, services, namespace, configMap }: Observed): readonly Said[] {
  if (agents.kind === 'unseen' || agents.value.length > 0 || services.length === 0) return [];
  return [
    note('no-agents', {
      message: `no pod of namespace ${namespace} runs an agent with REGISTRAR_CONFIGMAP ${configMap}`,
      remedy: 'Add the sidecar to the workload (k8s/component), or name the ConfigMap of yours with --configmap.',
    }),
  ];
}
