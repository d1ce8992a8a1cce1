/**
 * One pass over one Service: observe, decide the way, do what it says. Level-triggered: a pass repairs from what is,
 * and writes nothing where nothing differs.
 */
import type { Finding } from '../plan/finding.ts';
import type { OwnPod } from '../plan/pod.ts';
import type { ServiceFacts } from '../plan/service.ts';
import { planWay } from '../plan/way.ts';
import type { Failure } from '../register/register.ts';
import type { BeatCause } from './beat.ts';
import type { KeeperDeps, Task } from './deps.ts';
import { forgetRegister, type Memory } from './memory.ts';
import { noteWay, refusedRequest } from './notes.ts';
import { serve } from './serve.ts';
import { withdraw } from './withdraw.ts';

/** What a pass came to. `findings` stand until the next pass says otherwise. */
export type PassResult = {
  readonly kind: /** All that should be is acknowledged. */
    | 'acknowledged'
    /** An operator must act; the findings say what. What is published stays, and is not beating. */
    | 'refused'
    /** Refused too, after it had been served: what is published stays and beats, nothing is added. */
    | 'kept'
    /** Something that the control plane makes is not there (yet): come back soon. */
    | 'lacking'
    /** Something is not known yet: the pass had nothing to go on. */
    | 'waiting'
    /** Nothing of ours is left, as acknowledged. */
    | 'withdrawn';
  readonly findings: readonly Finding[];
};

const waiting: PassResult = { kind: 'waiting', findings: [] };

/** Runs one pass. A Failure means: come back after a backoff; what was done stays done. */
export async function runPass(
  deps: KeeperDeps,
  memory: Memory,
  input: { readonly task: Task; readonly cause: BeatCause; readonly signal: AbortSignal },
): Promise<PassResult | Failure> {
  const { task, signal } = input;
  const pod = deps.facts.pod();
  if (pod === undefined) return waiting;
  if (deps.latch.reason() !== undefined) return leave(deps, memory, { pod, why: 'pod-ending', signal });
  if (task.kind === 'leave') return leave(deps, memory, { pod, why: task.reason, signal });
  const seen = deps.facts.service();
  if (seen.kind === 'unseen') return seen.failure ?? waiting;
  const result = await passOver(deps, memory, { ...input, task, pod, service: seen.service });
  if (result.kind === 'failed' || seen.failure?.verdict !== 'give-up') return result;
  // It goes on with what it saw, and sees no change: that needs a person, whatever else this pass came to.
  return { ...result, findings: [...result.findings, refusedRequest(deps.service, seen.failure)] };
}

/** The pass over a Service of which something is known. */
async function passOver(
  deps: KeeperDeps,
  memory: Memory,
  input: {
    readonly task: Extract<Task, { readonly kind: 'serve' }>;
    readonly pod: OwnPod;
    readonly service: ServiceFacts | undefined;
    readonly cause: BeatCause;
    readonly signal: AbortSignal;
  },
): Promise<PassResult | Failure> {
  const { task, pod, service, cause, signal } = input;
  memory.hasSelector = service?.hasSelector ?? memory.hasSelector;
  if (service?.uid !== memory.serviceUid) {
    memory.serviceUid = service?.uid;
    forgetRegister(memory);
  }
  const way = planWay({ name: deps.service, service, slices: deps.slices.known(), view: memory.view });
  // A serving way is certain once the register was read; `settle` notes it then.
  if (way.kind === 'hold' || way.kind === 'withdraw') noteWay(deps, memory, way);
  switch (way.kind) {
    case 'hold':
      deps.probes.aim(undefined);
      memory.pairs = [];
      return { kind: 'refused', findings: [way.finding] };
    case 'withdraw': {
      memory.pairs = [];
      const failure = await withdraw(deps, memory, { pod, why: way.reason, signal });
      return failure ?? { kind: 'refused', findings: [way.finding] };
    }
    case 'full':
    case 'supplement':
    case 'refuse': {
      if (service === undefined) return waiting;
      const { declaration } = task;
      const served = await serve(deps, memory, { pod, service, declaration, cause, signal });
      return served.kind === 'latched' ? leave(deps, memory, { pod, why: 'pod-ending', signal }) : served;
    }
    default:
      return way satisfies never;
  }
}

const leaveReasons = {
  'not-declared': 'it is not declared any more',
  'no-ports': 'its declaration has no ports',
  'pod-ending': 'the pod is ending',
  shutdown: 'the agent is shutting down',
} as const satisfies Record<Extract<Task, { readonly kind: 'leave' }>['reason'], string>;

async function leave(
  deps: KeeperDeps,
  memory: Memory,
  given: { readonly pod: OwnPod; readonly why: keyof typeof leaveReasons; readonly signal: AbortSignal },
): Promise<PassResult | Failure> {
  const { pod, why, signal } = given;
  memory.pairs = [];
  memory.wayReason = leaveReasons[why];
  const failure = await withdraw(deps, memory, { pod, why, signal });
  return failure ?? { kind: 'withdrawn', findings: [] };
}
