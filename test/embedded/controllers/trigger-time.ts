/** The annotation that tells when the change happened that led to a write of Endpoints or a native slice. */
import type { Kinds, Stored } from '../objects/kinds.ts';

/** The annotation's key. */
export const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time';

/** Remembers what was seen of each Service and its pods. */
export type TriggerTimes = {
  /** The earliest change since the last call, RFC 3339; a new Service's creation; undefined: nothing changed. */
  readonly next: (service: Stored<Kinds['services']>, pods: readonly Stored<Kinds['pods']>[]) => string | undefined;
  readonly forget: (serviceUid: string) => void;
};

/** Builds an empty memory; each controller has its own. */
export function createTriggerTimes(): TriggerTimes {
  const seen = new Map<string, ReadonlyMap<string, string>>();
  return {
    next: (service, pods) => {
      const { uid, creationTimestamp } = service.metadata;
      const known = seen.get(uid);
      const times = new Map(pods.flatMap((pod) => pairOf(pod)));
      seen.set(uid, times);
      if (known === undefined) return creationTimestamp;
      const changed = [...times].filter(([name, time]) => time > (known.get(name) ?? '')).map(([, time]) => time);
      return changed.toSorted().at(0);
    },
    forget: (uid) => {
      seen.delete(uid);
    },
  };
}

function pairOf(pod: Stored<Kinds['pods']>): readonly (readonly [string, string])[] {
  const time = (pod.status?.conditions ?? []).find(({ type }) => type === 'Ready')?.lastTransitionTime;
  return typeof time === 'string' ? [[pod.metadata.name, time]] : [];
}
