/**
 * Settles the register: reads it where it is not known, writes until nothing of ours differs there. Each turn of the
 * loop decides anew from the newest acknowledged answer, the way included.
 */
import { backoffMs } from '../backoff.ts';
import type { Finding } from '../plan/finding.ts';
import { conflictBounds } from '../plan/heartbeat.ts';
import type { Wanted } from '../plan/patch.ts';
import { planWay, type Way } from '../plan/way.ts';
import type { Failure } from '../register/register.ts';
import { type BeatCause, podCount, readStep, writeStep } from './beat.ts';
import { type KeeperDeps, mayServe } from './deps.ts';
import type { Memory } from './memory.ts';
import { noteWay } from './notes.ts';
import type { Serving } from './serve.ts';

/** A way in which the register is written, be it only our heartbeat. */
type ServingWay = Extract<Way, { readonly kind: 'full' | 'supplement' | 'refuse' }>;

/** The own entries: one address, under each of these pairs. */
type Entries = NonNullable<Wanted['entries']>;

/** What settling came to. */
export type Settled =
  | {
      readonly kind: 'settled';
      readonly way: ServingWay;
      /** The register acknowledged a write of ours in this pass. */
      readonly hasWritten: boolean;
      /** The scheduled beat was acknowledged at its first try: silent peers are older now. */
      readonly isInTurn: boolean;
    }
  /** Not served, and why. `lacking`: the Endpoints object is not there, and not ours to make. */
  | { readonly kind: 'lacking'; readonly finding: Finding }
  | { readonly kind: 'unserved'; readonly finding: Finding }
  | { readonly kind: 'latched' }
  | { readonly kind: 'stopped' }
  | Failure;

/** Brings the register to `entries`, where they are ours to keep. */
export async function settle(
  deps: KeeperDeps,
  memory: Memory,
  given: Serving & { readonly entries: Entries },
): Promise<Settled> {
  const { pod, service, entries, signal } = given;
  let cause: BeatCause = given.cause;
  let hasWritten = false;
  let isInTurn = false;
  let outrunCount = 0;
  while (!signal.aborted && mayServe(deps)) {
    const { view } = memory;
    const way = planWay({ name: deps.service, service, slices: deps.slices.known(), view });
    if (way.kind === 'hold' || way.kind === 'withdraw') return { kind: 'stopped' };
    if (view === undefined) {
      const step = await readStep(deps, memory, { pod, mayCreate: way.kind === 'full', signal });
      if (step.kind === 'failed' || step.kind === 'latched') return step;
      if (step.kind === 'absent') return { kind: 'lacking', finding: way.finding ?? endpointsMissing(deps) };
      continue;
    }
    noteWay(deps, memory, way);
    if (way.kind === 'refuse' && !memory.joined && !view.heartbeats.has(pod.identity.uid)) {
      // Nothing was served: look again at the next interval.
      memory.view = undefined;
      return { kind: 'unserved', finding: way.finding };
    }
    const step = await writeStep(deps, memory, {
      view,
      pod,
      wanted: { identity: pod.identity, entries: way.kind === 'full' ? entries : undefined },
      cause,
      signal,
    });
    if (step.kind === 'failed' || step.kind === 'latched') return step;
    if (step.kind === 'settled') {
      return { kind: 'settled', way, hasWritten, isInTurn };
    }
    if (step.kind === 'again' && step.isAcknowledged) {
      isInTurn ||= cause === 'scheduled';
      hasWritten = true;
      cause = 'none';
    }
    if (step.kind === 'again' && step.isOutrun) {
      // A beat that was in turn is a retry from here on: it makes nobody older.
      if (cause === 'scheduled') cause = 'retry';
      const bounds = conflictBounds(podCount(deps, memory, pod.identity.uid));
      await deps.clock.sleep(backoffMs(outrunCount, bounds, deps.random()), deps.leaving);
      outrunCount += 1;
    }
  }
  return { kind: 'stopped' };
}

function endpointsMissing(deps: KeeperDeps): Finding {
  return {
    code: 'endpoints-missing',
    message: `Service ${deps.service} has a selector, yet there is no Endpoints object of its name: the control plane makes it, and our heartbeats live on it`,
    remedy: `Look at the endpoints controller of kube-controller-manager (kubectl get endpoints ${deps.service}); the agent tries again by itself.`,
  };
}
