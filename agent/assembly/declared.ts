/** The ConfigMap, as watched: its changes become declarations, or a finding that leaves the last good ones in force. */
import { type NewestDeclarations, nextDeclarations, noDeclarations, type Observation } from '../declarations/newest.ts';
import { parseDeclarations } from '../declarations/parse.ts';
import type { ConfigMap } from '../kube/objects.ts';
import type { Change } from '../kube/watch.ts';
import type { Log } from '../log.ts';
import type { Declarations } from '../plan/declaration.ts';
import { type Finding, findingWeights } from '../plan/finding.ts';
import { failureOf } from '../register/failure.ts';
import type { Metrics } from '../status/metrics.ts';

/** The newest knowledge of the declarations. */
export type DeclaredWatch = {
  /** Takes in a change of the collection that watches the ConfigMap by name. */
  readonly observe: (change: Change<ConfigMap>) => void;
  readonly current: () => Declarations | undefined;
  readonly findings: () => readonly Finding[];
  /** `unread`: nothing is known yet; `refused`: as last seen it is missing, forbidden or invalid. */
  readonly state: () => 'unread' | 'read' | 'refused';
};

/** Builds it. `onDeclared` gets the declarations when they change; `onFinding` is called when the finding does. */
export function createDeclaredWatch(deps: {
  readonly name: string;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'declarationsSeen'>;
  readonly onDeclared: (declarations: Declarations) => void;
  readonly onFinding: () => void;
}): DeclaredWatch {
  let newest: NewestDeclarations = noDeclarations;
  let isSeen = false;
  /** What list and watch told last of the object: it holds again when the watch stands again. */
  let last: Observation = { kind: 'missing' };

  const isRefused = () => newest.finding !== undefined && findingWeights[newest.finding.code] === 'failure';

  const takeIn = (observation: Observation): void => {
    if (observation.kind !== 'unreachable') isSeen = true;
    const next = nextDeclarations(newest, observation, { name: deps.name });
    newest = next;
    deps.metrics.declarationsSeen({ isValid: !isRefused(), serviceCount: newest.declarations?.size ?? 0 });
    if (next.findingChanged) deps.onFinding();
    if (!next.changed || next.declarations === undefined) return;
    deps.log.info('declarations-changed', `ConfigMap ${deps.name} is in force`, {
      services: [...next.declarations.keys()],
    });
    deps.onDeclared(next.declarations);
  };

  return {
    observe: (change) => {
      switch (change.type) {
        case 'upserted':
          last = parseDeclarations(change.object.data, change.object.binaryData);
          takeIn(last);
          return;
        case 'deleted':
          last = { kind: 'missing' };
          takeIn(last);
          return;
        case 'synced':
        case 'recovered':
          takeIn(last);
          return;
        case 'failed': {
          const { reason, message, remedy } = failureOf(change.error);
          takeIn(reason === 'Forbidden' ? { kind: 'forbidden', message, remedy } : { kind: 'unreachable' });
          return;
        }
        default:
          change satisfies never;
      }
    },
    current: () => newest.declarations,
    findings: () => (newest.finding === undefined ? [] : [newest.finding]),
    state: () => (isRefused() ? 'refused' : isSeen ? 'read' : 'unread'),
  };
}
