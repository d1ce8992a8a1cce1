/** What the native controllers do to what others wrote, and what they leave behind. */
import assert from 'node:assert/strict';
import { until } from '../../support/until.ts';
import { type Case, metadataOf } from '../case.ts';
import {
  edit,
  listed,
  lists,
  MIRRORED,
  managed,
  NATIVE,
  pod,
  serve,
  tells,
  told,
  touchUntil,
} from '../selector-service.ts';
import { pair, slice } from '../shapes.ts';
import { expectSuccess } from '../world.ts';

const foreign: readonly Case[] = [
  {
    name: 'subsets and labels that others write are overwritten at its next sync, annotations survive that',
    run: async (world) => {
      await serve(world);
      await world.createPod(pod(1));
      await lists(world, ['10.1.0.1']);
      const annotations = { 'endpoint-registrar/u1': '1' };
      await edit(world, world.core('endpoints', 'ipa'), {
        metadata: { annotations, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
        subsets: [{ addresses: [{ ip: '10.66.6.6' }] }],
      });
      await touchUntil(world, async () => assert.deepEqual(await listed(world), ['10.1.0.1']));
      const { labels, annotations: kept } = metadataOf((await world.admin.get(world.core('endpoints', 'ipa'))).body);
      assert.equal(Object.hasOwn(Object(labels), 'endpointslice.kubernetes.io/skip-mirror'), false);
      assert.equal({ ...Object(kept) }['endpoint-registrar/u1'], '1');
    },
  },
  {
    name: "annotations on its Endpoints survive pods' coming and going",
    run: async (world) => {
      await serve(world);
      await world.createPod(pod(1));
      await lists(world, ['10.1.0.1']);
      await edit(world, world.core('endpoints', 'ipa'), {
        metadata: { annotations: { 'endpoint-registrar/u1': '1' } },
      });
      await world.createPod(pod(2));
      await lists(world, ['10.1.0.1', '10.1.0.2']);
      await world.removePod('ipa-1');
      await lists(world, ['10.1.0.2']);
      const { annotations } = metadataOf((await world.admin.get(world.core('endpoints', 'ipa'))).body);
      assert.equal({ ...Object(annotations) }['endpoint-registrar/u1'], '1');
    },
  },
  {
    name: 'a slice that is managed by somebody else is left alone',
    run: async (world) => {
      const service = await serve(world);
      const own = await world.create(world.slices(), slice('own'));
      await world.createPod(pod(1));
      await tells(world, ['10.1.0.1 ready serving']);
      await edit(world, service, { metadata: { labels: { touched: 'yes' } } });
      await world.removePod('ipa-1');
      await tells(world, []);
      assert.deepEqual((await world.admin.get(world.slices('own'))).body, own);
    },
  },
  {
    name: 'a slice that claims to be its own is deleted',
    run: async (world) => {
      await serve(world);
      await world.createPod(pod(1));
      await tells(world, ['10.1.0.1 ready serving']);
      const labels = { 'kubernetes.io/service-name': 'ipa', 'endpointslice.kubernetes.io/managed-by': NATIVE };
      await world.create(world.slices(), slice('fake', { ports: [pair('kerberos', 88, 'UDP')] }, { labels }));
      await until(async () => assert.equal((await world.admin.get(world.slices('fake'))).status, 404));
    },
  },
];

const endings: readonly Case[] = [
  {
    name: 'a selector that is removed leaves ghosts: native slices, and stale Endpoints that are mirrored too',
    run: async (world) => {
      const service = await serve(world);
      await world.createPod(pod(1));
      await tells(world, ['10.1.0.1 ready serving']);
      await lists(world, ['10.1.0.1']);
      await edit(world, service, { spec: { selector: null } });
      await tells(world, ['10.1.0.1 ready'], MIRRORED);
      await world.removePod('ipa-1');
      await world.mirroringTurn();
      assert.deepEqual(await told(world), ['10.1.0.1 ready serving']);
      assert.deepEqual(await listed(world), ['10.1.0.1']);
    },
  },
  {
    name: 'skip-mirror removes the mirrored ghost alone',
    run: async (world) => {
      const service = await serve(world);
      await world.createPod(pod(1));
      await tells(world, ['10.1.0.1 ready serving']);
      await lists(world, ['10.1.0.1']);
      await edit(world, service, { spec: { selector: null } });
      await tells(world, ['10.1.0.1 ready'], MIRRORED);
      const labels = { 'endpointslice.kubernetes.io/skip-mirror': 'true' };
      await edit(world, world.core('endpoints', 'ipa'), { metadata: { labels } });
      await until(async () => assert.deepEqual(await managed(world, MIRRORED), []));
      assert.deepEqual(await told(world), ['10.1.0.1 ready serving']);
    },
  },
  {
    name: 'with the Service go its Endpoints and native slices, own slices stay',
    run: async (world) => {
      const service = await serve(world);
      await world.createPod(pod(1));
      await tells(world, ['10.1.0.1 ready serving']);
      await lists(world, ['10.1.0.1']);
      await world.create(world.slices(), slice('own'));
      expectSuccess(await world.admin.delete(service));
      await until(async () => {
        assert.equal((await world.admin.get(world.core('endpoints', 'ipa'))).status, 404);
        assert.deepEqual(await managed(world, NATIVE), []);
      });
      assert.equal((await world.admin.get(world.slices('own'))).status, 200);
    },
  },
  {
    name: 'with a Service without a selector go its Endpoints too',
    run: async (world) => {
      await world.create(world.core('services'), { metadata: { name: 'ipa' }, spec: { clusterIP: 'None' } });
      await world.create(world.core('endpoints'), { metadata: { name: 'ipa' } });
      expectSuccess(await world.admin.delete(world.core('services', 'ipa')));
      await until(async () => assert.equal((await world.admin.get(world.core('endpoints', 'ipa'))).status, 404));
    },
  },
  {
    name: 'Endpoints of a Service without a selector survive being deleted and created again',
    run: async (world) => {
      await world.create(world.core('services'), { metadata: { name: 'ipa' }, spec: { clusterIP: 'None' } });
      await world.create(world.core('endpoints'), { metadata: { name: 'ipa' } });
      expectSuccess(await world.admin.delete(world.core('endpoints', 'ipa')));
      await world.create(world.core('endpoints'), { metadata: { name: 'ipa' } });
      await world.mirroringTurn();
      assert.equal((await world.admin.get(world.core('endpoints', 'ipa'))).status, 200);
    },
  },
];

/** All of them. */
export const foreignCases: readonly Case[] = [...foreign, ...endings];
