/** Asks a DNS the same question every few milliseconds, until the answer is as wanted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { queryDns } from '../../embedded/dns/query.ts';
import { WaitError } from '../machine/until.ts';

/** Where the SRV records of one pair are asked. */
export interface Question {
  readonly server: string;
  /** `_measured._tcp.measured.NAMESPACE.svc.cluster.local` */
  readonly name: string;
}

/** When an answer was first as wanted, on the clock of `performance.now()`. It was not yet so `blindMs` before. */
export interface Sight {
  readonly atMs: number;
  readonly blindMs: number;
}

export interface LookOptions {
  readonly limitMs: number;
  readonly isWanted: (targets: readonly string[]) => boolean;
}

const everyMs = 3;
const queryLimitMs = 1_000;

/** Resolves to the first answer whose targets, `native-0.measured.…`, are as wanted. Throws WaitError at the limit. */
export async function look(question: Question, { limitMs, isWanted }: LookOptions): Promise<Sight> {
  const startMs = performance.now();
  let lookedMs = startMs;
  for (;;) {
    const targets = await askTargets(question);
    const atMs = performance.now();
    if (targets !== undefined && isWanted(targets)) return { atMs, blindMs: atMs - lookedMs };
    if (atMs - startMs > limitMs) throw new WaitError(`the wanted answer to ${question.name}`, limitMs, `${targets}`);
    lookedMs = atMs;
    await sleep(everyMs);
  }
}

/** NXDOMAIN has no targets; undefined where no answer came, which says nothing about the records. */
async function askTargets({ server, name }: Question): Promise<readonly string[] | undefined> {
  const query = { server, port: 53, name, type: 'SRV', timeoutMs: queryLimitMs } as const;
  const answer = await queryDns(query).catch(() => undefined);
  return answer?.answers.flatMap((record) => (record.type === 'SRV' ? [record.data.target] : [])).toSorted();
}
