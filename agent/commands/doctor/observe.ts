/**
 * Sees the world that the checks decide on: reads in parallel where none needs another, the registers before the pods,
 * and the registers a second time, so that silence can be told from patience. Only reads, and reviews of permissions.
 */
import { parseDeclarations } from '../../declarations/parse.ts';
import type { Dns } from '../../dns/ask.ts';
import type { EndpointSlice, Pod } from '../../kube/objects.ts';
import {
  parseConfigMap,
  parseDeployment,
  parseDisruptionBudget,
  parseEndpoints,
  parsePod,
  parseService,
  parseSlice,
  parseStatefulSet,
} from '../../kube/parse.ts';
import { promisedMs } from '../../plan/heartbeat.ts';
import { isDnsLabel, SERVICE_NAME_LABEL, SKIP_MIRROR_LABEL } from '../../plan/identity.ts';
import { readRegister } from '../../plan/register.ts';
import { publisherOf } from '../../plan/slices.ts';
import type { Cluster } from '../cluster.ts';
import type { CommandIo } from '../command.ts';
import { type DnsFacts, observeDns, questionsOf } from './dns.ts';
import { type Facts, hasOwnGate, type Look, membersOf, type ServiceSeen, seenOr } from './facts.ts';
import { neededFor } from './needs.ts';
import { createReads, type Reads } from './reads.ts';
import { type Access, reviewAccess } from './reviews.ts';

/** How the world is looked at. */
export type Looking = {
  /** The ServiceAccount that is asked about; undefined: that of the pods. */
  readonly account: string | undefined;
  readonly hasSecondLook: boolean;
  readonly dns: Dns;
  readonly clusterDomain: string;
};

/** The longest wait between the two looks at a register. */
const MAX_WAIT_MS = 10_000;
/** An agent sleeps its interval ±10 %; a little beyond that, the value must have changed. */
const PATIENCE = 1.2;
/** Who has not beaten by then gets time for one more try, so that a slow answer is not taken for silence. */
const LONG_PATIENCE = 2.2;

const slicePlace = (namespace: string) => ({ group: 'discovery.k8s.io', resource: 'endpointslices', namespace });
const core = (resource: string, namespace: string) => ({ group: '', resource, namespace });

/** Reads all of it. Rejects with KubeError where the API server cannot be asked at all. */
export async function observe(cluster: Cluster, io: CommandIo, looking: Looking): Promise<Facts> {
  const { namespace, configMap: configMapName } = cluster;
  const reads = createReads(cluster);
  const version = await reads.version();
  const [groups, configMap, slices, unmirrored] = await Promise.all([
    reads.groups(),
    reads.named(core('configmaps', namespace), configMapName, parseConfigMap),
    reads.list(slicePlace(namespace), parseSlice),
    reads.list(core('endpoints', namespace), parseEndpoints, { labelSelector: `${SKIP_MIRROR_LABEL}=true` }),
  ]);
  const found = seenOr(configMap, undefined);
  const declared = found === undefined ? undefined : parseDeclarations(found.data, found.binaryData);
  const declarations = declared?.kind === 'valid' ? declared.declarations : undefined;
  const keys = Object.keys(found?.data ?? {}).filter(isDnsLabel);
  const names = new Set([...keys, ...publishedUnder(seenOr(slices, []))]);
  const first = await Promise.all(
    [...names].map(async (name): Promise<FirstLook> => {
      const [service, endpoints] = await Promise.all([
        reads.named(core('services', namespace), name, parseService),
        reads.get(core('endpoints', namespace), name, parseEndpoints),
      ]);
      return { name, declaration: declarations?.get(name), service, endpoints, slices: slicesUnder(slices, name) };
    }),
  );
  const readAtMs = io.clock.monotonicMs();
  const [pods, statefulSets, deployments, disruptionBudgets, dnsDeployments] = await Promise.all([
    reads.list(core('pods', namespace), parsePod),
    reads.list({ group: 'apps', resource: 'statefulsets', namespace }, parseStatefulSet),
    reads.list({ group: 'apps', resource: 'deployments', namespace }, parseDeployment),
    reads.list({ group: 'policy', resource: 'poddisruptionbudgets', namespace }, parseDisruptionBudget),
    reads.list({ group: 'apps', resource: 'deployments', namespace: 'kube-system' }, parseDeployment, {
      labelSelector: 'k8s-app=kube-dns',
    }),
  ]);
  const [access, dns] = await Promise.all([
    askPermissions({ cluster, io, looking }, { services: keys, groups: seenOr(groups, []), pods }),
    askDns({ cluster, io, looking }, first),
  ]);
  const { services, waitedMs } = await lookAgain({ reads, io, looking, namespace }, first, readAtMs);
  return {
    namespace,
    configMapName,
    version,
    groups,
    configMap,
    declared,
    services,
    unmirrored,
    pods,
    statefulSets,
    deployments,
    disruptionBudgets,
    dnsDeployments,
    waitedMs,
    access,
    dns,
  };
}

