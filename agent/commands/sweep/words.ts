/** A step of a sweep in words: which object, what goes, and why; as a line for people, and as data for programs. */
import type { Failure } from '../../register/register.ts';
import type { SweepReason, SweepStep } from './plan.ts';

/** What became of a step. `planned`: a dry run. */
export type StepOutcome = 'planned' | 'removed' | 'failed';

/** One step as `-o json` has it. */
export type StepReport = {
  readonly service: string;
  readonly object: { readonly kind: 'Endpoints' | 'EndpointSlice'; readonly name: string };
  readonly what: string;
  /** A closed word, e.g. `pod-gone`. */
  readonly reason: SweepReason;
  readonly why: string;
  readonly outcome: StepOutcome;
  /** Why it failed, and the rule of a Role that would have allowed it, as YAML. */
  readonly message?: string;
  readonly rule?: string;
};

const reasons: Readonly<Record<SweepReason, string>> = {
  'pod-gone': 'the pod is gone',
  'pod-replaced': 'another pod has its name now',
  'pod-terminal': 'the pod has ended',
  uninstall: 'all of ours goes',
  'controller-slice-left': 'left of a selector that was removed: nobody updates it, and DNS answers it for ever',
  'mirrored-slice-left': 'the mirror of Endpoints that were left of a selector that was removed',
  'controller-endpoints-left': 'left of a selector that was removed: nobody updates them',
};

/** Reports a step; `failure`: why it could not be done. */
export function reportStep(
  service: string,
  step: SweepStep,
  result: { readonly outcome: StepOutcome; readonly failure?: Pick<Failure, 'message' | 'remedy'> },
): StepReport {
  const { outcome, failure } = result;
  return {
    service,
    object:
      step.kind === 'delete-slice' ? sliceObject(step.slice.metadata?.name) : { kind: 'Endpoints', name: service },
    what: whatGoes(step),
    reason: step.reason,
    why: reasons[step.reason],
    outcome,
    ...(failure === undefined ? {} : { message: failure.message }),
    ...(failure?.remedy === undefined ? {} : { rule: failure.remedy }),
  };
}

function sliceObject(name = '') {
  return { kind: 'EndpointSlice', name } as const;
}

function whatGoes(step: SweepStep): string {
  switch (step.kind) {
    case 'evict': {
      const pod = step.podName === undefined ? `UID ${step.uid}` : `pod ${step.podName} (UID ${step.uid})`;
      return `the heartbeat${step.entryCount === 0 ? '' : ` and ${count(step.entryCount, 'entry', 'entries')}`} of ${pod}`;
    }
    case 'delete-slice':
      return 'the whole object';
    case 'clear-endpoints':
      return `the endpoints controller's label and ${count(step.addressCount, 'address', 'addresses')}`;
    case 'strip-endpoints':
      return step.marks
        .map(({ field, key }) => `the ${field === 'labels' ? 'label' : 'annotation'} ${key}`)
        .join(' and ');
    case 'delete-endpoints':
      return `the whole object, with ${count(step.heartbeatCount, 'heartbeat', 'heartbeats')}`;
    default:
      return step satisfies never;
  }
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

const verbs: Readonly<Record<StepOutcome, string>> = {
  planned: 'would remove',
  removed: 'removed',
  failed: 'not removed',
};

/** One line for people, without its end: `removed  Endpoints ipa: the heartbeat and 3 entries of pod ipa-1 (…): the pod is gone`. */
export function lineOf({ object, what, why, outcome }: StepReport): string {
  return `${verbs[outcome]}  ${object.kind} ${object.name}: ${what}: ${why}`;
}
