/** A Service without a selector whose Endpoints are mirrored, and what is mirrored of them. */
import assert from 'node:assert/strict';
import type { JsonObject } from '../embedded/objects/json.ts';
import { until } from '../support/until.ts';
import { listAt } from './case.ts';
import { address, pair } from './shapes.ts';
import { expectSuccess, type World } from './world.ts';

export const over = (protocol: string, addresses: readonly JsonObject[]): JsonObject => ({
  addresses,
  ports: [pair('kerberos', 88, protocol)],
});
export const both = [address(1), address(2)];

/** A selectorless headless Service, and Endpoints of its name that are mirrored. */
export async function publish(
  world: World,
  subsets: readonly JsonObject[],
  metadata: JsonObject = {},
): Promise<string> {
  await world.create(world.core('services'), { metadata: { name: 'ipa' }, spec: { clusterIP: 'None' } });
  await world.create(world.core('endpoints'), { metadata: { name: 'ipa', ...metadata }, subsets });
  return world.core('endpoints', 'ipa');
}

export const edit = async (world: World, change: JsonObject): Promise<void> => {
  expectSuccess(await world.admin.patch('merge', world.core('endpoints', 'ipa'), change));
};

/** Each mirrored slice as `TCP kerberos 10.1.0.1 10.1.0.2!`; `!` is not ready. */
async function mirrored(world: World): Promise<readonly string[]> {
  const slices = await world.slicesOf('ipa');
  return slices
    .map((slice) =>
      [
        ...listAt(slice, 'ports')
          .map(({ protocol, name }) => `${String(protocol)} ${String(name)}`)
          .toSorted(),
        ...listAt(slice, 'endpoints')
          .map(
            ({ addresses, conditions }) =>
              `${String(addresses)}${JSON.stringify(conditions).includes('false') ? '!' : ''}`,
          )
          .toSorted(),
      ].join(' '),
    )
    .toSorted();
}

export const mirrors = (world: World, expect: readonly string[]): Promise<void> =>
  until(async () => assert.deepEqual(await mirrored(world), expect));
/** For what must not come: by then the controller has had its turn. */
export async function mirrorsStill(world: World, expect: readonly string[]): Promise<void> {
  await world.mirroringTurn();
  assert.deepEqual(await mirrored(world), expect);
}

export const T12 = 'TCP kerberos 10.1.0.1 10.1.0.2';
export const U12 = 'UDP kerberos 10.1.0.1 10.1.0.2';
