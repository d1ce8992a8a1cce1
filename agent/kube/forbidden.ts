/**
 * The remedy for a 403: the RBAC rule that is missing, ready to be pasted into a Role.
 * Read from the API server's sentence, because the request alone does not tell: a server-side apply is a PATCH over
 * HTTP, and is refused for want of `create` where the object is absent.
 */
import type { KubeError } from './errors.ts';

/** `cannot patch resource "endpoints" in API group ""`, as Kubernetes' RBAC authorizer words it (apiserver, `NewForbidden`). */
const sentence = /cannot (\S+) resource "([^"]+)" in API group "([^"]*)"/;

/** `endpoints "ipa" is forbidden: …`: the sentence before it names the object, where the request did. */
const named = /"([^"]+)" is forbidden/;

/** Their names come and go with the pods: a rule for a single one would be no remedy. */
const unnamed: ReadonlySet<string> = new Set(['pods', 'pods/proxy', 'pods/status', 'endpointslices']);

/** What is listed is watched too: whoever lacks one of the two will miss the other next. */
const verbsFor = (verb: string) => (verb === 'list' || verb === 'watch' ? ['list', 'watch'] : [verb]);

/**
 * Says which rule of a Role would have allowed a refused request, as YAML:
 * `- apiGroups: [""]⏎  resources: ["endpoints"]⏎  resourceNames: ["ipa"]⏎  verbs: ["patch"]`.
 * @returns `undefined` for anything but a refusal by RBAC (another status, an admission plugin's 403)
 */
export function forbiddenRule(error: KubeError): string | undefined {
  if (error.status !== 403) return undefined;
  const [, verb, resource, group] = sentence.exec(error.message) ?? [];
  if (verb === undefined || resource === undefined || group === undefined) return undefined;
  const name = unnamed.has(resource) ? undefined : named.exec(error.message)?.[1];
  const lines = [`- apiGroups: ["${group}"]`, `  resources: ["${resource}"]`];
  if (name !== undefined) lines.push(`  resourceNames: ["${name}"]`);
  lines.push(
    `  verbs: [${verbsFor(verb)
      .map((needed) => `"${needed}"`)
      .join(', ')}]`,
  );
  return lines.join('\n');
}
