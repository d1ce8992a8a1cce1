/**
 * Looks the published pairs up on the cluster's DNS, for all Services: what clients will find, and how long it took.
 * At most two questions at once. Nothing that is served depends on it; what answers mean is `judge`.
 */
import { type Clock, whenAborted } from '../clock.ts';
import type { Ask, Dns } from '../dns/ask.ts';
import type { DnsAnswer } from '../dns/message.ts';
import type { Log } from '../log.ts';
import type { Finding } from '../plan/finding.ts';
import type { PairKey } from '../plan/pairs.ts';
import type { Metrics } from '../status/metrics.ts';
import { dnsSilent } from './findings.ts';
import { judge, type LookupState, type Silence } from './judge.ts';
import { type Published, serviceName, type Zone } from './lookup.ts';
import { createQuestions, type Question } from './questions.ts';
import { type Entry, LACKING_AFTER_MS, needsOwnName, review, type Watched, watch } from './watched.ts';

/** What is known of one published pair. `off`: DNS is not asked. Times are milliseconds. */
export type PairAnswer = {
  readonly pair: PairKey;
  readonly state: LookupState | 'off';
  readonly reason: string;
  /** Since the server last answered for this pair. */
  readonly answeredAgeMs: number | null;
  /** From the acknowledgement of the slice to the first answer that held our record. */
  readonly elapsedMs: number | null;
};

/** How the server does. `silentForMs`: since the first of the questions in a row that got no answer; 0 where the last one did. */
export type ServerState =
  | { readonly kind: 'on'; readonly silentForMs: number }
  | { readonly kind: 'off'; readonly reason: string };

/** The self-check of one agent. */
export type SelfCheck = {
  /** These pairs, and no others of this Service, stand in our slices, as just acknowledged. Level-triggered: often the same. */
  readonly published: (seen: Published) => void;
  /** Nothing of the Service is published any more. */
  readonly forget: (service: string) => void;
  /** Asks until `signal` aborts, which ends the questions under way too. Rejects only for a bug. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** The published pairs of a Service, in the order in which they were published. */
  readonly pairs: (service: string) => readonly PairAnswer[];
  readonly server: () => ServerState;
  /** `dns-silent` and `dns-lacks-pairs` as they stand. */
  readonly findings: () => readonly Finding[];
};

/** What the self-check needs. */
export type SelfCheckDeps = Zone & {
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'pairResolved'>;
  readonly dns: Dns;
  /** Called after each change of what `pairs` or `findings` give. */
  readonly onChange: () => void;
};

const MAX_QUESTIONS = 2;
const TIMEOUT_MS = 2000;

/** One lost datagram is no silence. */
const SILENT_AFTER_MS = 10_000;

