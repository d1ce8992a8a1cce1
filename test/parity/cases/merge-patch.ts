/** Merge patch (RFC 7386), the form of answers, and writes that change nothing. */
import assert from 'node:assert/strict';
import { asObject } from '../../embedded/objects/json.ts';
import { assertRefused, type Case, metadataOf, uidOf, versionOf } from '../case.ts';
import { address, createRegister, pair } from '../shapes.ts';
import { expectSuccess } from '../world.ts';

const subset = { addresses: [address(1)], ports: [pair('kerberos', 88)] };
const partial = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

/** All of them. */
export const mergePatchCases: readonly Case[] = [
  {
    name: 'it makes the annotations map where there is none',
    run: async (world) => {
      const { path } = await createRegister(world);
      const { body } = await world.admin.patch('merge', path, { metadata: { annotations: { a: '1' } } });
      assert.deepEqual(metadataOf(body)['annotations'], { a: '1' });
    },
  },
  {
    name: 'it merges maps and leaves other keys alone',
    run: async (world) => {
      const { path } = await createRegister(world, { subsets: [subset] }, { annotations: { a: '1' } });
      const { body } = await world.admin.patch('merge', path, { metadata: { annotations: { b: '2' } } });
      assert.deepEqual(metadataOf(body)['annotations'], { a: '1', b: '2' });
      assert.deepEqual(body['subsets'], [subset]);
    },
  },
  {
    name: 'null removes a key, and of a missing key it is a no-op that leaves the resourceVersion alone',
    run: async (world) => {
      const { path } = await createRegister(world, {}, { annotations: { a: '1', b: '2' } });
      const removed = await world.admin.patch('merge', path, { metadata: { annotations: { a: null } } });
      assert.deepEqual(metadataOf(removed.body)['annotations'], { b: '2' });
      const again = await world.admin.patch('merge', path, { metadata: { annotations: { a: null } } });
      assert.deepEqual([again.status, versionOf(again.body)], [200, versionOf(removed.body)]);
    },
  },
  {
    name: 'it replaces lists as a whole',
    run: async (world) => {
      const { path } = await createRegister(world, { subsets: [subset] });
      const other = { addresses: [address(2)], ports: [pair('ldap', 389)] };
      const { body } = await world.admin.patch('merge', path, { subsets: [other] });
      assert.deepEqual(body['subsets'], [other]);
    },
  },
  {
    name: 'null in place of a list empties it',
    run: async (world) => {
      const { path } = await createRegister(world, { subsets: [subset] });
      const { body } = await world.admin.patch('merge', path, { subsets: null });
      assert.equal(Object.hasOwn(body, 'subsets'), false);
    },
  },
  {
    name: 'the right uid in it is a precondition that holds',
    run: async (world) => {
      const { path, object } = await createRegister(world);
      const change = { metadata: { uid: uidOf(object), annotations: { a: '1' } } };
      assert.equal((await world.admin.patch('merge', path, change)).status, 200);
    },
  },
  {
    name: 'another uid in it is refused as immutable',
    run: async (world) => {
      const { path } = await createRegister(world);
      assertRefused(await world.admin.patch('merge', path, { metadata: { uid: 'abc' } }), {
        status: 422,
        reason: 'Invalid',
        message: 'Endpoints "ipa" is invalid: metadata.uid: Invalid value: "abc": field is immutable',
      });
    },
  },
  {
    name: 'an old resourceVersion in it is a conflict',
    run: async (world) => {
      const { path } = await createRegister(world);
      const change = { metadata: { resourceVersion: '1', annotations: { a: '1' } } };
      assertRefused(await world.admin.patch('merge', path, change), { status: 409, reason: 'Conflict' });
    },
  },
  {
    name: 'another name in it is 400',
    run: async (world) => {
      const { path } = await createRegister(world);
      assertRefused(await world.admin.patch('merge', path, { metadata: { name: 'abc' } }), {
        status: 400,
        reason: 'BadRequest',
        message: 'the name of the object (abc) does not match the name on the URL (ipa)',
      });
    },
  },
  {
    name: 'a list in place of an object is 400',
    run: async (world) => {
      const { path } = await createRegister(world);
      assertRefused(await world.admin.patch('merge', path, []), {
        status: 400,
        reason: 'BadRequest',
        message: 'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
      });
    },
  },
  {
    name: 'an object that is absent is 404',
    run: async (world) => {
      const refused = await world.admin.patch('merge', world.core('endpoints', 'x'), { metadata: {} });
      assertRefused(refused, { status: 404, reason: 'NotFound', message: 'endpoints "x" not found' });
    },
  },
  {
    name: 'managedFields [{}] forgets who owns what',
    run: async (world) => {
      const { path } = await createRegister(world);
      const { body } = await world.admin.patch('merge', path, { metadata: { managedFields: [{}] } });
      assert.equal(Object.hasOwn(metadataOf(body), 'managedFields'), false);
    },
  },
  {
    name: 'a PATCH answers the metadata alone where the client asks for it',
    run: async (world) => {
      const { path } = await createRegister(world, { subsets: [subset] });
      const change = { metadata: { annotations: { a: '1' } } };
      const { status, body } = await world.admin.patch('merge', path, change, { accept: partial });
      assert.deepEqual([status, Object.keys(body).toSorted()], [200, ['apiVersion', 'kind', 'metadata']]);
      assert.deepEqual([body['kind'], body['apiVersion']], ['PartialObjectMetadata', 'meta.k8s.io/v1']);
      assert.deepEqual(metadataOf(body)['annotations'], { a: '1' });
    },
  },
  {
    name: 'a form that the server does not know is 406, unless another one is accepted too',
    run: async (world) => {
      const { path } = await createRegister(world);
      const unknown = 'application/json;as=Foo;g=meta.k8s.io;v=v1';
      const refused = await world.admin.get(path, { accept: unknown });
      assertRefused(refused, { status: 406, reason: 'NotAcceptable' });
      const either = await world.admin.get(path, { accept: `${unknown},application/json` });
      assert.deepEqual([either.status, either.body['kind']], [200, 'Endpoints']);
    },
  },
  {
    name: 'answers about Endpoints warn of their deprecation, refusals by authorization do not',
    run: async (world) => {
      const warning = '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"';
      const { path } = await createRegister(world);
      const nobody = world.as(await world.mintToken('default'));
      const warnings = [
        await world.admin.get(path),
        await world.admin.get(world.core('endpoints', 'x')),
        await world.admin.post(world.core('endpoints'), { metadata: { name: 'ipa' } }),
        await world.admin.patch('json', path, [{ op: 'remove', path: '/subsets/0' }]),
        await nobody.get(path),
      ].map(({ status, header }) => [status, header('warning')]);
      const expected = [200, 404, 409, 422].map((status): [number, string | undefined] => [status, warning]);
      assert.deepEqual(warnings, [...expected, [403, undefined]]);
    },
  },
  {
    name: 'a field manager is noted once for all of its patches',
    run: async (world) => {
      const { path } = await createRegister(world);
      const by = (manager: string, key: string) =>
        world.admin.patch('merge', `${path}?fieldManager=${manager}`, { metadata: { annotations: { [key]: '1' } } });
      for (const key of ['a', 'b']) await by('endpoint-registrar', key);
      const fields = asObject(metadataOf(expectSuccess(await world.admin.get(path))))['managedFields'];
      const owners = (Array.isArray(fields) ? fields : []).map(asObject);
      const ours = owners.filter(({ manager }) => manager === 'endpoint-registrar');
      assert.deepEqual(
        ours.map(({ operation, fieldsV1 }) => [operation, fieldsV1]),
        [['Update', { 'f:metadata': { 'f:annotations': { '.': {}, 'f:a': {}, 'f:b': {} } } }]],
      );
    },
  },
];
