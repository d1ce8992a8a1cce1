/**
 * What /livez and /readyz answer: pure functions of facts that say why not, and the one latch between them. A restart
 * or an unready pod never mends the API server, so its troubles make neither fail.
 */
import { type Finding, findingWeights } from '../plan/finding.ts';

/** An answer: `ok` is 200, else 503; `body` is text for people, one line a thing. */
export type HealthAnswer = { readonly ok: boolean; readonly body: string };

/** One keeper's loop. `attemptAgeMs`: since its last attempted pass began, or since it was made where none has yet. */
export type LoopFacts = { readonly service: string; readonly attemptAgeMs: number; readonly limitMs: number };

/** What /livez looks at. */
export type LivezFacts = { readonly loops: readonly LoopFacts[] };

/** How far the agent is with one declared Service. `refused`: the first pass ended with a finding for the operator. */
export type ServiceHealth = {
  readonly service: string;
  readonly firstPass: 'pending' | 'acknowledged' | 'refused';
  readonly findings: readonly Finding[];
};

/** What /readyz looks at. */
export type ReadyzFacts = {
  readonly isShuttingDown: boolean;
  /** `unread`: neither declarations nor a finding about them are known yet. */
  readonly declarations: 'unread' | 'read' | 'refused';
  readonly services: readonly ServiceHealth[];
  /** Of the agent as a whole, those about the ConfigMap included. */
  readonly findings: readonly Finding[];
};

/** Alive where every loop attempted a pass within its limit, whatever came of it. */
export function livez({ loops }: LivezFacts): HealthAnswer {
  const stuck = loops.filter(({ attemptAgeMs, limitMs }) => attemptAgeMs > limitMs);
  if (stuck.length === 0) return { ok: true, body: 'ok\n' };
  const lines = stuck.map(
    ({ service, attemptAgeMs, limitMs }) =>
      `${service}: the last pass was attempted ${Math.round(attemptAgeMs)} ms ago; the limit is ${Math.round(limitMs)} ms`,
  );
  return { ok: false, body: text('stuck', lines) };
}

/**
 * Ready once the first pass is finished for every declared Service, be it with a finding; not ready any more when
 * shutting down. With `wasReady` nothing else makes it fall: neither the API server nor a newly declared Service.
 */
export function readyz(facts: ReadyzFacts, { wasReady }: { readonly wasReady: boolean }): HealthAnswer {
  if (facts.isShuttingDown) return { ok: false, body: text('not ready', ['shutting down']) };
  const pending = pendingLines(facts);
  const findings = findingLines(facts);
  if (pending.length > 0 && !wasReady) return { ok: false, body: text('not ready', [...pending, ...findings]) };
  const isDegraded = allFindings(facts).some(({ code }) => findingWeights[code] === 'failure');
  return { ok: true, body: text(isDegraded ? 'degraded' : 'ok', [...pending, ...findings]) };
}

/** The two answers, with the memory that readiness needs. */
export type Health = { readonly livez: () => HealthAnswer; readonly readyz: () => HealthAnswer };

/** Builds the health of one agent from its newest facts, read at each question. Once ready, `wasReady` stays. */
export function createHealth(facts: { readonly livez: () => LivezFacts; readonly readyz: () => ReadyzFacts }): Health {
  let wasReady = false;
  return {
    livez: () => livez(facts.livez()),
    readyz: () => {
      const answer = readyz(facts.readyz(), { wasReady });
      wasReady ||= answer.ok;
      return answer;
    },
  };
}

function pendingLines({ declarations, services }: ReadyzFacts): readonly string[] {
  const unread = declarations === 'unread' ? ['the ConfigMap was not read yet'] : [];
  const pending = services.filter(({ firstPass }) => firstPass === 'pending');
  return [...unread, ...pending.map(({ service }) => `${service}: the first pass is not finished`)];
}

function allFindings({ services, findings }: ReadyzFacts): readonly Finding[] {
  return [...findings, ...services.flatMap((service) => service.findings)];
}

function findingLines(facts: ReadyzFacts): readonly string[] {
  return allFindings(facts).map(({ code, message, remedy }) => {
    const between = message.includes('\n') ? '\n' : '. ';
    return `${code}: ${message}${between}${remedy}`;
  });
}

/** A word, then one line for each reason; what has lines of its own (a list of faults, a rule as YAML) is indented. */
function text(word: string, lines: readonly string[]): string {
  return [word, ...lines.map((line) => `- ${line.trimEnd().replaceAll('\n', '\n  ')}`), ''].join('\n');
}
