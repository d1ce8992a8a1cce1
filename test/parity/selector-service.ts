/** A Service with a selector, and what its controllers tell of it. */
import assert from 'node:assert/strict';
import type { JsonObject } from '../embedded/objects/json.ts';
import { until } from '../support/until.ts';
import { listAt, metadataOf } from './case.ts';
import type { PodShape } from './pods.ts';
import { pair } from './shapes.ts';
import { expectSuccess, type World } from './world.ts';

export const NATIVE = 'endpointslice-controller.k8s.io';
export const MIRRORED = 'endpointslicemirroring-controller.k8s.io';
const selector = { app: 'ipa' };
export const pod = (index: number, change: Partial<PodShape> = {}): PodShape => ({
  name: `ipa-${index}`,
  ip: `10.1.0.${index}`,
  labels: selector,
  ...change,
});

export async function serve(world: World, spec: JsonObject = {}): Promise<string> {
  const ports = [pair('kerberos', 88)];
  const body = { metadata: { name: 'ipa' }, spec: { clusterIP: 'None', selector, ports, ...spec } };
  await world.create(world.core('services'), body);
  return world.core('services', 'ipa');
}

export const edit = async (world: World, path: string, change: JsonObject): Promise<void> => {
  expectSuccess(await world.admin.patch('merge', path, change));
};

/** The endpoints in the slices of one controller, e.g. `10.1.0.1 ready serving`. */
export async function told(world: World, managedBy = NATIVE): Promise<readonly string[]> {
  const slices = await managed(world, managedBy);
  return slices
    .flatMap((object) => listAt(object, 'endpoints'))
    .map(({ addresses, conditions }) => {
      const holding = Object.entries({ ...Object(conditions) }).filter(([, value]) => value === true);
      return [String(addresses), ...holding.map(([name]) => name)].join(' ');
    })
    .toSorted();
}

export async function managed(world: World, by: string): Promise<readonly JsonObject[]> {
  const all = await world.slicesOf('ipa');
  return all.filter((object) => JSON.stringify(metadataOf(object)['labels']).includes(`"${by}"`));
}

export const tells = (world: World, expect: readonly string[], managedBy = NATIVE): Promise<void> =>
  until(async () => assert.deepEqual(await told(world, managedBy), expect));

/** The addresses of the Endpoints, those not ready with `!`. */
export async function listed(world: World): Promise<readonly string[]> {
  const { body } = await world.admin.get(world.core('endpoints', 'ipa'));
  return listAt(body, 'subsets').flatMap((subset) => [
    ...listAt(subset, 'addresses').map(({ ip }) => String(ip)),
    ...listAt(subset, 'notReadyAddresses').map(({ ip }) => `${String(ip)}!`),
  ]);
}
export const lists = (world: World, expect: readonly string[]): Promise<void> =>
  until(async () => assert.deepEqual(await listed(world), expect));

/** Touches the Service until `check` holds: the controllers' caches are several, so one touch may overtake what it is to reveal. */
export async function touchUntil(world: World, check: () => Promise<void>): Promise<void> {
  let touchCount = 0;
  await until(async () => {
    touchCount += 1;
    await edit(world, world.core('services', 'ipa'), { metadata: { labels: { touched: `x${touchCount}` } } });
    await check();
  });
}
