/** Events of core/v1, as an agent writes them about its own pod: create, repeat, and what is refused. */
import assert from 'node:assert/strict';
import type { JsonObject } from '../../embedded/objects/json.ts';
import { assertRefused, type Case, versionOf } from '../case.ts';
import { expectSuccess, type World } from '../world.ts';

const seen = '2026-01-01T00:00:00Z';
const later = '2026-01-01T00:10:00Z';

/** The classic form: first and last time, count, source. */
const classic = ({ namespace }: World, name: string, fields: JsonObject = {}): JsonObject => ({
  metadata: { name },
  involvedObject: { apiVersion: 'v1', kind: 'Pod', name: 'ipa-0', namespace, uid: 'u-1' },
  type: 'Warning',
  reason: 'ServiceMissing',
  action: 'Announcing',
  message: 'Service ipa: not found',
  firstTimestamp: seen,
  lastTimestamp: seen,
  count: 1,
  source: { component: 'endpoint-registrar' },
  reportingComponent: 'endpoint-registrar',
  reportingInstance: 'ipa-0',
  ...fields,
});

/** The newer form: `eventTime` in place of first and last time. */
const newer = (world: World, name: string, fields: JsonObject = {}): JsonObject =>
  classic(world, name, {
    firstTimestamp: null,
    lastTimestamp: null,
    eventTime: '2026-01-01T00:00:00.000000Z',
    ...fields,
  });

const refusals: readonly {
  readonly name: string;
  readonly body: (world: World) => JsonObject;
  readonly expect: string;
}[] = [
  {
    name: 'about an object of another namespace',
    body: (world) => classic(world, 'e', { involvedObject: { kind: 'Pod', name: 'ipa-0', namespace: 'other' } }),
    expect: 'Event "e" is invalid: involvedObject.namespace: Invalid value: "other": does not match event.namespace',
  },
  {
    name: 'about an object of no namespace',
    body: (world) => classic(world, 'e', { involvedObject: { kind: 'Pod', name: 'ipa-0' } }),
    expect: 'Event "e" is invalid: involvedObject.namespace: Invalid value: "": does not match event.namespace',
  },
  {
    name: 'in the newer form without an action',
    body: (world) => newer(world, 'e', { action: '' }),
    expect: 'Event "e" is invalid: action: Required value',
  },
  {
    name: 'in the newer form with more than 1024 bytes of message',
    body: (world) => newer(world, 'e', { message: `${'x'.repeat(1022)}…` }),
    expect: 'Event "e" is invalid: message: Invalid value: "": can have at most 1024 characters',
  },
  {
    name: 'in the newer form with more than 128 bytes of reason and of reportingInstance',
    body: (world) => newer(world, 'e', { reason: 'R'.repeat(129), reportingInstance: 'i'.repeat(129) }),
    expect:
      'Event "e" is invalid: [reportingInstance: Invalid value: "": can have at most 128 characters, reason: Invalid value: "": can have at most 128 characters]',
  },
];

/** All of them. */
export const eventCases: readonly Case[] = [
  {
    name: 'one in the classic form is kept as it was written',
    run: async (world) => {
      const written = classic(world, 'ipa-0.0123456789abcdef');
      const { body, status } = await world.admin.post(world.core('events'), written);
      const { kind, apiVersion, metadata, ...rest } = body;
      const { metadata: _, ...wanted } = written;
      assert.deepEqual([status, kind, apiVersion], [201, 'Event', 'v1']);
      assert.deepEqual(rest, { ...wanted, eventTime: null });
    },
  },
  {
    name: 'a merge patch raises the count of one, and it stays the same object',
    run: async (world) => {
      const made = await world.create(world.core('events'), classic(world, 'e'));
      const change = { count: 2, lastTimestamp: later };
      const body = expectSuccess(await world.admin.patch('merge', world.core('events', 'e'), change));
      assert.deepEqual(
        [body['count'], body['firstTimestamp'], body['lastTimestamp'], body['message']],
        [2, seen, later, made['message']],
      );
      assert.notEqual(versionOf(body), versionOf(made));
    },
  },
  {
    name: 'a merge patch of one that is forgotten is 404',
    run: async ({ admin, core }) =>
      assertRefused(await admin.patch('merge', core('events', 'e'), { count: 2 }), {
        status: 404,
        reason: 'NotFound',
        message: 'events "e" not found',
        details: { name: 'e', kind: 'events' },
      }),
  },
  {
    name: 'a second one of the same name is AlreadyExists',
    run: async (world) => {
      await world.create(world.core('events'), classic(world, 'e'));
      assertRefused(await world.admin.post(world.core('events'), classic(world, 'e')), {
        status: 409,
        reason: 'AlreadyExists',
        message: 'events "e" already exists',
      });
    },
  },
  {
    name: 'the classic form takes a message of any length',
    run: async (world) => {
      const { status } = await world.admin.post(
        world.core('events'),
        classic(world, 'e', { message: 'x'.repeat(1025) }),
      );
      assert.equal(status, 201);
    },
  },
  ...refusals.map(
    ({ name, body, expect }): Case => ({
      name: `one ${name} is refused`,
      run: async (world) =>
        assertRefused(await world.admin.post(world.core('events'), body(world)), {
          status: 422,
          reason: 'Invalid',
          message: expect,
        }),
    }),
  ),
  {
    name: 'who may create and patch them may not read them, and a refusal names the verb',
    run: async (world) => {
      const agent = await world.grant([{ apiGroups: [''], resources: ['events'], verbs: ['create'] }]);
      expectSuccess(await agent.post(world.core('events'), classic(world, 'e')));
      const { status, message } = await agent.patch('merge', world.core('events', 'e'), { count: 2 });
      assert.equal(status, 403);
      assert.match(message, /^events "e" is forbidden: User .* cannot patch resource "events" in API group ""/);
    },
  },
];
