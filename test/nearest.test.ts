import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearestName } from '../agent/nearest.ts';

const fields = ['name', 'protocol', 'port', 'targetPort', 'appProtocol'];

const cases = [
  { name: 'a letter that is missing', given: 'protcol', expect: 'protocol' },
  { name: 'two letters that are swapped', given: 'nmae', expect: 'name' },
  { name: 'another case', given: 'targetport', expect: 'targetPort' },
  { name: 'separators of another habit', given: 'target_port', expect: 'targetPort' },
  { name: 'of two near ones the nearer', given: 'ports', expect: 'port' },
  { name: 'a piece of one name only', given: 'target', expect: 'targetPort' },
  { name: 'a beginning goes before a piece', given: 'proto', expect: 'protocol' },
  { name: 'a piece of several names means none', given: 'tocol', expect: undefined },
  { name: 'nothing near', given: 'selector', expect: undefined },
  { name: 'a short name is not bent into another', given: 'ip', expect: undefined },
  { name: 'an empty name', given: '', expect: undefined },
  { name: 'a name of absurd length is not compared', given: 'p'.repeat(100_000), expect: undefined },
];

for (const { name, given, expect } of cases) {
  test(`nearest name: ${name}`, () => assert.equal(nearestName(given, fields), expect));
}
