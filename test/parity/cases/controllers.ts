/** The native controllers of a Service with a selector: what they make of its pods. */
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
import { pair } from '../shapes.ts';
import { expectSuccess } from '../world.ts';

/** All of them. */
export const controllerCases: readonly Case[] = [
  {
    name: 'without pods there is a placeholder slice, and Endpoints without subsets',
    run: async (world) => {
      await serve(world);
      await until(async () => {
        const [placeholder = {}] = await managed(world, NATIVE);
        assert.deepEqual([placeholder['endpoints'], placeholder['ports']], [null, null]);
        assert.deepEqual(metadataOf(placeholder)['labels'], {
          'endpointslice.kubernetes.io/managed-by': NATIVE,
          'kubernetes.io/service-name': 'ipa',
          'service.kubernetes.io/headless': '',
        });
        const endpoints = expectSuccess(await world.admin.get(world.core('endpoints', 'ipa')));
        assert.deepEqual(metadataOf(endpoints)['labels'], {
          'endpoints.kubernetes.io/managed-by': 'endpoint-controller',
          'service.kubernetes.io/headless': '',
        });
        assert.equal(endpoints['subsets'], undefined);
      });
    },
  },
  {
    name: 'a ready pod is an endpoint with node, targetRef, and its hostname where the subdomain is the Service',
    run: async (world) => {
      await serve(world);
      const uid = await world.createPod(pod(0, { hostname: 'ipa-0', subdomain: 'ipa' }));
      const targetRef = { kind: 'Pod', namespace: world.namespace, name: 'ipa-0', uid };
      await until(async () => {
        const [native = {}] = await managed(world, NATIVE);
        assert.deepEqual(native['endpoints'], [
          {
            addresses: ['10.1.0.0'],
            conditions: { ready: true, serving: true, terminating: false },
            hostname: 'ipa-0',
            targetRef,
            nodeName: world.nodeName,
          },
        ]);
        assert.deepEqual(native['ports'], [pair('kerberos', 88)]);
      });
      await until(async () => {
        const { body } = await world.admin.get(world.core('endpoints', 'ipa'));
        const address = { ip: '10.1.0.0', hostname: 'ipa-0', nodeName: world.nodeName, targetRef };
        assert.deepEqual(body['subsets'], [{ addresses: [address], ports: [pair('kerberos', 88)] }]);
      });
    },
  },
  {
    name: 'a pod that turns unready is told as such in slice and Endpoints, and back',
    run: async (world) => {
      await serve(world);
      await world.createPod(pod(1));
      await tells(world, ['10.1.0.1 ready serving']);
      await world.setReady(pod(1), false);
      await tells(world, ['10.1.0.1']);
      await lists(world, ['10.1.0.1!']);
      await world.setReady(pod(1), true);
      await tells(world, ['10.1.0.1 ready serving']);
      await lists(world, ['10.1.0.1']);
    },
  },
  {
    name: 'publishNotReadyAddresses tells an unready pod as ready, though not serving',
    run: async (world) => {
      await serve(world, { publishNotReadyAddresses: true });
      await world.createPod(pod(1, { ready: false }));
      await tells(world, ['10.1.0.1 ready']);
      await lists(world, ['10.1.0.1']);
    },
  },
  {
    name: 'a headless Service without ports has slices without ports, one for each family it has',
    run: async (world) => {
      await serve(world, { ports: null, publishNotReadyAddresses: true });
      await world.createPod(pod(1, { ready: false, hostname: 'ipa-1', subdomain: 'ipa' }));
      await tells(world, ['10.1.0.1 ready']);
      const slices = await managed(world, NATIVE);
      assert.deepEqual(
        slices.map(({ addressType, ports }) => [addressType, ports]),
        [['IPv4', null]],
      );
    },
  },
  {
    name: 'publishNotReadyAddresses that is set later tells an unready pod as ready, and taken away as unready again',
    run: async (world) => {
      const path = await serve(world);
      await world.createPod(pod(1, { ready: false }));
      await tells(world, ['10.1.0.1']);
      await edit(world, path, { spec: { publishNotReadyAddresses: true } });
      await tells(world, ['10.1.0.1 ready']);
      await edit(world, path, { spec: { publishNotReadyAddresses: false } });
      await tells(world, ['10.1.0.1']);
    },
  },
  {
    name: 'a pod that is being deleted is not ready any more, at once, and leaves the Endpoints',
    run: async (world) => {
      await serve(world);
      await world.createPod(pod(1));
      await tells(world, ['10.1.0.1 ready serving']);
      expectSuccess(await world.admin.delete(world.core('pods', 'ipa-1')));
      await tells(world, ['10.1.0.1 serving terminating']);
      await lists(world, []);
      await world.removePod('ipa-1');
      await tells(world, []);
    },
  },
  {
    name: 'a pod whose Node does not exist is passed over in slices',
    run: async (world) => {
      await serve(world);
      await world.createPod(pod(1, { nodeName: 'no-such-node' }));
      await world.createPod(pod(2));
      await tells(world, ['10.1.0.2 ready serving']);
    },
  },
  {
    name: 'a named target port is the number that the pod gives it',
    run: async (world) => {
      await serve(world, { ports: [{ ...pair('kerberos', 88), targetPort: 'krb' }] });
      await world.createPod(pod(1, { ports: [{ name: 'krb', containerPort: 8088 }] }));
      await until(async () => {
        const [native = {}] = await managed(world, NATIVE);
        assert.deepEqual(native['ports'], [pair('kerberos', 8088)]);
      });
    },
  },
  {
    // Without the touch it is a matter of luck: a phase alone is no reason to sync, a sync under way may see it all the same.
    name: 'a pod that has failed is left out at the next sync, though its readiness stands and it is listed',
    run: async (world) => {
      await serve(world);
      await world.createPod(pod(1));
      await tells(world, ['10.1.0.1 ready serving']);
      const failed = { status: { phase: 'Failed' } };
      expectSuccess(await world.admin.patch('merge', `${world.core('pods', 'ipa-1')}/status`, failed));
      await touchUntil(world, async () => {
        assert.deepEqual([await told(world), await listed(world)], [[], []]);
      });
    },
  },
  {
    name: 'Endpoints of a Service with a selector are not mirrored',
    run: async (world) => {
      await serve(world);
      await world.createPod(pod(1));
      await lists(world, ['10.1.0.1']);
      await world.mirroringTurn();
      assert.deepEqual(await managed(world, MIRRORED), []);
    },
  },
];
