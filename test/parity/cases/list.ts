/** Lists, and the parameters of list and watch that are refused. */
import assert from 'node:assert/strict';
import { asObject } from '../../embedded/objects/json.ts';
import { assertRefused, type Case, listAt, metadataOf, versionOf } from '../case.ts';
import { putConfigMap } from '../shapes.ts';

const refused: readonly {
  readonly name: string;
  readonly query: string;
  readonly resource?: string;
  readonly status: number;
  readonly reason?: string;
  readonly message: string;
}[] = [
  {
    name: 'a field selector that pods do not know is 400',
    resource: 'pods',
    query: 'fieldSelector=metadata.uid%3Dx',
    status: 400,
    reason: 'BadRequest',
    message: 'field label not supported: metadata.uid',
  },
  {
    name: 'a field selector that Endpoints do not know is 400 in other words',
    resource: 'endpoints',
    query: 'fieldSelector=metadata.uid%3Dx',
    status: 400,
    reason: 'BadRequest',
    message: '"metadata.uid" is not a known field selector: only "metadata.name", "metadata.namespace"',
  },
  {
    name: 'a label selector that cannot be read is 400',
    query: 'labelSelector=x+in+a',
    status: 400,
    reason: 'BadRequest',
    message: "unable to parse requirement: found 'a' expected: '('",
  },
  {
    name: 'sendInitialEvents without resourceVersionMatch is 422',
    query: 'watch=1&sendInitialEvents=true',
    status: 422,
    reason: 'Invalid',
    message:
      'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
  },
  {
    name: 'sendInitialEvents for a list is 422',
    query: 'sendInitialEvents=true',
    status: 422,
    reason: 'Invalid',
    message:
      'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list',
  },
];

const lists: readonly Case[] = [
  {
    name: 'a list carries its resourceVersion, its items neither kind nor version',
    run: async (world) => {
      await putConfigMap(world, 'listed', { l: '1' });
      const { body } = await world.admin.get(`${world.core('configmaps')}?labelSelector=l%3D1`);
      assert.equal(body['kind'], 'ConfigMapList');
      assert.match(versionOf(body), /^\d+$/);
      assert.deepEqual(listAt(body, 'items').map(Object.keys), [['metadata']]);
    },
  },
  {
    name: 'a limited list comes in pages',
    run: async (world) => {
      for (const name of ['a', 'b', 'c']) await putConfigMap(world, name, { l: '1' });
      const path = `${world.core('configmaps')}?labelSelector=l%3D1&limit=2`;
      const first = await world.admin.get(path);
      const { continue: token } = metadataOf(first.body);
      const second = await world.admin.get(`${path}&continue=${encodeURIComponent(String(token))}`);
      const names = [first, second].map(({ body }) => listAt(body, 'items').map((item) => metadataOf(item)['name']));
      assert.deepEqual(names, [['a', 'b'], ['c']]);
    },
  },
  {
    name: 'a list from the future is a timeout that names its cause',
    run: async (world) => {
      const refusal = await world.admin.get(`${world.core('configmaps')}?resourceVersion=9999999999`);
      assertRefused(refusal, { status: 504, reason: 'Timeout' });
      assert.match(refusal.message, /^Timeout: Too large resource version: 9999999999, current: \d+$/);
      assert.deepEqual(asObject(refusal.body['details'])['causes'], [
        { reason: 'ResourceVersionTooLarge', message: 'Too large resource version' },
      ]);
    },
  },
];

/** All of them. */
export const listCases: readonly Case[] = [
  ...lists,
  ...refused.map(
    ({ name, query, resource = 'configmaps', ...expect }): Case => ({
      name,
      run: async (world) => assertRefused(await world.admin.get(`${world.core(resource)}?${query}`), expect),
    }),
  ),
];
