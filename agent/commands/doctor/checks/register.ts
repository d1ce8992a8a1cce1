/** Checks who is registered: each pod with the sidecar in register and slices, and what the dead and the silent left. */

import { listSome } from '../../../plan/finding.ts';
import { promisedMs } from '../../../plan/heartbeat.ts';
import { planPairs } from '../../../plan/pairs.ts';
import { readPod } from '../../../plan/pod.ts';
import { type RegisterView, readRegister } from '../../../plan/register.ts';
import { readService } from '../../../plan/service.ts';
import { pairsOf, publisherOf } from '../../../plan/slices.ts';
import { formatDuration } from '../../../settings.ts';
import { aliveMembers, type Facts, type Member, type ServiceSeen, seenOr } from '../facts.ts';
import { mergePods, type Outcome, POD_NAME, type Said, under } from '../result.ts';
import { themeOf, viewOf, wayOf } from './service.ts';

/** Whether each pod with the sidecar beats, and is announced under the pairs that it deserves. */
export function checkRegistered(facts: Facts): readonly Outcome[] {
  return facts.services.flatMap((seen) => {
    const kind = wayOf(seen)?.kind;
    const service = seenOr(seen.service, undefined);
    if (service === undefined || seen.declaration === undefined) return [];
    if (kind !== 'full' && kind !== 'supplement') return [];
    if (seen.endpoints.kind !== 'seen') {
      return [under(themeOf(seen.name)).skipped(`Service ${seen.name}, its register: ${seen.endpoints.why}`)];
    }
    const { namespace } = facts;
    const given = { namespace, seen, declaration: seen.declaration, service: readService(service), way: kind };
    const said = aliveMembers(facts).map((member) => ({
      podName: member.podName,
      says: saidOf(member, { ...given, beating: uidsOf(seen) }),
    }));
    return mergePods(themeOf(seen.name), said);
  });
}

/** UIDs that had a heartbeat in one of the looks. */
function uidsOf(seen: ServiceSeen): ReadonlySet<string> {
  return new Set([...(viewOf(seen)?.heartbeats.keys() ?? []), ...(laterView(seen)?.heartbeats.keys() ?? [])]);
}

function laterView({ later }: ServiceSeen): RegisterView | undefined {
  return later === undefined ? undefined : readRegister(later);
}

type Given = Omit<Parameters<typeof planPairs>[0], 'pod' | 'verdicts' | 'standing'> & {
  readonly namespace: string;
  readonly seen: ServiceSeen;
  readonly beating: ReadonlySet<string>;
};

function saidOf(member: Member, given: Given): Said {
  const { seen, declaration, beating } = given;
  const { name } = seen;
  const asleep = notRunning(member);
  const logs = `Read its log: kubectl -n ${given.namespace} logs ${POD_NAME} -c ${member.sidecar.name}.`;
  if (!beating.has(member.uid) && isStarting(member)) {
    const text = `no heartbeat under Service ${name} yet: the pod is starting`;
    return { verdict: 'warning', text, remedy: 'Look again in a moment; if it stays, see: kubectl describe pod.' };
  }
  if (!beating.has(member.uid)) {
    const why = asleep ?? 'its agent has not registered, or was evicted because it had fallen silent';
    return { verdict: 'failure', text: `no heartbeat under Service ${name}: ${why}`, remedy: logs };
  }
  if (declaration.ports.length === 0)
    return { verdict: 'ok', text: `under Service ${name} nothing is declared`, remedy: undefined };
  const pod = readPod(member.pod, member.sidecarName);
  const plan = planPairs({ ...given, pod, verdicts: () => undefined, standing: new Set() });
  const wanted = plan.announced.map((pair) => `${pair.name}/${pair.protocol}`);
  const all = [...seenOr(seen.slices, []), ...seen.laterSlices];
  const announced = new Set<string>(all.filter((slice) => publisherOf(slice) === member.uid).flatMap(pairsOf));
  const missing = wanted.filter((key) => !announced.has(key));
  if (missing.length > 0) return saidOfMissing(missing, { ...given, logs });
  if (plan.announced.length === 0 && pod.readiness.kind === 'unready') {
    return {
      verdict: 'ok',
      text: `registered under Service ${name}; not announced now (${pod.readiness.reason})`,
      remedy: undefined,
    };
  }
  const pairs = wanted.length === 0 ? 'no pair of its own to announce' : `announced under ${wanted.join(', ')}`;
  return { verdict: 'ok', text: `registered under Service ${name}, ${pairs}`, remedy: undefined };
}

/** A pair with probes is withheld by them; one without has no reason to be missing. */
function saidOfMissing(
  missing: readonly string[],
  { seen, declaration, logs }: Given & { readonly logs: string },
): Said {
  const probed = new Set(
    declaration.ports.flatMap(({ name, protocol, probes }) => (probes === undefined ? [] : [`${name}/${protocol}`])),
  );
  const unexplained = missing.filter((key) => !probed.has(key));
  if (unexplained.length > 0) {
    const text = `ready, and not announced under ${listSome(unexplained)} of Service ${seen.name}: no EndpointSlice of its agent has it`;
    return { verdict: 'failure', text, remedy: logs };
  }
  const text = `ready, and not announced under ${listSome(missing)} of Service ${seen.name}: their probes do not succeed`;
  return {
    verdict: 'warning',
    text,
    remedy: 'See what the probe says: GET /status of the agent, or endpoint-registrar status.',
  };
}

