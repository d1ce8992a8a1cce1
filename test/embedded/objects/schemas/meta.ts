/** The shapes that all kinds share. Source: the API reference, ObjectMeta v1 and ObjectReference v1. */
import {
  type Fields,
  flagPointer,
  int64,
  int64Pointer,
  listOf,
  mapOf,
  opaque,
  type Schema,
  struct,
  structAlways,
  structAtomic,
  text,
  textAlways,
  timePointer,
} from '../schema.ts';

const ownerReference = structAtomic('OwnerReference', {
  apiVersion: textAlways,
  kind: textAlways,
  name: textAlways,
  uid: textAlways,
  controller: flagPointer,
  blockOwnerDeletion: flagPointer,
});

const managedFieldsEntry = struct('ManagedFieldsEntry', {
  manager: text,
  operation: text,
  apiVersion: text,
  time: timePointer,
  fieldsType: text,
  fieldsV1: opaque,
  subresource: text,
});

export const objectMeta = structAlways('ObjectMeta', {
  name: text,
  generateName: text,
  namespace: text,
  uid: text,
  resourceVersion: text,
  generation: int64,
  creationTimestamp: timePointer,
  deletionTimestamp: timePointer,
  deletionGracePeriodSeconds: int64Pointer,
  labels: mapOf(text),
  annotations: mapOf(text),
  ownerReferences: listOf(ownerReference, { keys: ['uid'] }),
  finalizers: listOf(text, 'set'),
  managedFields: listOf(managedFieldsEntry),
});

const objectReferenceFields: Fields = {
  kind: text,
  namespace: text,
  name: text,
  uid: text,
  apiVersion: text,
  resourceVersion: text,
  fieldPath: text,
};

export const objectReference = structAtomic('ObjectReference', objectReferenceFields);
export const objectReferenceAlways = structAtomic('ObjectReference', objectReferenceFields, 'always');

/** A whole object: type, metadata and the kind's own fields. */
export function topLevel(go: string, fields: Fields): Schema {
  return struct(go, { kind: text, apiVersion: text, metadata: objectMeta, ...fields });
}
