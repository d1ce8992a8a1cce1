/** What makes one resource differ from another: its names, its shape, its defaults, its rules. */
import type { JsonObject } from '../objects/json.ts';
import type { ApiObject, ResourceName } from '../objects/kinds.ts';
import type { Schema } from '../objects/schema.ts';
import type { FieldFault } from '../validation/faults.ts';
import type { NameRule } from '../validation/names.ts';
import type { ResourceNames } from './status.ts';

/** What a resource needs of the server to fill in an object. */
export type Allocator = {
  /** A cluster IP that no Service has. */
  readonly clusterIP: () => string;
  /** A node port that no Service has. */
  readonly nodePort: () => number;
};

/** What a field selector reads, e.g. `spec.nodeName`, and how the server words an unknown one. */
export type FieldSelectors = {
  readonly fields: { readonly [name: string]: (object: ApiObject) => string };
  readonly unknown: (field: string) => string;
};

/** One resource. Optional steps do nothing where absent. */
export type Resource = ResourceNames & {
  readonly resource: ResourceName;
  readonly version: string;
  readonly singular: string;
  readonly isNamespaced: boolean;
  readonly schema: Schema;
  readonly subresources: readonly string[];
  readonly shortNames: readonly string[];
  /** PUT creates what is absent. */
  readonly createsOnUpdate: boolean;
  /** DELETE answers the object instead of a Status. */
  readonly deleteAnswersObject: boolean;
  /** Where the storage error of a uid precondition says the object is. */
  readonly storagePrefix: string;
  readonly nameRule: NameRule;
  readonly selectors: FieldSelectors;
  /** The text of the deprecation warning that every answer carries. */
  readonly deprecation: string | undefined;
  /** Defaults that depend on other fields. Runs before owners are recorded: what it fills in belongs to the writer. */
  readonly fillDefaults?: (object: JsonObject) => JsonObject;
  /** Takes back what a write to the object (not its status) may not touch; also where owners must not see it. */
  readonly resetForUpdate?: (object: JsonObject, old: ApiObject) => JsonObject;
  /** Fills in what the server decides; nobody owns it. */
  readonly prepareCreate?: (object: JsonObject, allocator: Allocator) => JsonObject;
  readonly prepareUpdate?: (object: JsonObject, old: ApiObject, allocator: Allocator) => JsonObject;
  readonly validate?: (object: ApiObject, old: ApiObject | undefined) => readonly FieldFault[];
};

/** `v1` or `group/version`. */
export function apiVersionOf(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}
