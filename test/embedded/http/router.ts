/** From a request to its answer: authorization, then the route. Knows nothing of sockets and faults. */
import { type Authorizer, pathRefusal, refusal } from '../access/rbac.ts';
import type { Tokens } from '../access/tokens.ts';
import type { ResourceName } from '../objects/kinds.ts';
import type { Registry } from '../registry/registry.ts';
import type { Resource } from '../registry/resource.ts';
import { isResourceName, resources } from '../registry/resources.ts';
import { methodNotAllowed, noSuchResource, StatusError } from '../registry/status.ts';
import type { Store } from '../storage/store.ts';
import type { Call } from './call.ts';
import { answerPath, text } from './discovery.ts';
import { type Answer, type Exchange, refused } from './exchange.ts';
import { checkAcceptable } from './media.ts';
import { type PodPorts, planForward } from './proxy.ts';
import { parseWatch, readList, readObject } from './reads.ts';
import { isReview, requestToken, reviewAccess } from './reviews.ts';
import { patchTypeOf } from './write-request.ts';
import { create, patch, remove, replace } from './writes.ts';

/** What the routes need. */
export type RouterDeps = {
  readonly store: Store;
  readonly registry: Registry;
  readonly authorizer: Authorizer;
  readonly tokens: Tokens;
  readonly podPorts: PodPorts;
};

/** Answers requests. */
export type Router = { readonly answer: (exchange: Exchange) => Answer };

/** Builds the router. */
export function createRouter(deps: RouterDeps): Router {
  return {
    answer: (exchange) => {
      try {
        return route(deps, exchange);
      } catch (error) {
        if (error instanceof StatusError) return refused(error);
        throw error;
      }
    },
  };
}

function route(deps: RouterDeps, exchange: Exchange): Answer {
  const { call, user } = exchange;
  if (!call.isResource) {
    if (!deps.authorizer.allowsPath(user, call.path)) throw pathRefusal(user, call.method, call.path);
    return answerPath(call.path) ?? text(404, '404 page not found\n');
  }
  if (!deps.authorizer.allows(user, call)) throw refusal(user, call);
  if (call.group === 'authorization.k8s.io' && isReview(call.resource)) {
    if (call.verb !== 'create') throw methodNotAllowed();
    return reviewAccess(deps.authorizer, exchange, call.resource);
  }
  const name = resourceOf(call);
  if (name === undefined) throw noSuchResource();
  if (name === 'serviceaccounts' && call.subresource === 'token') {
    if (call.verb !== 'create') throw methodNotAllowed();
    return requestToken(deps.store, deps.tokens, exchange);
  }
  if (name === 'pods' && call.subresource === 'proxy') return planForward(deps, call);
  return resourceAnswer(deps, name, exchange);
}

/** The resource of a path, in its group, version and scope. */
export function resourceOf({
  resource,
  group,
  version,
  subresource,
  namespace,
  isNamed,
}: Call): ResourceName | undefined {
  if (!isResourceName(resource)) return undefined;
  const known: Resource = resources[resource];
  if (known.group !== group || known.version !== version) return undefined;
  if (subresource !== '' && !known.subresources.includes(subresource)) return undefined;
  // A namespaced object has no path without its namespace.
  if (known.isNamespaced && namespace === '' && isNamed) return undefined;
  return resource;
}

function resourceAnswer(deps: RouterDeps, name: ResourceName, exchange: Exchange): Answer {
  const { call, headers } = exchange;
  if (!isAllowedMethod(resources[name], call)) throw methodNotAllowed();
  checkAcceptable(headers.accept);
  if (call.verb === 'patch') patchTypeOf(headers.contentType, call);
  // What the route itself refuses does not carry the warning, nor does authorization.
  const { deprecation } = resources[name];
  if (deprecation !== undefined) exchange.warn(deprecation);
  switch (call.verb) {
    case 'get':
      return readObject(deps.store, name, exchange);
    case 'list':
      return readList(deps.store, name, exchange);
    case 'watch':
      return { kind: 'watch', watch: parseWatch(deps.store, name, exchange) };
    case 'create':
      return create(deps, name, exchange);
    case 'update':
      return replace(deps, name, exchange);
    case 'patch':
      return patch(deps, name, exchange);
    case 'delete':
      return remove(deps, name, exchange);
    case 'deletecollection':
    case 'post':
    case 'put':
      throw methodNotAllowed();
    default:
      return call.verb satisfies never;
  }
}

/** Whether a verb can be used on the path: collections take POST in a namespace, objects everything else. */
function isAllowedMethod(resource: Resource, { verb, isNamed, namespace, subresource }: Call): boolean {
  switch (verb) {
    case 'create':
      return !isNamed && (!resource.isNamespaced || namespace !== '');
    case 'update':
    case 'patch':
      return isNamed;
    case 'delete':
      return subresource === '';
    case 'get':
    case 'list':
    case 'watch':
      return true;
    default:
      return false;
  }
}
