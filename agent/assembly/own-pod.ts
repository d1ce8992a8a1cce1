/**
 * The own pod, as watched: what is announced follows from it, and its end closes the latch. A pod that was never seen
 * is a finding; one that was seen and is gone is the end.
 */

import type { Latch } from '../keeper/latch.ts';
import type { Pod } from '../kube/objects.ts';
import type { Change } from '../kube/watch.ts';
import type { Log } from '../log.ts';
import type { Finding } from '../plan/finding.ts';
import { type OwnPod, readPod } from '../plan/pod.ts';
import type { Failure } from '../register/register.ts';

/** The newest knowledge of the own pod. */
export type OwnPodWatch = {
  /** Takes in a change of the collection that watches the pod by name. */
  readonly observe: (change: Change<Pod>) => void;
  readonly current: () => OwnPod | undefined;
  readonly findings: () => readonly Finding[];
};

/** Builds it. `onChange` is called after each change of what `current` gives, or of the findings. */
export function createOwnPodWatch(deps: {
  readonly names: { readonly namespace: string; readonly podName: string; readonly containerName: string };
  readonly shutdownBudgetMs: number;
  readonly latch: Latch;
  readonly log: Log;
  readonly onChange: () => void;
}): OwnPodWatch {
  const { names, latch, log, onChange } = deps;
  let current: OwnPod | undefined;
  let isMissing = false;

  const takeIn = (pod: Pod): void => {
    const next = readPod(pod, names.containerName);
    if (current !== undefined && current.identity.uid !== next.identity.uid) {
      latch.close('pod-replaced');
      return;
    }
    const isNews = current === undefined || factsOf(current) !== factsOf(next);
    current = next;
    isMissing = false;
    if (next.life === 'deleting') latch.close('pod-deleting');
    if (next.life === 'terminal') latch.close('pod-terminal');
    if (!isNews) return;
    const { identity, readiness } = next;
    log.info('own-pod-changed', `own pod: ${describe(next)}`, {
      uid: identity.uid,
      addresses: identity.addresses,
      isReady: readiness.kind === 'ready',
    });
    onChange();
  };

  return {
    observe: (change) => {
      switch (change.type) {
        case 'upserted':
          takeIn(change.object);
          return;
        case 'deleted':
          if (change.object.metadata?.uid === current?.identity.uid) latch.close('pod-deleted');
          return;
        case 'synced':
          isMissing = current === undefined;
          onChange();
          return;
        case 'failed':
        case 'recovered':
          return;
        default:
          change satisfies never;
      }
    },
    current: () => current,
    findings: () => [
      ...(isMissing ? [missing(names)] : []),
      ...(current !== undefined && current.graceSeconds * 1000 <= deps.shutdownBudgetMs
        ? [budgetTooLong(current.graceSeconds, deps.shutdownBudgetMs)]
        : []),
    ],
  };
}

/** All that follows for an announcement: our own gate's condition does not, and we write it ourselves. */
function factsOf({ ownGate: _, ...facts }: OwnPod): string {
  return JSON.stringify(facts);
}

function describe({ life, readiness }: OwnPod): string {
  if (life !== 'alive') return life;
  return readiness.kind === 'ready' ? 'ready' : readiness.reason;
}

function missing({ namespace, podName }: { readonly namespace: string; readonly podName: string }): Finding {
  return {
    code: 'own-pod-missing',
    message: `REGISTRAR_POD_NAME=${podName}: there is no such pod in namespace ${namespace}, so nothing can be registered`,
    remedy: 'Set REGISTRAR_POD_NAME and REGISTRAR_NAMESPACE by the downward API (metadata.name, metadata.namespace).',
  };
}

function budgetTooLong(graceSeconds: number, budgetMs: number): Finding {
  return {
    code: 'shutdown-budget-exceeds-grace',
    message: `REGISTRAR_SHUTDOWN_BUDGET is ${budgetMs} ms, and the pod's terminationGracePeriodSeconds is ${graceSeconds}: the kubelet may kill the agent before its budget is spent`,
    remedy: 'Make the grace period longer than the budget.',
  };
}

/** The finding that the own pod may not be read. */
export function podForbidden(podName: string, failure: Failure): Finding {
  return {
    code: 'own-pod-forbidden',
    message: `own pod ${podName}: ${failure.message}`,
    remedy: `Add this rule to the Role of the ServiceAccount:\n${failure.remedy ?? 'get, list and watch of pods'}`,
  };
}