function publishedUnder(slices: readonly EndpointSlice[]): readonly string[] {
  return slices.flatMap((slice) => {
    const name = slice.metadata?.labels?.[SERVICE_NAME_LABEL];
    return publisherOf(slice) === undefined || name === undefined ? [] : [name];
  });
}

function slicesUnder(slices: Look<readonly EndpointSlice[]>, service: string): Look<readonly EndpointSlice[]> {
  if (slices.kind !== 'seen') return slices;
  const under = slices.value.filter((slice) => slice.metadata?.labels?.[SERVICE_NAME_LABEL] === service);
  return { kind: 'seen', value: under };
}

/** One Service as seen before the wait. */
type FirstLook = Omit<ServiceSeen, 'later' | 'laterSlices'>;

type Asking = { readonly cluster: Cluster; readonly io: CommandIo; readonly looking: Looking };

const DEFAULT_ACCOUNT = 'endpoint-registrar';

/** In a pod we are who is asked about; from elsewhere it is the ServiceAccount of the pods that carry the sidecar. */
async function askPermissions(
  { cluster, io, looking }: Asking,
  seen: {
    readonly services: readonly string[];
    readonly groups: readonly string[];
    readonly pods: Look<readonly Pod[]>;
  },
): Promise<Access> {
  const { client, namespace, configMap: configMapName, isInPod } = cluster;
  const members = membersOf(seenOr(seen.pods, []), configMapName);
  const rows = neededFor({ ...seen, configMapName, hasGate: members.some(hasOwnGate) });
  const deps = { client, namespace, signal: io.signal };
  if (looking.account !== undefined) return reviewAccess(deps, rows, [looking.account]);
  if (isInPod) return reviewAccess(deps, rows, undefined);
  const carried = members.map(({ pod }) => pod.spec?.serviceAccountName ?? 'default');
  return reviewAccess(deps, rows, carried.length === 0 ? [DEFAULT_ACCOUNT] : [...new Set(carried)]);
}

async function askDns(
  { cluster, io, looking }: Asking,
  services: readonly Pick<ServiceSeen, 'declaration'>[],
): Promise<DnsFacts> {
  const { dns, clusterDomain } = looking;
  if (dns.kind === 'off') return { kind: 'unasked', why: dns.reason };
  const questions = services.flatMap(({ declaration }) =>
    declaration === undefined ? [] : [questionsOf(declaration)],
  );
  const deps = { ask: dns.ask, server: dns.server, clusterDomain, namespace: cluster.namespace, signal: io.signal };
  return observeDns(deps, questions);
}

/** Waits out the longest promise that was read, as far as that is short, and reads the registers again. */
async function lookAgain(
  given: { readonly reads: Reads; readonly io: CommandIo; readonly looking: Looking; readonly namespace: string },
  first: readonly FirstLook[],
  readAtMs: number,
): Promise<{ readonly services: readonly ServiceSeen[]; readonly waitedMs: number | undefined }> {
  const { reads, io, looking, namespace } = given;
  const promises = first.flatMap(({ endpoints }) => {
    const register = seenOr(endpoints, undefined);
    return register === undefined ? [] : [...readRegister(register).heartbeats.values()].map(promisedMs);
  });
  const longest = Math.max(0, ...promises.map((ms) => ms ?? 0));
  if (!looking.hasSecondLook || longest === 0) {
    const services = first.map((seen) => ({ ...seen, later: undefined, laterSlices: seenOr(seen.slices, []) }));
    return { services, waitedMs: undefined };
  }
  const look = async (patience: number) => {
    await io.clock.sleep(Math.min(longest * patience, MAX_WAIT_MS) - (io.clock.monotonicMs() - readAtMs), io.signal);
    const waitedMs = io.clock.monotonicMs() - readAtMs;
    const slices = await reads.list(slicePlace(namespace), parseSlice);
    const services = await Promise.all(
      first.map(async (seen) => ({
        ...seen,
        later: seenOr(await reads.get(core('endpoints', namespace), seen.name, parseEndpoints), undefined),
        laterSlices: seenOr(slicesUnder(slices, seen.name), []),
      })),
    );
    return { services, waitedMs };
  };
  const soon = await look(PATIENCE);
  return soon.services.some(hasUnchanged) ? look(LONG_PATIENCE) : soon;
}

/** Whether a heartbeat is still the one that was read first. */
function hasUnchanged({ endpoints, later }: ServiceSeen): boolean {
  const register = seenOr(endpoints, undefined);
  if (register === undefined || later === undefined) return false;
  const now = readRegister(later).heartbeats;
  return [...readRegister(register).heartbeats].some(([uid, value]) => now.get(uid) === value);
}
