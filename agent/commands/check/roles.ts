/**
 * Whether the Roles in the input let the agents do what the ConfigMap asks: names above all, since a Role says for each
 * Service that it may be touched.
 */
import { listSome } from '../../plan/finding.ts';
import { OWN_GATE } from '../../plan/pod.ts';
import { neededFor } from '../doctor/needs.ts';
import type { KubeObject } from './input.ts';
import type { Message, Severity } from './message.ts';
import { itemsAt, type Part, placeAt, textAt, textsAt } from './part.ts';
import type { Scene } from './services.ts';
import { nameOf } from './workload.ts';

/** At least one. */
type Roles = readonly [KubeObject, ...(readonly KubeObject[])];

/** Everything that can be said about the Roles of one ConfigMap's agents. */
export function checkRoles(scene: Scene): readonly Message[] {
  if (scene.workloads.length === 0) {
    const [first, ...more] = scene.objects.filter((object) => object.kind === 'Role' && isRegistrars(object));
    if (first === undefined) return [];
    return lacking([first, ...more], scene).map((message) => ({ ...message, severity: 'warning' }));
  }
  const accounts = new Set(scene.workloads.map(({ pod }) => textAt(pod, 'serviceAccountName') ?? 'default'));
  return [...accounts].flatMap((account) => {
    const roles = rolesOf(account, scene);
    return roles === undefined ? [] : lacking(roles, scene);
  });
}

/** A Role that writes Endpoints of some names is there for the registrar. */
function isRegistrars({ root }: KubeObject): boolean {
  return itemsAt(root, 'rules').some(
    (rule) =>
      textsAt(rule, 'resources').includes('endpoints') &&
      textsAt(rule, 'verbs').includes('patch') &&
      textsAt(rule, 'resourceNames').length > 0,
  );
}

/** The Roles that are bound to an account. Undefined where the input does not hold them all: then nothing is certain. */
function rolesOf(account: string, { objects, configMap }: Scene): Roles | undefined {
  const bindings = objects.filter(
    ({ kind, root }) =>
      (kind === 'RoleBinding' || kind === 'ClusterRoleBinding') &&
      itemsAt(root, 'subjects').some(
        (subject) =>
          textAt(subject, 'kind') === 'ServiceAccount' &&
          textAt(subject, 'name') === account &&
          (textAt(subject, 'namespace') ?? configMap.namespace) === configMap.namespace,
      ),
  );
  const roles = bindings.map(({ root }) =>
    objects.find(
      ({ kind, name }) => kind === textAt(root, 'roleRef', 'kind') && name === textAt(root, 'roleRef', 'name'),
    ),
  );
  const [first, ...more] = roles.filter((role) => role !== undefined);
  return first === undefined || more.length + 1 < roles.length ? undefined : [first, ...more];
}

function lacking(roles: Roles, { services, configMap, workloads }: Scene): readonly Message[] {
  const rules = roles.flatMap(({ root }) => itemsAt(root, 'rules'));
  const rows = neededFor({
    services: services.map(({ service }) => service),
    configMapName: configMap.name,
    groups: [],
    hasGate: workloads.some(({ pod }) =>
      itemsAt(pod, 'readinessGates').some((gate) => textAt(gate, 'conditionType') === OWN_GATE),
    ),
  });
  return rows.flatMap(({ group, resource, names, verbs, weight }) =>
    (names.length === 0 ? [undefined] : names).flatMap((name): readonly Message[] => {
      const missing = verbs.filter((verb) => !rules.some((rule) => allows(rule, { group, resource, name, verb })));
      return missing.length === 0
        ? []
        : [refusal({ roles, rules, resource, group, name, missing, severity: weight ?? 'fault' })];
    }),
  );
}

type Asked = {
  readonly group: string;
  readonly resource: string;
  readonly name: string | undefined;
  readonly verb: string;
};

function allows(rule: Part, { group, resource, name, verb }: Asked): boolean {
  const has = (field: string, value: string) => textsAt(rule, field).some((one) => one === value || one === '*');
  const names = textsAt(rule, 'resourceNames');
  const isNamed = names.length === 0 || (name !== undefined && names.includes(name));
  return has('apiGroups', group) && has('resources', resource) && has('verbs', verb) && isNamed;
}

function refusal(given: {
  readonly roles: Roles;
  readonly rules: readonly Part[];
  readonly resource: string;
  readonly group: string;
  readonly name: string | undefined;
  readonly missing: readonly string[];
  readonly severity: Severity;
}): Message {
  const { severity, roles, rules, resource, group, name, missing } = given;
  const [role] = roles;
  const near = rules.find((rule) => textsAt(rule, 'resources').includes(resource));
  const names = textsAt(near, 'resourceNames');
  const isByName = name !== undefined && names.length > 0 && !names.includes(name);
  const of = name === undefined ? '' : ` "${name}"`;
  const only = isByName ? `; the rule names ${listSome(names)}` : '';
  const rule = `apiGroups: ["${group}"], resources: [${resource}]${name === undefined ? '' : `, resourceNames: [${name}]`}, verbs: [${missing.join(', ')}]`;
  return {
    severity,
    place: near === undefined ? placeAt(role.root, 'rules') : placeAt(near, isByName ? 'resourceNames' : 'verbs'),
    text: `${roles.map(nameOf).join(', ')} ${roles.length > 1 ? 'do' : 'does'} not allow the agents to ${missing.join(', ')} ${resource}${of}${only}: unless something outside the input allows it, the API server answers 403`,
    remedy: isByName ? `Add ${name} to resourceNames here.` : `Add a rule: { ${rule} }.`,
  };
}
