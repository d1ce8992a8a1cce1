import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Cell,
  createPaint,
  escapeText,
  printTable,
  type TableLayout,
  withSpinner,
} from '../../agent/commands/terminal.ts';
import { createFakeClock } from '../support/clock.ts';
import { keepIo, keepOutput } from './io.ts';

const plain = createPaint(keepOutput(), {});

describe('colour', () => {
  const cases = [
    { name: 'is there on a terminal', columns: 80, env: {}, expect: '\u001b[32myes\u001b[0m' },
    { name: 'is not where nobody looks', columns: undefined, env: {}, expect: 'yes' },
    { name: 'is not with NO_COLOR', columns: 80, env: { NO_COLOR: '1' }, expect: 'yes' },
    { name: 'is there with an empty NO_COLOR', columns: 80, env: { NO_COLOR: '' }, expect: '\u001b[32myes\u001b[0m' },
    { name: 'is not on a dumb terminal', columns: 80, env: { TERM: 'dumb' }, expect: 'yes' },
  ] as const;
  for (const { name, columns, env, expect } of cases) {
    test(name, () => assert.equal(createPaint(keepOutput(columns), env)('good', 'yes'), expect));
  }
});

describe('a text from elsewhere', () => {
  const cases = [
    {
      name: 'stays as it is where it is plain',
      text: 'kerberos/UDP: "no answer" … 5 × 2',
      expect: 'kerberos/UDP: "no answer" … 5 × 2',
    },
    { name: 'keeps Latin letters', text: 'Dienst fällt aus', expect: 'Dienst fällt aus' },
    { name: 'has no power over the terminal', text: '\u001b[2Jgone\u0007', expect: '\\u{1b}[2Jgone\\u{7}' },
    { name: 'stays in its line', text: 'a\nb\r\tc', expect: 'a\\nb\\u{d}\\u{9}c' },
    { name: 'has no second set of control characters', text: 'a\u009b31mb', expect: 'a\\u{9b}31mb' },
    { name: 'does not turn the line round', text: 'a\u202eb\u200fc\u2066d', expect: 'a\\u{202e}b\\u{200f}c\\u{2066}d' },
    {
      name: 'has no marks that hide or combine',
      text: 'a\u0301b\u00adc\u200bd',
      expect: 'a\\u{301}b\\u{ad}c\\u{200b}d',
    },
    { name: 'has no characters of another width', text: '危🔥', expect: '\\u{5371}\\u{1f525}' },
    { name: 'has no half characters', text: '\ud83d!', expect: '\\u{d83d}!' },
  ] as const;
  for (const { name, text, expect } of cases) test(name, () => assert.equal(escapeText(text), expect));
});

describe('a table', () => {
  const rows: readonly (readonly Cell[])[] = [
    ['POD', 'STATE', 'WHY'],
    ['ipa-10', { text: 'announced', tone: 'good' }, 'the workload is ready'],
    ['ipa-2', { text: 'silent', tone: 'failure' }, 'x'],
  ];
  const cases: readonly { readonly name: string; readonly layout?: TableLayout; readonly expect: readonly string[] }[] =
    [
      {
        name: 'has its columns two blanks apart',
        expect: ['POD     STATE      WHY', 'ipa-10  announced  the workload is ready', 'ipa-2   silent     x'],
      },
      {
        name: 'is indented',
        layout: { indent: 2 },
        expect: ['  POD     STATE      WHY', '  ipa-10  announced  the workload is ready', '  ipa-2   silent     x'],
      },
      {
        name: 'is not cut where it fits',
        layout: { columns: 40 },
        expect: ['POD     STATE      WHY', 'ipa-10  announced  the workload is ready', 'ipa-2   silent     x'],
      },
      {
        name: 'is not cut where the terminal was never sized',
        layout: { columns: 0 },
        expect: ['POD     STATE      WHY', 'ipa-10  announced  the workload is ready', 'ipa-2   silent     x'],
      },
      {
        name: 'loses the end of its last column',
        layout: { columns: 30 },
        expect: ['POD     STATE      WHY', 'ipa-10  announced  the worklo…', 'ipa-2   silent     x'],
      },
      {
        name: 'loses more of it where it is indented',
        layout: { columns: 30, indent: 2 },
        expect: ['  POD     STATE      WHY', '  ipa-10  announced  the work…', '  ipa-2   silent     x'],
      },
      {
        name: 'loses whole columns where there is no room',
        layout: { columns: 12 },
        expect: ['POD     STA…'.padEnd(12), 'ipa-10  ann…', 'ipa-2   sil…'],
      },
    ];
  for (const { name, layout, expect } of cases) {
    test(name, () => {
      const text = printTable(rows, plain, layout);
      assert.deepEqual(text.split('\n').slice(0, -1), expect);
      for (const line of expect) assert.ok(line.length <= (layout?.columns || 99), line);
    });
  }

  test('paints without touching the widths', () => {
    const paint = createPaint(keepOutput(80), {});
    assert.equal(
      printTable(
        [
          [{ text: 'a', tone: 'good' }, 'b'],
          ['long', 'c'],
        ],
        paint,
      ),
      '\u001b[32ma\u001b[0m     b\nlong  c\n',
    );
  });

  test('escapes its cells', () => {
    assert.equal(printTable([['a\u001b[1m\n', 'b']], plain), 'a\\u{1b}[1m\\n  b\n');
  });
});

describe('the spinner', () => {
  const CLEAR = '\r\u001b[2K';

  test('stays away for a second, turns, and leaves nothing behind', async () => {
    const clock = createFakeClock();
    const stderr = keepOutput(80);
    const work = Promise.withResolvers<string>();
    const done = withSpinner({ clock, stderr, env: {} }, 'asking', () => work.promise);
    await clock.advance(999);
    assert.equal(stderr.text(), '');
    await clock.advance(1);
    assert.equal(stderr.text(), `${CLEAR}⠋ asking`);
    await clock.advance(100);
    work.resolve('answer');
    assert.equal(await done, 'answer');
    assert.equal(stderr.text(), `${CLEAR}⠋ asking${CLEAR}⠙ asking${CLEAR}`);
    assert.equal(clock.sleeperCount(), 0);
  });

  test('does not outlive a failure', async () => {
    const clock = createFakeClock();
    const stderr = keepOutput(80);
    const work = Promise.withResolvers<never>();
    const done = withSpinner({ clock, stderr, env: {} }, 'asking', () => work.promise);
    const failed = assert.rejects(done, /no/);
    await clock.advance(1000);
    work.reject(new Error('no'));
    await failed;
    assert.ok(stderr.text().endsWith(CLEAR));
    assert.equal(clock.sleeperCount(), 0);
  });

  test('fits into the line', async () => {
    const clock = createFakeClock();
    const stderr = keepOutput(8);
    const work = Promise.withResolvers<void>();
    const done = withSpinner({ clock, stderr, env: {} }, 'asking everybody', () => work.promise);
    await clock.advance(1000);
    work.resolve();
    await done;
    assert.equal(stderr.text(), `${CLEAR}⠋ askin…${CLEAR}`);
  });

  for (const { name, columns, env } of [
    { name: 'is not where nobody looks', columns: undefined, env: {} },
    { name: 'is not on a dumb terminal', columns: 80, env: { TERM: 'dumb' } },
  ]) {
    test(name, async () => {
      const io = keepIo({ stderr: keepOutput(columns), env });
      const work = Promise.withResolvers<void>();
      const done = withSpinner(io, 'asking', () => work.promise);
      await io.clock.advance(5000);
      work.resolve();
      await done;
      assert.equal(io.stderr.text(), '');
    });
  }
});
