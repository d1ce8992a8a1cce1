/** The patches with which pods join, leave and beat, and what is stored afterwards. */
import assert from 'node:assert/strict';
import { asObject, type JsonObject } from '../../embedded/objects/json.ts';
import { assertRefused, type Case, metadataOf } from '../case.ts';
import { address, createRegister, notApplied, pair } from '../shapes.ts';
import { expectSuccess, type World } from '../world.ts';

const tcp = [pair('kerberos', 88)];
const udp = [pair('kerberos', 88, 'UDP')];

/** Endpoints with these subsets, a patch of it, and the subsets that it leaves; undefined: the key is absent. */
type Shape = {
  readonly name: string;
  readonly given?: readonly JsonObject[];
  readonly patch: readonly JsonObject[];
  readonly expect: readonly JsonObject[] | undefined;
};

const shapes: readonly Shape[] = [
  {
    name: 'the first join of all: test for null, add the whole list',
    patch: [
      { op: 'test', path: '/subsets', value: null },
      { op: 'add', path: '/subsets', value: [{ addresses: [address(1)], ports: tcp }] },
    ],
    expect: [{ addresses: [address(1)], ports: tcp }],
  },
  {
    name: 'a join where the pair is missing: test the last subset seen, append one',
    given: [{ addresses: [address(1)], ports: tcp }],
    patch: [
      { op: 'test', path: '/subsets/-1/ports', value: tcp },
      { op: 'add', path: '/subsets/-', value: { addresses: [address(1)], ports: udp } },
    ],
    expect: [
      { addresses: [address(1)], ports: tcp },
      { addresses: [address(1)], ports: udp },
    ],
  },
  {
    name: 'a join of a pair that is there: test its ports, append the address',
    given: [{ addresses: [address(1)], ports: tcp }],
    patch: [
      { op: 'test', path: '/subsets/0/ports', value: tcp },
      { op: 'add', path: '/subsets/0/addresses/-', value: address(2) },
    ],
    expect: [{ addresses: [address(1), address(2)], ports: tcp }],
  },
  {
    name: 'a join beside addresses that are all not ready: add the list',
    given: [{ notReadyAddresses: [address(1)], ports: tcp }],
    patch: [
      { op: 'test', path: '/subsets/0/addresses', value: null },
      { op: 'add', path: '/subsets/0/addresses', value: [address(2)] },
    ],
    expect: [{ addresses: [address(2)], notReadyAddresses: [address(1)], ports: tcp }],
  },
  {
    name: 'any change: test the list as read, add the list as planned',
    given: [{ addresses: [address(1)], ports: tcp }],
    patch: [
      { op: 'test', path: '/subsets', value: [{ addresses: [address(1)], ports: tcp }] },
      { op: 'add', path: '/subsets', value: [{ addresses: [address(1), address(2)], ports: tcp }] },
    ],
    expect: [{ addresses: [address(1), address(2)], ports: tcp }],
  },
  {
    name: 'leaving others behind: test the uid, remove the address',
    given: [{ addresses: [address(1), address(2)], ports: tcp }],
    patch: [
      { op: 'test', path: '/subsets/0/addresses/0/targetRef/uid', value: 'uid-1' },
      { op: 'remove', path: '/subsets/0/addresses/0' },
    ],
    expect: [{ addresses: [address(2)], ports: tcp }],
  },
  {
    name: 'leaving a pair as its last: test both lists, remove the subset',
    given: [
      { addresses: [address(1)], ports: tcp },
      { addresses: [address(1), address(2)], ports: udp },
    ],
    patch: [
      { op: 'test', path: '/subsets/0/addresses', value: [address(1)] },
      { op: 'test', path: '/subsets/0/notReadyAddresses', value: null },
      { op: 'remove', path: '/subsets/0' },
    ],
    expect: [{ addresses: [address(1), address(2)], ports: udp }],
  },
  {
    name: 'leaving as the last of all: remove the only subset, and the key is absent',
    given: [{ addresses: [address(1)], ports: tcp }],
    patch: [{ op: 'remove', path: '/subsets/0' }],
    expect: undefined,
  },
  {
    name: 'leaving addresses that are not ready: the emptied list vanishes',
    given: [{ addresses: [address(1)], notReadyAddresses: [address(2)], ports: tcp }],
    patch: [{ op: 'remove', path: '/subsets/0/addresses/0' }],
    expect: [{ notReadyAddresses: [address(2)], ports: tcp }],
  },
  {
    name: 'from ready to not ready: add the list, move the address',
    given: [{ addresses: [address(1), address(2)], ports: tcp }],
    patch: [
      { op: 'test', path: '/subsets/0/addresses/0/targetRef/uid', value: 'uid-1' },
      { op: 'test', path: '/subsets/0/notReadyAddresses', value: null },
      { op: 'add', path: '/subsets/0/notReadyAddresses', value: [] },
      { op: 'move', from: '/subsets/0/addresses/0', path: '/subsets/0/notReadyAddresses/-' },
    ],
    expect: [{ addresses: [address(2)], notReadyAddresses: [address(1)], ports: tcp }],
  },
  {
    name: 'a second subset for one pair is accepted, and the order stays',
    given: [{ addresses: [address(2)], ports: udp }],
    patch: [
      { op: 'add', path: '/subsets/-', value: { addresses: [address(1)], ports: udp } },
      { op: 'add', path: '/subsets/-', value: { addresses: [address(1)], ports: tcp } },
    ],
    expect: [
      { addresses: [address(2)], ports: udp },
      { addresses: [address(1)], ports: udp },
      { addresses: [address(1)], ports: tcp },
    ],
  },
  {
    name: 'the same address twice, ready and not ready too, is accepted',
    given: [{ addresses: [address(1)], ports: tcp }],
    patch: [
      { op: 'add', path: '/subsets/0/addresses/-', value: address(1) },
      { op: 'add', path: '/subsets/0/notReadyAddresses', value: [address(1)] },
    ],
    expect: [{ addresses: [address(1), address(1)], notReadyAddresses: [address(1)], ports: tcp }],
  },
];

