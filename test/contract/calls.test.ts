/**
 * What the agent asks of the API server against the Role of k8s/base, in both directions: every request is allowed,
 * by name where the Role has names, and every verb that is granted is used. The requests are recorded, not listed by
 * hand: each call of `kube/api`, and the lists and watches that an agent and an opened Service begin with.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAgent } from '../../agent/assembly/agent.ts';
import { openService } from '../../agent/assembly/open-service.ts';
import { whenAborted } from '../../agent/clock.ts';
import { type Api, createApi } from '../../agent/kube/api.ts';
import type { ApiClient, ApiRequest, WatchRequest } from '../../agent/kube/client.ts';
import { settings } from '../../agent/settings.ts';
import { createMetrics } from '../../agent/status/metrics.ts';
import { createFakeClock } from '../support/clock.ts';
import { createLogBook } from '../support/log.ts';
import { gateRules } from '../support/role.ts';
import { at, list, listAt, role, text } from './manifests.ts';

/** What RBAC is asked about a request. `name` is empty where the request names no object. */
type Need = { readonly group: string; readonly resource: string; readonly verb: string; readonly name: string };

/** The names that the Role of k8s/base has. */
const service = 'ipa';
const configMap = settings.configMap.example;
const namespace = 'default';
const call = { timeoutMs: 1000, signal: new AbortController().signal };

/** One use of each call, so that a new one cannot be forgotten. */
const uses = {
  getEndpoints: (api) => api.getEndpoints(service, call),
  applyEndpoints: (api) => api.applyEndpoints({ metadata: { name: service } }, call),
  patchEndpoints: (api) => api.patchEndpoints(service, [], call),
  patchPodStatus: (api) => api.patchPodStatus({ podName: 'ipa-0', uid: 'u' }, { conditions: [] }, call),
  getPod: (api) => api.getPod('ipa-0', call),
  applySlice: (api) => api.applySlice({ metadata: { name: 'ipa-0-a' }, addressType: 'IPv4', endpoints: [] }, call),
  deleteSlice: (api) => api.deleteSlice('ipa-0-a', { uid: 'u' }, call),
  listSlices: (api) => api.listSlices('a=b', call),
  createEvent: (api) => api.createEvent({ metadata: { name: 'ipa-0.a' }, involvedObject: {} }, call),
  patchEvent: (api) => api.patchEvent('ipa-0.a', { count: 2 }, call),
} satisfies { readonly [K in keyof Api]: (api: Api) => Promise<unknown> };

/** The verbs of one request, as the API server's RequestInfo has them; a server-side apply needs `create` too. */
function verbsOf(request: Pick<ApiRequest, 'verb' | 'contentType'>, hasName: boolean): readonly string[] {
  switch (request.verb) {
    case 'GET':
      return [hasName ? 'get' : 'list'];
    case 'PATCH':
      return request.contentType === 'application/apply-patch+yaml' ? ['patch', 'create'] : ['patch'];
    case 'POST':
      return ['create'];
    case 'PUT':
      return ['update'];
    case 'DELETE':
      return [hasName ? 'delete' : 'deletecollection'];
    default:
      return request.verb satisfies never;
  }
}

/** Group, resource and name of `/api/v1/namespaces/NS/RESOURCE[/NAME[/SUBRESOURCE]]` and `/apis/GROUP/VERSION/namespaces/…`. */
function objectOf({ path, query }: Pick<ApiRequest, 'path' | 'query'>) {
  const [, group = '', collection = '', name, subresource] =
    /^\/(?:api|apis\/([^/]+))\/v1\/namespaces\/default\/(\w+)(?:\/([^/]+)(?:\/(\w+))?)?$/.exec(path) ?? [];
  assert.notEqual(collection, '', `a path that this test cannot read: ${path}`);
  const resource = subresource === undefined ? collection : `${collection}/${subresource}`;
  const field = /^metadata\.name=([^,]+)$/.exec(query?.['fieldSelector'] ?? '')?.[1];
  return { group, resource, name: name ?? field ?? '', hasName: name !== undefined };
}

