/** `metadata.generation` of the kinds that have one: pods (only a deletion raises it) and EndpointSlices. Seen on Kubernetes 1.37.2. */
import { asObject, equal, type JsonObject } from '../objects/json.ts';
import type { ApiObject } from '../objects/kinds.ts';

/** A new object's first generation. */
export function firstGeneration(object: JsonObject): JsonObject {
  return { ...object, metadata: { ...asObject(object['metadata']), generation: 1 } };
}

/** A write does not choose the generation. */
export function keepGeneration(object: JsonObject, old: ApiObject): JsonObject {
  return { ...object, metadata: { ...asObject(object['metadata']), generation: old.metadata.generation } };
}

/** A slice's generation counts changes of anything but its metadata; labels do count, annotations do not. */
export function sliceGeneration(object: JsonObject, old: ApiObject): JsonObject {
  const metadata = asObject(object['metadata']);
  const isChanged =
    ['addressType', 'endpoints', 'ports'].some((key) => !equal(object[key], old[key])) ||
    !equal(metadata['labels'], old.metadata.labels);
  return { ...object, metadata: { ...metadata, generation: (old.metadata.generation ?? 0) + (isChanged ? 1 : 0) } };
}
