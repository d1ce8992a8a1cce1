/**
 * Removes exactly what is ours: slices first, so that DNS stops at once, then entries and heartbeat. Absent is success.
 */

import { backoffMs } from '../backoff.ts';
import { conflictBounds } from '../plan/heartbeat.ts';
import { planWithdrawal } from '../plan/patch.ts';
import type { OwnPod } from '../plan/pod.ts';
import type { Failure } from '../register/register.ts';
import type { WithdrawalReason } from '../status/metrics.ts';
import { callOf, podCount, takeIn } from './beat.ts';
import type { KeeperDeps } from './deps.ts';
import { forgetRegister, type Memory } from './memory.ts';
import { removeSlices, slicesOf } from './publish.ts';

/** Withdraws the pod from one Service. Undefined: the API server acknowledged that nothing of ours is left. */
export async function withdraw(
  deps: KeeperDeps,
  memory: Memory,
  given: { readonly pod: OwnPod; readonly why: WithdrawalReason; readonly signal: AbortSignal },
): Promise<Failure | undefined> {
  deps.probes.aim(undefined);
  if (memory.withdrawn) return undefined;
  const { identity } = given.pod;
  const { uid } = identity;
  const hadSlices = await removeOwnSlices(deps, memory, { uid, signal: given.signal });
  if (typeof hadSlices === 'object') return hadSlices;
  const hadEntries = await removeFromRegister(deps, memory, { uid, signal: given.signal });
  if (typeof hadEntries === 'object') return hadEntries;
  memory.published = undefined;
  memory.joined = false;
  memory.withdrawn = true;
  forgetRegister(memory);
  deps.published({ service: deps.service, identity, pairs: [], addresses: {}, isNameOnly: false });
  if (hadSlices || hadEntries) {
    deps.metrics.withdrawn({ reason: given.why });
    deps.log.info('withdrawn', `withdrew from ${deps.service}: ${given.why}`, {
      service: deps.service,
      reason: given.why,
    });
  }
  return undefined;
}

/** First those that we know, without a question; then whatever the API server still lists. Whether there were any. */
async function removeOwnSlices(
  deps: KeeperDeps,
  memory: Memory,
  { uid, signal }: { readonly uid: string; readonly signal: AbortSignal },
): Promise<boolean | Failure> {
  const known = slicesOf(deps, uid);
  const failure = await removeSlices(deps, memory, { slices: known, signal });
  if (failure !== undefined) return failure;
  const left = await deps.slices.listOf(uid, callOf(deps, memory, signal));
  if (left.kind === 'failed') return left;
  const leftFailure = await removeSlices(deps, memory, { slices: left.slices, signal });
  if (leftFailure !== undefined) return leftFailure;
  return known.length + left.slices.length > 0;
}

/** Whether there was an entry or a heartbeat of ours. */
async function removeFromRegister(
  deps: KeeperDeps,
  memory: Memory,
  { uid, signal }: { readonly uid: string; readonly signal: AbortSignal },
): Promise<boolean | Failure> {
  for (let attempt = 0; ; attempt += 1) {
    const read = await deps.register.read(callOf(deps, memory, signal));
    if (read.kind === 'failed') return read;
    if (read.kind === 'absent') return attempt > 0;
    takeIn(deps, memory, { view: read.view, ownUid: uid, stepMs: 0 });
    const operations = planWithdrawal(memory.view ?? read.view, uid);
    if (operations === undefined) return attempt > 0;
    const answer = await deps.register.write(operations, callOf(deps, memory, signal));
    if (answer.kind === 'failed') return answer;
    if (answer.kind !== 'outrun') return true;
    await deps.clock.sleep(backoffMs(attempt, conflictBounds(podCount(deps, memory, uid)), deps.random()), signal);
  }
}
