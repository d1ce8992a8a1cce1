/**
 * Asks the API server what a ServiceAccount may do: a SubjectAccessReview where we may create one, a
 * SelfSubjectAccessReview in the pod itself (API reference, authorization.k8s.io/v1). Never rejects for a refusal.
 */
import type { ApiClient } from '../../kube/client.ts';
import { KubeError } from '../../kube/errors.ts';
import { isRecord } from '../../kube/parse.ts';
import { REQUEST_TIMEOUT_MS } from '../cluster.ts';
import type { NamedPermission } from './needs.ts';

/** The answer about one verb on one name (`''`: the request names no object). */
export type Reviewed = {
  readonly row: NamedPermission;
  readonly verb: string;
  readonly name: string;
  readonly isAllowed: boolean;
};

/** What was learned of the permissions. `account` undefined: we asked about ourselves. */
export type Access =
  | {
      readonly kind: 'reviewed';
      readonly subjects: readonly { readonly account: string | undefined; readonly reviews: readonly Reviewed[] }[];
    }
  | { readonly kind: 'unasked'; readonly why: string };

/** How many reviews are under way at once: an API server lets a client have a few, and delays more. */
const AT_ONCE = 8;

/** What asking needs. */
export type ReviewDeps = {
  readonly client: ApiClient;
  readonly namespace: string;
  readonly signal: AbortSignal;
};

/**
 * Asks for each of the accounts whether it may do what the rows say.
 * @param accounts names of ServiceAccounts; undefined: whoever the credentials stand for
 */
export async function reviewAccess(
  deps: ReviewDeps,
  rows: readonly NamedPermission[],
  accounts: readonly string[] | undefined,
): Promise<Access> {
  const asked = rows.flatMap((row) =>
    (row.names.length === 0 ? [''] : row.names).flatMap((name) => row.verbs.map((verb) => ({ row, verb, name }))),
  );
  try {
    const subjects = [];
    for (const account of accounts ?? [undefined]) {
      const reviews = await mapSome(asked, async (one) => ({ ...one, isAllowed: await review(deps, one, account) }));
      subjects.push({ account, reviews });
    }
    return { kind: 'reviewed', subjects };
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    return { kind: 'unasked', why: error.message };
  }
}

async function review(
  { client, namespace, signal }: ReviewDeps,
  { row, verb, name }: Pick<Reviewed, 'row' | 'verb' | 'name'>,
  account: string | undefined,
): Promise<boolean> {
  const [resource, subresource] = row.resource.split('/');
  const resourceAttributes = {
    namespace,
    group: row.group,
    resource,
    verb,
    ...(subresource === undefined ? {} : { subresource }),
    ...(name === '' ? {} : { name }),
  };
  const kind = account === undefined ? 'SelfSubjectAccessReview' : 'SubjectAccessReview';
  const path = `/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`;
  const subject =
    account === undefined
      ? {}
      : {
          user: `system:serviceaccount:${namespace}:${account}`,
          groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
        };
  const body = { apiVersion: 'authorization.k8s.io/v1', kind, spec: { ...subject, resourceAttributes } };
  const answer = await client.request({ verb: 'POST', path, body, timeoutMs: REQUEST_TIMEOUT_MS, signal });
  if (answer.kind === 'ok' && isRecord(answer.body) && isRecord(answer.body['status'])) {
    return answer.body['status']['allowed'] === true;
  }
  const what = answer.kind === 'ok' ? 'a review without a status' : answer.message;
  throw new KubeError(`POST ${path}: ${what}`, { status: 0, reason: 'BadAnswer', verb: 'POST', path });
}

/** Maps in order, a few at a time. */
async function mapSome<T, U>(values: readonly T[], map: (value: T) => Promise<U>): Promise<readonly U[]> {
  const results: U[] = [];
  for (let start = 0; start < values.length; start += AT_ONCE) {
    results.push(...(await Promise.all(values.slice(start, start + AT_ONCE).map(map))));
  }
  return results;
}
