/** Strategic merge patch of a pod's status: how a condition is set beside those of the kubelet (KEP-580). */
import assert from 'node:assert/strict';
import { asObject, type JsonObject } from '../../embedded/objects/json.ts';
import { assertRefused, type Case, listAt, versionOf } from '../case.ts';
import type { World } from '../world.ts';

const pod = { name: 'ipa-0', ip: '10.99.1.1' };
const gate = 'endpoint-registrar/published';
const opened = { type: gate, status: 'True', reason: 'PairsResolved', lastTransitionTime: '2026-01-01T00:00:00Z' };

const statusPath = (world: World): string => `${world.core('pods', pod.name)}/status`;
const conditions = (body: JsonObject): readonly JsonObject[] => listAt(asObject(body['status']), 'conditions');
const textsOf = (body: JsonObject): readonly string[] =>
  conditions(body)
    .map(({ type, status }) => `${String(type)}=${String(status)}`)
    .toSorted();

/** All of them. */
export const strategicPatchCases: readonly Case[] = [
  {
    name: 'a condition is added beside those that are there, and nothing else of the status changes',
    run: async (world) => {
      const uid = await world.createPod(pod);
      const before = await world.admin.get(world.core('pods', pod.name));
      const change = { metadata: { uid }, status: { conditions: [opened] } };
      const { status, body } = await world.admin.patch('strategic', statusPath(world), change);
      assert.equal(status, 200);
      assert.deepEqual(textsOf(body), [...textsOf(before.body), `${gate}=True`].toSorted());
      const rest = (of: JsonObject) => ({ ...asObject(of['status']), conditions: [] });
      assert.deepEqual(rest(body), rest(before.body));
    },
  },
  {
    name: 'a condition that is there is changed in the fields named, the others of it stay',
    run: async (world) => {
      await world.createPod(pod);
      const closed = { ...opened, status: 'False', reason: 'NotResolvedYet', message: 'kerberos/UDP' };
      await world.admin.patch('strategic', statusPath(world), { status: { conditions: [closed] } });
      const change = { status: { conditions: [{ type: gate, status: 'True', reason: 'PairsResolved' }] } };
      const { body } = await world.admin.patch('strategic', statusPath(world), change);
      const found = conditions(body).filter(({ type }) => type === gate);
      const seen = found.map(({ status, reason, message }) => ({ status, reason, message }));
      assert.deepEqual(seen, [{ status: 'True', reason: 'PairsResolved', message: 'kerberos/UDP' }]);
    },
  },
  {
    name: 'the same condition again is a no-op that leaves the resourceVersion alone',
    run: async (world) => {
      await world.createPod(pod);
      const change = { status: { conditions: [opened] } };
      const first = await world.admin.patch('strategic', statusPath(world), change);
      const again = await world.admin.patch('strategic', statusPath(world), change);
      assert.deepEqual([again.status, versionOf(again.body)], [200, versionOf(first.body)]);
    },
  },
  {
    name: 'another uid in it is refused as immutable: an earlier pod of the name writes nothing into the next one',
    run: async (world) => {
      await world.createPod(pod);
      const change = { metadata: { uid: 'abc' }, status: { conditions: [opened] } };
      assertRefused(await world.admin.patch('strategic', statusPath(world), change), {
        status: 422,
        reason: 'Invalid',
        message: 'Pod "ipa-0" is invalid: metadata.uid: Invalid value: "abc": field is immutable',
      });
    },
  },
  {
    name: 'it needs the verb patch on pods/status, and no more',
    run: async (world) => {
      await world.createPod(pod);
      const change = { status: { conditions: [opened] } };
      const agent = await world.grant([{ apiGroups: [''], resources: ['pods/status'], verbs: ['patch'] }]);
      assert.equal((await agent.patch('strategic', statusPath(world), change)).status, 200);
      const other = await world.grant([{ apiGroups: [''], resources: ['pods'], verbs: ['patch'] }]);
      const refused = await other.patch('strategic', statusPath(world), change);
      assertRefused(refused, { status: 403, reason: 'Forbidden' });
      assert.match(refused.message, /cannot patch resource "pods\/status" in API group ""/);
    },
  },
];
