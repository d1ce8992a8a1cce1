/** Runs the table of cases in one world, each case in a namespace of its own. */
import { after, describe, test } from 'node:test';
import { themes } from './cases/all.ts';
import type { Target } from './target.ts';
import { openWorld } from './world.ts';

/** Cases mostly wait for controllers, so several share the processor. */
const CONCURRENCY = 8;
/** More than any wait inside a case has. */
const CASE_LIMIT_MS = 150_000;

/** Runs every case; the target is closed at the end. */
export function runParity(target: Target): void {
  describe(`parity: ${target.name}`, { concurrency: CONCURRENCY }, () => {
    after(target.close);
    for (const theme of themes) {
      for (const { name, skip, run } of theme.cases) {
        const options = { skip: skip?.[target.name] ?? false, timeout: CASE_LIMIT_MS };
        test(`${theme.name}: ${name}`, options, async (context) => {
          const { world, leave } = await openWorld(target);
          context.after(leave);
          await run(world);
        });
      }
    }
  });
}
