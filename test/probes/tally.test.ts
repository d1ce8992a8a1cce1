import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ProbeVerdict } from '../../agent/plan/probe.ts';
import { combine, count, explain, type Tally, untried } from '../../agent/probes/tally.ts';

type Thresholds = { readonly successThreshold: number; readonly failureThreshold: number };

const kubelet: Thresholds = { successThreshold: 1, failureThreshold: 3 };

/** Outcomes as letters: `h` healthy, `s` sick. */
function tallyOf(outcomes: string, thresholds: Thresholds): Tally {
  return [...outcomes].reduce(
    (tally, letter, index) =>
      count(tally, letter === 'h' ? { kind: 'healthy' } : { kind: 'sick', reason: `cause ${index}` }, thresholds),
    untried,
  );
}

describe('count: what outcomes add up to', () => {
  const cases: readonly {
    readonly name: string;
    readonly outcomes: string;
    readonly thresholds?: Thresholds;
    readonly expect: ProbeVerdict['kind'];
  }[] = [
    { name: 'nothing was asked yet', outcomes: '', expect: 'pending' },
    { name: 'one success is enough', outcomes: 'h', expect: 'passing' },
    { name: 'two failures are none yet', outcomes: 'ss', expect: 'pending' },
    { name: 'three failures are', outcomes: 'sss', expect: 'failing' },
    { name: 'a success in between starts the count anew', outcomes: 'sshss', expect: 'passing' },
    { name: 'a passing probe stays so for two failures', outcomes: 'hss', expect: 'passing' },
    { name: 'and fails with the third', outcomes: 'hsss', expect: 'failing' },
    { name: 'a failing one passes with the first success', outcomes: 'sssh', expect: 'passing' },
    {
      name: 'a success that is not enough leaves it pending',
      outcomes: 'hsh',
      thresholds: { successThreshold: 2, failureThreshold: 2 },
      expect: 'pending',
    },
    {
      name: 'or failing',
      outcomes: 'sshsh',
      thresholds: { successThreshold: 2, failureThreshold: 2 },
      expect: 'failing',
    },
    {
      name: 'and the second in a row is',
      outcomes: 'sshshh',
      thresholds: { successThreshold: 2, failureThreshold: 2 },
      expect: 'passing',
    },
    {
      name: 'with a threshold of 1 each outcome decides',
      outcomes: 'hs',
      thresholds: { successThreshold: 1, failureThreshold: 1 },
      expect: 'failing',
    },
  ];
  for (const { name, outcomes, thresholds = kubelet, expect } of cases) {
    test(`${name}: ${outcomes || 'none'} is ${expect}`, () => {
      const tally = tallyOf(outcomes, thresholds);
      assert.equal(tally.verdict, expect);
      assert.equal(tally.attemptCount, outcomes.length);
      assert.equal(tally.failuresInARow, /s*$/.exec(outcomes)?.[0].length);
    });
  }
});

describe('explain: the words of a verdict', () => {
  const patient: Thresholds = { successThreshold: 2, failureThreshold: 3 };
  const cases = [
    { outcomes: '', expect: 'NAME: not answered yet' },
    { outcomes: 'h', expect: 'NAME: healthy, 1 of 2 times in a row' },
    { outcomes: 'hh', expect: 'NAME: healthy' },
    { outcomes: 'hhs', expect: 'cause 2 (1 of the 3 failures in a row that count)' },
    { outcomes: 'sss', expect: 'cause 2' },
    { outcomes: 'ssss', expect: 'cause 3' },
    { outcomes: 'sssh', expect: 'cause 2' },
  ];
  for (const { outcomes, expect } of cases) {
    test(`${outcomes || 'none'}: ${expect}`, () => {
      assert.equal(explain(tallyOf(outcomes, patient), 'NAME', patient).reason, expect);
    });
  }
});

describe('combine: what the probes of a pair say together', () => {
  const [passing, failing, pending] = (['passing', 'failing', 'pending'] as const).map((kind) => ({
    kind,
    reason: `is ${kind}`,
  }));
  const cases = [
    { given: [passing], expect: { kind: 'passing', reason: 'is passing' } },
    { given: [passing, passing], expect: { kind: 'passing', reason: 'is passing; is passing' } },
    { given: [passing, pending], expect: { kind: 'pending', reason: 'is pending' } },
    { given: [pending, failing, passing], expect: { kind: 'failing', reason: 'is failing' } },
    { given: [failing, failing], expect: { kind: 'failing', reason: 'is failing; is failing' } },
  ];
  for (const { given, expect } of cases) {
    const verdicts = given.flatMap((verdict) => (verdict === undefined ? [] : [verdict]));
    test(`${verdicts.map(({ kind }) => kind).join(' and ')}: ${expect.kind}`, () => {
      assert.deepEqual(combine(verdicts), expect);
    });
  }
});
