/**
 * Finds what an earlier container of this pod registered: one list of the own slices by the UID label, tried until it
 * is answered. A restart forgets nothing.
 */
import { backoffMs } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import { adoptDeclarations } from '../keeper/adopt.ts';
import type { Api } from '../kube/api.ts';
import type { Declarations } from '../plan/declaration.ts';
import { attempt } from '../register/failure.ts';
import type { Failure } from '../register/register.ts';
import { publishedBy } from '../register/slices.ts';

/** The waits between tries: from a tenth of a second to five, since what is wrong may need a person. */
const BOUNDS = { baseMs: 100, maxMs: 5000 };

/** Resolves to what the own slices declare; undefined where the signal aborted first. `onFailure` hears of each failed try. */
export async function discoverRegistered(
  deps: {
    readonly api: Api;
    readonly clock: Clock;
    readonly random: () => number;
    readonly requestTimeoutMs: number;
    readonly onFailure: (failure: Failure | undefined) => void;
  },
  uid: string,
  signal: AbortSignal,
): Promise<Declarations | undefined> {
  for (let tried = 0; !signal.aborted; tried += 1) {
    const call = { timeoutMs: deps.requestTimeoutMs, signal };
    const listed = await attempt(async () => ({
      kind: 'listed' as const,
      slices: await deps.api.listSlices(publishedBy(uid), call),
    }));
    if (listed.kind === 'listed') {
      deps.onFailure(undefined);
      return adoptDeclarations(listed.slices);
    }
    deps.onFailure(listed);
    await deps.clock.sleep(Math.max(listed.retryAfterMs ?? 0, backoffMs(tried, BOUNDS, deps.random())), signal);
  }
  return undefined;
}
