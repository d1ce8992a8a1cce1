/** The rules for metadata that all kinds share. Source: the answers of Kubernetes 1.37.2. */
import { asList, asObject, asString, type JsonObject } from '../objects/json.ts';
import type { ApiObject } from '../objects/kinds.ts';
import { type FieldFault, forbidden, invalid, invalidEach, required, tooLong } from './faults.ts';
import { dnsLabel, labelKey, labelValue, type NameRule } from './names.ts';

/** Keys and values of all annotations together, in bytes. Seen: 3855 heartbeats of 68 bytes fit, one more does not. */
export const MAX_ANNOTATION_BYTES = 262_144;

/** What a kind asks of its names. */
export type MetadataRules = { readonly name: NameRule; readonly isNamespaced: boolean };

/** Every fault of an object's metadata, in the server's order. */
export function metadataFaults(object: ApiObject, rules: MetadataRules): readonly FieldFault[] {
  const { metadata } = object;
  const { generateName } = metadata;
  return [
    ...(generateName === undefined
      ? []
      : invalidEach('metadata.generateName', generateName, rules.name(generateName.replace(/-$/, 'a')))),
    ...(metadata.name === ''
      ? [required('metadata.name', 'name or generateName is required')]
      : invalidEach('metadata.name', metadata.name, rules.name(metadata.name))),
    ...namespaceFaults(metadata.namespace, rules.isNamespaced),
    ...labelFaults('metadata.labels', metadata.labels ?? {}),
    ...annotationFaults(metadata.annotations ?? {}),
    ...ownerFaults(asList(metadata.ownerReferences)),
    ...(metadata.finalizers ?? []).flatMap((name, index) => finalizerFaults(name, index)),
  ];
}

function namespaceFaults(namespace: string | undefined, isNamespaced: boolean): readonly FieldFault[] {
  if (!isNamespaced) {
    return namespace === undefined ? [] : [forbidden('metadata.namespace', 'not allowed on this type')];
  }
  if (namespace === undefined) return [required('metadata.namespace')];
  return invalidEach('metadata.namespace', namespace, dnsLabel(namespace));
}

/** The faults of a map of labels (also a selector), under `field`. */
export function labelFaults(field: string, labels: Readonly<Record<string, string>>): readonly FieldFault[] {
  return Object.entries(labels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, value]) => [
      ...invalidEach(field, key, labelKey(key)),
      ...invalidEach(field, value, labelValue(value)),
    ]);
}

const checkedKeys = new Map<string, readonly string[]>();

/** A key's faults, remembered: a shared object carries the same heartbeat keys through thousands of writes. */
function annotationKeyFaults(key: string): readonly string[] {
  const known = checkedKeys.get(key);
  if (known !== undefined) return known;
  if (checkedKeys.size > 10_000) checkedKeys.clear();
  const faults = labelKey(key.toLowerCase());
  checkedKeys.set(key, faults);
  return faults;
}

function annotationFaults(annotations: Readonly<Record<string, string>>): readonly FieldFault[] {
  const entries = Object.entries(annotations);
  const bytes = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  return [
    ...entries.flatMap(([key]) => invalidEach('metadata.annotations', key, annotationKeyFaults(key))),
    ...(bytes > MAX_ANNOTATION_BYTES ? [tooLong('metadata.annotations', MAX_ANNOTATION_BYTES)] : []),
  ];
}

function ownerFaults(owners: readonly unknown[]): readonly FieldFault[] {
  const controllers = owners.map(asObject).filter((owner) => owner['controller'] === true);
  const [first, second] = controllers.map((owner) => `${asString(owner['kind'])}/${asString(owner['name'])}`);
  return [
    ...owners.flatMap((owner, index) => oneOwnerFaults(asObject(owner), `metadata.ownerReferences[${index}]`)),
    ...(first === undefined || second === undefined
      ? []
      : [
          invalid(
            'metadata.ownerReferences',
            owners,
            `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${second}`,
          ),
        ]),
  ];
}

function oneOwnerFaults(owner: JsonObject, field: string): readonly FieldFault[] {
  return ['apiVersion', 'kind', 'name', 'uid'].flatMap((key) =>
    (asString(owner[key]) ?? '') === '' ? [required(`${field}.${key}`, 'must not be empty')] : [],
  );
}

const standardFinalizers = ['kubernetes', 'orphan', 'foregroundDeletion'];

function finalizerFaults(name: string, index: number): readonly FieldFault[] {
  const field = `metadata.finalizers[${index}]`;
  const faults = invalidEach(field, name, labelKey(name));
  if (faults.length > 0 || name.includes('/') || standardFinalizers.includes(name)) return faults;
  return [invalid(field, name, 'name is neither a standard finalizer name nor is it fully qualified')];
}

/** The faults of changing what never changes. */
export function metadataUpdateFaults(object: ApiObject, old: ApiObject): readonly FieldFault[] {
  const immutable = ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp'] as const;
  return immutable.flatMap((key) =>
    object.metadata[key] === old.metadata[key]
      ? []
      : [invalid(`metadata.${key}`, object.metadata[key], 'field is immutable')],
  );
}
