/** Checks the pods of one workload together: whether one node, one drain or one rollout can take all of them. */
import type { Pod, PodDisruptionBudget } from '../../../kube/objects.ts';
import { listSome } from '../../../plan/finding.ts';
import { aliveMembers, type Facts, hasOwnGate, type Member } from '../facts.ts';
import { type Outcome, under } from '../result.ts';

const say = under('Pods');

/** What made the pods, e.g. `StatefulSet ipa`. */
type Workload = { readonly kind: string; readonly name: string; readonly members: readonly Member[] };

function workloadsOf(facts: Facts): readonly Workload[] {
  const byOwner = Map.groupBy(aliveMembers(facts), ({ pod }) => JSON.stringify(ownerOf(pod)));
  return [...byOwner.values()].flatMap((members) => {
    const [first] = members;
    return first === undefined ? [] : [{ ...ownerOf(first.pod), members }];
  });
}

/** A ReplicaSet is named after its Deployment and the hash of its template, which its pods carry as a label. */
function ownerOf(pod: Pod): { readonly kind: string; readonly name: string } {
  const owner = pod.metadata?.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return { kind: 'no controller', name: '' };
  const { kind, name } = owner;
  const hash = pod.metadata?.labels?.['pod-template-hash'];
  if (kind !== 'ReplicaSet' || hash === undefined || !name.endsWith(`-${hash}`)) return { kind, name };
  return { kind: 'Deployment', name: name.slice(0, -hash.length - 1) };
}

const titleOf = ({ kind, name }: Workload) => (name === '' ? 'the pods without a controller' : `${kind} ${name}`);
const namesOf = (members: readonly Member[]) => listSome(members.map(({ podName }) => podName));

/** Whether several pods share a node. */
export function checkNodes(facts: Facts): readonly Outcome[] {
  return workloadsOf(facts)
    .filter(({ members }) => members.length > 1)
    .flatMap((workload) => {
      const placed = workload.members.filter(({ pod }) => pod.spec?.nodeName !== undefined);
      const byNode = Map.groupBy(placed, ({ pod }) => pod.spec?.nodeName ?? '');
      const shared = [...byNode].filter(([, members]) => members.length > 1);
      if (placed.length < 2) return [];
      if (shared.length === 0) {
        return [say.ok(`${titleOf(workload)}: its ${placed.length} pods run on as many nodes`)];
      }
      return shared.map(([node, members]) =>
        say.warning(
          `${titleOf(workload)}: ${namesOf(members)} run on one node (${node}), and go when it goes`,
          'Give the pods a podAntiAffinity with topologyKey kubernetes.io/hostname.',
        ),
      );
    });
}

/** Whether a drain may take all pods at once. */
export function checkDisruption(facts: Facts): readonly Outcome[] {
  const { disruptionBudgets } = facts;
  const several = workloadsOf(facts).filter(({ members }) => members.length > 1);
  if (several.length === 0) return [];
  if (disruptionBudgets.kind !== 'seen') return [say.skipped(`PodDisruptionBudgets: ${disruptionBudgets.why}`)];
  return several.map((workload) => {
    const labels = workload.members[0]?.pod.metadata?.labels ?? {};
    const count = workload.members.length;
    const found = disruptionBudgets.value.filter(({ spec }) => selects(spec?.selector, labels));
    const names = listSome(found.map(({ metadata }) => metadata?.name ?? ''));
    if (found.some(({ spec }) => spec !== undefined && keepsOne(spec, count))) {
      return say.ok(`${titleOf(workload)}: PodDisruptionBudget ${names} keeps drains from taking all pods`);
    }
    const why =
      found.length === 0
        ? `no PodDisruptionBudget selects its ${count} pods`
        : `PodDisruptionBudget ${names} allows all of its ${count} pods to go`;
    return say.warning(
      `${titleOf(workload)}: ${why}, so drains may take them all at once`,
      'Create a PodDisruptionBudget with maxUnavailable: 1 for them.',
    );
  });
}

/** Whether a budget leaves at least one of so many pods (API reference, PodDisruptionBudgetSpec); percentages are rounded up. */
function keepsOne({ maxUnavailable, minAvailable }: NonNullable<PodDisruptionBudget['spec']>, count: number): boolean {
  const numberOf = (value: number | string) =>
    typeof value === 'number' ? value : Math.ceil((count * Number.parseFloat(value)) / 100);
  if (maxUnavailable !== undefined) return numberOf(maxUnavailable) < count;
  return minAvailable === undefined || numberOf(minAvailable) > 0;
}

type Selector = NonNullable<PodDisruptionBudget['spec']>['selector'];
type Requirement = NonNullable<NonNullable<Selector>['matchExpressions']>[number];

/** Whether a label selector matches (API reference, LabelSelector): an empty one everything, an absent one nothing. */
function selects(selector: Selector, labels: Readonly<Record<string, string>>): boolean {
  if (selector === undefined) return false;
  const pairs = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return pairs && (selector.matchExpressions ?? []).every((one) => meets(one, labels));
}

function meets({ key, operator, values = [] }: Requirement, labels: Readonly<Record<string, string>>): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}

/** Whether a rollout of two replicas leaves a moment without any. */
export function checkRollout(facts: Facts): readonly Outcome[] {
  const pair = workloadsOf(facts).filter(({ members }) => members.length === 2 && !members.every(hasOwnGate));
  return pair.flatMap((workload) => {
    const lists = { StatefulSet: facts.statefulSets, Deployment: facts.deployments };
    const look = workload.kind === 'StatefulSet' || workload.kind === 'Deployment' ? lists[workload.kind] : undefined;
    if (look === undefined) return [];
    if (look.kind !== 'seen') return [say.skipped(`${titleOf(workload)}: ${look.why}`)];
    const spec = look.value.find(({ metadata }) => metadata?.name === workload.name)?.spec;
    if (spec === undefined) return [];
    if ((spec.minReadySeconds ?? 0) > 0) {
      return [
        say.ok(
          `${titleOf(workload)}: minReadySeconds ${spec.minReadySeconds} lets a new pod reach DNS before the other goes`,
        ),
      ];
    }
    return [
      say.warning(
        `${titleOf(workload)}: two pods and no minReadySeconds: a rollout takes the second before the first is in DNS again, and caches keep an empty answer`,
        'Set minReadySeconds: 5, or use the readiness gate (k8s/readiness-gate).',
      ),
    ];
  });
}