/** What a container waits for in a pod that goes its way. */
const usualWaits: readonly (string | undefined)[] = [undefined, 'ContainerCreating', 'PodInitializing'];

/** Whether the sidecar's turn has not come yet: images, volumes and init containers come before. */
function isStarting(member: Member): boolean {
  const state = stateOf(member);
  const isUntouched = state?.running === undefined && state?.terminated === undefined;
  return member.pod.status?.phase === 'Pending' && isUntouched && usualWaits.includes(state?.waiting?.reason);
}

function stateOf({ pod, sidecar }: Member) {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  return [...containerStatuses, ...initContainerStatuses].find(({ name }) => name === sidecar.name)?.state;
}

/** Why the sidecar does not run, as its status says; undefined where it runs or nothing is known. */
function notRunning(member: Member): string | undefined {
  const { waiting, terminated } = stateOf(member) ?? {};
  const container = `container ${member.sidecar.name}`;
  if (waiting !== undefined) return `${container} does not run (${waiting.reason ?? 'waiting'})`;
  return terminated === undefined ? undefined : `${container} has ended with exit code ${terminated.exitCode}`;
}

const sweep = 'Living agents remove it within a few intervals; where none lives, run: endpoint-registrar sweep.';

/** Whether heartbeats or slices of pods stand there that are gone. */
export function checkDead({ services, pods }: Facts): readonly Outcome[] {
  if (pods.kind !== 'seen') return [];
  const living = new Set(pods.value.map(({ metadata }) => metadata?.uid));
  return services.flatMap((seen) => {
    const say = under(themeOf(seen.name));
    const heartbeats = viewOf(seen)?.heartbeats ?? new Map<string, string>();
    const later = laterView(seen)?.heartbeats;
    const dead = [...heartbeats].filter(
      ([uid, value]) => !living.has(uid) && (later === undefined || later.get(uid) === value),
    );
    const holdings = viewOf(seen)?.holdings;
    const named = dead.map(([uid]) => `${holdings?.get(uid)?.podName ?? 'a pod'} ${uid}`);
    const standing = new Set(seen.laterSlices.map((slice) => slice.metadata?.name));
    const orphans = seenOr(seen.slices, []).filter((slice) => {
      const uid = publisherOf(slice);
      const isStanding = standing.has(slice.metadata?.name);
      return uid !== undefined && isStanding && !living.has(uid) && !heartbeats.has(uid);
    });
    return [
      ...(dead.length === 0
        ? []
        : [say.warning(`Service ${seen.name}: heartbeats of pods that are gone: ${listSome(named)}`, sweep)]),
      ...(orphans.length === 0
        ? []
        : [
            say.warning(
              `Service ${seen.name}: EndpointSlices of agents whose pods are gone: ${listSome(orphans.map((slice) => slice.metadata?.name ?? ''))}`,
              sweep,
            ),
          ]),
    ];
  });
}

/** A sleep may be a tenth longer than promised. */
const LATENESS = 1.1;

/** Whether somebody who is listed has stopped beating: only two looks can tell. */
export function checkSilent(facts: Facts): readonly Outcome[] {
  const { services, waitedMs, pods } = facts;
  const living = new Map(seenOr(pods, []).map((pod) => [pod.metadata?.uid ?? '', pod.metadata?.name ?? '']));
  return services.flatMap((seen) => {
    const say = under(themeOf(seen.name));
    const heartbeats = [...(viewOf(seen)?.heartbeats ?? [])].filter(([uid]) => living.has(uid));
    const later = laterView(seen)?.heartbeats;
    if (heartbeats.length === 0) return [];
    if (waitedMs === undefined || later === undefined) {
      return [
        say.skipped(`Service ${seen.name}: whether all of them still beat was not looked at (it takes two looks)`),
      ];
    }
    const patient = heartbeats.filter(([, value]) => LATENESS * (promisedMs(value) ?? 0) > waitedMs);
    const waited = `${Math.round(waitedMs / 1000)} s`;
    const silent = heartbeats.filter((one) => !patient.includes(one) && later.get(one[0]) === one[1]);
    if (silent.length === 0 && patient.length > 0) {
      return [
        say.skipped(`Service ${seen.name}: whether ${patient.length} of them still beat cannot be seen in ${waited}`),
      ];
    }
    if (silent.length === 0) return [say.ok(`Service ${seen.name}: every heartbeat changed within ${waited}`)];
    return mergePods(
      themeOf(seen.name),
      silent.map(([uid, value]) => ({
        podName: living.get(uid) ?? '',
        says: {
          verdict: 'warning',
          text: `its heartbeat under Service ${seen.name} did not change in ${waited}, though it promised one every ${formatDuration(promisedMs(value) ?? 0)}`,
          remedy: 'See whether its sidecar runs, and what its log says; its peers evict it after three intervals.',
        },
      })),
    );
  });
}
