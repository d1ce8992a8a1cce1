/** Which findings become Events, and under which reason. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { noticeOf, reasonOf, toldWarnings } from '../../agent/events/reasons.ts';
import { type FindingCode, findingWeights } from '../../agent/plan/finding.ts';

const codes = Object.keys(findingWeights) as readonly FindingCode[]; // the keys of a table that is typed by them

const about = (code: FindingCode) => noticeOf('ipa', { code, message: 'what is the matter', remedy: 'Do that.' });

describe('noticeOf', () => {
  test('every failure is told, with its remedy', () => {
    for (const code of codes.filter((one) => findingWeights[one] === 'failure')) {
      assert.deepEqual(about(code), {
        type: 'Warning',
        reason: reasonOf(code),
        message: 'what is the matter. Do that.',
        service: 'ipa',
      });
    }
  });

  test('of the warnings those are told that stand in the table with a reason, and only warnings stand there', () => {
    const warnings = codes.filter((one) => findingWeights[one] === 'warning');
    const told = warnings.filter((code) => about(code) !== undefined);
    assert.deepEqual(told.sort(), Object.keys(toldWarnings).sort());
    for (const why of Object.values(toldWarnings)) assert.match(why ?? '', /\w{3,}/);
  });

  const texts = [
    {
      name: 'a rule of a Role stands in one line, and is still YAML',
      message: 'PATCH answered 403',
      remedy: 'Add this rule:\n- apiGroups: [""]\n  resources: ["endpoints"]\n  verbs: ["patch"]',
      expect: 'PATCH answered 403. Add this rule: { apiGroups: [""], resources: ["endpoints"], verbs: ["patch"] }',
    },
    {
      name: 'faults that stand in lines are one text',
      message: 'ConfigMap c is not valid:\nipa, line 1: no\n  - dns, line 2: no.',
      remedy: 'Correct it.',
      expect: 'ConfigMap c is not valid: ipa, line 1: no - dns, line 2: no. Correct it.',
    },
  ];
  for (const { name, message, remedy, expect } of texts) {
    test(name, () => assert.equal(noticeOf('ipa', { code: 'request-forbidden', message, remedy })?.message, expect));
  }

  test('a finding of the whole agent names no Service', () => {
    const finding = { code: 'configmap-missing', message: 'not found', remedy: 'Create it.' } as const;
    assert.deepEqual(noticeOf(undefined, finding), {
      type: 'Warning',
      reason: 'ConfigMapMissing',
      message: 'not found. Create it.',
    });
  });
});

describe('reasonOf', () => {
  const cases = [
    { code: 'service-missing', expect: 'ServiceMissing' },
    { code: 'service-has-cluster-ip', expect: 'ServiceHasClusterIP' },
    { code: 'configmap-invalid', expect: 'ConfigMapInvalid' },
    { code: 'appprotocol-differs', expect: 'AppProtocolDiffers' },
  ];
  for (const { code, expect } of cases) test(`${code} is ${expect}`, () => assert.equal(reasonOf(code), expect));

  test('every code becomes CamelCase of at most 128 bytes, each another one', () => {
    const reasons = codes.map(reasonOf);
    for (const reason of reasons) assert.match(reason, /^([A-Z][A-Za-z]*){1,128}$/);
    assert.equal(new Set(reasons).size, codes.length);
  });
});
