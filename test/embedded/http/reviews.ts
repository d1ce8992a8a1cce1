/** SelfSubjectAccessReview (may I?), SubjectAccessReview (may they?) and TokenRequest: what is created and never stored. */
import type { Authorizer } from '../access/rbac.ts';
import type { Tokens, User } from '../access/tokens.ts';
import { asList, asObject, asString, type JsonObject } from '../objects/json.ts';
import { resources } from '../registry/resources.ts';
import { notFound } from '../registry/status.ts';
import { timestamp } from '../registry/write-options.ts';
import type { Store } from '../storage/store.ts';
import { type Answer, type Exchange, json } from './exchange.ts';
import { bodyObject } from './write-request.ts';

/** The reviews that there are, by resource. */
export const reviewKinds = {
  selfsubjectaccessreviews: 'SelfSubjectAccessReview',
  subjectaccessreviews: 'SubjectAccessReview',
} as const;

/** Whether a resource is one of the reviews. */
export function isReview(resource: string): resource is keyof typeof reviewKinds {
  return Object.hasOwn(reviewKinds, resource);
}

/**
 * Answers whether the asking user, or the user that the review names, may do something. Without a name, a rule with
 * resourceNames does not count (seen).
 */
export function reviewAccess(authorizer: Authorizer, exchange: Exchange, resource: keyof typeof reviewKinds): Answer {
  const kind = reviewKinds[resource];
  const body = bodyObject(exchange, kind);
  const spec = asObject(body['spec']);
  const user = resource === 'subjectaccessreviews' ? subjectOf(spec) : exchange.user;
  const asked = asObject(spec['resourceAttributes']);
  const text = (key: string): string => asString(asked[key]) ?? '';
  const path = asString(asObject(spec['nonResourceAttributes'])['path']);
  const allowed =
    path === undefined
      ? authorizer.allows(user, {
          verb: text('verb'),
          group: text('group'),
          resource: text('resource'),
          subresource: text('subresource'),
          namespace: text('namespace'),
          name: text('name'),
        })
      : authorizer.allowsPath(user, path);
  const type = { kind, apiVersion: 'authorization.k8s.io/v1' };
  return json(201, JSON.stringify({ ...type, metadata: {}, spec, status: { allowed } }));
}

/** Whom a SubjectAccessReview asks about: nobody belongs to a group that it does not name. */
function subjectOf(spec: JsonObject): User {
  const groups = asList(spec['groups']).flatMap((group) => asString(group) ?? []);
  return { name: asString(spec['user']) ?? '', groups, extra: {} };
}

/** Mints a token for a ServiceAccount, bound to a pod where the request names one. Throws StatusError 404. */
export function requestToken(store: Store, tokens: Tokens, exchange: Exchange): Answer {
  const { namespace, name } = exchange.call;
  if (store.get('serviceaccounts', { namespace, name }) === undefined) throw notFound(resources.serviceaccounts, name);
  const body = bodyObject(exchange, 'TokenRequest');
  const spec = asObject(body['spec']);
  const pod = asString(asObject(spec['boundObjectRef'])['name']);
  if (pod !== undefined && store.get('pods', { namespace, name: pod }) === undefined)
    throw notFound(resources.pods, pod);
  const seconds = typeof spec['expirationSeconds'] === 'number' ? spec['expirationSeconds'] : 3600;
  const token = tokens.mint({
    serviceAccount: name,
    namespace,
    expiresInSeconds: seconds,
    ...(pod === undefined ? {} : { pod }),
  });
  const expirationTimestamp = timestamp(new Date(Date.now() + seconds * 1000));
  const type = { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1' };
  const metadata = { name, namespace, creationTimestamp: timestamp() };
  return json(201, JSON.stringify({ ...type, metadata, spec, status: { token, expirationTimestamp } }));
}
