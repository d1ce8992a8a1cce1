/** Picks requests out: by verb, resource, name and user. */

/** What is known of a request when a fault or an assertion looks at it. */
export type Subject = {
  readonly verb: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** e.g. `system:serviceaccount:default:endpoint-registrar`. */
  readonly user: string;
};

type Pattern = string | RegExp | readonly string[];

/** Every given part must fit; what is left out fits all. A string is compared whole, a list is any of its members. */
export type Matcher = { readonly [K in keyof Subject]?: Pattern } & {
  readonly where?: (subject: Subject) => boolean;
};

/** Whether a request fits. */
export function isMatch(matcher: Matcher, subject: Subject): boolean {
  const { where, ...patterns } = matcher;
  return (
    fits(patterns.verb, subject.verb) &&
    fits(patterns.resource, subject.resource) &&
    fits(patterns.subresource, subject.subresource) &&
    fits(patterns.namespace, subject.namespace) &&
    fits(patterns.name, subject.name) &&
    fits(patterns.user, subject.user) &&
    (where === undefined || where(subject))
  );
}

function fits(pattern: Pattern | undefined, value: string): boolean {
  if (pattern === undefined) return true;
  if (pattern instanceof RegExp) return pattern.test(value);
  return typeof pattern === 'string' ? pattern === value : pattern.includes(value);
}
