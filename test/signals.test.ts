import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { createSignals } from '../agent/signals.ts';

function createCase() {
  const source = new EventEmitter();
  const exits: number[] = [];
  return { source, exits, signals: createSignals(source, { exitNow: (code) => exits.push(code) }) };
}

test('nothing happens before a signal', () => {
  const { exits, signals } = createCase();
  assert.equal(signals.signal.aborted, false);
  assert.deepEqual(exits, []);
});

for (const name of ['SIGTERM', 'SIGINT'] as const) {
  test(`the first ${name} asks for the shutdown and exits nothing`, async () => {
    const { source, exits, signals } = createCase();
    source.emit(name);
    assert.equal(await signals.first, name);
    assert.equal(signals.signal.aborted, true);
    assert.deepEqual(exits, []);
  });
}

test('a second signal, of either name, exits at once: the entry may remain', async () => {
  const { source, exits, signals } = createCase();
  source.emit('SIGTERM');
  source.emit('SIGINT');
  source.emit('SIGINT');
  assert.equal(await signals.first, 'SIGTERM');
  assert.deepEqual(exits, [3, 3]);
});

test('uninstalling leaves no listener', () => {
  const { source, exits, signals } = createCase();
  signals.uninstall();
  assert.deepEqual(source.eventNames(), []);
  assert.deepEqual(exits, []);
});