/** Builds it. Nothing is asked before `run`. */
export function createSelfCheck(deps: SelfCheckDeps): SelfCheck {
  const { clock, dns, onChange, random, namespace, clusterDomain } = deps;
  const zone: Zone = { namespace, clusterDomain };
  const services = new Map<string, Watched>();
  let silence: { readonly sinceMs: number; readonly answer: Silence } | undefined;
  let shown: readonly Finding[] = [];

  const silentForMs = () => (silence === undefined ? 0 : clock.monotonicMs() - silence.sinceMs);

  const standing = (server: string): readonly Finding[] => {
    const isSilent = silence !== undefined && silentForMs() >= SILENT_AFTER_MS;
    return [
      ...(silence !== undefined && isSilent ? [dnsSilent(server, silence.answer)] : []),
      ...[...services.values()].flatMap(({ lacking }) => (lacking === undefined ? [] : [lacking.finding])),
    ];
  };

  /** Asks, and notes how the server does. Undefined: given up. */
  const askServer = async (ask: Ask, question: Parameters<Ask>[0], signal: AbortSignal) => {
    const askedAtMs = clock.monotonicMs();
    const answer = await ask(question, { timeoutMs: TIMEOUT_MS, signal });
    if (signal.aborted) return undefined;
    silence = isSilence(answer) ? { sinceMs: silence?.sinceMs ?? askedAtMs, answer } : undefined;
    return answer;
  };

  const askPair = async (ask: Ask, { service, entry }: Place, signal: AbortSignal) => {
    const { lookup, acknowledgedAtMs, progress: before } = entry;
    entry.isAsking = true;
    const answer = await askServer(ask, { name: lookup.name, type: 'SRV' }, signal);
    entry.isAsking = false;
    const watched = services.get(service);
    // Withdrawn or published anew meanwhile: the answer is about something else.
    if (answer === undefined || watched?.entries.get(lookup.pair) !== entry) return;
    entry.progress = judge(before, answer, {
      lookup,
      acknowledgedAtMs,
      nowMs: clock.monotonicMs(),
      random: random(),
    });
    if (before.elapsedMs === undefined) noteResolved(deps, watched, entry);
    onChange();
  };

  const askOwnName = async (ask: Ask, watched: Watched, signal: AbortSignal) => {
    watched.ownName = 'asking';
    const name = serviceName(watched.service, zone);
    const answer = await askServer(ask, { name, type: 'A' }, signal);
    watched.ownName = answer === undefined || isSilence(answer) ? 'unknown' : isMissing(answer) ? 'missing' : 'exists';
  };

  const due = (ask: Ask, nowMs: number): readonly Question[] =>
    [...services.values()].flatMap((watched) => [
      ...(needsOwnName(watched, nowMs) ? [(signal: AbortSignal) => askOwnName(ask, watched, signal)] : []),
      ...[...watched.entries.values()]
        .filter(({ isAsking, progress }) => !isAsking && progress.dueAtMs <= nowMs)
        .map((entry) => (signal: AbortSignal) => askPair(ask, { service: watched.service, entry }, signal)),
    ]);

  const turn = (server: string, nowMs: number): void => {
    for (const watched of services.values()) review(watched, { zone, server, nowMs });
    const now = standing(server);
    const isNews = textOf(now) !== textOf(shown);
    shown = now;
    if (isNews) onChange();
  };

  const nextAtMs = (nowMs: number): number => {
    const entries = [...services.values()].flatMap((watched) => [...watched.entries.values()]);
    const times = [
      ...entries.filter(({ isAsking }) => !isAsking).map(({ progress }) => progress.dueAtMs),
      ...entries.map(({ acknowledgedAtMs }) => acknowledgedAtMs + LACKING_AFTER_MS),
      ...(silence === undefined ? [] : [silence.sinceMs + SILENT_AFTER_MS]),
    ];
    return Math.min(...times.filter((atMs) => atMs > nowMs), Number.POSITIVE_INFINITY);
  };

  const questions =
    dns.kind === 'off'
      ? undefined
      : createQuestions(
          clock,
          { turn: (nowMs) => turn(dns.server, nowMs), due: (nowMs) => due(dns.ask, nowMs), nextAtMs },
          { max: MAX_QUESTIONS },
        );

  return {
    published: (seen) => {
      const before = services.get(seen.service);
      const after = watch(before, seen, { zone, nowMs: clock.monotonicMs(), random });
      if (after === before) return;
      if (after === undefined) services.delete(seen.service);
      else services.set(seen.service, after);
      questions?.wake();
      onChange();
    },
    forget: (service) => {
      if (!services.delete(service)) return;
      questions?.wake();
      onChange();
    },
    run: (signal) => questions?.run(signal) ?? whenAborted(signal),
    pairs: (service) =>
      [...(services.get(service)?.entries.values() ?? [])].map((entry) => describe(entry, dns, clock.monotonicMs())),
    server: () => (dns.kind === 'off' ? dns : { kind: 'on', silentForMs: silentForMs() }),
    findings: () => shown,
  };
}

type Place = { readonly service: string; readonly entry: Entry };

/** Measures a pair that was just found, and tells once that all of its Service are. */
function noteResolved(
  { metrics, log }: Pick<SelfCheckDeps, 'metrics' | 'log'>,
  watched: Watched,
  { progress }: Entry,
): void {
  const { service, entries } = watched;
  if (progress.elapsedMs === undefined) return;
  metrics.pairResolved({ service, elapsedMs: progress.elapsedMs });
  const all = [...entries.values()].map((entry) => entry.progress.elapsedMs);
  const found = all.filter((ms) => ms !== undefined);
  if (watched.isTold || found.length < all.length) return;
  watched.isTold = true;
  const elapsedMs = Math.round(Math.max(...found));
  const pairs = [...entries.keys()];
  log.info('dns-resolved', `${service}: DNS answers all published pairs with this pod`, { service, pairs, elapsedMs });
}

function describe({ lookup, progress }: Entry, dns: Dns, nowMs: number): PairAnswer {
  const { pair } = lookup;
  if (dns.kind === 'off') return { pair, state: 'off', reason: dns.reason, answeredAgeMs: null, elapsedMs: null };
  const { state, reason, answeredAtMs, elapsedMs } = progress;
  return {
    pair,
    state,
    reason,
    answeredAgeMs: answeredAtMs === undefined ? null : Math.round(nowMs - answeredAtMs),
    elapsedMs: elapsedMs === undefined ? null : Math.round(elapsedMs),
  };
}

function isSilence(answer: DnsAnswer): answer is Silence {
  return answer.kind !== 'answered' && answer.kind !== 'negative';
}

function isMissing(answer: DnsAnswer): boolean {
  return answer.kind === 'negative' && answer.rcode === 'NXDOMAIN';
}

function textOf(findings: readonly Finding[]): string {
  return findings.map(({ message }) => message).join('\n');
}
