/** One case table for both ways of serving a Service: each case runs against each way, or says why it does not. */
import { describe, test } from 'node:test';
import { type ServedWay, startWorld, type World, type WorldOptions } from './world.ts';

/** One case. `skip`: the ways in which it has no meaning, each with the reason. */
export type Case = {
  readonly name: string;
  readonly skip?: Partial<Readonly<Record<ServedWay, string>>>;
  readonly world?: WorldOptions;
  readonly run: (world: World) => Promise<void>;
};

/** Cases mostly wait for beats, so several share the processor, those of one way beside those of the other. */
const CONCURRENCY = 4;

/**
 * Runs every case in both ways.
 * @param options.concurrency how many cases of a way share the processor
 */
export function runInBothWays(cases: readonly Case[], { concurrency = CONCURRENCY } = {}): void {
  describe('served', { concurrency: 2 }, () => {
    for (const way of ['full', 'supplement'] as const) {
      describe(`in the way ${way}`, { concurrency }, () => {
        for (const { name, skip, world, run } of cases) {
          test(name, { skip: skip?.[way] ?? false }, async (t) => run(await startWorld(t, way, world)));
        }
      });
    }
  });
}
