import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test } from 'node:test';
import { type Clock, createClock, whenAborted } from '../../agent/clock.ts';
import { withinLimit } from '../../agent/probes/transports/limit.ts';
import { createFakeClock } from '../support/clock.ts';

/** A clock on which the first sleep takes `lateMs` longer than it should, as in a process that was stopped. */
function createLateClock(lateMs: number): Clock & { readonly sleptMs: readonly number[] } {
  const sleptMs: number[] = [];
  let nowMs = 0;
  return {
    monotonicMs: () => nowMs,
    wall: () => new Date(0),
    sleep: async (ms) => {
      nowMs += ms + (sleptMs.length === 0 ? lateMs : 0);
      sleptMs.push(ms);
    },
    sleptMs,
  };
}

describe('withinLimit', () => {
  test('the work is cut when the time has passed, and not before', async () => {
    const clock = createFakeClock();
    const { signal } = new AbortController();
    let isCut = false;
    const work = withinLimit(clock, { timeoutMs: 1_000, signal }, async (limit) => {
      await whenAborted(limit.signal);
      isCut = true;
    });
    await clock.advance(999);
    assert.equal(isCut, false);
    await clock.advance(1);
    await work;
    assert.equal(isCut, true);
    assert.equal(clock.sleeperCount(), 0);
  });

  const cases = [
    { name: 'a punctual deadline lets what arrived be read', lateMs: 0, expect: [1_000, 0] },
    { name: 'time in which the process stood still is given back', lateMs: 300, expect: [1_000, 300] },
    { name: 'once, however long that was', lateMs: 60_000, expect: [1_000, 1_000] },
  ];
  for (const { name, lateMs, expect } of cases) {
    test(name, async () => {
      const clock = createLateClock(lateMs);
      const { signal } = new AbortController();
      await withinLimit(clock, { timeoutMs: 1_000, signal }, (limit) => whenAborted(limit.signal));
      assert.deepEqual(clock.sleptMs, expect);
    });
  }

  test('the signal of the caller cuts it, and is left without a listener', async () => {
    const stop = new AbortController();
    const work = withinLimit(createClock(), { timeoutMs: 60_000, signal: stop.signal }, ({ signal }) =>
      whenAborted(signal),
    );
    stop.abort();
    await work;
    assert.equal(getEventListeners(stop.signal, 'abort').length, 0);
  });

  test('work that fails leaves neither listener nor sleep', async () => {
    const clock = createFakeClock();
    const { signal } = new AbortController();
    const failing = withinLimit(clock, { timeoutMs: 1_000, signal }, () => Promise.reject(new Error('bug')));
    await assert.rejects(failing, /bug/);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    assert.equal(clock.sleeperCount(), 0);
  });
});
