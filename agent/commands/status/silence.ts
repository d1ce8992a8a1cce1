/** How long pods have been silent, in their own promised intervals: as their peers count it, and as they do themselves. */
import type { AgentService } from './document.ts';
import type { AgentSeen } from './observe.ts';

/** From here on the agents ask whether a silent pod still lives (`plan/evict`). */
export const SILENT_AGE = 2;

/** What an agent told of one Service. */
export function toldBy({ answer }: AgentSeen, service: string): AgentService | undefined {
  return answer.kind === 'answered' ? answer.status.services.get(service) : undefined;
}

/** Whether the agent's way is one in which it beats and publishes, or keeps what it has published. */
export function serves({ way }: AgentService): boolean {
  return way !== undefined && way !== 'hold' && way !== 'withdraw';
}

/**
 * Pod UID to promised intervals without a new heartbeat, the most that anybody counts. Who does not beat itself is not
 * heard about others: it has not looked for as long.
 */
export function countSilence(agents: readonly AgentSeen[], service: string): ReadonlyMap<string, number> {
  const silence = new Map<string, number>();
  const note = (uid: string, age: number) => silence.set(uid, Math.max(age, silence.get(uid) ?? 0));
  for (const agent of agents) {
    const told = toldBy(agent, service);
    if (told === undefined) continue;
    const own = ownSilence(told);
    note(agent.uid, own);
    if (own >= SILENT_AGE) continue;
    for (const [uid, age] of told.peerAges) note(uid, age);
  }
  return silence;
}

function ownSilence({ intervalMs, lastHeartbeatAgeMs }: AgentService): number {
  if (intervalMs === undefined || intervalMs <= 0 || lastHeartbeatAgeMs === undefined) return 0;
  return lastHeartbeatAgeMs / intervalMs;
}
