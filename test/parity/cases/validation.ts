/** What Endpoints and slices may hold, and how much. */
import assert from 'node:assert/strict';
import { asObject, type JsonObject } from '../../embedded/objects/json.ts';
import { assertRefused, type Case } from '../case.ts';
import { pair, register, slice } from '../shapes.ts';

const at = (address: JsonObject, ports: readonly JsonObject[] = [pair('kerberos', 88)]): JsonObject => ({
  subsets: [{ addresses: [address], ports }],
});
const ip = { ip: '10.1.0.1' };
const twice = [pair('kerberos', 88), pair('kerberos', 88, 'UDP')];
const many = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);
const annotated = (key: string): JsonObject => ({ annotations: { [key]: '1' } });
/** As many heartbeats as fit under 256 KiB, and one more: 19 + 36 bytes of key, 13 of value. */
const beats = (count: number): JsonObject => ({
  annotations: Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `endpoint-registrar/${String(index).padStart(36, '0')}`,
      '1700000000000',
    ]),
  ),
});

/** Objects that are created; `refused`: the rest of the message after `is invalid: `. */
const objects: readonly {
  readonly name: string;
  readonly body: JsonObject;
  readonly refused?: string;
}[] = [
  { name: 'Endpoints with one port name over TCP and UDP', body: register('x', at(ip, twice)) },
  { name: 'Endpoints with one port name twice over TCP', body: register('x', at(ip, [pair('a', 88), pair('a', 88)])) },
  {
    name: 'Endpoints with 5000 addresses',
    body: register('x', { subsets: [{ addresses: many(5000).map((address) => ({ ip: address })) }] }),
  },
  {
    name: 'Endpoints with a loopback address',
    body: register('x', at({ ip: '127.0.0.1' })),
    refused:
      'subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
  },
  {
    name: 'Endpoints with leading zeros',
    body: register('x', at({ ip: '010.0.0.1' })),
    refused: 'subsets[0].addresses[0].ip: Invalid value: "010.0.0.1": must not have leading 0s',
  },
  {
    name: 'Endpoints with a dotted hostname',
    body: register('x', at({ ...ip, hostname: 'a.b' })),
    refused: 'subsets[0].addresses[0].hostname: Invalid value: "a.b": must not contain dots',
  },
  {
    name: 'Endpoints with two unnamed ports',
    body: register('x', at(ip, [{ port: 88 }, { port: 89 }])),
    refused: '[subsets[0].ports[0].name: Required value, subsets[0].ports[1].name: Required value]',
  },
  {
    name: 'a slice with one port name over TCP and UDP',
    body: slice('x', { ports: twice }),
    refused: 'ports[1].name: Duplicate value: "kerberos"',
  },
  {
    name: 'a slice with 1000 endpoints',
    body: slice('x', { endpoints: many(1000).map((address) => ({ addresses: [address] })) }),
  },
  {
    name: 'a slice with 1001 endpoints',
    body: slice('x', { endpoints: many(1001).map((address) => ({ addresses: [address] })) }),
    refused: 'endpoints: Too many: 1001: must have at most 1000 items',
  },
  {
    name: 'a slice without an address type',
    body: slice('x', { addressType: undefined }),
    refused: 'addressType: Required value',
  },
  {
    name: 'an IPv6 address in an IPv4 slice',
    body: slice('x', { endpoints: [{ addresses: ['fd00::1'] }] }),
    refused: 'endpoints[0].addresses: Invalid value: "fd00::1": must be an IPv4 address',
  },
  {
    name: 'an annotation key of a pod uid',
    body: register('x', {}, annotated('endpoint-registrar/0f0e0d0c-1111-2222-3333-444444444444')),
  },
  { name: 'an annotation key with an upper-case prefix', body: register('x', {}, annotated('Example.COM/x')) },
  {
    name: 'an annotation key whose name part has 64 characters',
    body: register('x', {}, annotated(`a/${'x'.repeat(64)}`)),
    refused: `metadata.annotations: Invalid value: "a/${'x'.repeat(64)}": name part must be no more than 63 bytes`,
  },
  { name: 'Endpoints with 3855 heartbeats', body: register('x', {}, beats(3855)) },
  {
    name: 'Endpoints with 3856 heartbeats',
    body: register('x', {}, beats(3856)),
    refused: 'metadata.annotations: Too long: may not be more than 262144 bytes',
  },
];

/** All of them. */
export const validationCases: readonly Case[] = [
  ...objects.map(
    ({ name, body, refused }): Case => ({
      name: `${name} ${refused === undefined ? 'is accepted' : 'is invalid'}`,
      run: async (world) => {
        const isSlice = body['kind'] === 'EndpointSlice';
        const reply = await world.admin.post(isSlice ? world.slices() : world.core('endpoints'), body);
        if (refused === undefined) {
          assert.equal(reply.status, 201, reply.message);
          return;
        }
        const kind = isSlice ? 'EndpointSlice.discovery.k8s.io' : 'Endpoints';
        assertRefused(reply, { status: 422, reason: 'Invalid', message: `${kind} "x" is invalid: ${refused}` });
        assert.ok(Object.hasOwn(asObject(reply.body['details']), 'causes'));
      },
    }),
  ),
  {
    name: 'a port without a protocol is stored with TCP',
    run: async (world) => {
      const made = await world.create(world.core('endpoints'), register('x', at(ip, [{ name: 'a', port: 88 }])));
      assert.deepEqual(made['subsets'], [{ addresses: [ip], ports: [pair('a', 88)] }]);
    },
  },
  {
    name: 'an unnamed slice port has an empty name',
    run: async (world) => {
      const made = await world.create(world.slices(), slice('x', { ports: [{ port: 88 }] }));
      assert.deepEqual(made['ports'], [pair('', 88)]);
    },
  },
  {
    name: 'unknown fields are dropped with a warning',
    run: async (world) => {
      const reply = await world.admin.post(world.slices(), slice('x', { colour: 1 }));
      assert.deepEqual([reply.status, reply.body['colour']], [201, undefined]);
      assert.equal(reply.header('warning'), '299 - "unknown field \\"colour\\""');
    },
  },
  {
    name: 'unknown fields are 400 where the client is strict',
    run: async (world) => {
      const reply = await world.admin.post(`${world.slices()}?fieldValidation=Strict`, slice('x', { colour: 1 }));
      assertRefused(reply, {
        status: 400,
        reason: 'BadRequest',
        message:
          'EndpointSlice in version "v1" cannot be handled as a EndpointSlice: strict decoding error: unknown field "colour"',
      });
    },
  },
];
