/**
 * Strategic merge patch of a pod's status (API conventions, "Strategic Merge Patch"): as a merge patch, but a list with a
 * merge key is merged item by item. Directives (`$patch`, `$deleteFromPrimitiveList`, …) are not known here.
 */
import { asObject, isList, isObject, type JsonObject } from '../objects/json.ts';

/** The lists of a pod's status that are merged, with the key of their items (core/v1 types.go, `patchMergeKey`). */
const mergeKeys: Readonly<Record<string, string>> = {
  'status.conditions': 'type',
  'status.hostIPs': 'ip',
  'status.podIPs': 'ip',
};

/** The document after the patch; untouched parts are shared with the old one. */
export function applyStrategicPatch(document: JsonObject, patch: JsonObject, path = ''): JsonObject {
  const result: Record<string, unknown> = { ...document };
  for (const [key, value] of Object.entries(patch)) {
    const here = path === '' ? key : `${path}.${key}`;
    const mergeKey = mergeKeys[here];
    if (value === null) delete result[key];
    else if (isObject(value)) result[key] = applyStrategicPatch(asObject(result[key]), value, here);
    else if (mergeKey !== undefined && isList(value)) result[key] = mergeItems(result[key], value, mergeKey);
    else result[key] = value;
  }
  return result;
}

/** Items that are there keep their place and the fields that the patch does not name; new ones are added behind. */
function mergeItems(current: unknown, items: readonly unknown[], mergeKey: string): readonly unknown[] {
  const known = isList(current) ? current.map(asObject) : [];
  const changes = new Map(items.map(asObject).map((item) => [item[mergeKey], item]));
  const kept = known.map((item) => {
    const change = changes.get(item[mergeKey]);
    changes.delete(item[mergeKey]);
    return change === undefined ? item : applyStrategicPatch(item, change, '-');
  });
  return [...kept, ...changes.values()];
}
