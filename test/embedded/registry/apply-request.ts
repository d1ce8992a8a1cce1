/** What a server-side apply may not say, and how its conflicts are told. Seen on Kubernetes 1.37.2. */
import { asObject, asString, isList, isObject, type JsonObject } from '../objects/json.ts';
import type { Schema } from '../objects/schema.ts';
import type { ApplyConflict } from '../ownership/apply.ts';
import type { ObjectKey } from '../storage/store.ts';
import { apiVersionOf, type Resource } from './resource.ts';
import { badRequest, StatusError, unexpected } from './status.ts';

/** Refuses a configuration of another type, with owners of its own, or with fields that the kind does not have. */
export function checkConfig(resource: Resource, key: ObjectKey, config: JsonObject): void {
  const kind = asString(config['kind']) ?? '';
  const version = asString(config['apiVersion']) ?? '';
  if (kind !== resource.kind || version !== apiVersionOf(resource)) {
    throw badRequest(`invalid object type: ${version.includes('/') ? version : `/${version}`}, Kind=${kind}`);
  }
  const metadata = asObject(config['metadata']);
  if (metadata['managedFields'] !== undefined) throw badRequest('metadata.managedFields must be nil');
  const fault = typeFault(config, resource.schema, '');
  if (fault === undefined) return;
  const namespace = asString(metadata['namespace']) ?? '';
  throw unexpected(
    `failed to create typed patch object (${namespace}/${asString(metadata['name']) ?? key.name}; ${version}, Kind=${kind}): ${fault}`,
  );
}

/** The first field that the schema does not declare, or whose type it contradicts. */
function typeFault(value: unknown, schema: Schema, path: string): string | undefined {
  if (value === null || value === undefined) return undefined;
  switch (schema.kind) {
    case 'opaque':
    case 'time':
    case 'int-or-string':
      return undefined;
    case 'string':
      return typeof value === 'string' ? undefined : `${path}: expected string, got ${describe(value)}`;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `${path}: expected boolean, got ${describe(value)}`;
    case 'integer':
      return typeof value === 'number' ? undefined : `${path}: expected numeric (int or float), got ${describe(value)}`;
    case 'struct':
    case 'map':
      if (!isObject(value)) return `${path}: expected map, got ${describe(value)}`;
      return firstFault(Object.entries(value), ([key, item]) => {
        const shape = schema.kind === 'map' ? schema.value : schema.fields[key];
        return shape === undefined
          ? `${path}.${key}: field not declared in schema`
          : typeFault(item, shape, `${path}.${key}`);
      });
    case 'list':
      if (!isList(value)) return `${path}: expected list, got ${describe(value)}`;
      return firstFault([...value.entries()], ([index, item]) => typeFault(item, schema.item, `${path}[${index}]`));
    default:
      return schema satisfies never;
  }
}

function firstFault<T>(items: readonly T[], check: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const fault = check(item);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function describe(value: unknown): string {
  if (isList(value)) return 'list';
  return isObject(value) ? 'map' : typeof value === 'number' ? 'int' : typeof value;
}

/** 409 that names every field and who owns it. */
export function applyConflict(conflicts: readonly ApplyConflict[]): StatusError {
  const sorted = conflicts.toSorted((a, b) => (ownerText(a.owner) < ownerText(b.owner) ? -1 : 1));
  const fields = sorted.flatMap(({ owner, paths }) => paths.map((path) => ({ owner, path })));
  const causes = fields.map(({ owner, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${ownerText(owner)}`,
    field: path,
  }));
  const [first] = causes;
  const message =
    causes.length === 1 && first !== undefined
      ? `Apply failed with 1 conflict: ${first.message}: ${first.field}`
      : `Apply failed with ${causes.length} conflicts: ${sorted.map(groupText).join('\n')}`;
  return new StatusError(message, { code: 409, reason: 'Conflict', details: { causes } });
}

function groupText({ owner, paths }: ApplyConflict): string {
  return [`conflicts with ${ownerText(owner)}:`, ...paths.map((path) => `- ${path}`)].join('\n');
}

/** An applier is named alone, an updater with the version it wrote. */
function ownerText({ manager, operation, apiVersion }: ApplyConflict['owner']): string {
  return operation === 'Apply' ? `"${manager}"` : `"${manager}" using ${apiVersion}`;
}
