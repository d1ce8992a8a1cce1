/**
 * Reads what a sweep decides on. The pods come last: who registered before is listed by then, or gone. Only reads that
 * the agents' Role allows, the list of all Endpoints apart.
 */
import { noAnswer } from '../../kube/errors.ts';
import {
  BadObjectError,
  parseConfigMap,
  parseEndpoints,
  parseList,
  parsePod,
  parseService,
  parseSlice,
} from '../../kube/parse.ts';
import { isDnsLabel, MANAGED_BY_LABEL, MANAGER, SERVICE_NAME_LABEL } from '../../plan/identity.ts';
import { readService } from '../../plan/service.ts';
import type { Cluster } from '../cluster.ts';
import { hasTraces } from './plan.ts';
import type { Scene } from './scene.ts';

type Source = Pick<Cluster, 'namespace' | 'configMap' | 'read'>;

/** Which Services there are to look at. `unlisted`: the Endpoints of the namespace may not be listed, so some may be missing. */
export type Names = { readonly names: readonly string[]; readonly unlisted: boolean };

/**
 * Finds the Services that the ConfigMap declares, and those under which agents have left anything. A declaration that
 * is not valid names its Service all the same.
 * @throws KubeError
 */
export async function findNames(source: Source): Promise<Names> {
  const reads = createReads(source);
  const [configMaps, slices] = await Promise.all([
    reads.list('configmaps', parseConfigMap, { fieldSelector: `metadata.name=${source.configMap}` }),
    reads.list('endpointslices', parseSlice, { labelSelector: `${MANAGED_BY_LABEL}=${MANAGER}` }),
  ]);
  const answer = await source.read(reads.pathOf('endpoints'));
  const unlisted = answer.kind === 'failed' && answer.error.status === 403;
  const endpoints = unlisted ? [] : reads.itemsOf('endpoints', parseEndpoints, answer);
  const names = [
    ...configMaps.flatMap(({ data }) => Object.keys(data ?? {})).filter(isDnsLabel),
    ...slices.flatMap(({ metadata }) => metadata?.labels?.[SERVICE_NAME_LABEL] ?? []),
    ...endpoints.filter(hasTraces).flatMap(({ metadata }) => metadata?.name ?? []),
  ];
  return { names: [...new Set(names)].sort(), unlisted };
}

/**
 * Reads one Service with all that stands under its name.
 * @throws KubeError
 */
export async function observeScene(source: Source, name: string): Promise<Scene> {
  const reads = createReads(source);
  const byName = { fieldSelector: `metadata.name=${name}` };
  const [services, endpoints, slices] = await Promise.all([
    reads.list('services', parseService, byName),
    reads.get('endpoints', name, parseEndpoints),
    reads.list('endpointslices', parseSlice, { labelSelector: `${SERVICE_NAME_LABEL}=${name}` }),
  ]);
  const pods = await reads.list('pods', parsePod);
  const service = services.find(({ metadata }) => metadata?.name === name);
  return { name, service: service === undefined ? undefined : readService(service), endpoints, slices, pods };
}

type Parse<T> = (value: unknown) => T;
type Answer = Awaited<ReturnType<Cluster['read']>>;

/** Reads that reject where there is no answer: what could not be seen must not look as if it were not there. */
function createReads({ namespace, read }: Pick<Cluster, 'namespace' | 'read'>) {
  const pathOf = (resource: string) => {
    const root = resource === 'endpointslices' ? '/apis/discovery.k8s.io/v1' : '/api/v1';
    return `${root}/namespaces/${encodeURIComponent(namespace)}/${resource}`;
  };
  const parsed = <T>(path: string, parse: Parse<T>, body: unknown): T => {
    try {
      return parse(body);
    } catch (cause) {
      if (!(cause instanceof BadObjectError)) throw cause;
      throw noAnswer({ verb: 'GET', path }, 'BadAnswer', cause.message, cause);
    }
  };
  const itemsOf = <T>(resource: string, parse: Parse<T>, answer: Answer): readonly T[] => {
    if (answer.kind === 'failed') throw answer.error;
    if (answer.kind === 'absent') return [];
    return parsed(pathOf(resource), (body) => parseList(body, parse).items, answer.body);
  };
  return {
    pathOf,
    itemsOf,
    list: async <T>(resource: string, parse: Parse<T>, query?: Readonly<Record<string, string>>) =>
      itemsOf(resource, parse, await read(pathOf(resource), query)),
    get: async <T>(resource: string, name: string, parse: Parse<T>): Promise<T | undefined> => {
      const path = `${pathOf(resource)}/${encodeURIComponent(name)}`;
      const answer = await read(path);
      if (answer.kind === 'failed') throw answer.error;
      return answer.kind === 'absent' ? undefined : parsed(path, parse, answer.body);
    },
  };
}
