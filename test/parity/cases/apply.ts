/** Server-side apply (KEP-555) of Endpoints and slices. */
import assert from 'node:assert/strict';
import type { Reply } from '../../embedded/client.ts';
import { asObject, type JsonObject } from '../../embedded/objects/json.ts';
import { assertRefused, type Case, listAt, metadataOf, uidOf, versionOf } from '../case.ts';
import { address, createRegister, pair, register, slice } from '../shapes.ts';
import { expectSuccess, type World } from '../world.ts';

const group = 'discovery.k8s.io';

const apply = (world: World, body: JsonObject, query = 'fieldManager=endpoint-registrar&force=true'): Promise<Reply> =>
  world.admin.patch('apply', `${world.slices(String(metadataOf(body)['name']))}?${query}`, body);

const owners = (object: JsonObject): readonly unknown[] =>
  listAt(metadataOf(object), 'managedFields').map(({ manager, operation }) => `${manager} ${operation}`);

/** An apply to the slice `s`, which is there, that is refused. */
const refused: readonly {
  readonly name: string;
  readonly body: JsonObject;
  readonly query?: string;
  readonly status: number;
  readonly reason?: string;
  readonly message: string;
}[] = [
  {
    name: 'no fieldManager is invalid',
    body: slice('s'),
    query: 'force=true',
    status: 422,
    reason: 'Invalid',
    message: 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
  },
  {
    name: 'a uid where no object is, is a conflict, so that it only updates',
    body: slice('absent', {}, { uid: 'abc' }),
    status: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on endpointslices.${group} "absent": uid mismatch: the provided object specified uid abc, and no existing object was found`,
  },
  {
    name: 'another uid is refused as immutable',
    body: slice('s', {}, { uid: 'abc' }),
    status: 422,
    reason: 'Invalid',
    message: `EndpointSlice.${group} "s" is invalid: metadata.uid: Invalid value: "abc": field is immutable`,
  },
  {
    name: 'an old resourceVersion is a conflict',
    body: slice('s', {}, { resourceVersion: '1' }),
    status: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on endpointslices.${group} "s": the object has been modified; please apply your changes to the latest version and try again`,
  },
  {
    name: 'the address type cannot be changed',
    body: slice('s', { addressType: 'IPv6', endpoints: [] }),
    status: 422,
    reason: 'Invalid',
    message: `EndpointSlice.${group} "s" is invalid: addressType: Invalid value: null: field is immutable`,
  },
  {
    name: 'another kind is 400',
    body: { ...slice('s'), apiVersion: 'v1', kind: 'Endpoints' },
    status: 400,
    reason: 'BadRequest',
    message: 'invalid object type: /v1, Kind=Endpoints',
  },
  {
    name: 'an unknown field is a server error',
    body: slice('s', { colour: 1 }),
    status: 500,
    message: `failed to create typed patch object (/s; ${group}/v1, Kind=EndpointSlice): .colour: field not declared in schema`,
  },
];

