/** When a suite's world is there: from before its first test to after its last, and no two at once, whatever number of files the test runner starts. */
import { join } from 'node:path';
import { after, before } from 'node:test';
import { withLock } from '../machine/lock.ts';
import { findFolders, requireCluster } from '../open.ts';
import { createWorld, type World, type WorldChoice } from './world.ts';

const turnLimitMs = 60 * 60_000;

/** Makes a world for the tests of the calling `describe`, and takes it away after them. Outside a `describe`, node runs hooks side by side. */
export function useWorld(choice: WorldChoice): () => World {
  return useTurn(() => createWorld(choice));
}

/** The same for whatever `create` makes. */
export function useTurn<T extends { remove(): Promise<void> }>(create: () => Promise<T>): () => T {
  requireCluster(process.env); // here and not in a hook: one failure says it, instead of one for each test
  const over = Promise.withResolvers<void>();
  let turn: Promise<void> | undefined;
  let world: T | undefined;
  before(async () => {
    const begun = Promise.withResolvers<void>();
    const file = join(findFolders(process.env).cache, 'e2e.lock');
    turn = withLock({ file, limitMs: turnLimitMs }, () => {
      begun.resolve();
      return over.promise;
    });
    await Promise.race([begun.promise, turn]);
    // Only now: opening a cluster starts what another suite may just have stopped.
    world = await create();
  });
  after(async () => {
    await world?.remove();
    over.resolve();
    await turn;
  });
  return () => {
    if (world === undefined) throw new Error('the world did not come up: see the first failure');
    return world;
  };
}
