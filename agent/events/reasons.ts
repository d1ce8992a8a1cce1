/**
 * Which findings become Events on the own pod, and how their codes are written there. A finding of weight `failure`
 * always does; of the warnings those that wait for a person, each with the reason in the table.
 */
import { type Finding, type FindingCode, findingWeights } from '../plan/finding.ts';
import type { Notice } from './plan.ts';

/** The warnings that become Events, and why a person has to look. All others are told by log, /status and metrics alone. */
export const toldWarnings: Partial<Readonly<Record<FindingCode, string>>> = {
  'dns-lacks-pairs': 'clients do not find the pod, although all of it is published',
  'foreign-addresses-beside-ours': 'DNS does not answer those addresses, and whoever wrote them may not know',
  'gate-opened-unchecked': 'a rollout goes on without what the gate was to prove',
  'last-ready-address-is-silent': 'clients are sent to a pod that may be dead; only a person can tell, and replace it',
  'port-differs-from-service': 'clients reach another port than the one that was declared',
  'probe-without-effect': 'a pair stays announced however its probe fails',
  'shutdown-budget-exceeds-grace': 'the entry can outlive the pod: the manifest has to be corrected',
  'slices-contested': 'another writer undoes what is published, and does not stop by itself',
};

/** Words that a reason spells as the platform does. */
const spellings: Readonly<Record<string, string>> = {
  appprotocol: 'AppProtocol',
  configmap: 'ConfigMap',
  dns: 'DNS',
  ip: 'IP',
  srv: 'SRV',
};

/** An Event's reason in CamelCase (API conventions, Events), e.g. `service-missing` as `ServiceMissing`. */
export function reasonOf(code: string): string {
  return code
    .split('-')
    .map((word) => spellings[word] ?? `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`)
    .join('');
}

/** What is told of a finding; undefined for one that waits for nobody. `service`: undefined for the whole agent. */
export function noticeOf(service: string | undefined, finding: Finding): Notice | undefined {
  const { code, message, remedy } = finding;
  if (findingWeights[code] !== 'failure' && toldWarnings[code] === undefined) return undefined;
  return {
    type: 'Warning',
    reason: reasonOf(code),
    message: inOneLine(`${message.replace(/\.$/, '')}. ${remedy}`),
    ...(service === undefined ? {} : { service }),
  };
}

/** A line break would tear the columns of `kubectl describe` apart; a rule of a Role stays YAML, as a flow mapping. */
function inOneLine(text: string): string {
  const flow = (_: string, rule: string) => ` { ${rule.split(/\n */).join(', ')} }`;
  return text.replace(/\n- (apiGroups: .*(?:\n {2}.*)*)/g, flow).replace(/\s*\n\s*/g, ' ');
}
