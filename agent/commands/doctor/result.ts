/**
 * What a check comes to, and how results are made: each is one sentence (place, value seen, rule), and where something
 * is to be done, one remedy. Pods that share a sentence share a line.
 */
import { type Finding, findingWeights, listSome } from '../../plan/finding.ts';

/** `skipped`: it could not be looked at, or does not apply; the message says why. */
export type Verdict = 'ok' | 'warning' | 'failure' | 'skipped';

/** What one check says of one place. `theme` is the heading that it stands under, e.g. `Service ipa`. */
export type Outcome = {
  readonly theme: string;
  readonly verdict: Verdict;
  readonly message: string;
  /** Undefined where nothing is to be done. */
  readonly remedy: string | undefined;
};

/** An outcome and the name of its check, e.g. `service-way`. */
export type Result = Outcome & { readonly check: string };

/** What makes outcomes under one heading. */
export type Reporter = {
  readonly ok: (message: string) => Outcome;
  readonly skipped: (message: string, remedy?: string) => Outcome;
  readonly warning: (message: string, remedy: string) => Outcome;
  readonly failure: (message: string, remedy: string) => Outcome;
  /** A finding as the agents raise it, with its own weight and words. */
  readonly finding: (finding: Finding) => Outcome;
};

/** Builds the reporter of a heading. */
export function under(theme: string): Reporter {
  const make = (verdict: Verdict) => (message: string, remedy?: string) => ({ theme, verdict, message, remedy });
  return {
    ok: make('ok'),
    skipped: make('skipped'),
    warning: make('warning'),
    failure: make('failure'),
    finding: ({ code, message, remedy }) => ({ theme, verdict: findingWeights[code], message, remedy }),
  };
}

/** Stands in a remedy for the name of the pod; of several that share it the first is named. */
export const POD_NAME = '<pod>';

/** What is said of one pod, its name apart. */
export type Said = Omit<Outcome, 'theme' | 'message'> & { readonly text: string };

/** One line for each different sentence, with the pods that it is about: `pods ipa-0, ipa-1: …`. */
export function mergePods(
  theme: string,
  said: readonly { readonly podName: string; readonly says: Said }[],
): readonly Outcome[] {
  const bySentence = Map.groupBy(said, ({ says: { verdict, text, remedy } }) =>
    JSON.stringify([verdict, text, remedy]),
  );
  return [...bySentence.values()].flatMap((same) => {
    const first = same[0]?.says;
    if (first === undefined) return [];
    const { verdict, text, remedy } = first;
    const names = same.map(({ podName }) => podName).sort();
    const message = `pod${names.length === 1 ? '' : 's'} ${listSome(names)}: ${text}`;
    return [{ theme, verdict, message, remedy: remedy?.replaceAll(POD_NAME, names[0] ?? '') }];
  });
}

/** Whether some outcome needs a person: then the command ends with `found`. */
export function hasFailure(results: readonly Outcome[]): boolean {
  return results.some(({ verdict }) => verdict === 'failure');
}
