/**
 * Which declarations hold: the last good ones stay through a bad edit, a deletion and an outage. A pure step from what
 * held before and what was seen now; watching is not done here.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Declarations } from '../plan/declaration.ts';
import type { Finding } from '../plan/finding.ts';
import { type Fault, printFaults } from './faults.ts';

/** What was seen of the ConfigMap. */
export type Observation =
  | { readonly kind: 'valid'; readonly declarations: Declarations; readonly notices: readonly string[] }
  | { readonly kind: 'invalid'; readonly faults: readonly Fault[] }
  /** The API server says that there is none. */
  | { readonly kind: 'missing' }
  /** We may not read it. `message` says what was attempted; `remedy` is the missing rule. */
  | { readonly kind: 'forbidden'; readonly message: string; readonly remedy?: string | undefined }
  /** Nothing could be seen: no answer, or one that says nothing. */
  | { readonly kind: 'unreachable' };

/** What holds. `declarations` undefined: none was ever read. `finding`: what the operator should know, if anything. */
export type NewestDeclarations = {
  readonly declarations: Declarations | undefined;
  readonly finding: Finding | undefined;
};

/** What holds now, and what of it is new. */
export type NextDeclarations = NewestDeclarations & {
  /** The declarations differ from those before. */
  readonly changed: boolean;
  /** The finding came, went or differs: to be logged. */
  readonly findingChanged: boolean;
};

/** Before anything was seen. */
export const noDeclarations: NewestDeclarations = { declarations: undefined, finding: undefined };

/**
 * Takes in an observation. Only a valid one changes the declarations. One that saw nothing changes nothing at all: the
 * finding stays too, for what it says was still so when we last looked.
 * @param name the ConfigMap's name, for the words of a finding
 */
export function nextDeclarations(
  previous: NewestDeclarations,
  observation: Observation,
  { name }: { readonly name: string },
): NextDeclarations {
  const declarations = observation.kind === 'valid' ? observation.declarations : previous.declarations;
  const finding =
    observation.kind === 'unreachable'
      ? previous.finding
      : findingOf(observation, { name, isHeld: previous.declarations !== undefined });
  const changed = !isSame(previous.declarations, declarations);
  return {
    // The old ones where nothing differs, so that whoever compares by identity sees no change.
    declarations: changed ? declarations : previous.declarations,
    finding,
    changed,
    findingChanged: !isDeepStrictEqual(previous.finding, finding),
  };
}

function isSame(a: Declarations | undefined, b: Declarations | undefined): boolean {
  return isDeepStrictEqual(a, b);
}

function findingOf(
  observation: Exclude<Observation, { kind: 'unreachable' }>,
  { name, isHeld }: { readonly name: string; readonly isHeld: boolean },
): Finding | undefined {
  const held = isHeld
    ? 'The last good declarations stay in force until then.'
    : 'Until then nothing new is registered.';
  switch (observation.kind) {
    case 'valid': {
      const { notices } = observation;
      if (notices.length === 0) return undefined;
      return {
        code: 'configmap-notice',
        message: `ConfigMap ${name}: ${notices.join('; ')}`,
        remedy: 'Nothing has to be done; leaving it out of the ConfigMap ends this notice.',
      };
    }
    case 'invalid':
      return {
        code: 'configmap-invalid',
        message: `ConfigMap ${name} is not valid:\n${printFaults(observation.faults)}`,
        remedy: `Correct it. ${held}`,
      };
    case 'missing':
      return {
        code: 'configmap-missing',
        message: `ConfigMap ${name} does not exist in the own namespace`,
        remedy: `Create it, with a key for each Service; to withdraw from a Service, remove its key. ${held}`,
      };
    case 'forbidden':
      return {
        code: 'configmap-forbidden',
        message: `ConfigMap ${name} may not be read: ${observation.message}`,
        remedy: `${held} ${grant(observation.remedy)}`,
      };
    default:
      return observation satisfies never;
  }
}

function grant(rule: string | undefined): string {
  if (rule === undefined) return 'Grant list and watch on it to the ServiceAccount of this pod.';
  return `Add this rule to the Role of the ServiceAccount:\n${rule}`;
}
