/**
 * What a keeper writes down for people: the way and its changes, findings when they come and go, an outage when it
 * begins and when it is over. No decision rests on any of it.
 */
import type { Log } from '../log.ts';
import { type Finding, findingWeights } from '../plan/finding.ts';
import type { Way } from '../plan/way.ts';
import type { Failure } from '../register/register.ts';
import type { Metrics } from '../status/metrics.ts';
import type { KeeperDeps } from './deps.ts';
import type { Memory } from './memory.ts';

/** Records the way, and logs when it changes. */
export function noteWay(deps: KeeperDeps, memory: Memory, way: Way): void {
  if (memory.way === way.kind && memory.wayReason === way.reason) return;
  deps.log.info('way-changed', `${deps.service}: ${way.kind} (${way.reason})`, {
    service: deps.service,
    way: way.kind,
    reason: way.reason,
    ...(memory.way === undefined ? {} : { before: memory.way }),
  });
  memory.way = way.kind;
  memory.wayReason = way.reason;
}

/** The findings that stand, as the log tells them: each once when it comes and once when it goes. */
export type FindingBook = {
  /** Takes in all findings that stand now. */
  readonly note: (findings: readonly Finding[]) => void;
  readonly current: () => readonly Finding[];
};

/** Builds an empty book. `service`: undefined for the findings of the whole agent. */
export function createFindingBook(deps: {
  readonly service: string | undefined;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'findingsSeen'>;
  /** Called with all that stand after each change of them. */
  readonly onFindings?: (service: string | undefined, findings: readonly Finding[]) => void;
}): FindingBook {
  const { service, log, metrics, onFindings } = deps;
  const fields = service === undefined ? {} : { service };
  const textOf = ({ code, message }: Finding) => `${code} ${message}`;
  let current: readonly Finding[] = [];
  return {
    note: (findings) => {
      const before = new Set(current.map(textOf));
      const after = new Set(findings.map(textOf));
      for (const finding of findings) {
        if (before.has(textOf(finding))) continue;
        const { code, message, remedy } = finding;
        const level = findingWeights[code] === 'failure' ? 'error' : 'warn';
        log[level]('finding-raised', message, { ...fields, code, remedy });
      }
      for (const finding of current) {
        if (after.has(textOf(finding))) continue;
        log.info('finding-cleared', `no longer: ${finding.message.split('\n', 1)[0]}`, {
          ...fields,
          code: finding.code,
        });
      }
      current = findings;
      metrics.findingsSeen({ service, findings });
      const isSame = before.size === after.size && [...after].every((text) => before.has(text));
      if (!isSame) onFindings?.(service, findings);
    },
    current: () => current,
  };
}

/** After so many intervals of failing, a watch may hang on a connection that the other side forgot. */
const LONG_OUTAGE = 3;

/** An outage as the log tells it: the first failure, and the recovery with how many there were and how long it took. */
export type Outage = { readonly record: (failure: Failure | undefined) => void };

/** Builds the log's view of failing passes. */
export function createOutage(deps: KeeperDeps): Outage {
  const { service, clock, log, options } = deps;
  let sinceMs: number | undefined;
  let failureCount = 0;
  let logged = '';
  return {
    record: (failure) => {
      if (failure === undefined) {
        if (sinceMs === undefined) return;
        const elapsedMs = Math.round(clock.monotonicMs() - sinceMs);
        log.info('pass-recovered', `${service}: passes succeed again`, { service, failureCount, elapsedMs });
        if (elapsedMs > LONG_OUTAGE * options.intervalMs) deps.onLongOutage();
        sinceMs = undefined;
        failureCount = 0;
        logged = '';
        return;
      }
      const isFirst = sinceMs === undefined;
      sinceMs ??= clock.monotonicMs();
      failureCount += 1;
      // What passes by itself is told once; what needs a person is told whenever it is something else.
      if (!isFirst && (failure.verdict === 'retry' || failure.message === logged)) return;
      logged = failure.message;
      const level = failure.verdict === 'give-up' ? 'error' : 'warn';
      log[level]('pass-failed', `${service}: ${failure.message}; what is registered stays, and is tried again`, {
        service,
        reason: failure.reason,
        ...(failure.remedy === undefined ? {} : { remedy: failure.remedy }),
      });
    },
  };
}

/** The finding that a refused request is: something an operator must put right. */
export function refusedRequest(service: string, failure: Failure): Finding {
  const message = `Service ${service}: ${failure.message}`;
  if (failure.isTerminating) {
    return {
      code: 'namespace-terminating',
      message,
      remedy: 'Nothing to do: the namespace is being deleted, and this pod with it.',
    };
  }
  if (failure.reason === 'Forbidden') {
    const remedy =
      failure.remedy === undefined
        ? 'Look for the admission policy that the message names.'
        : `Add this rule to the Role of the ServiceAccount:\n${failure.remedy}`;
    return { code: 'request-forbidden', message, remedy };
  }
  return {
    code: 'request-rejected',
    message,
    remedy: 'Compare the message with the declaration of this Service in the ConfigMap, and correct it.',
  };
}