/** All of them. */
export const applyCases: readonly Case[] = [
  {
    name: 'it creates what is absent: 201, and the applier owns it',
    run: async (world) => {
      const made = await apply(world, slice('s'));
      assert.deepEqual([made.status, owners(made.body)], [201, ['endpoint-registrar Apply']]);
    },
  },
  {
    name: 'the same again is 200 and leaves the resourceVersion alone',
    run: async (world) => {
      const made = await apply(world, slice('s'));
      const again = await apply(world, slice('s'));
      assert.deepEqual([again.status, again.body], [200, made.body]);
    },
  },
  {
    name: 'ports that are applied as an empty list are answered as null',
    run: async (world) => {
      const made = await apply(world, slice('s', { ports: [] }));
      assert.deepEqual([made.status, made.body['ports']], [201, null]);
      const again = await apply(world, slice('s', { ports: [] }));
      assert.deepEqual([again.body['ports'], versionOf(again.body)], [null, versionOf(made.body)]);
    },
  },
  {
    name: 'a slice without ports is read, listed and watched with ports that are null, however it was written',
    run: async (world) => {
      await world.create(world.slices(), slice('absent', { ports: undefined }));
      await world.create(world.slices(), slice('nothing', { ports: null }));
      await apply(world, slice('shrunk'));
      await apply(world, slice('shrunk', { ports: [] }));
      const names = ['absent', 'nothing', 'shrunk'];
      for (const name of names) {
        assert.equal(expectSuccess(await world.admin.get(world.slices(name)))['ports'], null);
      }
      const listed = await world.slicesOf('ipa');
      assert.deepEqual(
        listed.map(({ ports }) => ports),
        [null, null, null],
      );
      const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
      const watch = await world.admin.watch(`${world.slices()}?${query}`);
      try {
        const added = await watch.until((all) => all.length >= names.length, { limitMs: 15_000 });
        assert.deepEqual(
          added.slice(0, names.length).map(({ object }) => asObject(object)['ports']),
          [null, null, null],
        );
      } finally {
        watch.close();
      }
    },
  },
  {
    name: 'endpoints that are applied as an empty list are answered as null',
    run: async (world) => {
      assert.equal((await apply(world, slice('s', { endpoints: [] }))).body['endpoints'], null);
    },
  },
  {
    name: 'what the applier leaves out goes, what others own stays',
    run: async (world) => {
      await apply(world, slice('s', {}, { annotations: { ours: '1', old: '1' } }));
      await world.admin.patch('merge', world.slices('s'), { metadata: { annotations: { theirs: '1' } } });
      const { body } = await apply(world, slice('s', { ports: [pair('ldap', 389)] }, { annotations: { ours: '1' } }));
      assert.deepEqual(metadataOf(body)['annotations'], { ours: '1', theirs: '1' });
      assert.deepEqual(body['ports'], [pair('ldap', 389)]);
    },
  },
  {
    name: "another manager's value is a conflict with causes",
    run: async (world) => {
      await apply(world, slice('s'), 'fieldManager=first');
      const other = slice('s', { ports: [pair('ldap', 389)] });
      assertRefused(await apply(world, other, 'fieldManager=second'), {
        status: 409,
        reason: 'Conflict',
        message: 'Apply failed with 1 conflict: conflict with "first": .ports',
        details: {
          causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "first"', field: '.ports' }],
        },
      });
    },
  },
  {
    name: 'with force it takes the field over',
    run: async (world) => {
      await apply(world, slice('s'), 'fieldManager=first');
      const { status, body } = await apply(
        world,
        slice('s', { ports: [pair('ldap', 389)] }),
        'fieldManager=second&force=true',
      );
      assert.deepEqual([status, body['ports']], [200, [pair('ldap', 389)]]);
    },
  },
  {
    name: 'a constant body leaves subsets and annotations of Endpoints alone that patches wrote',
    run: async (world) => {
      const { path } = await createRegister(world);
      const constant = register('ipa', {}, { annotations: { fixed: 'x' } });
      const applied = () => world.admin.patch('apply', `${path}?fieldManager=endpoint-registrar&force=true`, constant);
      expectSuccess(await applied());
      const joined = expectSuccess(
        await world.admin.patch('json', `${path}?fieldManager=endpoint-registrar`, [
          { op: 'add', path: '/subsets', value: [{ addresses: [address(1)], ports: [pair('kerberos', 88)] }] },
          { op: 'add', path: '/metadata/annotations/endpoint-registrar~1u1', value: '1' },
        ]),
      );
      assert.deepEqual((await applied()).body, joined);
    },
  },
  {
    name: 'a label that was taken away comes back',
    run: async (world) => {
      const constant = register('ipa');
      const path = `${world.core('endpoints', 'ipa')}?fieldManager=endpoint-registrar&force=true`;
      await world.create(world.core('services'), { metadata: { name: 'ipa' }, spec: { clusterIP: 'None' } });
      assert.equal((await world.admin.patch('apply', path, constant)).status, 201);
      await world.admin.patch('merge', world.core('endpoints', 'ipa'), { metadata: { labels: null } });
      const { body } = await world.admin.patch('apply', path, constant);
      assert.deepEqual(metadataOf(body)['labels'], metadataOf(constant)['labels']);
    },
  },
  {
    name: 'the right uid updates',
    run: async (world) => {
      const { body } = await apply(world, slice('s'));
      const again = slice('s', { ports: [pair('ldap', 389)] }, { uid: uidOf(body) });
      assert.equal((await apply(world, again)).status, 200);
    },
  },
  {
    name: 'YAML is taken as well as JSON',
    run: async (world) => {
      const yaml = 'apiVersion: v1\nkind: Endpoints\nmetadata:\n  name: ipa\n  annotations:\n    a: "1"\n';
      const path = `${world.core('endpoints', 'ipa')}?fieldManager=me`;
      const made = await world.admin.patch('apply', path, yaml);
      assert.deepEqual([made.status, metadataOf(made.body)['annotations']], [201, { a: '1' }]);
    },
  },
  {
    name: 'the generation of a slice counts its changes, annotations aside',
    run: async (world) => {
      const generation = (reply: Reply): unknown => metadataOf(reply.body)['generation'];
      const made = generation(await apply(world, slice('s')));
      const changed = generation(await apply(world, slice('s', { ports: [pair('ldap', 389)] })));
      const annotated = await world.admin.patch('merge', world.slices('s'), { metadata: { annotations: { a: '1' } } });
      assert.deepEqual([made, changed, generation(annotated)], [1, 2, 2]);
    },
  },
  ...refused.map(
    ({ name, body, query, message, ...expect }): Case => ({
      name,
      run: async (world) => {
        await apply(world, slice('s'));
        const words = message.replaceAll('NAMESPACE', world.namespace);
        assertRefused(await apply(world, body, query), { ...expect, message: words });
      },
    }),
  ),
];
