/** The table of events and the lines that are logged, in both directions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { events } from '../../agent/log.ts';
import { codeOf, sources } from './sources.ts';

/** The first argument of a verb of the log, be the verb a name or computed: `log.info("started"`, `log[level]("pass-failed"`. */
const LOGGED = /(?:\.(?:debug|info|warn|error)|\[[^\]]*\])\(\s*"([a-z-]+)"/g;

test('every event of the table is logged somewhere in agent/, and nothing else is', () => {
  const logged = new Set(sources.flatMap((source) => [...codeOf(source).matchAll(LOGGED)].map(([, event]) => event)));
  assert.deepEqual(
    [...logged].sort(),
    Object.keys(events).sort(),
    'log the event where it happens, or take it out of `events` in agent/log.ts (then node scripts/readme-tables.ts)',
  );
});

test('events are named in kebab-case, and their words are a clause without a full stop', () => {
  for (const [event, words] of Object.entries(events)) {
    assert.match(event, /^[a-z]+(-[a-z]+)*$/);
    assert.match(words, /^[a-z].*[^.]$/, event);
  }
});
