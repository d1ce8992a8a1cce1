/** JSON patch (RFC 6902) on Endpoints: when it applies, and how the server says that it does not. */
import assert from 'node:assert/strict';
import { asObject, type JsonObject } from '../../embedded/objects/json.ts';
import { assertRefused, type Case, listAt, metadataOf, versionOf } from '../case.ts';
import { address, createRegister, notApplied, pair } from '../shapes.ts';

const subset: JsonObject = { addresses: [address(1)], ports: [pair('kerberos', 88)] };
const annotated: JsonObject = { annotations: { fixed: 'x', 'a/b': 'y' } };

/** A patch of Endpoints with one subset and two annotations, that does not apply. */
const failing: readonly { readonly name: string; readonly patch: readonly JsonObject[] }[] = [
  { name: 'a test of another value', patch: [{ op: 'test', path: '/metadata/annotations/fixed', value: 'y' }] },
  { name: 'a test for null of what is there', patch: [{ op: 'test', path: '/subsets', value: null }] },
  { name: 'a test of an index out of range, even for null', patch: [{ op: 'test', path: '/subsets/1', value: null }] },
  {
    name: 'a test of a port without its defaulted protocol',
    patch: [{ op: 'test', path: '/subsets/0/ports', value: [{ name: 'kerberos', port: 88 }] }],
  },
  {
    name: 'a test of an empty list where none is',
    patch: [{ op: 'test', path: '/subsets/0/notReadyAddresses', value: [] }],
  },
  {
    name: 'an append to a list that is absent',
    patch: [{ op: 'add', path: '/subsets/0/notReadyAddresses/-', value: address(2) }],
  },
  { name: 'an add below a map that is absent', patch: [{ op: 'add', path: '/subsets/0/nothing/a', value: 'b' }] },
  { name: 'an insert behind the end', patch: [{ op: 'add', path: '/subsets/2', value: subset }] },
  { name: 'a remove of a missing key', patch: [{ op: 'remove', path: '/metadata/annotations/none' }] },
  { name: 'a remove of an index out of range', patch: [{ op: 'remove', path: '/subsets/1' }] },
  { name: 'a replace of an index out of range', patch: [{ op: 'replace', path: '/subsets/1', value: subset }] },
  { name: 'a replace below a missing path', patch: [{ op: 'replace', path: '/nothing/here', value: 1 }] },
  {
    name: 'a move of a missing key',
    patch: [{ op: 'move', from: '/metadata/annotations/none', path: '/metadata/annotations/b' }],
  },
  { name: 'an index that is no number', patch: [{ op: 'test', path: '/subsets/one', value: null }] },
  { name: 'an unknown operation', patch: [{ op: 'frob', path: '/subsets' }] },
];

/** A patch of the same Endpoints that applies; `expect` is compared with what is stored then. */
const applying: readonly {
  readonly name: string;
  readonly patch: readonly JsonObject[];
  readonly annotations?: JsonObject;
  readonly subsets?: readonly JsonObject[];
}[] = [
  {
    name: 'a test for null of a missing map key',
    patch: [{ op: 'test', path: '/metadata/annotations/none', value: null }],
  },
  {
    name: 'a test without a value, which is one for null,',
    patch: [{ op: 'test', path: '/metadata/annotations/none' }],
  },
  { name: 'a test that compares whole structures', patch: [{ op: 'test', path: '/subsets', value: [subset] }] },
  {
    name: 'a negative index, which counts from the end,',
    patch: [{ op: 'test', path: '/subsets/-1/ports', value: [pair('kerberos', 88)] }],
  },
  {
    name: 'a key with a slash, which is written ~1,',
    patch: [{ op: 'replace', path: '/metadata/annotations/a~1b', value: 'z' }],
    annotations: { fixed: 'x', 'a/b': 'z' },
  },
  {
    name: 'a replace of a missing map key, which sets it,',
    patch: [{ op: 'replace', path: '/metadata/annotations/new', value: '1' }],
    annotations: { fixed: 'x', 'a/b': 'y', new: '1' },
  },
  {
    name: 'an add of a map key that is there, which replaces it,',
    patch: [{ op: 'add', path: '/metadata/annotations/fixed', value: '1' }],
    annotations: { fixed: '1', 'a/b': 'y' },
  },
  {
    name: 'an insert at an index',
    patch: [{ op: 'add', path: '/subsets/0/addresses/0', value: address(9) }],
    subsets: [{ ...subset, addresses: [address(9), address(1)] }],
  },
  {
    name: 'an append, which keeps the order,',
    patch: [
      { op: 'add', path: '/subsets/0/addresses/-', value: address(9) },
      { op: 'add', path: '/subsets/0/addresses/-', value: address(2) },
    ],
    subsets: [{ ...subset, addresses: [address(1), address(9), address(2)] }],
  },
  {
    name: 'an operation on what an earlier one made',
    patch: [
      { op: 'add', path: '/subsets/0/notReadyAddresses', value: [] },
      { op: 'move', from: '/subsets/0/addresses/0', path: '/subsets/0/notReadyAddresses/-' },
    ],
    subsets: [{ notReadyAddresses: [address(1)], ports: [pair('kerberos', 88)] }],
  },
  {
    name: 'a copy',
    patch: [{ op: 'copy', from: '/metadata/annotations/fixed', path: '/metadata/annotations/copied' }],
    annotations: { fixed: 'x', 'a/b': 'y', copied: 'x' },
  },
];

