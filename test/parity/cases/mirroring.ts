/** When the mirroring controller mirrors, and what it copies. */
import assert from 'node:assert/strict';
import { until } from '../../support/until.ts';
import { type Case, listAt, metadataOf, uidOf, versionOf } from '../case.ts';
import { both, edit, mirrors, mirrorsStill, over, publish, T12 } from '../mirrored-service.ts';
import { address } from '../shapes.ts';
import { expectSuccess } from '../world.ts';

const SKIP = 'endpointslice.kubernetes.io/skip-mirror';

const copied: readonly Case[] = [
  {
    name: 'labels and annotations are copied, and the slice is owned by the Endpoints',
    run: async (world) => {
      const path = await publish(world, [over('TCP', both)], { labels: { a: 'b' }, annotations: { c: 'd' } });
      await mirrors(world, [T12]);
      const [slice = {}] = await world.slicesOf('ipa');
      const { labels, annotations, ownerReferences, generateName } = metadataOf(slice);
      assert.deepEqual(labels, {
        a: 'b',
        'kubernetes.io/service-name': 'ipa',
        'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
      });
      assert.deepEqual([annotations, generateName], [{ c: 'd' }, 'ipa-']);
      const uid = uidOf(expectSuccess(await world.admin.get(path)));
      assert.deepEqual(ownerReferences, [
        { apiVersion: 'v1', kind: 'Endpoints', name: 'ipa', uid, controller: true, blockOwnerDeletion: true },
      ]);
    },
  },
  {
    // Of one address: the controller writes several in the order of a hash, and another order is another generation.
    name: 'each heartbeat rewrites the slice, its generation stays',
    run: async (world) => {
      await publish(world, [over('TCP', [address(1)])]);
      await mirrors(world, ['TCP kerberos 10.1.0.1']);
      const [before = {}] = await world.slicesOf('ipa');
      await edit(world, { metadata: { annotations: { 'endpoint-registrar/u1': '1' } } });
      await until(async () => {
        const [after = {}] = await world.slicesOf('ipa');
        assert.deepEqual(metadataOf(after)['annotations'], { 'endpoint-registrar/u1': '1' });
        assert.notEqual(versionOf(after), versionOf(before));
        assert.deepEqual(
          [uidOf(after), metadataOf(after)['generation']],
          [uidOf(before), metadataOf(before)['generation']],
        );
      });
    },
  },
];

const switches: readonly Case[] = [
  {
    name: 'skip-mirror=true removes the mirrored slices, and without it they are back',
    run: async (world) => {
      await publish(world, [over('TCP', both)]);
      await mirrors(world, [T12]);
      await edit(world, { metadata: { labels: { [SKIP]: 'true' } } });
      await mirrors(world, []);
      await edit(world, { metadata: { labels: { [SKIP]: null } } });
      await mirrors(world, [T12]);
    },
  },
  {
    name: 'skip-mirror=true from the start mirrors nothing',
    run: async (world) => {
      await publish(world, [over('TCP', both)], { labels: { [SKIP]: 'true' } });
      await mirrorsStill(world, []);
    },
  },
  ...['True', 'yes', '1'].map(
    (value): Case => ({
      name: `skip-mirror=${value} mirrors all the same`,
      run: async (world) => {
        await publish(world, [over('TCP', both)], { labels: { [SKIP]: value } });
        await mirrors(world, [T12]);
      },
    }),
  ),
  {
    name: 'the annotation of an old leader election stops it',
    run: async (world) => {
      const annotations = { 'control-plane.alpha.kubernetes.io/leader': '{}' };
      await publish(world, [over('TCP', both)], { annotations });
      await mirrorsStill(world, []);
    },
  },
  {
    name: 'Endpoints without a Service are not mirrored, and are once it is there',
    run: async (world) => {
      await world.create(world.core('endpoints'), { metadata: { name: 'ipa' }, subsets: [over('TCP', both)] });
      await mirrorsStill(world, []);
      await world.create(world.core('services'), { metadata: { name: 'ipa' }, spec: { clusterIP: 'None' } });
      await mirrors(world, [T12]);
    },
  },
  {
    name: 'a mirrored slice that somebody deletes comes back',
    run: async (world) => {
      await publish(world, [over('TCP', both)]);
      await mirrors(world, [T12]);
      const [slice = {}] = await world.slicesOf('ipa');
      expectSuccess(await world.admin.delete(world.slices(String(metadataOf(slice)['name']))));
      await mirrors(world, [T12]);
    },
  },
  {
    name: 'a mirrored slice that somebody changes is put right',
    run: async (world) => {
      await publish(world, [over('TCP', both)]);
      await mirrors(world, [T12]);
      const [slice = {}] = await world.slicesOf('ipa');
      const path = world.slices(String(metadataOf(slice)['name']));
      expectSuccess(await world.admin.patch('merge', path, { endpoints: [{ addresses: ['10.1.0.9'] }] }));
      await mirrors(world, [T12]);
    },
  },
  {
    name: 'with the Endpoints go the mirrored slices',
    run: async (world) => {
      const path = await publish(world, [over('TCP', both)]);
      await mirrors(world, [T12]);
      expectSuccess(await world.admin.delete(path));
      await mirrors(world, []);
    },
  },
  {
    name: 'without subsets nothing is left of it',
    run: async (world) => {
      await publish(world, [over('TCP', both)]);
      await mirrors(world, [T12]);
      await edit(world, { subsets: null });
      await mirrors(world, []);
    },
  },
  {
    name: 'a thousand addresses are taken and the rest dropped, with an Event',
    run: async (world) => {
      const many = Array.from({ length: 1001 }, (_, index) => ({ ip: `10.2.${index >> 8}.${index & 255}` }));
      await publish(world, [over('TCP', many)]);
      await until(async () => {
        const [slice = {}] = await world.slicesOf('ipa');
        assert.equal(listAt(slice, 'endpoints').length, 1000);
      });
      await until(async () => {
        const { body } = await world.admin.get(world.core('events'));
        const event = listAt(body, 'items').find(({ reason }) => reason === 'TooManyAddressesToMirror');
        assert.deepEqual(
          [event?.['type'], event?.['message']],
          [
            'Warning',
            'A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 1 addresses were skipped',
          ],
        );
      });
    },
  },
];

/** All of them. */
export const mirroringCases: readonly Case[] = [...copied, ...switches];
