/** SelfSubjectAccessReview (may I?) and TokenRequest: what is created and never stored. */
import type { Authorizer } from '../access/rbac.ts';
import type { Tokens } from '../access/tokens.ts';
import { asObject, asString } from '../objects/json.ts';
import { resources } from '../registry/resources.ts';
import { notFound } from '../registry/status.ts';
import { timestamp } from '../registry/write-options.ts';
import type { Store } from '../storage/store.ts';
import { type Answer, type Exchange, json } from './exchange.ts';
import { bodyObject } from './write-request.ts';

/** Answers whether the asking user may do something. Without a name, a rule with resourceNames does not count (seen). */
export function reviewAccess(authorizer: Authorizer, exchange: Exchange): Answer {
  const body = bodyObject(exchange, 'SelfSubjectAccessReview');
  const spec = asObject(body['spec']);
  const asked = asObject(spec['resourceAttributes']);
  const text = (key: string): string => asString(asked[key]) ?? '';
  const path = asString(asObject(spec['nonResourceAttributes'])['path']);
  const allowed =
    path === undefined
      ? authorizer.allows(exchange.user, {
          verb: text('verb'),
          group: text('group'),
          resource: text('resource'),
          subresource: text('subresource'),
          namespace: text('namespace'),
          name: text('name'),
        })
      : authorizer.allowsPath(exchange.user, path);
  const type = { kind: 'SelfSubjectAccessReview', apiVersion: 'authorization.k8s.io/v1' };
  return json(201, JSON.stringify({ ...type, metadata: {}, spec, status: { allowed } }));
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
