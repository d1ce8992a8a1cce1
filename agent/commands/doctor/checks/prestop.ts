/** How long a workload keeps serving after its pod was deleted: the sleep of its preStop hooks. */
import type { Pod } from '../../../kube/objects.ts';

/** `unknown`: there is a hook that is no sleep, or none whose length can be read. */
export type PreStop =
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'sleep'; readonly seconds: number };

/** Reads the containers' hooks; of several sleeps the longest counts. */
export function readPreStop(containers: NonNullable<Pod['spec']>['containers']): PreStop {
  const hooks = containers.flatMap(({ lifecycle }) => (lifecycle?.preStop === undefined ? [] : [lifecycle.preStop]));
  if (hooks.length === 0) return { kind: 'none' };
  const seconds = hooks.flatMap(({ sleep, exec }) => {
    if (sleep !== undefined) return [sleep.seconds];
    const written = /\bsleep\s+(\d+)(?![\d.]*[a-z])/.exec((exec?.command ?? []).join(' '))?.[1];
    return written === undefined ? [] : [Number(written)];
  });
  return seconds.length === 0 ? { kind: 'unknown' } : { kind: 'sleep', seconds: Math.max(...seconds) };
}