const oneByOne: readonly Case[] = [
  ...failing.map(
    ({ name, patch }): Case => ({
      name: `${name} does not apply: 422 with empty details`,
      run: async (world) => {
        const { path, object } = await createRegister(world, { subsets: [subset] }, annotated);
        assertRefused(await world.admin.patch('json', path, patch), notApplied);
        assert.deepEqual((await world.admin.get(path)).body, object);
      },
    }),
  ),
  ...applying.map(
    ({ name, patch, annotations = asObject(annotated['annotations']), subsets = [subset] }): Case => ({
      name: `${name} applies`,
      run: async (world) => {
        const { path } = await createRegister(world, { subsets: [subset] }, annotated);
        const { status, body } = await world.admin.patch('json', path, patch);
        assert.equal(status, 200);
        assert.deepEqual([metadataOf(body)['annotations'], body['subsets']], [annotations, subsets]);
      },
    }),
  ),
];

const together: readonly Case[] = [
  {
    name: 'a patch applies as a whole or not at all',
    run: async (world) => {
      const { path, object } = await createRegister(world, { subsets: [subset] });
      const patch = [
        { op: 'add', path: '/subsets/0/addresses/-', value: address(2) },
        { op: 'test', path: '/subsets/0/addresses/0/ip', value: 'other' },
      ];
      assertRefused(await world.admin.patch('json', path, patch), notApplied);
      assert.deepEqual((await world.admin.get(path)).body, object);
    },
  },
  {
    name: 'a result that is invalid is 422 too, with name, kind and causes',
    run: async (world) => {
      const { path } = await createRegister(world, { subsets: [subset] });
      const refused = await world.admin.patch('json', path, [{ op: 'remove', path: '/subsets/0/addresses/0' }]);
      const message = 'Required value: must specify `addresses` or `notReadyAddresses`';
      assertRefused(refused, {
        status: 422,
        reason: 'Invalid',
        message: `Endpoints "ipa" is invalid: subsets[0]: ${message}`,
        details: {
          name: 'ipa',
          kind: 'Endpoints',
          causes: [{ reason: 'FieldValueRequired', message, field: 'subsets[0]' }],
        },
      });
    },
  },
  {
    name: 'what is not JSON is 400',
    run: async (world) => {
      const { path } = await createRegister(world);
      assertRefused(await world.admin.patch('json', path, 'x{'), {
        status: 400,
        reason: 'BadRequest',
        message: 'invalid JSON patch',
      });
    },
  },
  {
    name: 'an object where the list of operations belongs is 400',
    run: async (world) => {
      const { path } = await createRegister(world);
      assertRefused(await world.admin.patch('json', path, {}), { status: 400, reason: 'BadRequest' });
    },
  },
  {
    name: 'an object that is absent is 404 and named',
    run: async (world) => {
      assertRefused(await world.admin.patch('json', world.core('endpoints', 'x'), []), {
        status: 404,
        reason: 'NotFound',
        message: 'endpoints "x" not found',
        details: { name: 'x', kind: 'endpoints' },
      });
    },
  },
  {
    name: 'replacing the resourceVersion by an old one is a conflict',
    run: async (world) => {
      const { path, object } = await createRegister(world, {}, annotated);
      await world.admin.patch('merge', path, { metadata: { annotations: { beat: '1' } } });
      const swap = [
        { op: 'replace', path: '/metadata/resourceVersion', value: versionOf(object) },
        { op: 'add', path: '/metadata/annotations/mine', value: '1' },
      ];
      assertRefused(await world.admin.patch('json', path, swap), {
        status: 409,
        reason: 'Conflict',
        message:
          'Operation cannot be fulfilled on endpoints "ipa": the object has been modified; please apply your changes to the latest version and try again',
        details: { name: 'ipa', kind: 'endpoints' },
      });
    },
  },
  {
    name: 'replacing the resourceVersion by the current one applies',
    run: async (world) => {
      const { path, object } = await createRegister(world, {}, annotated);
      const swap = [
        { op: 'replace', path: '/metadata/resourceVersion', value: versionOf(object) },
        { op: 'add', path: '/metadata/annotations/mine', value: '1' },
      ];
      assert.equal((await world.admin.patch('json', path, swap)).status, 200);
    },
  },
  {
    name: 'a test of an old resourceVersion does not apply',
    run: async (world) => {
      const { path } = await createRegister(world);
      const patch = [{ op: 'test', path: '/metadata/resourceVersion', value: '1' }];
      assertRefused(await world.admin.patch('json', path, patch), notApplied);
    },
  },
  {
    name: 'twenty appends at once all land, without a conflict',
    run: async (world) => {
      const { path } = await createRegister(world, { subsets: [subset] });
      const append = (index: number) => [{ op: 'add', path: '/subsets/0/addresses/-', value: address(index) }];
      const indexes = Array.from({ length: 20 }, (_, index) => index + 2);
      const replies = await Promise.all(indexes.map((index) => world.admin.patch('json', path, append(index))));
      assert.deepEqual([...new Set(replies.map(({ status }) => status))], [200]);
      const [stored] = listAt((await world.admin.get(path)).body, 'subsets');
      assert.equal(listAt(asObject(stored), 'addresses').length, 21);
    },
  },
  {
    name: 'a patch that changes nothing leaves the resourceVersion alone',
    run: async (world) => {
      const { path, object } = await createRegister(world, {}, annotated);
      const patch = [{ op: 'replace', path: '/metadata/annotations/fixed', value: 'x' }];
      assert.equal(versionOf((await world.admin.patch('json', path, patch)).body), versionOf(object));
    },
  },
  {
    name: 'a content type that is no patch is 415',
    run: async (world) => {
      const { path } = await createRegister(world);
      const refused = await world.admin.patch('json', path, [], { 'content-type': 'application/json' });
      assertRefused(refused, { status: 415, reason: 'UnsupportedMediaType' });
    },
  },
];

/** All of them. */
export const jsonPatchCases: readonly Case[] = [...oneByOne, ...together];
