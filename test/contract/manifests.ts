/**
 * The manifests of k8s/ as the contract tests look at them: parsed YAML without types, and the ways into it.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { parse } from 'yaml';
import { settings } from '../../agent/settings.ts';

/** The folder. */
export const root = join(import.meta.dirname, '../../k8s');
/** Every YAML file, relative to k8s/. */
export const files = globSync('**/*.yaml', { cwd: root }).sort();
/** The kustomization files among them. */
export const kustomizations = files.filter((file) => file.endsWith('kustomization.yaml'));
/** The folders of the example that a user applies. */
export const ways = ['examples/freeipa/supplement', 'examples/freeipa/full'];

/** What stands under a path; fails where the way there is missing. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((inner, key) => {
    assert.ok(typeof inner === 'object' && inner !== null, `nothing under ${path.join('.')} (${key})`);
    return Reflect.get(inner, key);
  }, value);
}

/** A value that must be a list. */
export function list(value: unknown): readonly unknown[] {
  assert.ok(Array.isArray(value), `expected a list, found ${JSON.stringify(value)}`);
  return value;
}

/** A value that must be text. */
export function text(value: unknown): string {
  assert.ok(typeof value === 'string', `expected text, found ${JSON.stringify(value)}`);
  return value;
}

/** The list under a key, or none where the key is absent. */
export const listAt = (value: unknown, key: string) => list(at(value, key) ?? []);

/** The keys of a value that must be a mapping. */
export function keys(value: unknown): readonly string[] {
  assert.ok(typeof value === 'object' && value !== null, `expected a mapping, found ${JSON.stringify(value)}`);
  return Object.keys(value);
}

/** A file with one document. */
export function read(file: string): unknown {
  return parse(readFileSync(join(root, file), 'utf8'));
}

/** The list's item of that name. */
export function named(value: unknown, name: string): unknown {
  const found = list(value).filter((item) => at(item, 'name') === name);
  assert.equal(found.length, 1, `one item named ${name}`);
  return found[0];
}

/** The paths under a field of a folder's kustomization, relative to k8s/. */
export const entries = (folder: string, field: string) =>
  listAt(read(join(folder, 'kustomization.yaml')), field).map((entry) => normalize(join(folder, text(entry))));

/** Every object that a folder's own files and those of its resources hold, before any patch. */
function objects(folder: string): readonly unknown[] {
  return entries(folder, 'resources').flatMap((entry) => (entry.endsWith('.yaml') ? [read(entry)] : objects(entry)));
}

/** The one object of that kind and name that a folder holds, before any patch. */
export function object(folder: string, kind: string, name: string): unknown {
  const found = objects(folder).filter((one) => at(one, 'kind') === kind && at(one, 'metadata', 'name') === name);
  assert.equal(found.length, 1, `one ${kind} ${name} in ${folder}`);
  return found[0];
}

/** The pod template's spec. */
export const podOf = (workload: unknown) => at(workload, 'spec', 'template', 'spec');
/** The agents' Role. */
export const role = read('base/role.yaml');
/** The pod spec that the component adds. */
export const sidecarPod = podOf(read('component/sidecar.yaml'));
/** The sidecar's container. */
export const sidecar = named(at(sidecarPod, 'initContainers'), settings.containerName.default);
/** Its environment by name. */
export const env = new Map(list(at(sidecar, 'env')).map((item) => [text(at(item, 'name')), item]));
/** The ConfigMap that it is pointed at. */
export const configMapName = text(at(env.get(settings.configMap.env), 'value'));
