import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type NewestDeclarations,
  nextDeclarations,
  noDeclarations,
  type Observation,
} from '../../agent/declarations/newest.ts';
import { parseDeclarations } from '../../agent/declarations/parse.ts';

const name = 'ports';

function seen(data: Readonly<Record<string, string>>): Observation {
  return parseDeclarations(data);
}

/** What holds after these observations. */
function after(...observations: readonly Observation[]) {
  let previous: NewestDeclarations = noDeclarations;
  let last = nextDeclarations(previous, { kind: 'unreachable' }, { name });
  for (const observation of observations) {
    last = nextDeclarations(previous, observation, { name });
    previous = last;
  }
  return last;
}

const good = seen({ ipa: 'ports: [{ name: ldap, port: 389 }]' });
const other = seen({ ipa: 'ports: [{ name: ldap, port: 636 }]' });
const noticed = seen({ ipa: 'ports: [{ name: ldap, port: 389, nodePort: 30389 }]' });
const bad = seen({ ipa: 'ports: [{ name: ldap }]' });
const worse = seen({ ipa: 'ports: [{ name: ldap }, {}]' });
const missing: Observation = { kind: 'missing' };
const forbidden: Observation = { kind: 'forbidden', message: 'GET /x: 403', remedy: 'Add a rule.' };
const unreachable: Observation = { kind: 'unreachable' };

const cases: readonly {
  readonly name: string;
  readonly given: readonly Observation[];
  readonly expect: {
    readonly port: number | undefined;
    readonly code?: string;
    readonly changed: boolean;
    readonly findingChanged: boolean;
  };
}[] = [
  {
    name: 'a first valid one comes into force',
    given: [good],
    expect: { port: 389, changed: true, findingChanged: false },
  },
  {
    name: 'the same again changes nothing',
    given: [good, good],
    expect: { port: 389, changed: false, findingChanged: false },
  },
  {
    name: 'a valid edit comes into force',
    given: [good, other],
    expect: { port: 636, changed: true, findingChanged: false },
  },
  {
    name: 'an invalid edit leaves the last good one in force, with a finding',
    given: [good, bad],
    expect: { port: 389, code: 'configmap-invalid', changed: false, findingChanged: true },
  },
  {
    name: 'the same invalid one again is no news',
    given: [good, bad, bad],
    expect: { port: 389, code: 'configmap-invalid', changed: false, findingChanged: false },
  },
  {
    name: 'another invalid one is news',
    given: [good, bad, worse],
    expect: { port: 389, code: 'configmap-invalid', changed: false, findingChanged: true },
  },
  {
    name: 'back to what was good: the finding goes, nothing else changes',
    given: [good, bad, good],
    expect: { port: 389, changed: false, findingChanged: true },
  },
  {
    name: 'a deleted ConfigMap leaves the last good one in force',
    given: [good, missing],
    expect: { port: 389, code: 'configmap-missing', changed: false, findingChanged: true },
  },
  {
    name: 'one that may not be read any more leaves the last good one in force',
    given: [good, forbidden],
    expect: { port: 389, code: 'configmap-forbidden', changed: false, findingChanged: true },
  },
  {
    name: 'not seeing is no news',
    given: [good, unreachable],
    expect: { port: 389, changed: false, findingChanged: false },
  },
  {
    name: 'not seeing leaves a finding as it was',
    given: [good, bad, unreachable],
    expect: { port: 389, code: 'configmap-invalid', changed: false, findingChanged: false },
  },
  {
    name: 'without any good one before, nothing is in force',
    given: [bad, missing],
    expect: { port: undefined, code: 'configmap-missing', changed: false, findingChanged: true },
  },
  {
    name: 'what was left aside is a notice, and the rest is in force',
    given: [noticed],
    expect: { port: 389, code: 'configmap-notice', changed: true, findingChanged: true },
  },
];

for (const { name: title, given, expect } of cases) {
  test(title, () => {
    const { declarations, finding, changed, findingChanged } = after(...given);
    assert.equal(declarations?.get('ipa')?.ports[0]?.port, expect.port);
    assert.equal(finding?.code, expect.code);
    assert.equal(changed, expect.changed);
    assert.equal(findingChanged, expect.findingChanged);
  });
}

test('a key that is removed from a valid ConfigMap is not declared any more; an empty ConfigMap declares nothing', () => {
  const { declarations, changed } = after(good, seen({}));
  assert.equal(declarations?.size, 0);
  assert.equal(changed, true);
});

test('the finding of an invalid edit has every fault, and says that the last good one stays', () => {
  const { finding } = after(good, worse);
  assert.match(
    finding?.message ?? '',
    /^ConfigMap ports is not valid:\n- ipa, line 1, .*port: is required.*\n- ipa, line 1, .*name: is required/,
  );
  assert.match(finding?.remedy ?? '', /last good declarations stay in force/);
  assert.match(after(bad).finding?.remedy ?? '', /Until then nothing new is registered/);
});

test('a forbidden ConfigMap carries the rule that is missing', () =>
  assert.match(after(forbidden).finding?.remedy ?? '', /Add a rule\.$/));

test('only a valid observation ever changes what is declared', () => {
  const observation = fc.constantFrom(good, other, noticed, bad, worse, missing, forbidden, unreachable);
  fc.assert(
    fc.property(fc.array(observation, { minLength: 1 }), (observations) => {
      const before = after(...observations.slice(0, -1));
      const now = after(...observations);
      if (observations.at(-1)?.kind !== 'valid') assert.equal(now.declarations, before.declarations);
    }),
  );
});
