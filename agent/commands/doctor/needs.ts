/**
 * What an agent needs of RBAC, as one table: the same as k8s/base/role.yaml, which a test holds it to. Names matter: a
 * review without a name denies what a rule with resourceNames allows (seen on Kubernetes 1.37).
 */

/** One row. `named`: whose names stand in resourceNames, the Services' or the ConfigMap's; undefined: none. */
export type Permission = {
  readonly group: string;
  readonly resource: string;
  readonly named: 'service' | 'configmap' | undefined;
  readonly verbs: readonly string[];
  /** Needed only there: OpenShift refuses pod addresses to those who lack it; the gate stands in a pod's status. */
  readonly on?: 'openshift' | 'readiness-gate';
  /** What its lack is; absent: a failure. Without `warning` rows the agents announce all the same. */
  readonly weight?: 'warning';
};

/** Every row, in the order of the Role. */
export const permissions: readonly Permission[] = [
  { group: '', resource: 'services', named: 'service', verbs: ['list', 'watch'] },
  { group: '', resource: 'endpoints', named: 'service', verbs: ['get', 'create', 'patch'] },
  { group: '', resource: 'configmaps', named: 'configmap', verbs: ['list', 'watch'] },
  { group: '', resource: 'pods', named: undefined, verbs: ['get', 'list', 'watch'] },
  { group: '', resource: 'pods/status', named: undefined, verbs: ['patch'], on: 'readiness-gate' },
  {
    group: 'discovery.k8s.io',
    resource: 'endpointslices',
    named: undefined,
    verbs: ['list', 'watch', 'create', 'patch', 'delete'],
  },
  { group: '', resource: 'events', named: undefined, verbs: ['create', 'patch'], weight: 'warning' },
  { group: '', resource: 'endpoints/restricted', named: undefined, verbs: ['create'], on: 'openshift' },
  {
    group: 'discovery.k8s.io',
    resource: 'endpointslices/restricted',
    named: undefined,
    verbs: ['create'],
    on: 'openshift',
  },
];

/** The group that only OpenShift serves. */
const OPENSHIFT = 'security.openshift.io';

/** For what the permissions are needed. */
export type Purpose = {
  readonly services: readonly string[];
  readonly configMapName: string;
  /** The API groups that are served. */
  readonly groups: readonly string[];
  /** A pod has the agents' readiness gate. */
  readonly hasGate: boolean;
};

/** A row with its names filled in; `names` is empty where the rule has none. */
export type NamedPermission = Permission & { readonly names: readonly string[] };

/** The rows that apply, with their names. Without a declared Service the rows of Services are left out. */
export function neededFor({ services, configMapName, groups, hasGate }: Purpose): readonly NamedPermission[] {
  const namesOf = { service: services, configmap: [configMapName] };
  return permissions
    .filter(({ on }) => on !== 'openshift' || groups.includes(OPENSHIFT))
    .filter(({ on }) => on !== 'readiness-gate' || hasGate)
    .filter(({ named }) => named !== 'service' || services.length > 0)
    .map((row) => ({ ...row, names: row.named === undefined ? [] : namesOf[row.named] }));
}

/** The rules of a Role, as YAML, ready to be pasted under `rules:`. */
export function printRules(rows: readonly NamedPermission[]): string {
  const list = (values: readonly string[]) => `[${values.map((value) => `"${value}"`).join(', ')}]`;
  return rows
    .map(({ group, resource, names, verbs }) =>
      [
        `- apiGroups: ${list([group])}`,
        `  resources: ${list([resource])}`,
        ...(names.length === 0 ? [] : [`  resourceNames: ${list(names)}`]),
        `  verbs: ${list(verbs)}`,
      ].join('\n'),
    )
    .join('\n');
}

/** Role and RoleBinding for a ServiceAccount, as YAML, ready for kubectl apply. */
export function printRole(
  rows: readonly NamedPermission[],
  account: { readonly namespace: string; readonly name: string },
): string {
  return [
    'apiVersion: rbac.authorization.k8s.io/v1',
    'kind: Role',
    `metadata: { name: endpoint-registrar, namespace: ${account.namespace} }`,
    'rules:',
    printRules(rows),
    '---',
    'apiVersion: rbac.authorization.k8s.io/v1',
    'kind: RoleBinding',
    `metadata: { name: endpoint-registrar, namespace: ${account.namespace} }`,
    'roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: endpoint-registrar }',
    'subjects:',
    `- { kind: ServiceAccount, name: ${account.name}, namespace: ${account.namespace} }`,
  ].join('\n');
}
