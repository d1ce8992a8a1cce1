/** The table of the measurements: what stands in it is what was measured, and it lands between its markers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fillInTable, median, renderMeasurements, type Samples } from './samples.ts';

const medians = [
  { name: 'of one is that one', given: [7], expect: 7 },
  { name: 'of an odd number is the middle one, whatever the order', given: [30, 1, 2], expect: 2 },
  { name: 'of an even number is the mean of the two in the middle', given: [40, 1, 2, 3], expect: 2.5 },
];
for (const { name, given, expect } of medians) {
  test(`the median ${name}`, () => {
    const before = [...given];
    assert.equal(median(given), expect);
    assert.deepEqual(given, before);
  });
}

test('there is no median of nothing', () => {
  assert.throws(() => median([]), { name: 'RangeError' });
});

const measured: readonly Samples[] = [
  { span: 'node-death', path: 'full', elapsedMs: [14_600, 18_700] },
  { span: 'node-death', path: 'native', elapsedMs: [44_000, 46_000] },
  { span: 'ready', path: 'bare', elapsedMs: [2, 3] },
  { span: 'ready', path: 'full', elapsedMs: [20, 30, 10] },
  { span: 'ready', path: 'native', elapsedMs: [1.2, 2, 9] },
];

test('a row for each path, the native one first, and each median beside the native one of the same span', () => {
  assert.deepEqual(renderMeasurements({ Measured: 'today', Load: '1.5' }, measured).split('\n'), [
    '- Measured: today',
    '- Load: 1.5',
    '',
    '| From → to | Path | n | min | median | max | median beside native |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    '| ready → resolvable | plain selector Service | 3 | 1 ms | 2 ms | 9 ms |  |',
    '| ready → resolvable | ours, `full` | 3 | 10 ms | 20 ms | 30 ms | +18 ms |',
    '| ready → resolvable | one slice, written by hand | 2 | 2 ms | 3 ms | 3 ms | +1 ms |',
    '| node dead → gone | plain selector Service | 2 | 44.0 s | 45.0 s | 46.0 s |  |',
    '| node dead → gone | ours, `full` | 2 | 14.6 s | 16.6 s | 18.7 s | −28.4 s, × 0.4 |',
  ]);
});

test('the table replaces what stood between the markers, and nothing else', () => {
  const begin = '<!-- table: native beside ours -->';
  const given = `before\n${begin}\nold $1\n<!-- end -->\nafter`;
  assert.equal(fillInTable(given, 'new $1'), `before\n${begin}\nnew $1\n<!-- end -->\nafter`);
});

test('a document without the markers is refused', () => {
  assert.throws(() => fillInTable('nothing', 'new'), /lacks the markers/);
});

test('the document of the project has them', () => {
  const document = join(import.meta.dirname, '..', '..', '..', 'docs', 'measurements.md');
  assert.match(fillInTable(readFileSync(document, 'utf8'), 'new'), /^new$/m);
});
