/**
 * How a step of the story is told: what is done, what is expected, what the agents said, what DNS answered, how long it
 * took, and whether that is right. The first thing that is not right ends the story.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isRecord } from '../../agent/kube/parse.ts';
import type { EventName } from '../../agent/log.ts';
import type { Agents } from './agents.ts';
import { askAll, differs, type Expected, type Judged, questionOf, type Resolver, type Round } from './answers.ts';
import type { Commands } from './commands.ts';
import type { LogLine } from './lines.ts';
import type { Pair } from './pairs.ts';
import type { Row, Screen } from './screen.ts';
import { Unexpected } from './unexpected.ts';
import { DOMAIN, type World } from './world.ts';

/** One thing that is done, and what shall come of it. */
export type Act = {
  readonly does: string;
  readonly expects: string;
  /** How long it may take until all of it is so. */
  readonly limitMs: number;
  /** Does it. Throws Unexpected where it could not be done. */
  readonly run: () => unknown;
  /** What has to have happened before DNS is asked: `what` in words; `holds` is looked at again and again. */
  readonly first?: { readonly what: string; readonly holds: () => boolean };
  /** What DNS shall answer, for every pair there is. */
  readonly answers: Expected;
  /** The pairs whose answers are shown; of the others it is said how many there are. */
  readonly shows: readonly Pair[];
  /** What agents shall say of it, to be shown. */
  readonly quotes?: readonly Quote[];
  /** Looks at what else shall be so; gives rows to be shown, or throws Unexpected. */
  readonly check?: () => readonly Row[] | Promise<readonly Row[]>;
};

/** A line of an agent's log that is waited for. `by`: whichever agent is first, all that run, or the one of a pod. */
export type Quote = { readonly by: 'anyone' | 'everyone' | `ipa-${number}`; readonly event: EventName };

/** What the steps are told with. */
export type Scene = {
  readonly world: World;
  readonly agents: Agents;
  readonly commands: Commands;
  readonly resolver: Resolver;
  readonly signal: AbortSignal;
  readonly step: (title: string, text: string) => void;
  /** @throws Unexpected once it has shown what was seen instead */
  readonly act: (act: Act) => Promise<void>;
  /** How many acts came out as expected. */
  readonly goodCount: () => number;
};

const POLL_MS = 10;
const LAST_LINES = 6;

/** Builds the scene; nothing is shown yet. */
export function createScene(deps: {
  readonly world: World;
  readonly agents: Agents;
  readonly commands: Commands;
  readonly screen: Screen;
  readonly signal: AbortSignal;
}): Scene {
  const { world, agents, commands, screen, signal } = deps;
  const resolver: Resolver = { server: world.dns.address, port: world.dns.port, domain: DOMAIN };
  let stepCount = 0;
  let goodCount = 0;

  const ask = (expected: Expected): Promise<Round> => {
    const addresses = new Map([...world.servers.values()].map(({ name, ip }) => [name, ip]));
    return askAll(resolver, { expected, addresses, signal });
  };

  /** Looks until `look` gives something, at least once, however late it is. */
  const until = async <T>(
    endMs: number,
    look: () => T | undefined | Promise<T | undefined>,
  ): Promise<T | undefined> => {
    for (;;) {
      const isLast = performance.now() >= endMs;
      const found = await look();
      if (found !== undefined || isLast) return found;
      agents.check();
      await sleep(POLL_MS, undefined, { signal });
    }
  };

  const waitForAnswers = async (act: Act, endMs: number): Promise<Round> => {
    const { first, limitMs } = act;
    const isReady = await until(endMs, () => (first?.holds() === false ? undefined : true));
    if (isReady === undefined) throw new Unexpected(`not within ${limitMs / 1000} s: ${first?.what}`);
    const round = await until(endMs, async () => {
      const asked = await ask(act.answers);
      return judgedOf(asked).some(differs) ? undefined : asked;
    });
    if (round === undefined) throw new Unexpected(`DNS did not answer so within ${limitMs / 1000} s`);
    return round;
  };

  const waitForQuote = async (quote: Quote, sinceMs: number, endMs: number): Promise<readonly LogLine[]> => {
    const { by, event } = quote;
    const pods = by === 'everyone' ? agents.running().map(({ pod }) => pod) : [by === 'anyone' ? undefined : by];
    return Promise.all(
      pods.map(async (pod) => {
        const line = await until(endMs, () => agents.lines.find({ pod, event, sinceMs }));
        if (line === undefined) throw new Unexpected(`${pod ?? 'no agent'} did not log ${event} in time`);
        return line;
      }),
    );
  };

  const act = async (given: Act): Promise<void> => {
    screen.row({ label: 'do', text: given.does });
    screen.row({ label: 'expect', text: `${given.expects} Within ${given.limitMs / 1000} s.` });
    const startMs = performance.now();
    const endMs = startMs + given.limitMs;
    try {
      await given.run();
      const round = await waitForAnswers(given, endMs);
      const elapsedMs = Math.round(performance.now() - startMs);
      const quotes = await Promise.all((given.quotes ?? []).map((quote) => waitForQuote(quote, startMs, endMs)));
      const checked = (await given.check?.()) ?? [];
      agents.check();
      for (const row of [...quotes.flatMap(quoteRows), ...checked, ...answerRows(round, given.shows)]) screen.row(row);
      screen.row({ label: '✓', text: `as expected, after ${elapsedMs} ms`, tone: 'good' });
      screen.blank();
      goodCount += 1;
    } catch (error) {
      if (signal.aborted || !(error instanceof Unexpected)) throw error;
      const elapsedMs = Math.round(performance.now() - startMs);
      screen.row({ label: '✗', text: `not as expected, after ${elapsedMs} ms: ${error.message}`, tone: 'bad' });
      for (const row of evidence(await ask(given.answers), agents)) screen.row(row);
      screen.blank();
      throw error;
    }
  };

  return {
    world,
    agents,
    commands,
    resolver,
    signal,
    step: (title, text) => {
      stepCount += 1;
      screen.heading(stepCount, title);
      screen.note(text);
    },
    act,
    goodCount: () => goodCount,
  };
}

