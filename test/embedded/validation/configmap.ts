/** What the server refuses in a ConfigMap: bad keys, more than 1 MiB, changes of an immutable one. Seen on Kubernetes 1.37.2. */
import { equal } from '../objects/json.ts';
import type { Kinds, Stored } from '../objects/kinds.ts';
import { type FieldFault, forbidden, invalidEach, tooLong } from './faults.ts';
import { configMapKey } from './names.ts';

type Map = Stored<Kinds['configmaps']>;

const MAX_BYTES = 1_048_576;

/** Every fault of a ConfigMap. */
export function configMapFaults(object: Map, old: Map | undefined): readonly FieldFault[] {
  const data = Object.entries(object.data ?? {});
  const binary = Object.entries(object.binaryData ?? {});
  const bytes =
    data.reduce((sum, [, value]) => sum + Buffer.byteLength(value), 0) +
    binary.reduce((sum, [, value]) => sum + Buffer.byteLength(value, 'base64'), 0);
  return [
    ...immutableFaults(object, old),
    ...data.flatMap(([key]) => invalidEach(`data[${key}]`, key, configMapKey(key))),
    ...binary.flatMap(([key]) => invalidEach(`binaryData[${key}]`, key, configMapKey(key))),
    ...(bytes > MAX_BYTES ? [tooLong('[]', MAX_BYTES)] : []),
  ];
}

function immutableFaults(object: Map, old: Map | undefined): readonly FieldFault[] {
  if (old?.immutable !== true) return [];
  const message = 'field is immutable when `immutable` is set';
  return [
    ...(object.immutable === true ? [] : [forbidden('immutable', message)]),
    ...(equal(object.data, old.data) ? [] : [forbidden('data', message)]),
    ...(equal(object.binaryData, old.binaryData) ? [] : [forbidden('binaryData', message)]),
  ];
}
