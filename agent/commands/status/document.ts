/**
 * The edge where an agent's /status becomes data: agents of other versions answer too, so each field is looked at, what
 * is unknown is left aside, and what is absent stays absent.
 */
import { isRecord } from '../../kube/parse.ts';
import { type PairKey, pairKey } from '../../plan/pairs.ts';

/** Something an operator should know, as the agent words it. `code` of a newer agent may be none that is known here. */
export type AgentFinding = { readonly code: string; readonly message: string; readonly remedy: string };

/** A word and its reason: what DNS says of a pair, or what its probes say. */
export type Verdict = { readonly kind: string; readonly reason: string };

/** One pair as the agent sees it. `kind` e.g. `announced`. */
export type AgentPair = {
  readonly kind: string;
  readonly reason: string;
  readonly dns: Verdict | undefined;
  readonly probes: readonly Verdict[];
};

/** One Service as the agent sees it. */
export type AgentService = {
  readonly way: string | undefined;
  readonly reason: string;
  readonly intervalMs: number | undefined;
  readonly lastHeartbeatAgeMs: number | undefined;
  readonly pairs: ReadonlyMap<PairKey, AgentPair>;
  /** Pod UID to promised intervals of silence, of every other pod under the Service. */
  readonly peerAges: ReadonlyMap<string, number>;
  readonly findings: readonly AgentFinding[];
};

/** What of /status is shown. */
export type AgentStatus = {
  readonly version: string;
  readonly phase: string;
  readonly podUid: string | undefined;
  readonly configMap: { readonly name: string; readonly state: string } | undefined;
  /** The agent asks no DNS server. */
  readonly isDnsOff: boolean;
  readonly services: ReadonlyMap<string, AgentService>;
  readonly findings: readonly AgentFinding[];
};

/** Reads a document; undefined where it is none of an agent: it has no Services or no phase. */
export function parseAgentStatus(value: unknown): AgentStatus | undefined {
  if (!isRecord(value) || !Array.isArray(value['services']) || typeof value['phase'] !== 'string') return undefined;
  const { pod, configMap, dns } = value;
  return {
    version: textOf(value['version']) ?? '',
    phase: value['phase'],
    podUid: isRecord(pod) ? textOf(pod['uid']) : undefined,
    configMap: isRecord(configMap)
      ? { name: textOf(configMap['name']) ?? '', state: textOf(configMap['state']) ?? '' }
      : undefined,
    isDnsOff: isRecord(dns) && dns['server'] === null,
    services: new Map(records(value['services']).flatMap(readService)),
    findings: readFindings(value['findings']),
  };
}

function readService(value: Readonly<Record<string, unknown>>): readonly [string, AgentService][] {
  const service = textOf(value['service']);
  if (service === undefined) return [];
  return [
    [
      service,
      {
        way: textOf(value['way']),
        reason: textOf(value['reason']) ?? '',
        intervalMs: numberOf(value['intervalMs']),
        lastHeartbeatAgeMs: numberOf(value['lastHeartbeatAgeMs']),
        pairs: new Map(records(value['pairs']).flatMap(readPair)),
        peerAges: new Map(records(value['peers']).flatMap(readPeer)),
        findings: readFindings(value['findings']),
      },
    ],
  ];
}

function readPair(value: Readonly<Record<string, unknown>>): readonly [PairKey, AgentPair][] {
  const [name, protocol, kind] = [textOf(value['name']), textOf(value['protocol']), textOf(value['kind'])];
  if (name === undefined || protocol === undefined || kind === undefined) return [];
  const { probes } = value;
  const verdicts = Array.isArray(probes) ? probes : [probes];
  return [
    [
      pairKey({ name, protocol }),
      {
        kind,
        reason: textOf(value['reason']) ?? '',
        dns: readVerdict(value['dns']),
        probes: verdicts.flatMap((one) => readVerdict(one) ?? []),
      },
    ],
  ];
}

/** A word, or an object that carries it as `kind` or `state`. */
function readVerdict(value: unknown): Verdict | undefined {
  if (typeof value === 'string') return { kind: value, reason: '' };
  if (!isRecord(value)) return undefined;
  const kind = textOf(value['kind']) ?? textOf(value['state']);
  return kind === undefined ? undefined : { kind, reason: textOf(value['reason']) ?? '' };
}

function readPeer(value: Readonly<Record<string, unknown>>): readonly [string, number][] {
  const [uid, age] = [textOf(value['uid']), numberOf(value['age'])];
  return uid === undefined || age === undefined ? [] : [[uid, age]];
}

function readFindings(value: unknown): readonly AgentFinding[] {
  return records(value).flatMap(({ code, message, remedy }) =>
    typeof code === 'string' && typeof message === 'string' ? [{ code, message, remedy: textOf(remedy) ?? '' }] : [],
  );
}

function records(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
