/** The table of findings, the places that raise them, and docs/operations.md, in both directions. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { findingWeights } from '../../agent/plan/finding.ts';
import { codeOf, project, sources } from './sources.ts';

const codes = Object.keys(findingWeights).sort();
const manual = readFileSync(join(project, 'docs/operations.md'), 'utf8');

test('every finding is raised somewhere in agent/, and nothing else is', () => {
  const raised = sources.flatMap((source) =>
    [...codeOf(source).matchAll(/\bcode: "([a-z-]+)"/g)].map(([, code]) => code),
  );
  assert.deepEqual(
    [...new Set(raised)].sort(),
    codes,
    'raise the finding where its cause is seen, or take it out of `findingWeights` in agent/plan/finding.ts',
  );
});

describe('docs/operations.md', () => {
  /** Of each finding's section: its code, its weight as told in brackets, its text. */
  const sections = [...manual.matchAll(/^### `([a-z-]+)` \((\w+)\)\n([\s\S]*?)(?=^##|(?![\s\S]))/gm)];

  test('has a section for every finding, and for none that is gone', () => {
    assert.deepEqual(
      sections.map(([, code]) => code),
      codes,
      'write "### `code` (failure or warning)" with what is seen, why, and what to do; in the order of the alphabet',
    );
  });

  for (const [, code = '', weight, body = ''] of sections) {
    test(`says of ${code} its weight, why it is raised and what to do`, () => {
      assert.equal(weight, Object.entries(findingWeights).find(([name]) => name === code)?.[1]);
      assert.match(body, /\*\*Why\.\*\* .+/, 'write a paragraph that begins with **Why.**');
      assert.match(body, /\*\*What to do\.\*\* .+/, 'write a paragraph that begins with **What to do.**');
    });
  }
});
