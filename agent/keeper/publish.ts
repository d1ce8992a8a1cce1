/**
 * Publishes the own EndpointSlices, which DNS reads. Shrinking goes before the register, growing after it; a slice
 * that somebody else removed or changed is written again only after the register answered that we still belong there.
 */
import type { EndpointSlice } from '../kube/objects.ts';
import { type PairKey, pairKey } from '../plan/pairs.ts';
import {
  type Publication,
  pairsIn,
  pairsOf,
  planSlices,
  publisherOf,
  standingSlices,
  wantedSlices,
} from '../plan/slices.ts';
import type { Failure } from '../register/register.ts';
import { callOf } from './beat.ts';
import { type KeeperDeps, mayServe } from './deps.ts';
import type { Memory } from './memory.ts';

/** The slices that a pod published under this Service, as known now. */
export function slicesOf(deps: KeeperDeps, uid: string): readonly EndpointSlice[] {
  return deps.slices.known().filter((slice) => publisherOf(slice) === uid);
}

/** Whether somebody else removed or changed our slices since we last wrote them. */
export function isTampered(deps: KeeperDeps, memory: Memory, uid: string): boolean {
  return memory.published !== undefined && planSlices(slicesOf(deps, uid), memory.published).length > 0;
}

/** The part of `wanted` that stands in our slices already: what may stay before the register is asked. */
export function alreadyPublished(deps: KeeperDeps, publication: Publication): readonly EndpointSlice[] {
  return standingSlices(slicesOf(deps, publication.identity.uid), wantedSlices(publication));
}

/** The pairs that our slices announce now. */
export function announcedNow(deps: KeeperDeps, uid: string): ReadonlySet<PairKey> {
  return new Set(slicesOf(deps, uid).flatMap(pairsOf));
}

/** Brings our slices to `wanted`. Undefined: done; nothing is written where nothing differs. */
export async function publish(
  deps: KeeperDeps,
  memory: Memory,
  given: { readonly uid: string; readonly wanted: readonly EndpointSlice[]; readonly signal: AbortSignal },
): Promise<Failure | undefined> {
  const { uid, wanted, signal } = given;
  const changes = planSlices(slicesOf(deps, uid), wanted);
  for (const change of changes) {
    if (change.kind === 'apply' && !mayServe(deps)) {
      memory.published = undefined;
      return undefined;
    }
    const call = callOf(deps, memory, signal);
    const answer =
      change.kind === 'apply'
        ? await deps.slices.apply(change.slice, call)
        : await deps.slices.remove(change.slice, call);
    deps.metrics.sliceWritten({ service: deps.service, kind: change.kind, isDone: answer.kind === 'done' });
    if (answer.kind === 'failed') {
      // What became of it is unknown: until all are written, nobody can be said to have tampered with them.
      memory.published = undefined;
      return answer;
    }
  }
  memory.published = wanted;
  if (changes.length > 0) {
    deps.log.info('slices-published', `published ${deps.service} for DNS`, {
      service: deps.service,
      pairs: pairsIn(wanted).map(pairKey),
      changes: changes.map(({ kind, reason, slice }) => `${kind} ${slice.metadata?.name ?? ''} (${reason})`),
    });
  }
  return undefined;
}

/** Deletes slices one after another. Undefined: all are gone. */
export async function removeSlices(
  deps: KeeperDeps,
  memory: Memory,
  { slices, signal }: { readonly slices: readonly EndpointSlice[]; readonly signal: AbortSignal },
): Promise<Failure | undefined> {
  for (const slice of slices) {
    const answer = await deps.slices.remove(slice, callOf(deps, memory, signal));
    if (answer.kind === 'failed') return answer;
  }
  return undefined;
}
