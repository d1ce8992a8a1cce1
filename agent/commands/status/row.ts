/** One row of the table: a pair of a pod, its state, and why. The pod's own agent is asked first of all. */
import type { DeclaredPort } from '../../plan/declaration.ts';
import type { PairKey } from '../../plan/pairs.ts';
import type { AgentPair, AgentService, Verdict } from './document.ts';
import type { AgentSeen, ServiceSeen } from './observe.ts';
import { type Ghost, publishedPort, slicedPairs } from './published.ts';
import { SILENT_AGE, serves, toldBy } from './silence.ts';

/** Every state of a row, with its weight. */
export const stateWeights = {
  announced: 'good',
  'left-to-service': 'good',
  /** Its agent does not announce it, and says why. */
  withheld: 'warning',
  /** No new heartbeat for two promised intervals or more: an eviction is due. */
  silent: 'failure',
  /** The pod is there and its agent gives no answer. */
  unreachable: 'failure',
  /** Register or slices know the pod, and it is gone. */
  gone: 'failure',
} as const;

/** The state of a row. */
export type RowState = keyof typeof stateWeights;

/** One row. Texts are as they came from agents and API server: to be escaped where they are printed. */
export type Row = {
  /** e.g. `kerberos/UDP`; `-` for a pod that is gone and has nothing but its heartbeat left. */
  readonly pair: string;
  readonly pod: string;
  readonly podUid: string;
  readonly node: string | undefined;
  /** The number that slices announce, else the declared one, or the name of the container port that is meant. */
  readonly port: string;
  readonly state: RowState;
  readonly why: string;
  /** Since the last acknowledged heartbeat, by the agent's own clock. */
  readonly heartbeatAgeMs: number | undefined;
  /** What DNS says as the agent asked it; `-` where nothing is announced by it, `?` where it is not known. */
  readonly dns: string;
  /** What the pair's probes say, where it has any. */
  readonly probes: readonly Verdict[];
};

/** Plans the row of one pair and one pod that is there. */
export function planRow(given: {
  readonly key: PairKey;
  readonly agent: AgentSeen;
  readonly seen: ServiceSeen;
  readonly declared: DeclaredPort | undefined;
  /** Promised intervals of silence. */
  readonly silence: number;
}): Row {
  const { key, agent, seen, declared, silence } = given;
  const told = toldBy(agent, seen.name);
  const pair = told?.pairs.get(key);
  const judged = judge(given, told, pair);
  // An agent that cannot be asked is taken at its peers' word.
  const isSilent = silence >= SILENT_AGE && (told === undefined || serves(told));
  const quiet = `no new heartbeat for ${Math.floor(silence)} of its intervals`;
  return {
    pair: key,
    pod: agent.name,
    podUid: agent.uid,
    node: agent.nodeName,
    port: String(publishedPort(seen, agent.uid, key) ?? declared?.targetPort ?? declared?.port ?? '?'),
    state: isSilent ? 'silent' : judged.state,
    why: isSilent ? `${quiet}; ${judged.why}` : judged.why,
    heartbeatAgeMs: told?.lastHeartbeatAgeMs,
    dns: dnsOf(agent, judged.state, pair),
    probes: pair?.probes ?? [],
  };
}

function dnsOf({ answer }: AgentSeen, state: RowState, pair: AgentPair | undefined): string {
  if (answer.kind === 'unreachable') return '?';
  if (pair?.dns !== undefined) return pair.dns.kind;
  if (state !== 'announced') return '-';
  return answer.status.isDnsOff ? 'off' : '?';
}

/** The row of a pod that is gone, under one pair or none. */
export function planGhostRow({ uid, podName, why }: Ghost, seen: ServiceSeen, key: PairKey | undefined): Row {
  const port = key === undefined ? undefined : publishedPort(seen, uid, key);
  return {
    pair: key ?? '-',
    pod: podName,
    podUid: uid,
    node: undefined,
    port: port === undefined ? '?' : String(port),
    state: 'gone',
    why,
    heartbeatAgeMs: undefined,
    dns: '?',
    probes: [],
  };
}

function judge(
  { key, agent, seen }: Parameters<typeof planRow>[0],
  told: AgentService | undefined,
  pair: AgentPair | undefined,
): { readonly state: RowState; readonly why: string } {
  if (agent.answer.kind === 'unreachable') {
    const deleted = agent.life === 'deleting' ? 'the pod is being deleted; ' : '';
    return { state: 'unreachable', why: `${deleted}${agent.answer.why}${standing(seen, agent.uid, key)}` };
  }
  const { phase, configMap } = agent.answer.status;
  if (told === undefined) {
    return { state: 'withheld', why: `its agent has no such Service (${phase}, ConfigMap ${configMap?.state ?? '?'})` };
  }
  if (told.way === undefined) return { state: 'withheld', why: `its agent has not finished a pass yet (${phase})` };
  if (!serves(told)) return { state: 'withheld', why: `${told.way}: ${told.reason}` };
  if (pair === undefined) {
    const state = configMap?.state ?? '?';
    return {
      state: 'withheld',
      why: `its agent does not know this pair (${told.way}: ${told.reason}, ConfigMap ${state})`,
    };
  }
  const why = [pair.reason, ...doubts(pair)].filter((text) => text !== '').join('; ');
  if (pair.kind === 'announced' || pair.kind === 'left-to-service') return { state: pair.kind, why };
  return { state: 'withheld', why: pair.kind === 'withheld' ? why : `${pair.kind}: ${why}` };
}

/** What slices say of a pair whose agent says nothing. */
function standing(seen: ServiceSeen, uid: string, key: PairKey): string {
  const own = slicedPairs(seen, uid);
  if (own === undefined) return '';
  if (own.has(key)) return '; its slice announces the pair';
  const isOthers = publishedPort(seen, uid, key) !== undefined;
  return isOthers ? "; the Service's own slices have the pair" : '; no slice of it announces the pair';
}

/** Answers of DNS and probes that need no word. */
const fine: ReadonlySet<string> = new Set(['resolved', 'off', 'waiting', 'passing']);

/** What speaks against the pair and does not stand in its reason already. */
function doubts({ reason, dns, probes }: AgentPair): readonly string[] {
  const said = [
    ...(dns === undefined ? [] : [{ ...dns, of: 'DNS' }]),
    ...probes.map((one) => ({ ...one, of: 'probe' })),
  ];
  return said
    .filter((one) => !fine.has(one.kind) && (one.reason === '' || !reason.includes(one.reason)))
    .map((one) => `${one.of} ${one.kind}${one.reason === '' ? '' : `: ${one.reason}`}`);
}