const beat = (world: World, path: string, annotations: JsonObject) =>
  world.admin.patch('merge', path, { metadata: { annotations } });

const storing: readonly Case[] = [
  { given: undefined, name: 'left out' },
  { given: null, name: 'null' },
  { given: [], name: 'an empty list' },
].map(
  ({ given, name }): Case => ({
    name: `subsets that are ${name} are stored as absent`,
    run: async (world) => {
      const { object } = await createRegister(world, given === undefined ? {} : { subsets: given });
      assert.equal(Object.hasOwn(object, 'subsets'), false);
    },
  }),
);

const joining: readonly Case[] = [
  {
    name: 'a join that tests for its own annotation is refused when it is sent again',
    run: async (world) => {
      const { path } = await createRegister(world, {}, { annotations: { fixed: 'x' } });
      const join = [
        { op: 'test', path: '/metadata/annotations/endpoint-registrar~1u1', value: null },
        { op: 'add', path: '/subsets', value: [{ addresses: [address(1)], ports: tcp }] },
        { op: 'add', path: '/metadata/annotations/endpoint-registrar~1u1', value: '1' },
      ];
      assert.equal((await world.admin.patch('json', path, join)).status, 200);
      assertRefused(await world.admin.patch('json', path, join), notApplied);
    },
  },
  {
    name: 'without the annotations map an annotation cannot be added',
    run: async (world) => {
      const { path } = await createRegister(world);
      const patch = [{ op: 'add', path: '/metadata/annotations/a', value: '1' }];
      assertRefused(await world.admin.patch('json', path, patch), notApplied);
    },
  },
  {
    name: 'where the annotations map is absent, testing it for null and adding it applies',
    run: async (world) => {
      const { path } = await createRegister(world);
      const patch = [
        { op: 'test', path: '/metadata/annotations', value: null },
        { op: 'add', path: '/metadata/annotations', value: { a: '1' } },
      ];
      assert.deepEqual(metadataOf((await world.admin.patch('json', path, patch)).body)['annotations'], { a: '1' });
    },
  },
  {
    name: 'the last annotation that is removed takes the map with it',
    run: async (world) => {
      const { path } = await createRegister(world, {}, { annotations: { a: '1' } });
      const { body } = await world.admin.patch('json', path, [{ op: 'remove', path: '/metadata/annotations/a' }]);
      assert.equal(Object.hasOwn(metadataOf(body), 'annotations'), false);
    },
  },
  {
    name: 'a heartbeat tests its last value: an older one does not apply',
    run: async (world) => {
      const { path } = await createRegister(world, {}, { annotations: { 'endpoint-registrar/u1': '2' } });
      const at = '/metadata/annotations/endpoint-registrar~1u1';
      const beatFrom = (last: string) => [
        { op: 'test', path: at, value: last },
        { op: 'replace', path: at, value: '3' },
      ];
      assertRefused(await world.admin.patch('json', path, beatFrom('1')), notApplied);
      assert.equal((await world.admin.patch('json', path, beatFrom('2'))).status, 200);
    },
  },
  {
    name: 'thirty heartbeats at once all land',
    run: async (world) => {
      const { path } = await createRegister(world);
      const keys = Array.from({ length: 30 }, (_, index) => `endpoint-registrar/u${index}`);
      const replies = await Promise.all(keys.map((key) => beat(world, path, { [key]: '1' })));
      assert.deepEqual([...new Set(replies.map(({ status }) => status))], [200]);
      const stored = asObject(metadataOf(expectSuccess(await world.admin.get(path)))['annotations']);
      assert.deepEqual(Object.keys(stored).toSorted(), keys.toSorted());
    },
  },
];

/** All of them. */
export const patchShapeCases: readonly Case[] = [
  ...shapes.map(
    ({ name, given, patch, expect }): Case => ({
      name,
      run: async (world) => {
        const { path } = await createRegister(world, given === undefined ? {} : { subsets: given });
        const body = expectSuccess(await world.admin.patch('json', path, patch));
        assert.deepEqual(body['subsets'], expect);
        assert.deepEqual((await world.admin.get(path)).body, body);
      },
    }),
  ),
  ...storing,
  ...joining,
];
