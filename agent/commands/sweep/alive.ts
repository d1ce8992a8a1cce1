/**
 * Who still keeps a registration alive: pods in which the sidecar runs, and heartbeats that change. A clean uninstall
 * would fight them: what it removes they write again.
 */
import type { Pod } from '../../kube/objects.ts';
import { promisedMs } from '../../plan/heartbeat.ts';
import { readLife } from '../../plan/pod.ts';
import { readRegister } from '../../plan/register.ts';
import { publisherOf } from '../../plan/slices.ts';
import { isSidecar } from '../sidecar.ts';
import type { Scene } from './scene.ts';

/** The longest that anybody is watched. */
const MAX_WAIT_MS = 10_000;
/** An agent sleeps its interval ±10 %; a little beyond that its value must have changed. */
const PATIENCE = 1.2;

/** The names of the pods in which a sidecar runs. */
export function runningSidecars(pods: readonly Pod[]): readonly string[] {
  return pods.filter(runsSidecar).flatMap(({ metadata }) => metadata?.name ?? []);
}

function runsSidecar(pod: Pod): boolean {
  if (readLife(pod) === 'terminal') return false;
  const names = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])]
    .filter((container) => isSidecar(container))
    .map(({ name }) => name);
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  return statuses.some(({ name, state }) => names.includes(name) && state?.running !== undefined);
}

/** The UIDs that have a heartbeat or slices of ours under these Services. */
export function registeredUids(scenes: readonly Scene[]): ReadonlySet<string> {
  return new Set(
    scenes.flatMap(({ endpoints, slices }) => [
      ...(endpoints === undefined ? [] : readRegister(endpoints).heartbeats.keys()),
      ...slices.flatMap((slice) => publisherOf(slice) ?? []),
    ]),
  );
}

/** How long to watch until every heartbeat must have changed, in milliseconds; 0 where there is none. */
export function watchMs(scenes: readonly Scene[]): number {
  const values = scenes.flatMap((scene) => [...heartbeatsOf(scene).values()]);
  if (values.length === 0) return 0;
  return Math.min(MAX_WAIT_MS, PATIENCE * Math.max(...values.map((value) => promisedMs(value) ?? MAX_WAIT_MS)));
}

/** The pods whose heartbeat came or changed between two looks at the same Services; a UID where the name is not known. */
export function beatingPods(before: readonly Scene[], after: readonly Scene[]): readonly string[] {
  const known = new Map(before.map((scene) => [scene.name, heartbeatsOf(scene)]));
  const beating = after.flatMap((scene) =>
    [...heartbeatsOf(scene)].flatMap(([uid, value]) => {
      if (known.get(scene.name)?.get(uid) === value) return [];
      return [scene.pods.find(({ metadata }) => metadata?.uid === uid)?.metadata?.name ?? uid];
    }),
  );
  return [...new Set(beating)].sort();
}

function heartbeatsOf({ endpoints }: Scene): ReadonlyMap<string, string> {
  return endpoints === undefined ? new Map() : readRegister(endpoints).heartbeats;
}
