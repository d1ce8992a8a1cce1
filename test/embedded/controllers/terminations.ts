/** Plays the kubelet's last part: a pod whose grace period has passed goes. Tests may end it sooner themselves. */
import type { Kinds, Stored } from '../objects/kinds.ts';
import type { Registry } from '../registry/registry.ts';
import { StatusError } from '../registry/status.ts';
import { keyOf, type Store } from '../storage/store.ts';
import { typed } from '../storage/typed.ts';
import type { Controller } from './controller.ts';

/** Builds the part. */
export function createTerminations(deps: { store: Store; registry: Registry }): Controller {
  const timers = new Map<string, NodeJS.Timeout>();
  let off: (() => void) | undefined;

  const schedule = (pod: Stored<Kinds['pods']>): void => {
    const { uid, deletionTimestamp } = pod.metadata;
    clearTimeout(timers.get(uid));
    timers.delete(uid);
    if (deletionTimestamp === undefined) return;
    const leftMs = Math.max(0, Date.parse(deletionTimestamp) - Date.now());
    timers.set(uid, setTimeout(() => finish(pod), leftMs).unref());
  };

  const finish = (pod: Stored<Kinds['pods']>): void => {
    timers.delete(pod.metadata.uid);
    try {
      deps.registry.remove('pods', keyOf(pod), { uid: pod.metadata.uid, gracePeriodSeconds: 0 });
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
    }
  };

  return {
    start: () => {
      off ??= deps.store.onChange('pods', ({ type, object }) => {
        if (type !== 'DELETED') schedule(typed('pods', object));
      });
      deps.store.list('pods').forEach(schedule);
    },
    stop: () => {
      off?.();
      off = undefined;
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}
