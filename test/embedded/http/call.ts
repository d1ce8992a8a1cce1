/** What a request asks for: the verb, resource and name behind its method and path, as the server's authorization sees them. */

/** The verbs of the API; a path that is no resource's has its method in lower case. */
export type Verb =
  | 'get'
  | 'list'
  | 'watch'
  | 'create'
  | 'update'
  | 'patch'
  | 'delete'
  | 'deletecollection'
  | 'post'
  | 'put';

/** One request, taken apart. Parts that it does not have are empty. */
export type Call = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly verb: Verb;
  /** False for `/version`, `/livez`, discovery and unknown paths. */
  readonly isResource: boolean;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  /** Also the name in a list's or watch's `fieldSelector=metadata.name=X`. */
  readonly name: string;
  /** Whether the name stands in the path. */
  readonly isNamed: boolean;
};

const empty = { group: '', version: '', resource: '', subresource: '', namespace: '', name: '', isNamed: false };

/** Takes a request line apart. */
export function parseCall(method: string, url: string): Call {
  const { pathname, searchParams: query } = new URL(url, 'http://embedded');
  const path = pathname.replace(/(?<=.)\/+$/, '');
  const parts = path.split('/').slice(1).map(decoded);
  const [root, ...rest] = parts;
  const plain = { ...empty, method, path, query, isResource: false, verb: pathVerb(method) };
  if (root === 'api' && rest.length >= 2) return resourceCall({ ...plain, version: rest[0] ?? '' }, rest.slice(1));
  if (root === 'apis' && rest.length >= 3) {
    return resourceCall({ ...plain, group: rest[0] ?? '', version: rest[1] ?? '' }, rest.slice(2));
  }
  return plain;
}

/** A path segment; one that is not properly escaped stays as it is. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function pathVerb(method: string): Verb {
  const verbs: Readonly<Record<string, Verb>> = { POST: 'post', PUT: 'put', PATCH: 'patch', DELETE: 'delete' };
  return verbs[method] ?? 'get';
}

function resourceCall(call: Call, parts: readonly string[]): Call {
  const isNamespaced =
    parts[0] === 'namespaces' && parts.length > 2 && parts[2] !== 'status' && parts[2] !== 'finalize';
  const [resource = '', pathName, ...sub] = isNamespaced ? parts.slice(2) : parts;
  const name = pathName ?? '';
  const verb = resourceVerb(call.method, name !== '', call.query);
  const selected = verb === 'list' || verb === 'watch' || verb === 'deletecollection' ? selectedName(call.query) : '';
  const namespace = isNamespaced ? (parts[1] ?? '') : resource === 'namespaces' ? name : '';
  return {
    ...call,
    verb,
    isResource: true,
    resource,
    // What follows `proxy` is the path of whoever is asked through it.
    subresource: sub[0] === 'proxy' ? 'proxy' : sub.join('/'),
    namespace,
    name: name === '' ? selected : name,
    isNamed: name !== '',
  };
}

function resourceVerb(method: string, isNamed: boolean, query: URLSearchParams): Verb {
  switch (method) {
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return isNamed ? 'delete' : 'deletecollection';
    default:
      if (isNamed) return 'get';
      return isTrue(query.get('watch')) ? 'watch' : 'list';
  }
}

/** A boolean parameter: anything but `false` and `0` counts as true. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== 'false' && value !== '0';
}

function selectedName(query: URLSearchParams): string {
  const terms = (query.get('fieldSelector') ?? '').split(',');
  const term = terms.map((text) => /^metadata\.name==?([^=]+)$/.exec(text)?.[1]).find((name) => name !== undefined);
  return term ?? '';
}
