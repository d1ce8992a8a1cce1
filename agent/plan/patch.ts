/**
 * The one patch shape for every change of the register (RFC 6902): `test` what was read, `add` what was planned, and
 * the heartbeat annotation of the pod concerned, all or nothing. No resourceVersion: others' beats must not disturb us.
 */
import type { EndpointAddress, PatchOperation } from '../kube/objects.ts';
import { heartbeatKey, type Identity, pointer, SKIP_MIRROR_LABEL } from './identity.ts';
import type { Pair } from './pairs.ts';
import type { RegisterView } from './register.ts';
import { planSubsets, planSubsetsWithout, type SubsetPlan } from './subsets.ts';

/**
 * What we want of the register: the own heartbeat and, unless `entries` is undefined, exactly these entries and the
 * skip-mirror label. Undefined where the subsets are not ours to keep: `supplement`, or a refusal after serving.
 */
export type Wanted = {
  readonly identity: Identity;
  readonly entries: { readonly address: string; readonly pairs: readonly Pair[] } | undefined;
};

/**
 * What the own write to the register has to be. `join`: no heartbeat of ours is there; `update`: it is there, but our
 * entries or the label are not as wanted; `beat`: only the heartbeat is due.
 */
export type RegisterPatch = {
  readonly kind: 'join' | 'update' | 'beat';
  readonly operations: readonly PatchOperation[];
};

/** Plans the own write that brings the register from `view` to `wanted`, with `value` as the new heartbeat. */
export function planOwnPatch(view: RegisterView, wanted: Wanted, value: string): RegisterPatch {
  const { uid } = wanted.identity;
  const seen = view.heartbeats.get(uid);
  const subsets = planEntries(view, wanted);
  const needsLabel = wanted.entries !== undefined && !view.skipsMirror && !view.keptByController;
  const rest = [...(needsLabel ? labelOperations(view) : []), ...subsetOperations(view, subsets)];
  const kind = seen === undefined ? 'join' : rest.length > 0 ? 'update' : 'beat';
  return { kind, operations: [...heartbeatOperations(view, uid, value), ...rest] };
}

/** Plans the removal of the own heartbeat and entries; undefined where nothing of ours is left. */
export function planWithdrawal(view: RegisterView, uid: string): readonly PatchOperation[] | undefined {
  const subsets = planRemoval(view, uid);
  const seen = view.heartbeats.get(uid);
  if (seen === undefined && subsets.kind === 'leave') return undefined;
  return [...removeHeartbeat(uid, seen), ...subsetOperations(view, subsets)];
}

/**
 * Plans the eviction of one peer: its heartbeat must still be the one that we saw, and those of the witnesses (pod UIDs)
 * too. Undefined where the peer, or a witness, is not in the register any more.
 */
export function planEviction(
  view: RegisterView,
  uid: string,
  witnesses: readonly string[],
): readonly PatchOperation[] | undefined {
  const seen = view.heartbeats.get(uid);
  if (seen === undefined || !witnesses.every((witness) => view.heartbeats.has(witness))) return undefined;
  const guard = witnesses.map(
    (witness): PatchOperation => ({
      op: 'test',
      path: annotationPath(witness),
      value: view.heartbeats.get(witness) ?? null,
    }),
  );
  return [...guard, ...removeHeartbeat(uid, seen), ...subsetOperations(view, planRemoval(view, uid))];
}

/** The address under which a pod stands in Endpoints. */
export function addressOf(identity: Identity, ip: string): EndpointAddress {
  const { namespace, podName, uid, hostname, nodeName } = identity;
  return {
    ip,
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    targetRef: { kind: 'Pod', name: podName, namespace, uid },
  };
}

function planEntries(view: RegisterView, { identity, entries }: Wanted): SubsetPlan {
  if (entries === undefined || view.keptByController) return { kind: 'leave', reason: 'in-sync' };
  const address = addressOf(identity, entries.address);
  return planSubsets(view.subsets ?? [], view.heartbeats, { uid: identity.uid, address, pairs: entries.pairs });
}

/** Subsets that the control plane keeps are never ours, even where they name our pod. */
function planRemoval(view: RegisterView, uid: string): SubsetPlan {
  if (view.keptByController) return { kind: 'leave', reason: 'in-sync' };
  return planSubsetsWithout(view.subsets ?? [], view.heartbeats, uid);
}

function annotationPath(uid: string): string {
  return pointer('metadata', 'annotations', heartbeatKey(uid));
}

function heartbeatOperations(view: RegisterView, uid: string, value: string): readonly PatchOperation[] {
  const path = annotationPath(uid);
  if (view.annotations === undefined) {
    return [
      { op: 'test', path: '/metadata/annotations', value: null },
      { op: 'add', path: '/metadata/annotations', value: { [heartbeatKey(uid)]: value } },
    ];
  }
  const seen = view.heartbeats.get(uid);
  return [
    { op: 'test', path, value: seen ?? null },
    { op: seen === undefined ? 'add' : 'replace', path, value },
  ];
}

function removeHeartbeat(uid: string, seen: string | undefined): readonly PatchOperation[] {
  if (seen === undefined) return [];
  const path = annotationPath(uid);
  return [
    { op: 'test', path, value: seen },
    { op: 'remove', path },
  ];
}

function subsetOperations(view: RegisterView, plan: SubsetPlan): readonly PatchOperation[] {
  if (plan.kind === 'leave') return [];
  return [
    { op: 'test', path: '/subsets', value: view.subsets ?? null },
    { op: 'add', path: '/subsets', value: plan.subsets },
  ];
}

/** The label takes every address in the object out of DNS, so it goes only onto the subsets that were looked at. */
function labelOperations(view: RegisterView): readonly PatchOperation[] {
  const seen: PatchOperation = { op: 'test', path: '/subsets', value: view.subsets ?? null };
  if (view.labels === undefined) {
    return [
      seen,
      { op: 'test', path: '/metadata/labels', value: null },
      { op: 'add', path: '/metadata/labels', value: { [SKIP_MIRROR_LABEL]: 'true' } },
    ];
  }
  return [seen, { op: 'add', path: pointer('metadata', 'labels', SKIP_MIRROR_LABEL), value: 'true' }];
}
