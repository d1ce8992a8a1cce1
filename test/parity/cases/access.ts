/** Who may do what: rights limited to names, and the 401 and 403 that the agent reads. */
import assert from 'node:assert/strict';
import type { Reply, TestClient } from '../../embedded/client.ts';
import { asObject, type JsonObject } from '../../embedded/objects/json.ts';
import { assertRefused, type Case } from '../case.ts';
import { register, slice } from '../shapes.ts';
import type { World } from '../world.ts';

const group = 'discovery.k8s.io';

const rules: readonly JsonObject[] = [
  {
    apiGroups: [''],
    resources: ['endpoints'],
    resourceNames: ['ipa'],
    verbs: ['get', 'list', 'watch', 'create', 'patch', 'update'],
  },
  { apiGroups: [''], resources: ['configmaps'], resourceNames: ['ports'], verbs: ['watch'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
  {
    apiGroups: [group],
    resources: ['endpointslices'],
    resourceNames: ['ours'],
    verbs: ['create', 'patch', 'delete', 'update'],
  },
  { apiGroups: [group], resources: ['endpointslices'], resourceNames: ['patch-only'], verbs: ['patch'] },
];

type Ask = (agent: TestClient, world: World) => Promise<Reply>;

/** Requests with the rights above. `forbidden`: the verb, group and resource of the 403, and the name where the server names one. */
const requests: readonly {
  readonly name: string;
  readonly ask: Ask;
  readonly allowed?: number;
  readonly forbidden?: { readonly verb: string; readonly resource: string; readonly name?: string };
}[] = [
  { name: 'a get by name', ask: (agent, { core }) => agent.get(core('endpoints', 'ipa')), allowed: 404 },
  {
    name: 'a get of another name',
    ask: (agent, { core }) => agent.get(core('endpoints', 'zzz')),
    forbidden: { verb: 'get', resource: 'endpoints', name: 'zzz' },
  },
  {
    name: 'a list without a field selector',
    ask: (agent, { core }) => agent.get(core('endpoints')),
    forbidden: { verb: 'list', resource: 'endpoints' },
  },
  {
    name: 'a list by label alone',
    ask: (agent, { core }) => agent.get(`${core('endpoints')}?labelSelector=a%3Db`),
    forbidden: { verb: 'list', resource: 'endpoints' },
  },
  {
    name: 'a list by its name',
    ask: (agent, { core }) => agent.get(`${core('endpoints')}?fieldSelector=metadata.name%3Dipa`),
    allowed: 200,
  },
  {
    name: 'a list by its name and namespace',
    ask: (agent, { core, namespace }) =>
      agent.get(`${core('endpoints')}?fieldSelector=metadata.name%3Dipa%2Cmetadata.namespace%3D${namespace}`),
    allowed: 200,
  },
  {
    name: 'a list by another name',
    ask: (agent, { core }) => agent.get(`${core('endpoints')}?fieldSelector=metadata.name%3Dzzz`),
    forbidden: { verb: 'list', resource: 'endpoints', name: 'zzz' },
  },
  {
    name: 'a watch without a field selector',
    ask: (agent, { core }) => agent.get(`${core('endpoints')}?watch=1&timeoutSeconds=1`),
    forbidden: { verb: 'watch', resource: 'endpoints' },
  },
  {
    name: 'a list of what may only be watched',
    ask: (agent, { core }) => agent.get(`${core('configmaps')}?fieldSelector=metadata.name%3Dports`),
    forbidden: { verb: 'list', resource: 'configmaps', name: 'ports' },
  },
  {
    name: 'a list of pods by label, for which the right has no names,',
    ask: (agent, { core }) => agent.get(`${core('pods')}?labelSelector=a%3Db`),
    allowed: 200,
  },
  {
    name: 'a watch of pods that may only be listed',
    ask: (agent, { core }) => agent.get(`${core('pods')}?watch=1&timeoutSeconds=1`),
    forbidden: { verb: 'watch', resource: 'pods' },
  },
  {
    name: 'a POST, which never matches names,',
    ask: (agent, { core }) => agent.post(core('endpoints'), register('ipa')),
    forbidden: { verb: 'create', resource: 'endpoints' },
  },
  {
    name: 'a POST of a slice, which never matches names,',
    ask: (agent, { slices }) => agent.post(slices(), slice('ours')),
    forbidden: { verb: 'create', resource: 'endpointslices' },
  },
  {
    name: 'an apply that creates, with patch and create by name,',
    ask: (agent, { core }) => agent.patch('apply', `${core('endpoints', 'ipa')}?fieldManager=a`, register('ipa')),
    allowed: 201,
  },
  {
    name: 'an apply that creates a slice, with patch and create by name,',
    ask: (agent, { slices }) => agent.patch('apply', `${slices('ours')}?fieldManager=a`, slice('ours')),
    allowed: 201,
  },
  {
    name: 'an apply of another name',
    ask: (agent, { slices }) => agent.patch('apply', `${slices('zzz')}?fieldManager=a`, slice('zzz')),
    forbidden: { verb: 'patch', resource: 'endpointslices', name: 'zzz' },
  },
  {
    name: 'an apply that creates, with patch alone,',
    ask: (agent, { slices }) => agent.patch('apply', `${slices('patch-only')}?fieldManager=a`, slice('patch-only')),
    forbidden: { verb: 'create', resource: 'endpointslices', name: 'patch-only' },
  },
  {
    name: 'a PUT that creates Endpoints, with update and create by name,',
    ask: (agent, { core }) => agent.put(core('endpoints', 'ipa'), register('ipa')),
    allowed: 201,
  },
  {
    name: 'a PUT of a slice that is absent, which never creates one,',
    ask: (agent, { slices }) => agent.put(slices('ours'), slice('ours')),
    allowed: 404,
  },
  {
    name: 'a delete by name of what is absent',
    ask: (agent, { slices }) => agent.delete(slices('ours')),
    allowed: 404,
  },
  {
    name: 'a delete of another name',
    ask: (agent, { slices }) => agent.delete(slices('zzz')),
    forbidden: { verb: 'delete', resource: 'endpointslices', name: 'zzz' },
  },
];

const byName: readonly Case[] = requests.map(({ name, ask, allowed, forbidden }) => ({
  name: `${name} is ${allowed ?? 'forbidden'}`,
  run: async (world) => {
    const reply = await ask(await world.grant(rules), world);
    if (forbidden === undefined) {
      assert.equal(reply.status, allowed, reply.message);
      return;
    }
    const { verb, resource, name: object } = forbidden;
    const api = resource === 'endpointslices' ? group : '';
    const subject = `${resource}${api === '' ? '' : `.${api}`}${object === undefined ? '' : ` "${object}"`}`;
    const user = `system:serviceaccount:${world.namespace}:agent-1`;
    const why = `cannot ${verb} resource "${resource}" in API group "${api}" in the namespace "${world.namespace}"`;
    assertRefused(reply, {
      status: 403,
      reason: 'Forbidden',
      message: `${subject} is forbidden: User "${user}" ${why}`,
      details: {
        ...(object === undefined ? {} : { name: object }),
        ...(api === '' ? {} : { group: api }),
        kind: resource,
      },
    });
  },
}));

const review = async (agent: TestClient, attributes: JsonObject): Promise<unknown> => {
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  const type = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview' };
  const { status, body } = await agent.post(path, { ...type, spec: { resourceAttributes: attributes } });
  assert.equal(status, 201);
  return asObject(body['status'])['allowed'];
};

const OTHERS = '/apis/authorization.k8s.io/v1/subjectaccessreviews';

const reviewBody = (namespace: string, resourceAttributes: JsonObject): JsonObject => ({
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SubjectAccessReview',
  spec: {
    user: `system:serviceaccount:${namespace}:agent-1`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    resourceAttributes,
  },
});

const reviewOf = async ({ admin, namespace }: World, attributes: JsonObject): Promise<unknown> => {
  const { status, body } = await admin.post(OTHERS, reviewBody(namespace, attributes));
  assert.equal(status, 201);
  return asObject(body['status'])['allowed'];
};

/** All of them. */
export const accessCases: readonly Case[] = [
  ...byName,
  {
    name: 'a watch by name needs watch alone',
    run: async (world) => {
      const agent = await world.grant(rules);
      const watch = await agent.watch(`${world.core('configmaps')}?watch=1&fieldSelector=metadata.name%3Dports`);
      assert.equal(watch.status, 200);
      watch.close();
    },
  },
  {
    name: 'patch alone updates what is there',
    run: async (world) => {
      const agent = await world.grant(rules);
      await world.create(world.slices(), slice('patch-only'));
      const change = { metadata: { annotations: { a: '1' } } };
      assert.equal((await agent.patch('merge', world.slices('patch-only'), change)).status, 200);
    },
  },
  {
    name: 'a review of create by name says no without the name and yes with it',
    run: async (world) => {
      const agent = await world.grant(rules);
      const create = { namespace: world.namespace, verb: 'create', group, resource: 'endpointslices' };
      assert.deepEqual([await review(agent, create), await review(agent, { ...create, name: 'ours' })], [false, true]);
    },
  },
  {
    name: 'a review of somebody else says the same of a ServiceAccount as its own does',
    run: async (world) => {
      await world.grant(rules);
      const { namespace } = world;
      const create = { namespace, verb: 'create', group, resource: 'endpointslices' };
      const asked = [create, { ...create, name: 'ours' }, { ...create, name: 'zzz' }];
      const answers = asked.map((attributes) => reviewOf(world, attributes));
      assert.deepEqual(await Promise.all(answers), [false, true, false]);
    },
  },
  {
    name: 'a review of somebody else is forbidden to whom no rule allows it',
    run: async (world) => {
      const agent = await world.grant(rules);
      const refused = await agent.post(OTHERS, reviewBody(world.namespace, { verb: 'get', resource: 'pods' }));
      const why =
        'cannot create resource "subjectaccessreviews" in API group "authorization.k8s.io" at the cluster scope';
      assertRefused(refused, {
        status: 403,
        reason: 'Forbidden',
        message: `subjectaccessreviews.authorization.k8s.io is forbidden: User "system:serviceaccount:${world.namespace}:agent-1" ${why}`,
      });
    },
  },
  {
    name: 'a token that nobody issued is 401',
    run: async (world) => {
      const refused = await world.as('nonsense').get(world.core('endpoints', 'ipa'));
      assertRefused(refused, { status: 401, reason: 'Unauthorized', message: 'Unauthorized', details: undefined });
    },
  },
  {
    name: 'without a token one is anonymous',
    run: async (world) => {
      const refused = await world.as('').get(world.core('endpoints', 'ipa'));
      const why = `cannot get resource "endpoints" in API group "" in the namespace "${world.namespace}"`;
      assertRefused(refused, {
        status: 403,
        reason: 'Forbidden',
        message: `endpoints "ipa" is forbidden: User "system:anonymous" ${why}`,
      });
    },
  },
  {
    name: 'an anonymous client may ask for health and version',
    run: async (world) => {
      const nobody = world.as('');
      const statuses = [await nobody.get('/livez'), await nobody.get('/readyz'), await nobody.get('/version')];
      assert.deepEqual(
        statuses.map(({ status }) => status),
        [200, 200, 200],
      );
    },
  },
];
