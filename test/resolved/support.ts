/** A self-check against a scripted DNS server, on a clock that the test moves. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { createDns } from '../../agent/dns/ask.ts';
import type { DnsServer } from '../../agent/dns/resolv-conf.ts';
import type { Pair } from '../../agent/plan/pairs.ts';
import type { Published } from '../../agent/resolved/lookup.ts';
import { createSelfCheck, type PairAnswer, type SelfCheck } from '../../agent/resolved/self-check.ts';
import { type Asked, type Script, startScriptedDns } from '../dns/scripted.ts';
import { createFakeClock, type FakeClock } from '../support/clock.ts';
import { createLogBook, type LogLine } from '../support/log.ts';
import { identityOf, NAMESPACE } from '../support/pods.ts';
import { until } from '../support/until.ts';

/** A question with the moment at which it came. */
export type AskedAt = Asked & { readonly atMs: number };

/** The bench. */
export type Bench = {
  readonly clock: FakeClock;
  readonly check: SelfCheck;
  readonly server: string;
  readonly lines: readonly LogLine[];
  /** Register-to-resolvable times, as they were measured. */
  readonly measured: readonly { readonly service: string; readonly elapsedMs: number }[];
  readonly questions: () => readonly AskedAt[];
  /** How often `onChange` was called. */
  readonly changeCount: () => number;
  /** Moves time on in small steps, and lets each question that comes be answered before the next one. */
  readonly pass: (ms: number) => Promise<void>;
  /** Resolves when the pairs of `ipa` are in these states. */
  readonly states: (...states: readonly PairAnswer['state'][]) => Promise<void>;
};

/** What was published under `ipa`. */
export function publishedOf(pairs: readonly Pair[], change: Partial<Published> = {}): Published {
  return {
    service: 'ipa',
    identity: identityOf('ipa-0'),
    pairs,
    addresses: { IPv4: '10.0.0.10' },
    isNameOnly: false,
    ...change,
  };
}

/** The target of our own records. */
export const TARGET = `ipa-0.ipa.${NAMESPACE}.svc.cluster.local`;

const STEP_MS = 250;

/**
 * Starts a bench whose server answers by `script`, which is handed the moment too. A question that the script leaves
 * unanswered ends by its deadline. `server`: instead of the scripted one.
 */
export async function startBench(
  t: TestContext,
  script: (asked: AskedAt) => ReturnType<Script>,
  server?: DnsServer,
): Promise<Bench> {
  const clock = createFakeClock();
  const questions: AskedAt[] = [];
  /** Names that are being asked for, and those of them that came and are left without an answer. */
  const underWay = new Set<string>();
  const leftAlone = new Set<string>();
  const scripted = await startScriptedDns(t, (asked) => {
    const one = { ...asked, atMs: clock.monotonicMs() };
    questions.push(one);
    const answer = script(one);
    if (answer === undefined) leftAlone.add(one.name);
    return answer;
  });
  const place: DnsServer = server ?? { kind: 'at', address: '127.0.0.1', port: scripted.port };
  const dns = createDns({ clock, random: () => 0.5 }, place);
  const { log, lines } = createLogBook();
  const measured: { readonly service: string; readonly elapsedMs: number }[] = [];
  let changeCount = 0;
  const check = createSelfCheck({
    clock,
    random: () => 0,
    log,
    metrics: { pairResolved: (seen) => void measured.push(seen) },
    dns:
      dns.kind === 'off'
        ? dns
        : {
            ...dns,
            ask: (question, call) => {
              underWay.add(question.name);
              return dns.ask(question, call).finally(() => {
                underWay.delete(question.name);
                leftAlone.delete(question.name);
              });
            },
          },
    namespace: NAMESPACE,
    clusterDomain: 'cluster.local',
    onChange: () => {
      changeCount += 1;
    },
  });
  const over = new AbortController();
  const running = check.run(over.signal);
  t.after(async () => {
    over.abort();
    await running;
    assert.equal(clock.sleeperCount(), 0, 'a wait was left behind');
  });
  return {
    clock,
    check,
    server: dns.kind === 'on' ? dns.server : '',
    lines,
    measured,
    questions: () => questions,
    changeCount: () => changeCount,
    pass: async (ms) => {
      for (let leftMs = ms; leftMs > 0; leftMs -= STEP_MS) {
        await clock.advance(Math.min(leftMs, STEP_MS));
        // A question is on its way through the kernel: time waits for its answer, unless there will be none.
        await until(() => assert.ok([...underWay].every((name) => leftAlone.has(name))));
      }
      await clock.advance(0);
    },
    states: (...states) =>
      until(() =>
        assert.deepEqual(
          check.pairs('ipa').map(({ state }) => state),
          states,
        ),
      ),
  };
}
