/**
 * Looks at who has been silent, after each scheduled beat: asks for their pods, gives them a turn to be evicted or
 * leaves them, and removes slices that outlived their heartbeat.
 */
import { isOrphanDue, type PodLife, silentOrphans, silentPeers, turnMs } from '../plan/evict.ts';
import type { Failure } from '../register/register.ts';
import { callOf } from './beat.ts';
import { type KeeperDeps, mayServe } from './deps.ts';
import { noteSpared, planFor, type Scene } from './evictions.ts';
import type { Memory } from './memory.ts';
import { removeSlices, slicesOf } from './publish.ts';

/** So many pods are asked for after one beat; the others wait for the next one. */
const MAX_QUESTIONS = 10;

/** After a scheduled beat: asks for silent peers' pods, sets or drops their turns, and removes orphaned slices. */
export async function askForSilent(deps: KeeperDeps, memory: Memory, scene: Scene): Promise<Failure | undefined> {
  const peers = silentPeers(memory.ages);
  for (const uid of memory.turns.keys()) if (!peers.has(uid)) memory.turns.delete(uid);
  for (const uid of memory.spared.keys()) if (!peers.has(uid)) memory.spared.delete(uid);
  const asked = [...peers, ...silentOrphans(memory.ages)].slice(0, MAX_QUESTIONS);
  if (asked.length === 0 && memory.askFailure !== undefined) {
    // Nobody is silent any more; whether we may ask by now, the own pod tells as well.
    const answer = await lifeOf(deps, memory, { ...scene.pod.identity, signal: scene.signal });
    return answer.kind === 'failed' ? answer : undefined;
  }
  const answers = await Promise.all(
    asked.map(async ([uid, { podName }]) => ({
      uid,
      podName,
      answer: await lifeOf(deps, memory, { uid, podName, signal: scene.signal }),
    })),
  );
  let failure: Failure | undefined;
  const lives = new Map<string, PodLife>();
  for (const { uid, answer } of answers) {
    if (answer.kind === 'failed') failure = answer;
    else lives.set(uid, answer.life);
  }
  for (const [uid, life] of lives) {
    if (peers.has(uid)) decide(deps, memory, { uid, lives, life, scene });
    else failure = (await removeOrphan(deps, memory, { uid, life, scene })) ?? failure;
  }
  return failure;
}

async function removeOrphan(
  deps: KeeperDeps,
  memory: Memory,
  { uid, life, scene }: { readonly uid: string; readonly life: PodLife; readonly scene: Scene },
): Promise<Failure | undefined> {
  const orphan = memory.ages.orphans.get(uid);
  if (orphan === undefined || !isOrphanDue(orphan, life) || !mayServe(deps)) return undefined;
  const failure = await removeSlices(deps, memory, { slices: slicesOf(deps, uid), signal: scene.signal });
  if (failure !== undefined) return failure;
  const name = orphan.podName ?? uid;
  deps.log.warn('orphan-removed', `removed the slices of ${name}, which has no heartbeat`, {
    service: deps.service,
    peer: orphan.podName,
    peerUid: uid,
    life,
  });
  return undefined;
}

function decide(deps: KeeperDeps, memory: Memory, given: Parameters<typeof planFor>[2]): void {
  const { uid, life, scene } = given;
  const plan = planFor(deps, memory, given);
  noteSpared(memory, uid, plan);
  if (plan.kind !== 'evict') {
    memory.turns.delete(uid);
    return;
  }
  const waitMs = turnMs(memory.ages, scene.pod.identity.uid);
  memory.turns.set(uid, { atMs: memory.turns.get(uid)?.atMs ?? deps.clock.monotonicMs() + waitMs, life });
}

async function lifeOf(
  deps: KeeperDeps,
  memory: Memory,
  asked: { readonly uid: string; readonly podName: string | undefined; readonly signal: AbortSignal },
): Promise<{ readonly kind: 'life'; readonly life: PodLife } | Failure> {
  const { uid, podName, signal } = asked;
  if (podName === undefined) return { kind: 'life', life: 'unknown' };
  const answer = await deps.pods.lifeOf({ podName, uid }, callOf(deps, memory, signal));
  // Without permission to look nobody is called gone: silence alone decides, later.
  memory.askFailure = answer.kind === 'failed' && answer.verdict === 'give-up' ? answer : undefined;
  return memory.askFailure === undefined ? answer : { kind: 'life', life: 'unknown' };
}
