/** What the server says about itself: version, health, and the resources it has (enough for kubectl). */
import { apiVersionOf, type Resource } from '../registry/resource.ts';
import { resources } from '../registry/resources.ts';
import { type Answer, JSON_TYPE, json } from './exchange.ts';

/** The version that this server imitates. */
export const version = { major: '1', minor: '37', gitVersion: 'v1.37.2', platform: 'linux/amd64' };

const verbs = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];

/** The answer to a path that is no resource's, or undefined where there is none. */
export function answerPath(path: string): Answer | undefined {
  if (['/livez', '/readyz', '/healthz'].includes(path)) return text(200, 'ok');
  if (path === '/version') return json(200, JSON.stringify(version));
  if (path === '/api') return json(200, JSON.stringify({ kind: 'APIVersions', versions: ['v1'] }));
  if (path === '/apis') return json(200, JSON.stringify({ kind: 'APIGroupList', apiVersion: 'v1', groups: groups() }));
  const groupVersion = /^\/(?:api|apis)\/(.+)$/.exec(path)?.[1];
  return groupVersion === undefined ? undefined : groupAnswer(groupVersion);
}

/** A plain text answer. */
export function text(status: number, body: string): Answer {
  return { kind: 'text', status, contentType: 'text/plain; charset=utf-8', text: body };
}

function groups(): readonly unknown[] {
  const names = new Set(Object.values(resources).map(({ group }) => group));
  return [...names]
    .filter((name) => name !== '')
    .map((name) => {
      const one = { groupVersion: `${name}/v1`, version: 'v1' };
      return { name, versions: [one], preferredVersion: one };
    });
}

function groupAnswer(groupVersion: string): Answer | undefined {
  const members = Object.values(resources).filter((resource) => apiVersionOf(resource) === groupVersion);
  if (members.length === 0) return undefined;
  const list = { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: members.flatMap(entries) };
  return { kind: 'text', status: 200, contentType: JSON_TYPE, text: JSON.stringify(list) };
}

function entries(resource: Resource): readonly unknown[] {
  const common = { singularName: resource.singular, namespaced: resource.isNamespaced, kind: resource.kind };
  return [
    { name: resource.resource, ...common, verbs, shortNames: resource.shortNames },
    ...resource.subresources.map((sub) => ({
      name: `${resource.resource}/${sub}`,
      ...common,
      singularName: '',
      verbs: ['get', 'patch', 'update'],
    })),
  ];
}
