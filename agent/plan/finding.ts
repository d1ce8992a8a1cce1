/**
 * Findings: what an operator should know or do about one Service or the whole agent. A finding is state, not an
 * event: it stands as long as its cause stands, in /status and /readyz, and is logged when it comes and when it goes.
 */

/** Every kind of finding, with its weight. `failure`: something declared is not served; `warning`: served, but not as asked. */
export const findingWeights = {
  'appprotocol-differs': 'warning',
  'configmap-forbidden': 'failure',
  'configmap-invalid': 'failure',
  'configmap-missing': 'failure',
  'configmap-notice': 'warning',
  'controller-endpoints-left': 'failure',
  'controller-slices-left': 'failure',
  'dns-lacks-pairs': 'warning',
  'dns-silent': 'warning',
  'endpoints-missing': 'failure',
  'foreign-addresses': 'failure',
  'foreign-addresses-beside-ours': 'warning',
  'gate-opened-unchecked': 'warning',
  'last-ready-address-is-silent': 'warning',
  'namespace-terminating': 'failure',
  'no-address-of-family': 'failure',
  'own-pod-forbidden': 'failure',
  'own-pod-missing': 'failure',
  'port-differs-from-service': 'warning',
  'probe-without-effect': 'warning',
  'request-forbidden': 'failure',
  'request-rejected': 'failure',
  'service-has-cluster-ip': 'failure',
  'service-is-external-name': 'failure',
  'service-missing': 'failure',
  'shutdown-budget-exceeds-grace': 'warning',
  'slices-contested': 'warning',
  'target-port-unresolved': 'failure',
} as const;

/** The name of a finding. */
export type FindingCode = keyof typeof findingWeights;

/** What is the matter (`message`: place, value, rule) and what to do about it (`remedy`, one sentence). */
export type Finding = { readonly code: FindingCode; readonly message: string; readonly remedy: string };

/** So many values stand in a finding's text. */
const MAX_LISTED = 5;

/** The first of many values, for a finding's text, e.g. `10.9.9.1, 10.9.9.2, …`. */
export function listSome(values: readonly string[]): string {
  return `${values.slice(0, MAX_LISTED).join(', ')}${values.length > MAX_LISTED ? ', …' : ''}`;
}
