/** JSON Merge Patch (RFC 7386): objects merge, `null` removes, everything else replaces. */
import { isObject, type JsonObject } from '../objects/json.ts';

/** The document after the patch; untouched parts are shared with the old one. */
export function applyMergePatch(document: JsonObject, patch: JsonObject): JsonObject {
  const result: Record<string, unknown> = { ...document };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (isObject(value)) result[key] = applyMergePatch(asDocument(result[key]), value);
    else result[key] = value;
  }
  return result;
}

const asDocument = (value: unknown): JsonObject => (isObject(value) ? value : {});
