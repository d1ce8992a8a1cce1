/** What goes by itself: owned slices, pods, namespaces; and the token of a pod that has gone. */
import assert from 'node:assert/strict';
import type { JsonObject } from '../../embedded/objects/json.ts';
import { until } from '../../support/until.ts';
import { assertRefused, type Case, metadataOf } from '../case.ts';
import { slice } from '../shapes.ts';
import { expectSuccess, type World } from '../world.ts';

const pod = { name: 'ipa-0', ip: '10.1.0.1' };
const ownedBy = (name: string, uid: string): JsonObject => ({
  ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name, uid }],
});
const own = (world: World, name: string, owner: JsonObject): Promise<JsonObject> =>
  world.create(world.slices(), slice(name, {}, owner));
const goes = (world: World, path: string, limitMs = 30_000): Promise<void> =>
  until(async () => assert.equal((await world.admin.get(path)).status, 404), limitMs);
/** For what must stay: a slice of a missing owner that is made later has been collected by then. */
async function collectorTurn(world: World): Promise<void> {
  await own(world, 'turn', ownedBy('nobody', '11111111-2222-3333-4444-555555555555'));
  await goes(world, world.slices('turn'));
}

const owners: readonly Case[] = [
  {
    name: 'a slice stays while its pod is being deleted, and goes with the pod object',
    run: async (world) => {
      const uid = await world.createPod(pod);
      await own(world, 'ours', ownedBy('ipa-0', uid));
      expectSuccess(await world.admin.delete(world.core('pods', 'ipa-0')));
      await collectorTurn(world);
      assert.equal((await world.admin.get(world.slices('ours'))).status, 200);
      await world.removePod('ipa-0');
      await goes(world, world.slices('ours'));
    },
  },
  {
    name: 'an owner of that name with another uid counts as gone',
    run: async (world) => {
      await world.createPod(pod);
      const made = await own(world, 'ours', ownedBy('ipa-0', '11111111-2222-3333-4444-555555555555'));
      assert.equal(metadataOf(made)['name'], 'ours');
      await goes(world, world.slices('ours'));
    },
  },
  {
    name: 'an owner of that uid with another name counts as gone',
    run: async (world) => {
      const uid = await world.createPod(pod);
      await own(world, 'ours', ownedBy('ipa-9', uid));
      await goes(world, world.slices('ours'));
    },
  },
  {
    name: 'an owner of the right name and uid holds its slice',
    run: async (world) => {
      const uid = await world.createPod(pod);
      await own(world, 'ours', ownedBy('ipa-0', uid));
      await collectorTurn(world);
      assert.equal((await world.admin.get(world.slices('ours'))).status, 200);
    },
  },
  {
    name: 'a new pod of that name does not inherit the slice of the old one',
    run: async (world) => {
      const uid = await world.createPod(pod);
      await own(world, 'ours', ownedBy('ipa-0', uid));
      await world.removePod('ipa-0');
      await world.createPod(pod);
      await goes(world, world.slices('ours'));
    },
  },
  {
    name: 'an owner without a uid is invalid',
    run: async (world) => {
      const refused = await world.admin.post(world.slices(), slice('ours', {}, ownedBy('ipa-0', '')));
      assertRefused(refused, {
        status: 422,
        reason: 'Invalid',
        message:
          'EndpointSlice.discovery.k8s.io "ours" is invalid: metadata.ownerReferences[0].uid: Required value: must not be empty',
      });
    },
  },
];