/** An API server where nothing is; keeps what it was asked. */
function createRecorder(): { readonly client: ApiClient; readonly needs: readonly Need[] } {
  const needs: Need[] = [];
  const note = (request: Pick<ApiRequest, 'path' | 'query'>, verbs: readonly string[]) => {
    const { group, resource, name } = objectOf(request);
    needs.push(...verbs.map((verb) => ({ group, resource, verb, name })));
  };
  const emptyList = { kind: 'List', apiVersion: 'v1', metadata: { resourceVersion: '1' }, items: [] };
  const client: ApiClient = {
    request: async (request) => {
      const { hasName } = objectOf(request);
      note(request, verbsOf(request, hasName));
      if (request.verb === 'GET' && !hasName) return { kind: 'ok', status: 200, body: emptyList };
      return { kind: 'absent', message: 'nothing is here' };
    },
    watch: async (request: WatchRequest) => {
      note(request, ['watch']);
      const end = () => whenAborted(request.signal).then(() => ({ done: true, value: undefined }) as const);
      return { [Symbol.asyncIterator]: () => ({ next: end }) };
    },
    reset: () => {},
    close: async () => {},
  };
  return { client, needs };
}

async function record(): Promise<readonly Need[]> {
  const { client, needs } = createRecorder();
  const clock = createFakeClock();
  const { log } = createLogBook();
  const api = createApi(client, { namespace });
  // Of a call that expects an object the absence is an error: it was asked for all the same.
  await Promise.allSettled(Object.values(uses).map((use) => use(api)));
  const common = { client, clock, random: () => 0 };
  const times = { intervalMs: 5000, requestTimeoutMs: 3000, shutdownBudgetMs: 10_000 };
  const usage = () => ({ cpuSeconds: 0, residentBytes: 0, startedAt: clock.wall() });
  const metrics = createMetrics({ version: '0', process: usage });
  const clusterDns = { dns: { kind: 'off', reason: 'none here' }, clusterDomain: 'cluster.local' } as const;
  const agent = createAgent({
    ...common,
    ...clusterDns,
    config: { configMap, namespace, podName: 'ipa-0', containerName: 'endpoint-registrar', ...times },
    log,
    metrics,
    version: '0',
  });
  const opened = openService(
    {
      ...common,
      ...clusterDns,
      ...times,
      log,
      metrics,
      api,
      namespace,
      ownUid: () => undefined,
      report: () => () => {},
    },
    service,
    () => {},
  );
  const over = new AbortController();
  const running = Promise.all([agent.run(over.signal), opened.run(over.signal)]);
  await clock.advance(1000);
  over.abort();
  await running;
  return needs;
}

type Rule = {
  readonly groups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  /** Empty: every name. */
  readonly names: readonly string[];
};

/** Those of the base, and those of the component for the readiness gate. */
const rules: readonly Rule[] = [...list(at(role, 'rules')), ...gateRules()].map((rule) => ({
  groups: listAt(rule, 'apiGroups').map(text),
  resources: listAt(rule, 'resources').map(text),
  verbs: listAt(rule, 'verbs').map(text),
  names: listAt(rule, 'resourceNames').map(text),
}));

function allows(rule: Rule, { group, resource, verb, name }: Need): boolean {
  const isNamed = rule.names.length === 0 || rule.names.includes(name);
  return rule.groups.includes(group) && rule.resources.includes(resource) && rule.verbs.includes(verb) && isNamed;
}

test('the Role of k8s/base, with that of the readiness gate, allows each request of the agent, and no verb more', async () => {
  const needs = await record();
  const refused = needs.filter((need) => !rules.some((rule) => allows(rule, need)));
  assert.deepEqual(
    refused,
    [],
    'add the verb to k8s/base/role.yaml, and the reason for it to scripts/readme-tables.ts',
  );
  const unused = rules.flatMap((rule) =>
    rule.verbs
      .filter((verb) => !needs.some((need) => need.verb === verb && allows(rule, need)))
      .map((verb) => `${verb} ${rule.resources}`),
  );
  assert.deepEqual(unused, [], 'nothing that the agent does needs these: take them out of k8s/base/role.yaml');
});

test('a rule has no names only where a request has none, or where names are not known beforehand', async () => {
  const needs = await record();
  const unknown = ['pods', 'pods/status']; // a Deployment invents their names
  for (const rule of rules.filter(({ names, resources }) => names.length === 0 && !unknown.includes(`${resources}`))) {
    const nameless = needs.filter((need) => need.name === '' && allows(rule, need));
    assert.ok(nameless.length > 0, `every request for ${rule.resources} names its object: give the rule resourceNames`);
  }
});
