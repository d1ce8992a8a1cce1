/** The finding book: what it hands on, and when. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFindingBook } from '../../agent/keeper/notes.ts';
import type { Finding } from '../../agent/plan/finding.ts';
import { createLogBook } from '../support/log.ts';

const missing: Finding = { code: 'service-missing', message: 'Service ipa: not found', remedy: 'Create it.' };
const differs: Finding = { code: 'port-differs-from-service', message: 'Service ipa: 88 and 89', remedy: 'Agree.' };

test('whoever listens hears all that stand after each change, and nothing while nothing changes', () => {
  const heard: (readonly [string | undefined, readonly Finding[]])[] = [];
  const { log } = createLogBook();
  const book = createFindingBook({
    service: 'ipa',
    log,
    metrics: { findingsSeen: () => {} },
    onFindings: (service, findings) => void heard.push([service, findings]),
  });
  const states = [[], [missing], [missing], [differs, missing], [missing, differs], [differs], []];
  for (const findings of states) book.note(findings);
  assert.deepEqual(heard, [
    ['ipa', [missing]],
    ['ipa', [differs, missing]],
    ['ipa', [differs]],
    ['ipa', []],
  ]);
});