const pods: readonly Case[] = [
  {
    name: 'a deleted pod is answered with its deletionTimestamp and stays for its grace period',
    run: async (world) => {
      await world.createPod(pod);
      const { status, body } = await world.admin.delete(world.core('pods', 'ipa-0'));
      const { deletionGracePeriodSeconds, deletionTimestamp } = metadataOf(body);
      assert.deepEqual([status, body['kind'], deletionGracePeriodSeconds], [200, 'Pod', 30]);
      assert.match(String(deletionTimestamp), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      assert.equal((await world.admin.get(world.core('pods', 'ipa-0'))).status, 200);
    },
  },
  {
    name: 'a pod without a grace period is gone at once',
    run: async (world) => {
      await world.createPod(pod);
      await world.removePod('ipa-0');
      assert.equal((await world.admin.get(world.core('pods', 'ipa-0'))).status, 404);
    },
  },
  {
    name: 'a pod in phase Failed goes without a grace period',
    run: async (world) => {
      await world.createPod({ ...pod, phase: 'Failed' });
      expectSuccess(await world.admin.delete(world.core('pods', 'ipa-0')));
      assert.equal((await world.admin.get(world.core('pods', 'ipa-0'))).status, 404);
    },
  },
  {
    name: 'a finalizer holds a pod that is deleted without a grace period',
    run: async (world) => {
      await world.createPod({ ...pod, finalizers: ['example.com/hold'] });
      await world.removePod('ipa-0');
      const { body } = await world.admin.get(world.core('pods', 'ipa-0'));
      assert.equal(typeof metadataOf(body)['deletionTimestamp'], 'string');
      await world.admin.patch('merge', world.core('pods', 'ipa-0'), { metadata: { finalizers: null } });
      await goes(world, world.core('pods', 'ipa-0'));
    },
  },
  {
    name: 'a write to a pod does not reach its status, nor one to the status its spec',
    run: async (world) => {
      await world.createPod(pod);
      const path = world.core('pods', 'ipa-0');
      const main = await world.admin.patch('merge', path, { status: { phase: 'Failed' } });
      const sub = await world.admin.patch('merge', `${path}/status`, {
        metadata: { labels: { a: 'b' } },
        spec: { hostname: 'x' },
      });
      assert.deepEqual([main.status, sub.status], [200, 200]);
      const { status, spec } = (await world.admin.get(path)).body;
      assert.deepEqual([{ ...Object(status) }['phase'], { ...Object(spec) }['hostname']], ['Running', undefined]);
    },
  },
];

const namespaces: readonly Case[] = [
  {
    name: 'a write into a namespace that is being deleted is 403 with the cause NamespaceTerminating',
    run: async (world) => {
      const held = { metadata: { name: 'held', finalizers: ['example.com/hold'] } };
      await world.create(world.core('configmaps'), held);
      const { body } = await world.admin.delete(`/api/v1/namespaces/${world.namespace}`);
      assert.equal({ ...Object(body['status']) }['phase'], 'Terminating');
      const { namespace } = world;
      // Admission looks at a cache: it may be a moment behind.
      const refused = await until(async () => {
        const reply = await world.admin.post(world.core('configmaps'), {
          metadata: { generateName: 'late-', name: `late-${performance.now()}` },
        });
        assert.equal(reply.status, 403);
        return reply;
      });
      const causes = [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ];
      assert.deepEqual({ ...Object(refused.body['details']) }['causes'], causes);
      assert.match(
        refused.message,
        new RegExp(
          `is forbidden: unable to create new content in namespace ${namespace} because it is being terminated$`,
        ),
      );
      await world.admin.patch('merge', world.core('configmaps', 'held'), { metadata: { finalizers: null } });
    },
  },
  {
    name: 'a patch of what is there still lands in a namespace that is being deleted',
    run: async (world) => {
      const held = { metadata: { name: 'held', finalizers: ['example.com/hold'] } };
      await world.create(world.core('configmaps'), held);
      await world.admin.delete(`/api/v1/namespaces/${world.namespace}`);
      const change = { metadata: { annotations: { a: '1' } } };
      assert.equal((await world.admin.patch('merge', world.core('configmaps', 'held'), change)).status, 200);
      await world.admin.patch('merge', world.core('configmaps', 'held'), { metadata: { finalizers: null } });
    },
  },
  {
    name: 'a new namespace gets its ServiceAccount and the authority to trust',
    run: async (world) => {
      for (const path of [world.core('serviceaccounts', 'default'), world.core('configmaps', 'kube-root-ca.crt')]) {
        await until(async () => assert.equal((await world.admin.get(path)).status, 200));
      }
    },
  },
];

const tokens: readonly Case[] = [
  {
    name: 'a pod-bound token works while its pod is being deleted, and is 401 soon after the pod object is gone',
    run: async (world) => {
      const uid = await world.createPod(pod);
      const bound = world.as(await world.mintToken('default', { name: 'ipa-0', uid }));
      const ask = () => bound.get(world.core('endpoints', 'ipa'));
      assert.equal((await ask()).status, 403);
      expectSuccess(await world.admin.delete(world.core('pods', 'ipa-0')));
      assert.equal((await ask()).status, 403);
      await world.removePod('ipa-0');
      await until(async () =>
        assertRefused(await ask(), { status: 401, reason: 'Unauthorized', message: 'Unauthorized' }),
      );
    },
  },
  {
    name: 'a token for a pod that is absent is 404',
    run: async (world) => {
      await until(async () =>
        assert.equal((await world.admin.get(world.core('serviceaccounts', 'default'))).status, 200),
      );
      const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: 'nobody' };
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { boundObjectRef } };
      const refused = await world.admin.post(`${world.core('serviceaccounts', 'default')}/token`, body);
      assertRefused(refused, { status: 404, reason: 'NotFound', message: 'pods "nobody" not found' });
    },
  },
];

/** All of them. */
export const garbageCases: readonly Case[] = [...owners, ...pods, ...namespaces, ...tokens];
