/** Runs questions as they become due, so many at once and no more. What a question is, and when it is due, is handed in. */
import type { Clock } from '../clock.ts';

/** One question under way. Ends soon after `signal` aborts; rejects only for a bug. */
export type Question = (signal: AbortSignal) => Promise<void>;

/** What is to be asked. Times are monotonic milliseconds. */
export type Agenda = {
  /** Called at the beginning of each turn: something was answered, woken for, or due. */
  readonly turn: (nowMs: number) => void;
  /** What is due and not under way, most urgent first. */
  readonly due: (nowMs: number) => readonly Question[];
  /** When the next turn is, were nothing to wake us. In the future, or infinity. */
  readonly nextAtMs: (nowMs: number) => number;
};

/** The loop over an agenda. */
export type Questions = {
  /** Runs until `signal` aborts and nothing is under way any more. Rejects with the bug that a question met. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** The agenda changed. Wake-ups merge. */
  readonly wake: () => void;
};

/** Builds the loop. `max`: how many questions may be under way. */
export function createQuestions(clock: Clock, agenda: Agenda, { max }: { readonly max: number }): Questions {
  let woken = new AbortController();
  const wake = () => woken.abort();
  return {
    wake,
    run: async (signal) => {
      const bug = Promise.withResolvers<never>();
      bug.promise.catch(() => {}); // raced below; it may come while nobody races
      const underWay = new Set<Promise<void>>();
      const start = (question: Question) => {
        const done = question(signal)
          .catch(bug.reject)
          .finally(() => {
            underWay.delete(done);
            wake();
          });
        underWay.add(done);
      };
      signal.addEventListener('abort', wake, { once: true });
      try {
        while (!signal.aborted) {
          woken = new AbortController();
          agenda.turn(clock.monotonicMs());
          for (const question of agenda.due(clock.monotonicMs())) {
            if (underWay.size < max) start(question);
          }
          const nowMs = clock.monotonicMs();
          // Where no more may be under way, the end of one of them is what is waited for.
          const untilMs = underWay.size < max ? agenda.nextAtMs(nowMs) : Number.POSITIVE_INFINITY;
          await Promise.race([clock.sleep(untilMs - nowMs, woken.signal), bug.promise]);
        }
        await Promise.race([Promise.all(underWay), bug.promise]);
      } finally {
        signal.removeEventListener('abort', wake);
        wake();
      }
    },
  };
}
