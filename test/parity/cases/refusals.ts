/** The answers that the agent's classification of errors reads, and deletions with preconditions. */
import assert from 'node:assert/strict';
import type { Reply } from '../../embedded/client.ts';
import { assertRefused, type Case, metadataOf, type Refusal, uidOf, versionOf } from '../case.ts';
import { createRegister, register, slice } from '../shapes.ts';
import type { World } from '../world.ts';

const group = 'discovery.k8s.io';

const refusals: readonly {
  readonly name: string;
  readonly ask: (world: World) => Promise<Reply>;
  readonly expect: (world: World) => Refusal;
}[] = [
  {
    name: 'a slice that is absent is 404, named with its group',
    ask: ({ admin, slices }) => admin.get(slices('x')),
    expect: () => ({
      status: 404,
      reason: 'NotFound',
      message: `endpointslices.${group} "x" not found`,
      details: { name: 'x', group, kind: 'endpointslices' },
    }),
  },
  {
    name: 'an unknown resource is 404 without a name',
    ask: ({ admin, core }) => admin.get(core('foos', 'x')),
    expect: () => ({
      status: 404,
      reason: 'NotFound',
      message: 'the server could not find the requested resource',
      details: {},
    }),
  },
  {
    name: 'a namespace that is absent is an object that is absent to GET',
    ask: ({ admin }) => admin.get('/api/v1/namespaces/nowhere-at-all/endpoints/x'),
    expect: () => ({ status: 404, reason: 'NotFound', message: 'endpoints "x" not found' }),
  },
  {
    name: 'a namespace that is absent is named to POST',
    ask: ({ admin }) => admin.post('/api/v1/namespaces/nowhere-at-all/endpoints', { metadata: { name: 'x' } }),
    expect: () => ({
      status: 404,
      reason: 'NotFound',
      message: 'namespaces "nowhere-at-all" not found',
      details: { name: 'nowhere-at-all', kind: 'namespaces' },
    }),
  },
  {
    name: 'a name that is taken is AlreadyExists',
    ask: ({ admin, core }) => admin.post(core('endpoints'), register('ipa')),
    expect: () => ({
      status: 409,
      reason: 'AlreadyExists',
      message: 'endpoints "ipa" already exists',
      details: { name: 'ipa', kind: 'endpoints' },
    }),
  },
  {
    name: 'a PUT with an old resourceVersion is a conflict',
    ask: ({ admin, core }) => admin.put(core('endpoints', 'ipa'), register('ipa', {}, { resourceVersion: '1' })),
    expect: () => ({ status: 409, reason: 'Conflict', details: { name: 'ipa', kind: 'endpoints' } }),
  },
  {
    name: 'a body of another namespace is 400',
    ask: ({ admin, core }) => admin.post(core('endpoints'), register('x', {}, { namespace: 'other' })),
    expect: () => ({
      status: 400,
      reason: 'BadRequest',
      message: 'the namespace of the provided object does not match the namespace sent on the request',
    }),
  },
  {
    name: 'a resourceVersion on what is to be created is 500',
    ask: ({ admin, core }) => admin.post(core('endpoints'), register('x', {}, { resourceVersion: '5' })),
    expect: () => ({ status: 500, message: 'resourceVersion should not be set on objects to be created' }),
  },
  {
    name: 'half a body is 400',
    ask: ({ admin, core }) => admin.post(core('endpoints'), '{"metadata":'),
    expect: () => ({ status: 400, reason: 'BadRequest' }),
  },
  {
    name: 'a wrong type in a body is 400',
    ask: ({ admin, core }) => admin.post(core('endpoints'), register('x', { subsets: [{ ports: [{ port: 'x' }] }] })),
    expect: () => ({
      status: 400,
      reason: 'BadRequest',
      message:
        'Endpoints in version "v1" cannot be handled as a Endpoints: json: cannot unmarshal string into Go struct field EndpointPort.subsets.ports.port of type int32',
    }),
  },
  {
    name: 'a method that the path does not take is 405',
    ask: ({ admin, core }) => admin.put(core('endpoints'), register('x')),
    expect: () => ({
      status: 405,
      reason: 'MethodNotAllowed',
      message: 'the server does not allow this method on the requested resource',
      details: {},
    }),
  },
  {
    name: 'a deletion of what is absent is 404',
    ask: ({ admin, slices }) => admin.delete(slices('x')),
    expect: () => ({ status: 404, reason: 'NotFound', message: `endpointslices.${group} "x" not found` }),
  },
];

/** All of them. */
export const refusalCases: readonly Case[] = [
  ...refusals.map(
    ({ name, ask, expect }): Case => ({
      name,
      run: async (world) => {
        await createRegister(world);
        assertRefused(await ask(world), expect(world));
      },
    }),
  ),
  {
    name: 'a deletion with another uid as its precondition is a conflict, and nothing goes',
    run: async (world) => {
      const made = await world.create(world.slices(), slice('s'));
      assertRefused(await world.admin.delete(world.slices('s'), { preconditions: { uid: 'abc' } }), {
        status: 409,
        reason: 'Conflict',
        message: `Operation cannot be fulfilled on EndpointSlice.${group} "s": the UID in the precondition (abc) does not match the UID in record (${uidOf(made)}). The object might have been deleted and then recreated`,
      });
      assert.equal((await world.admin.get(world.slices('s'))).status, 200);
    },
  },
  {
    name: 'a deletion with another resourceVersion as its precondition is a conflict',
    run: async (world) => {
      const made = await world.create(world.slices(), slice('s'));
      assertRefused(await world.admin.delete(world.slices('s'), { preconditions: { resourceVersion: '1' } }), {
        status: 409,
        reason: 'Conflict',
        message: `Operation cannot be fulfilled on EndpointSlice.${group} "s": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (${versionOf(made)}). The object might have been modified`,
      });
    },
  },
  {
    name: 'a deletion with the right uid answers Success and names what is gone',
    run: async (world) => {
      const uid = uidOf(await world.create(world.slices(), slice('s')));
      const { status, body } = await world.admin.delete(world.slices('s'), { preconditions: { uid } });
      assert.deepEqual(
        [status, body['kind'], body['status'], body['details']],
        [200, 'Status', 'Success', { name: 's', group, kind: 'endpointslices', uid }],
      );
      assert.equal((await world.admin.get(world.slices('s'))).status, 404);
    },
  },
  {
    name: 'a PUT without a resourceVersion overwrites everything',
    run: async (world) => {
      const { path } = await createRegister(world, {}, { annotations: { a: '1' } });
      const { status, body } = await world.admin.put(path, { metadata: { name: 'ipa' } });
      assert.deepEqual([status, Object.hasOwn(metadataOf(body), 'annotations')], [200, false]);
    },
  },
];
