/**
 * What was seen as a table, data to data: of each Service how it is served, and a row for each pair and pod. Printing
 * is `print`; what an operator must know beside the rows is `notes`.
 */
import { promisedMs } from '../../plan/heartbeat.ts';
import { type PairKey, pairKey } from '../../plan/pairs.ts';
import { planWay, type Way } from '../../plan/way.ts';
import { type Note, planNotes } from './notes.ts';
import type { AgentSeen, Observed, ServiceSeen } from './observe.ts';
import { findGhosts } from './published.ts';
import { planGhostRow, planRow, type Row, stateWeights } from './row.ts';
import { countSilence, toldBy } from './silence.ts';

/** One Service. */
export type ServiceTable = {
  readonly service: string;
  /** How it is served: as it follows from what could be read, else as an agent says; `?` where none does. */
  readonly way: string;
  readonly reason: string;
  /** What the Service's shape makes wrong, in the agents' words. */
  readonly finding: Way['finding'];
  /** The least and the greatest interval that heartbeats promise; undefined where there is none. */
  readonly intervalMs: { readonly least: number; readonly greatest: number } | undefined;
  /** Undefined where the pods could not be read. */
  readonly agentCount: number | undefined;
  /** How many of the agents have a heartbeat in the register; undefined where that could not be read. */
  readonly registeredCount: number | undefined;
  readonly rows: readonly Row[];
};

/** Everything that is shown. `isGood`: each pair of each pod is announced or left to the Service, and nothing failed. */
export type Table = {
  readonly services: readonly ServiceTable[];
  readonly notes: readonly Note[];
  readonly isGood: boolean;
};

/** Plans the table. */
export function planTable(observed: Observed): Table {
  const services = observed.services.map((seen) => planService(seen, observed));
  const notes = planNotes(observed, services);
  const isGood =
    services.every(({ rows }) => rows.every(({ state }) => stateWeights[state] === 'good')) &&
    notes.every(({ weight }) => weight !== 'failure');
  return { services, notes, isGood };
}

function planService(seen: ServiceSeen, observed: Observed): ServiceTable {
  const isBlind = observed.agents.kind === 'unseen';
  const agents = observed.agents.kind === 'seen' ? observed.agents.value : [];
  const { register } = seen;
  const heartbeats = register.kind === 'seen' ? register.value?.heartbeats : undefined;
  const promises = agents.flatMap(({ uid }) => promisedMs(heartbeats?.get(uid) ?? '') ?? []);
  return {
    service: seen.name,
    ...wayOf(seen, agents),
    intervalMs: promises.length === 0 ? undefined : { least: Math.min(...promises), greatest: Math.max(...promises) },
    agentCount: isBlind ? undefined : agents.length,
    registeredCount:
      isBlind || register.kind === 'unseen'
        ? undefined
        : agents.filter(({ uid }) => heartbeats?.has(uid) ?? false).length,
    rows: planRows(seen, observed, agents),
  };
}

function wayOf(seen: ServiceSeen, agents: readonly AgentSeen[]): Pick<ServiceTable, 'way' | 'reason' | 'finding'> {
  const { name, service, register, slices } = seen;
  if (service.kind === 'seen' && register.kind === 'seen' && slices.kind === 'seen') {
    const way = planWay({ name, service: service.value, slices: slices.value, view: register.value });
    return { way: way.kind, reason: way.reason, finding: way.finding };
  }
  const told = agents.map((agent) => toldBy(agent, name)).find((one) => one?.way !== undefined);
  return { way: told?.way ?? '?', reason: told?.reason ?? 'it could not be read', finding: undefined };
}

/** The declared pairs in their order, then those that only agents, slices or register know; each with every pod. */
function planRows(seen: ServiceSeen, observed: Observed, agents: readonly AgentSeen[]): readonly Row[] {
  const { declared } = observed;
  const ports = declared.kind === 'valid' ? (declared.declarations.get(seen.name)?.ports ?? []) : [];
  const declaredPorts = new Map<PairKey, (typeof ports)[number]>(ports.map((port) => [pairKey(port), port]));
  const told = agents.flatMap((agent) => [...(toldBy(agent, seen.name)?.pairs.keys() ?? [])]);
  const ghosts = findGhosts(seen, observed);
  const keys = new Set([...declaredPorts.keys(), ...told, ...ghosts.flatMap(({ pairs }) => [...pairs])]);
  const silence = countSilence(agents, seen.name);
  const isKnownTo = (agent: AgentSeen, key: PairKey) =>
    declaredPorts.has(key) || toldBy(agent, seen.name)?.pairs.has(key) === true;
  return [
    ...[...keys].flatMap((key) => [
      ...agents
        .filter((agent) => isKnownTo(agent, key))
        .map((agent) =>
          planRow({ key, agent, seen, declared: declaredPorts.get(key), silence: silence.get(agent.uid) ?? 0 }),
        ),
      ...ghosts.filter(({ pairs }) => pairs.has(key)).map((ghost) => planGhostRow(ghost, seen, key)),
    ]),
    ...ghosts.filter(({ pairs }) => pairs.size === 0).map((ghost) => planGhostRow(ghost, seen, undefined)),
  ];
}
