/** Applies the register's patches to Endpoints as the API server does: all or nothing, empty lists and maps stored as absent. */
import type { Endpoints, PatchOperation } from '../../agent/kube/objects.ts';
import { isRecord, parseEndpoints } from '../../agent/kube/parse.ts';
import { applyJsonPatch, PatchFailed } from '../embedded/patch/json-patch.ts';

/** The object after the patch; undefined where a `test` failed or a path led nowhere (the server's 422). */
export function patched(endpoints: Endpoints, operations: readonly PatchOperation[]): Endpoints | undefined {
  try {
    const after = applyJsonPatch({ ...endpoints }, JSON.parse(JSON.stringify(operations)));
    if (!isRecord(after)) return undefined;
    const { metadata } = after;
    return parseEndpoints(withoutEmpty({ ...after, metadata: withoutEmpty(metadata) }));
  } catch (error) {
    if (error instanceof PatchFailed) return undefined;
    throw error;
  }
}

function withoutEmpty(value: unknown): Readonly<Record<string, unknown>> {
  const fields = Object.entries(isRecord(value) ? value : {});
  return Object.fromEntries(
    fields.filter(([, field]) => (!isRecord(field) && !Array.isArray(field)) || Object.keys(field).length > 0),
  );
}
