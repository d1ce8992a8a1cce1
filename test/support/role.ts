/** What users install from `k8s/base`: the agents of a test have the rights of the shipped Role, and no others. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Role } from '../../agent/kube/objects.ts';
import { isRecord } from '../../agent/kube/parse.ts';
import type { JsonObject } from '../embedded/objects/json.ts';

/** The ServiceAccount that the agents' tokens stand for. */
export const SERVICE_ACCOUNT = 'endpoint-registrar';

/** The name of the ConfigMap that the Role names. */
export const CONFIGMAP = 'endpoint-registrar';

type Rule = NonNullable<Role['rules']>[number];

/** ServiceAccount, Role and RoleBinding of the base, for the Services named, as a user's own kustomization names them. */
export function baseObjects(services: readonly string[]): readonly JsonObject[] {
  return [read('service-account.yaml'), roleObject(baseRules(services)), read('role-binding.yaml')];
}

/** The Role with other rules than the shipped ones. */
export function roleObject(rules: readonly Rule[]): JsonObject {
  return { ...read('role.yaml'), rules };
}

/** The rules that are shipped. */
export function baseRules(services: readonly string[]): readonly Rule[] {
  const { rules } = read('role.yaml');
  if (!Array.isArray(rules)) throw new Error('k8s/base/role.yaml has no rules');
  return rules.map((rule: Rule) =>
    rule.resources?.includes('services') || rule.resources?.includes('endpoints')
      ? { ...rule, resourceNames: [...services] }
      : rule,
  );
}

/** What the component k8s/readiness-gate adds to them. */
export function gateRules(): readonly Rule[] {
  const operations: unknown = parse(readText('readiness-gate/role.yaml'));
  if (!Array.isArray(operations)) throw new Error('k8s/readiness-gate/role.yaml holds no JSON patch');
  return operations.map(({ value }) => value);
}

/** The rules without one verb on one resource. */
export function withoutVerb(rules: readonly Rule[], verb: string, resource: string): readonly Rule[] {
  return rules.map((rule) =>
    rule.resources?.includes(resource) ? { ...rule, verbs: rule.verbs.filter((one) => one !== verb) } : rule,
  );
}

function read(name: string): JsonObject {
  const object: unknown = parse(readText(`base/${name}`));
  if (!isRecord(object)) throw new Error(`k8s/base/${name} holds no object`);
  return object;
}

function readText(path: string): string {
  return readFileSync(new URL(`../../k8s/${path}`, import.meta.url), 'utf8');
}
