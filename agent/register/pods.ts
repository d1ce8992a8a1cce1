/** Asks the API server what became of a pod. */
import type { Api } from '../kube/api.ts';
import { readLife } from '../plan/pod.ts';
import { attempt } from './failure.ts';
import type { Pods } from './register.ts';

/** Builds the asker. */
export function createPods(api: Api): Pods {
  return {
    lifeOf: ({ podName, uid }, call) =>
      attempt(async () => {
        const found = await api.getPod(podName, call);
        if (found.kind === 'absent') return { kind: 'life', life: 'gone', isDeleting: false };
        if (found.object.metadata?.uid !== uid) return { kind: 'life', life: 'replaced', isDeleting: false };
        const life = readLife(found.object);
        return { kind: 'life', life: life === 'terminal' ? 'terminal' : 'listed', isDeleting: life === 'deleting' };
      }),
  };
}
