import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs } from '../agent/backoff.ts';

const bounds = { baseMs: 20, maxMs: 1000 };

const cases = [
  { name: 'the first retry waits up to the base', attempt: 0, random: 0.5, expect: 10 },
  { name: 'each further one doubles the bound', attempt: 3, random: 0.5, expect: 80 },
  { name: 'the bound never passes the maximum', attempt: 10, random: 0.5, expect: 500 },
  { name: 'an absurd attempt count is still bounded', attempt: 10_000, random: 0.999, expect: 999 },
  { name: 'jitter is full: it can be nothing', attempt: 5, random: 0, expect: 0 },
];

for (const { name, attempt, random, expect } of cases) {
  test(name, () => assert.equal(backoffMs(attempt, bounds, random), expect));
}
