/**
 * Role-based access, evaluated from the Role and RoleBinding objects in the store. A rule with resourceNames matches
 * only a request that names its object: POST never, list and watch with `fieldSelector=metadata.name=X` (seen on
 * Kubernetes 1.37.2).
 */
import type { Role } from '../../../agent/kube/objects.ts';
import type { RoleBinding } from '../objects/kinds.ts';
import { forbidden, StatusError } from '../registry/status.ts';
import type { Store } from '../storage/store.ts';
import type { User } from './tokens.ts';

/** What somebody asks to do with a resource. `name` is empty where the request names no object. */
export type ResourceAttributes = {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  /** Empty: at the cluster scope. */
  readonly namespace: string;
  readonly name: string;
};

/** Says who may do what. */
export type Authorizer = {
  readonly allows: (user: User, attributes: ResourceAttributes) => boolean;
  readonly allowsPath: (user: User, path: string) => boolean;
};

type Rule = NonNullable<Role['rules']>[number];
type Subject = NonNullable<RoleBinding['subjects']>[number];

/** What every client may read (`system:public-info-viewer`), and what every known one may (`system:discovery`). */
const publicPaths = ['/version', '/livez', '/readyz', '/healthz'];
const discoveryPaths = ['/api', '/apis', '/openapi'];

/** Reviews of one's own rights are open to every known client (`system:basic-user`). */
const basicRules: readonly Rule[] = [
  {
    verbs: ['create'],
    apiGroups: ['authorization.k8s.io'],
    resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
  },
];

/** Builds the authorizer over the objects in the store. */
export function createAuthorizer(store: Store): Authorizer {
  const rulesFor = (user: User, namespace: string): readonly Rule[] => {
    const clusterWide = store
      .list('clusterrolebindings')
      .filter((binding) => (binding.subjects ?? []).some((subject) => isSubject(user, subject, '')))
      .flatMap(({ roleRef }) => store.get('clusterroles', { namespace: '', name: roleRef.name })?.rules ?? []);
    const local = namespace === '' ? [] : store.list('rolebindings', namespace);
    const bound = local
      .filter((binding) => (binding.subjects ?? []).some((subject) => isSubject(user, subject, namespace)))
      .flatMap(({ roleRef }) =>
        roleRef.kind === 'ClusterRole'
          ? (store.get('clusterroles', { namespace: '', name: roleRef.name })?.rules ?? [])
          : (store.get('roles', { namespace, name: roleRef.name })?.rules ?? []),
      );
    return [...clusterWide, ...bound, ...(user.groups.includes('system:authenticated') ? basicRules : [])];
  };

  return {
    allows: (user, attributes) =>
      user.groups.includes('system:masters') ||
      rulesFor(user, attributes.namespace).some((rule) => matches(rule, attributes)),
    allowsPath: (user, path) =>
      user.groups.includes('system:masters') ||
      isUnder(path, publicPaths) ||
      (user.groups.includes('system:authenticated') && isUnder(path, discoveryPaths)),
  };
}

const isUnder = (path: string, roots: readonly string[]): boolean =>
  roots.some((root) => path === root || path.startsWith(`${root}/`));

function isSubject(user: User, subject: Subject, namespace: string): boolean {
  switch (subject.kind) {
    case 'ServiceAccount':
      return user.name === `system:serviceaccount:${subject.namespace ?? namespace}:${subject.name}`;
    case 'Group':
      return user.groups.includes(subject.name);
    case 'User':
      return user.name === subject.name;
    default:
      return false;
  }
}

const includesOrAll = (list: readonly string[] | undefined, value: string): boolean =>
  (list ?? []).some((entry) => entry === '*' || entry === value);

function matches(rule: Rule, { verb, group, resource, subresource, name }: ResourceAttributes): boolean {
  const combined = subresource === '' ? resource : `${resource}/${subresource}`;
  const names = rule.resourceNames ?? [];
  return (
    includesOrAll(rule.verbs, verb) &&
    includesOrAll(rule.apiGroups, group) &&
    (includesOrAll(rule.resources, combined) ||
      (subresource !== '' && includesOrAll(rule.resources, `*/${subresource}`))) &&
    (names.length === 0 || (name !== '' && names.includes(name)))
  );
}

/** The 403 of a refused request. */
export function refusal(user: User, attributes: ResourceAttributes): StatusError {
  const { verb, group, resource, subresource, namespace, name } = attributes;
  const combined = subresource === '' ? resource : `${resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const why = `User "${user.name}" cannot ${verb} resource "${combined}" in API group "${group}" ${where}`;
  return forbidden({ resource, kind: '', group }, name, why);
}

/** The 403 of a refused path that is no resource's. */
export function pathRefusal(user: User, method: string, path: string): StatusError {
  const message = `forbidden: User "${user.name}" cannot ${method.toLowerCase()} path "${path}"`;
  return new StatusError(message, { code: 403, reason: 'Forbidden', details: {} });
}