const judgedOf = ({ pairs, addresses }: Round): readonly Judged[] => [...pairs, ...addresses];

const QUESTION_WIDTH = 23;
const answerText = ({ question, said }: Judged): string => `${question.padEnd(QUESTION_WIDTH)}${said}`;

/** What agents said, each sentence once with all who said it. */
function quoteRows(lines: readonly LogLine[]): readonly Row[] {
  const speakers = Map.groupBy(lines, sentenceOf);
  return [...speakers].map(([text, said]) => ({
    label: 'agent',
    text: `${said.map(({ pod }) => pod).join(', ')}: ${text}`,
    tone: 'said',
  }));
}

function sentenceOf({ msg, fields }: LogLine): string {
  const { remedy } = fields;
  return typeof remedy === 'string' ? `${msg}\n${remedy}` : msg;
}

function answerRows({ pairs, addresses }: Round, shows: readonly Pair[]): readonly Row[] {
  const questions = new Set(shows.map(questionOf));
  const shown = pairs.filter(({ question }) => questions.has(question));
  const otherCount = pairs.length - shown.length + addresses.length;
  const other = otherCount === 0 ? [] : [`and ${otherCount} more answers, as expected`];
  return [{ label: 'DNS', text: [...shown.map(answerText), ...other].join('\n') }];
}

/** Where an error is logged: its stack, which begins with its message. */
function causeText(error: unknown): string {
  return isRecord(error) ? `\n${error['stack'] ?? error['message'] ?? ''}` : '';
}

/** What DNS says now where that is wrong, and what the agents logged last. */
function evidence(round: Round, agents: Agents): readonly Row[] {
  const wrong = judgedOf(round).filter(differs);
  const said = wrong.map((judged) => `${answerText(judged)}\n${'expected'.padEnd(QUESTION_WIDTH)}${judged.expected}`);
  return [
    { label: 'DNS', text: said.length === 0 ? 'answers as expected' : said.join('\n') },
    ...agents.pods().map((pod): Row => {
      const lines = agents.lines.last(pod, LAST_LINES);
      const texts = lines.map(
        ({ event, msg, fields }) => `${fields['time'] ?? ''} ${event}: ${msg}${causeText(fields['err'])}`,
      );
      return { label: 'log', text: [`the last lines of ${pod}'s agent`, ...texts].join('\n'), tone: 'said' };
    }),
  ];
}
