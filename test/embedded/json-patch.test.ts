/** JSON Patch with the semantics of the API server; every case was seen on Kubernetes 1.37.2. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from './objects/json.ts';
import { applyJsonPatch, PatchFailed } from './patch/json-patch.ts';
import { applyMergePatch } from './patch/merge-patch.ts';

const document: JsonObject = { map: { a: '1' }, list: ['x', 'y'], deep: [{ ports: [88] }] };

const applied: readonly { name: string; patch: readonly JsonObject[]; expect: JsonObject }[] = [
  {
    name: 'a test of an absent map key passes for null',
    patch: [{ op: 'test', path: '/subsets', value: null }],
    expect: {},
  },
  { name: 'a test without a value is one for null', patch: [{ op: 'test', path: '/map/zz' }], expect: {} },
  { name: 'a test compares structures', patch: [{ op: 'test', path: '/deep/0', value: { ports: [88] } }], expect: {} },
  { name: 'a negative index counts from the end', patch: [{ op: 'test', path: '/list/-1', value: 'y' }], expect: {} },
  {
    name: 'add sets a map key',
    patch: [{ op: 'add', path: '/map/b', value: '2' }],
    expect: { map: { a: '1', b: '2' } },
  },
  { name: 'add replaces a map key', patch: [{ op: 'add', path: '/map', value: {} }], expect: { map: {} } },
  {
    name: 'add inserts before an index',
    patch: [{ op: 'add', path: '/list/0', value: 'w' }],
    expect: { list: ['w', 'x', 'y'] },
  },
  {
    name: 'add appends at "-"',
    patch: [{ op: 'add', path: '/list/-', value: 'z' }],
    expect: { list: ['x', 'y', 'z'] },
  },
  {
    name: 'replace of an absent map key sets it',
    patch: [{ op: 'replace', path: '/map/b', value: '2' }],
    expect: { map: { a: '1', b: '2' } },
  },
  { name: 'remove takes an item out', patch: [{ op: 'remove', path: '/list/0' }], expect: { list: ['y'] } },
  {
    name: 'move takes a value elsewhere',
    patch: [{ op: 'move', from: '/list/0', path: '/list/-' }],
    expect: { list: ['y', 'x'] },
  },
  {
    name: 'copy doubles a value',
    patch: [{ op: 'copy', from: '/map/a', path: '/list/-' }],
    expect: { list: ['x', 'y', '1'] },
  },
  {
    name: '~1 and ~0 stand for / and ~',
    patch: [{ op: 'add', path: '/map/p~1q~0', value: '3' }],
    expect: { map: { a: '1', 'p/q~': '3' } },
  },
  {
    name: 'operations see what earlier ones did',
    patch: [
      { op: 'add', path: '/new', value: [] },
      { op: 'add', path: '/new/-', value: 1 },
      { op: 'test', path: '/new/0', value: 1 },
    ],
    expect: { new: [1] },
  },
];

for (const { name, patch, expect } of applied) {
  test(name, () => {
    const before = JSON.stringify(document);
    assert.deepEqual(applyJsonPatch(document, patch), { ...document, ...expect });
    assert.equal(JSON.stringify(document), before, 'the old version is never touched');
  });
}

const failing: readonly { name: string; patch: readonly JsonObject[] }[] = [
  { name: 'a test of another value', patch: [{ op: 'test', path: '/map/a', value: '2' }] },
  { name: 'a test of an index out of range, even for null', patch: [{ op: 'test', path: '/list/2', value: null }] },
  { name: 'a test of an empty list where the key is absent', patch: [{ op: 'test', path: '/subsets', value: [] }] },
  { name: 'an append to an absent list', patch: [{ op: 'add', path: '/subsets/-', value: 1 }] },
  { name: 'an add below an absent map', patch: [{ op: 'add', path: '/annotations/a', value: '1' }] },
  { name: 'an insert behind the end', patch: [{ op: 'add', path: '/list/3', value: 1 }] },
  { name: 'a remove of an absent key', patch: [{ op: 'remove', path: '/map/b' }] },
  { name: 'a remove of an absent index', patch: [{ op: 'remove', path: '/list/2' }] },
  { name: 'a replace of an absent index', patch: [{ op: 'replace', path: '/list/2', value: 1 }] },
  { name: 'a move of an absent key', patch: [{ op: 'move', from: '/map/b', path: '/map/c' }] },
  { name: 'an index that is no number', patch: [{ op: 'add', path: '/list/one', value: 1 }] },
  { name: 'an unknown operation', patch: [{ op: 'frob', path: '/map' }] },
  { name: 'an operation without a path', patch: [{ op: 'add', value: 1 }] },
];

for (const { name, patch } of failing) {
  test(`${name} does not apply`, () => {
    assert.throws(() => applyJsonPatch(document, patch), PatchFailed);
  });
}

test('a merge patch merges maps, removes nulls and replaces lists', () => {
  const merged = applyMergePatch(document, { map: { a: null, c: '3', d: { e: null } }, list: ['z'], gone: null });
  assert.deepEqual(merged, { map: { c: '3', d: {} }, list: ['z'], deep: [{ ports: [88] }] });
});
