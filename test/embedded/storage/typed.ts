/** The one place where a stored object gets the type of its kind. */
import type { ApiObject, Kinds, ResourceName, Stored } from '../objects/kinds.ts';

/** The object as one of its kind. Everything that is stored has passed that kind's schema (objects/normalise.ts). */
export function typed<R extends ResourceName>(_resource: R, object: ApiObject): Stored<Kinds[R]> {
  return object as Stored<Kinds[R]>;
}
