/** Which ConfigMaps of the input are the registrar's: by the option, by the sidecars in the same input, or by being alone. */
import { settings } from '../../settings.ts';
import type { Input, KubeObject } from './input.ts';
import type { Message } from './message.ts';
import { placeAt } from './part.ts';
import type { Workload } from './workload.ts';

/** A ConfigMap that was left aside, and why. */
export type Skipped = { readonly configMap: KubeObject; readonly reason: string };

/** What is checked and what is not. */
export type Choice = {
  readonly chosen: readonly KubeObject[];
  readonly skipped: readonly Skipped[];
  readonly messages: readonly Message[];
};

/** The name in the examples, which is taken where nothing says another. */
export const DEFAULT_CONFIGMAP = settings.configMap.example;

/** What kustomize's configMapGenerator hangs onto a name. */
const HASH = /^(.*)-[a-z0-9]{10}$/;

/** Chooses. `named` is what the option says. */
export function chooseConfigMaps(
  inputs: readonly Input[],
  { named, workloads }: { readonly named: string | undefined; readonly workloads: readonly Workload[] },
): Choice {
  const all = inputs.flatMap(({ objects }) => objects.filter(isConfigMap));
  const read = [...new Set(workloads.flatMap(({ configMap }) => configMap ?? []))];
  const wanted = named !== undefined ? [named] : read.length > 0 ? read : [DEFAULT_CONFIGMAP];
  const split = (isOurs: (configMap: KubeObject) => boolean, reason: string): Choice => ({
    chosen: all.filter(isOurs),
    skipped: all.filter((one) => !isOurs(one)).map((configMap) => ({ configMap, reason })),
    messages: [],
  });
  const reason = `not called ${wanted.join(' or ')}`;
  const byName = split(({ name }) => wanted.includes(name), reason);
  if (byName.chosen.length > 0 || named !== undefined) return byName;
  const hashed = split(({ name }) => wanted.includes(HASH.exec(name)?.[1] ?? ''), reason);
  if (hashed.chosen.length > 0 && read.length > 0) {
    return { ...hashed, messages: hashed.chosen.map((configMap) => hashedName(configMap, read)) };
  }
  const single = new Set(
    inputs.flatMap(({ objects }) => {
      const [first, ...more] = objects.filter(isConfigMap);
      return first === undefined || more.length > 0 ? [] : [first];
    }),
  );
  const bySelf = split((configMap) => single.has(configMap), `${reason}, and not the only one in its file`);
  return { ...bySelf, messages: read.length === 0 ? [] : bySelf.chosen.map((configMap) => otherName(configMap, read)) };
}

function isConfigMap({ kind, apiVersion }: KubeObject): boolean {
  return kind === 'ConfigMap' && apiVersion === 'v1';
}

function hashedName({ name, root }: KubeObject, read: readonly string[]): Message {
  return {
    severity: 'fault',
    place: placeAt(root, 'metadata', 'name'),
    text: `the ConfigMap is called ${name}, and the sidecar reads ${read.join(', ')}: a configMapGenerator has added a hash, and does not change ${settings.configMap.env}`,
    remedy:
      'Write generatorOptions: { disableNameSuffixHash: true }: edits are followed live, no restart needs the hash.',
  };
}

function otherName({ name, root }: KubeObject, read: readonly string[]): Message {
  return {
    severity: 'warning',
    place: placeAt(root, 'metadata', 'name'),
    text: `the ConfigMap is called ${name}, and the sidecar in the input reads ${read.join(', ')}, which is not in the input; this one was checked because it is the only one in its file`,
    remedy: `Make both names the same, or say which one is meant: --configmap ${name}.`,
  };
}
