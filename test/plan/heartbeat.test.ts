import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  conflictBounds,
  formatHeartbeat,
  intervalInForceMs,
  jitteredIntervalMs,
  promisedMs,
  retryBoundMs,
  startSpreadMs,
  timeoutInForceMs,
} from '../../agent/plan/heartbeat.ts';

const now = new Date('2026-11-22T20:00:00.123Z');

describe('formatHeartbeat', () => {
  const cases = [
    {
      name: 'a first value is the time and the promise',
      given: { promised: 5000, last: undefined },
      expect: '2026-11-22T20:00:00.123Z 5s',
    },
    {
      name: 'a promise that is no whole second is given in milliseconds',
      given: { promised: 55_556, last: undefined },
      expect: '2026-11-22T20:00:00.123Z 55556ms',
    },
    {
      name: 'a clock that stands still moves on by a millisecond',
      given: { promised: 5000, last: '2026-11-22T20:00:00.123Z 5s' },
      expect: '2026-11-22T20:00:00.124Z 5s',
    },
    {
      name: 'another promise at the same moment differs already',
      given: { promised: 6000, last: '2026-11-22T20:00:00.123Z 5s' },
      expect: '2026-11-22T20:00:00.123Z 6s',
    },
    {
      name: 'a last value from the future is no reason to wait for it',
      given: { promised: 5000, last: '2027-01-01T00:00:00.000Z 5s' },
      expect: '2026-11-22T20:00:00.123Z 5s',
    },
  ];
  for (const { name, given, expect } of cases) {
    test(name, () => assert.equal(formatHeartbeat(now, given.promised, given.last), expect));
  }
});

describe('promisedMs', () => {
  const cases = [
    { name: 'seconds are read', given: '2026-11-22T20:00:00.123Z 5s', expect: 5000 },
    { name: 'milliseconds are read', given: '2026-11-22T20:00:00.123Z 1500ms', expect: 1500 },
    { name: 'the time is not looked at', given: 'once-upon-a-time 5s', expect: 5000 },
    { name: 'a value without a promise has none', given: '2026-11-22T20:00:00.123Z', expect: undefined },
    { name: 'a promise of nothing is none', given: '2026-11-22T20:00:00.123Z 0s', expect: undefined },
    { name: 'a promise without a unit is none', given: '2026-11-22T20:00:00.123Z 5', expect: undefined },
    { name: 'a negative promise is none', given: '2026-11-22T20:00:00.123Z -5s', expect: undefined },
    { name: 'a fraction is none', given: '2026-11-22T20:00:00.123Z 1.5s', expect: undefined },
    { name: 'a promise beyond nine digits is none', given: '2026-11-22T20:00:00.123Z 1000000000s', expect: undefined },
    { name: 'what follows the promise spoils it', given: '2026-11-22T20:00:00.123Z 5s or so', expect: undefined },
    { name: 'an empty value has none', given: '', expect: undefined },
  ];
  for (const { name, given, expect } of cases) test(name, () => assert.equal(promisedMs(given), expect));
});

describe('intervalInForceMs', () => {
  const cases = [
    { name: 'alone, the setting is in force', given: { setting: 5000, pods: 1 }, expect: 5000 },
    { name: 'thirty pods still beat every five seconds', given: { setting: 5000, pods: 30 }, expect: 5000 },
    { name: 'one pod more slows all of them down', given: { setting: 5000, pods: 31 }, expect: 5339 },
    { name: 'sixty pods beat every twenty seconds', given: { setting: 5000, pods: 60 }, expect: 20_000 },
    { name: 'a hundred pods beat once in 56 seconds', given: { setting: 5000, pods: 100 }, expect: 55_556 },
    { name: 'a setting slower than the object needs stays', given: { setting: 30_000, pods: 60 }, expect: 30_000 },
    { name: 'a fast setting holds for few pods', given: { setting: 1000, pods: 13 }, expect: 1000 },
    { name: 'a fast setting gives way to the size of the object', given: { setting: 1000, pods: 30 }, expect: 5000 },
  ];
  for (const { name, given, expect } of cases) {
    test(name, () => assert.equal(intervalInForceMs(given.setting, given.pods), expect));
  }
});

describe('timeoutInForceMs', () => {
  const cases = [
    { name: 'at the defaults both bounds meet', given: { setting: 3000, promised: 5000 }, expect: 3000 },
    { name: 'a longer promise allows a slower answer', given: { setting: 3000, promised: 20_000 }, expect: 12_000 },
    { name: 'no request waits longer than 15 seconds', given: { setting: 3000, promised: 60_000 }, expect: 15_000 },
    { name: 'a longer setting wins', given: { setting: 20_000, promised: 60_000 }, expect: 20_000 },
  ];
  for (const { name, given, expect } of cases) {
    test(name, () => assert.equal(timeoutInForceMs(given.setting, given.promised), expect));
  }
});

describe('retryBoundMs', () => {
  const cases = [
    { name: 'at the defaults a retry comes within a second', given: { interval: 5000, promised: 5000 }, expect: 1000 },
    { name: 'a fast interval retries faster', given: { interval: 1000, promised: 1000 }, expect: 200 },
    { name: 'a longer promise spreads the retries', given: { interval: 5000, promised: 20_000 }, expect: 4000 },
    {
      name: 'a slow setting alone stays within a fifth',
      given: { interval: 60_000, promised: 60_000 },
      expect: 12_000,
    },
  ];
  for (const { name, given, expect } of cases) {
    test(name, () => assert.equal(retryBoundMs(given.interval, given.promised), expect));
  }
});

describe('the waits that grow with the pods', () => {
  test('few pods that conflict wait up to a second', () =>
    assert.deepEqual(conflictBounds(3), { baseMs: 20, maxMs: 1000 }));
  test('a hundred that conflict wait up to ten', () =>
    assert.deepEqual(conflictBounds(100), { baseMs: 20, maxMs: 10_000 }));
  test('a start beside two others waits for 40 ms at most', () => assert.equal(startSpreadMs(2), 40));
  test('a start beside nobody waits for nothing', () => assert.equal(startSpreadMs(0), 0));
  test('the earliest beat comes at nine tenths of the promise', () => assert.equal(jitteredIntervalMs(5000, 0), 4500));
  test('the middle one keeps it exactly', () => assert.equal(jitteredIntervalMs(5000, 0.5), 5000));
});
