/** Services: defaults, what is refused, what an edit keeps. */
import assert from 'node:assert/strict';
import { asObject, type JsonObject } from '../../embedded/objects/json.ts';
import { assertRefused, type Case } from '../case.ts';
import { pair } from '../shapes.ts';
import { expectSuccess, type World } from '../world.ts';

const create = async (world: World, spec: JsonObject): Promise<JsonObject> =>
  asObject((await world.create(world.core('services'), { metadata: { name: 'ipa' }, spec }))['spec']);
const edit = (world: World, spec: JsonObject) => world.admin.patch('merge', world.core('services', 'ipa'), { spec });
const edited = async (world: World, spec: JsonObject): Promise<JsonObject> =>
  asObject(expectSuccess(await edit(world, spec))['spec']);
const families = ({ ipFamilyPolicy, ipFamilies }: JsonObject): readonly unknown[] => [ipFamilyPolicy, ipFamilies];

const refused: readonly { readonly name: string; readonly spec: JsonObject; readonly message: string }[] = [
  {
    name: 'two ports of one name',
    spec: { clusterIP: 'None', ports: [pair('kerberos', 88), pair('kerberos', 88, 'UDP')] },
    message: 'spec.ports[1].name: Duplicate value: "kerberos"',
  },
  {
    name: 'one port and protocol under two names',
    spec: { clusterIP: 'None', ports: [pair('a', 88), pair('b', 88)] },
    message:
      'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":88,"TargetPort":0,"NodePort":0}',
  },
  { name: 'a cluster IP without ports', spec: {}, message: 'spec.ports: Required value' },
  {
    name: 'two ports of which one has no name',
    spec: { clusterIP: 'None', ports: [pair('a', 88), { port: 89, protocol: 'TCP' }] },
    message: 'spec.ports[1].name: Required value',
  },
  {
    name: 'headless and NodePort',
    spec: { clusterIP: 'None', type: 'NodePort', ports: [{ port: 88 }] },
    message: 'spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services',
  },
  {
    name: 'an ExternalName with a cluster IP',
    spec: { type: 'ExternalName', externalName: 'a.b', clusterIP: 'None' },
    message: 'spec.clusterIPs: Forbidden: may not be set for ExternalName services',
  },
];

const singleStack =
  'Service "ipa" is invalid: [spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services, spec.ipFamilies[1]: Invalid value: "IPv6": not configured on this cluster]';

/** All of them. */
export const serviceCases: readonly Case[] = [
  {
    name: 'a headless one without a selector needs no ports, and is dual-stack by default on a single-stack cluster too',
    run: async (world) => {
      assert.deepEqual(await create(world, { clusterIP: 'None' }), {
        clusterIP: 'None',
        clusterIPs: ['None'],
        type: 'ClusterIP',
        sessionAffinity: 'None',
        ipFamilies: ['IPv4', 'IPv6'],
        ipFamilyPolicy: 'RequireDualStack',
        internalTrafficPolicy: 'Cluster',
      });
    },
  },
  {
    name: 'a headless one with a selector is single-stack, its ports get protocol and target port',
    run: async (world) => {
      const spec = await create(world, { clusterIP: 'None', selector: { app: 'x' }, ports: [{ name: 'a', port: 88 }] });
      assert.deepEqual(families(spec), ['SingleStack', ['IPv4']]);
      assert.deepEqual(spec['ports'], [{ name: 'a', protocol: 'TCP', port: 88, targetPort: 88 }]);
    },
  },
  {
    name: 'publishNotReadyAddresses stands where it is true, and is left out where it is false',
    run: async (world) => {
      const spec = await create(world, { clusterIP: 'None', publishNotReadyAddresses: true });
      assert.equal(spec['publishNotReadyAddresses'], true);
      assert.ok(!('publishNotReadyAddresses' in (await edited(world, { publishNotReadyAddresses: false }))));
    },
  },
  {
    name: 'a selectorless headless one has one family where SingleStack is asked for',
    run: async (world) => {
      const spec = await create(world, { clusterIP: 'None', ipFamilyPolicy: 'SingleStack' });
      assert.deepEqual(families(spec), ['SingleStack', ['IPv4']]);
    },
  },
  {
    name: 'the second family can be taken from a selectorless headless one',
    run: async (world) => {
      await create(world, { clusterIP: 'None' });
      const spec = await edited(world, { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' });
      assert.deepEqual(families(spec), ['SingleStack', ['IPv4']]);
    },
  },
  {
    name: 'one port under TCP and UDP with two names is accepted',
    run: async (world) => {
      const spec = await create(world, { clusterIP: 'None', ports: [pair('a', 88), pair('b', 88, 'UDP')] });
      assert.equal(Array.isArray(spec['ports']) && spec['ports'].length, 2);
    },
  },
  {
    name: 'adding a selector to a selectorless headless one is refused on a single-stack cluster',
    run: async (world) => {
      await create(world, { clusterIP: 'None' });
      const reply = await edit(world, { selector: { app: 'x' } });
      assertRefused(reply, { status: 422, reason: 'Invalid', message: singleStack });
    },
  },
  {
    name: 'adding a selector and the family policy in one edit is accepted',
    run: async (world) => {
      await create(world, { clusterIP: 'None' });
      const spec = await edited(world, { selector: { app: 'x' }, ipFamilyPolicy: 'SingleStack' });
      assert.deepEqual(families(spec), ['SingleStack', ['IPv4']]);
    },
  },
  {
    name: 'taking the selector away keeps the families',
    run: async (world) => {
      await create(world, { clusterIP: 'None', selector: { app: 'x' } });
      assert.deepEqual(families(await edited(world, { selector: null })), ['SingleStack', ['IPv4']]);
    },
  },
  {
    name: 'a cluster IP is given once and kept',
    run: async (world) => {
      const { clusterIP } = await create(world, { ports: [{ port: 88 }] });
      assert.match(String(clusterIP), /^\d+\.\d+\.\d+\.\d+$/);
      assert.equal((await edited(world, { clusterIP: null }))['clusterIP'], clusterIP);
    },
  },
  {
    name: 'a cluster IP cannot become headless',
    run: async (world) => {
      await create(world, { ports: [{ port: 88 }] });
      assertRefused(await edit(world, { clusterIP: 'None' }), {
        status: 422,
        reason: 'Invalid',
        message: 'Service "ipa" is invalid: spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set',
      });
    },
  },
  {
    name: 'a deletion answers the Service',
    run: async (world) => {
      await create(world, { clusterIP: 'None' });
      const { status, body } = await world.admin.delete(world.core('services', 'ipa'));
      assert.deepEqual([status, body['kind']], [200, 'Service']);
    },
  },
  {
    name: 'created again it has another uid',
    run: async (world) => {
      const uids: unknown[] = [];
      for (const _ of [1, 2]) {
        const made = await world.create(world.core('services'), {
          metadata: { name: 'ipa' },
          spec: { clusterIP: 'None' },
        });
        uids.push(asObject(made['metadata'])['uid']);
        await world.admin.delete(world.core('services', 'ipa'));
      }
      assert.notEqual(uids[0], uids[1]);
    },
  },
  ...refused.map(
    ({ name, spec, message }): Case => ({
      name: `${name} is invalid`,
      run: async (world) => {
        const reply = await world.admin.post(world.core('services'), { metadata: { name: 'ipa' }, spec });
        assertRefused(reply, { status: 422, reason: 'Invalid', message: `Service "ipa" is invalid: ${message}` });
      },
    }),
  ),
];
