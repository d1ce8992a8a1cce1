/** What is written for one notice: a new Event, or one more count on the one that stands. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { takeToken } from '../../agent/events/bucket.ts';
import { cutText, EVENT_LIFE_MS, type Notice, planEvent, type Told } from '../../agent/events/plan.ts';

const identity = { namespace: 'default', podName: 'ipa-0', uid: 'u-0' };
const notice: Notice = { type: 'Warning', reason: 'ServiceMissing', message: 'Service ipa: not found', service: 'ipa' };
const at = new Date('2026-01-01T00:00:00.789Z');
const told: Told = { name: 'ipa-0.e', count: 3, atMs: 1000 };

const plan = (given: Partial<Parameters<typeof planEvent>[0]> = {}) =>
  planEvent({ notice, identity, told: undefined, at, nowMs: 1000, ...given });

function created(given: Partial<Parameters<typeof planEvent>[0]> = {}) {
  const planned = plan(given);
  assert.ok(planned.kind === 'create');
  return planned.event;
}

describe('planEvent', () => {
  test('an Event has all that `kubectl describe pod` shows, and all that the newer form would ask for', () => {
    const { metadata, ...event } = created();
    assert.match(metadata.name, /^ipa-0\.[0-9a-f]{16}$/);
    assert.equal(metadata.namespace, 'default');
    assert.deepEqual(event, {
      apiVersion: 'v1',
      kind: 'Event',
      involvedObject: { apiVersion: 'v1', kind: 'Pod', name: 'ipa-0', namespace: 'default', uid: 'u-0' },
      type: 'Warning',
      reason: 'ServiceMissing',
      action: 'Announcing',
      message: 'Service ipa: not found',
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
      count: 1,
      source: { component: 'endpoint-registrar' },
      reportingComponent: 'endpoint-registrar',
      reportingInstance: 'ipa-0',
    });
  });

  const cases: readonly { readonly name: string; readonly nowMs: number; readonly expect: unknown }[] = [
    {
      name: 'a repetition within the hour raises the count of the same object',
      nowMs: 999 + EVENT_LIFE_MS,
      expect: {
        kind: 'repeat',
        reason: 'within-the-hour',
        name: 'ipa-0.e',
        change: { count: 4, lastTimestamp: '2026-01-01T00:00:00Z' },
      },
    },
    {
      name: 'what was told an hour ago is told anew',
      nowMs: 1000 + EVENT_LIFE_MS,
      expect: { kind: 'create', reason: 'forgotten', event: created() },
    },
  ];
  for (const { name, nowMs, expect } of cases) {
    test(name, () => assert.deepEqual(plan({ told, nowMs }), expect));
  }

  test('the same notice of the same pod has one name, and any other has another', () => {
    const name = (given: Partial<Parameters<typeof planEvent>[0]>) => created(given).metadata.name;
    assert.equal(name({ at: new Date(0), nowMs: 5 }), name({}));
    const others = [
      { notice: { ...notice, message: 'Service ipa: other' } },
      { notice: { ...notice, reason: 'RequestForbidden' } },
      { notice: { ...notice, service: 'dns' } },
      { identity: { ...identity, uid: 'u-1' } },
    ];
    assert.equal(new Set([{}, ...others].map(name)).size, 5);
  });

  test('nothing is longer than validation allows, whatever is said of whichever pod', () => {
    const podName = `p${'.p'.repeat(126)}`;
    const event = created({
      identity: { ...identity, podName },
      notice: { ...notice, reason: 'R'.repeat(200), message: 'ä'.repeat(2000) },
    });
    const sizes = [event.message, event.reason, event.reportingInstance, event.metadata.name].map((text = '') =>
      Buffer.byteLength(text),
    );
    assert.deepEqual(sizes, [1023, 128, 128, 253]);
    assert.equal(event.involvedObject.name, podName);
  });
});

const cuts = [
  { name: 'a text that fits stays', text: 'ääää', maxBytes: 8, expect: 'ääää' },
  { name: 'a longer one ends with an ellipsis', text: 'abcdefghi', maxBytes: 8, expect: 'abcde…' },
  { name: 'no character is halved', text: 'äääää', maxBytes: 8, expect: 'ää…' },
];
for (const { name, text, maxBytes, expect } of cuts) {
  test(`cutText: ${name}`, () => assert.equal(cutText(text, maxBytes), expect));
}

describe('takeToken', () => {
  const limits = { burst: 2, refillMs: 1000 };
  const cases = [
    { name: 'a full bucket gives', tokens: 2, nowMs: 0, expect: { kind: 'taken', bucket: { tokens: 1, atMs: 0 } } },
    { name: 'an empty one says when there is one', tokens: 0, nowMs: 0, expect: { kind: 'empty', atMs: 1000 } },
    { name: 'parts of a token count', tokens: 0, nowMs: 250, expect: { kind: 'empty', atMs: 1000 } },
    { name: 'one comes back', tokens: 0, nowMs: 1000, expect: { kind: 'taken', bucket: { tokens: 0, atMs: 1000 } } },
    {
      name: 'it never overflows',
      tokens: 1,
      nowMs: 99_000,
      expect: { kind: 'taken', bucket: { tokens: 1, atMs: 99_000 } },
    },
  ];
  for (const { name, tokens, nowMs, expect } of cases) {
    test(name, () => assert.deepEqual(takeToken({ tokens, atMs: 0 }, limits, nowMs), expect));
  }
});
