/** The reads of the doctor, each an answer in any case: lists and objects with the verbs that the agents' Role allows. */
import { forbiddenRule } from '../../kube/forbidden.ts';
import type { ApiObject } from '../../kube/objects.ts';
import { BadObjectError, isRecord, parseList } from '../../kube/parse.ts';
import type { Cluster, ReadAnswer } from '../cluster.ts';
import type { KubeVersion, Look } from './facts.ts';

/** What is read: `group` empty for the core API. */
export type Place = { readonly group: string; readonly resource: string; readonly namespace: string };

/** Reads of one cluster. */
export type Reads = {
  /** The objects of a list; a resource that is not served has none. */
  readonly list: <T>(
    place: Place,
    parse: (value: unknown) => T,
    query?: Readonly<Record<string, string>>,
  ) => Promise<Look<readonly T[]>>;
  /** The one object of that name, by a list: a Role that names it allows that, and perhaps no get. */
  readonly named: <T extends ApiObject>(
    place: Place,
    name: string,
    parse: (value: unknown) => T,
  ) => Promise<Look<T | undefined>>;
  readonly get: <T>(place: Place, name: string, parse: (value: unknown) => T) => Promise<Look<T | undefined>>;
  readonly version: () => Promise<Look<KubeVersion>>;
  readonly groups: () => Promise<Look<readonly string[]>>;
};

/** Builds the reads. */
export function createReads(cluster: Pick<Cluster, 'read'>): Reads {
  const list: Reads['list'] = async (place, parse, query) =>
    look(await cluster.read(pathOf(place), query), (body) => parseList(body, parse).items, []);
  return {
    list,
    named: async (place, name, parse) => {
      const found = await list(place, parse, { fieldSelector: `metadata.name=${name}` });
      if (found.kind !== 'seen') return found;
      return { kind: 'seen', value: found.value.find(({ metadata }) => metadata?.name === name) };
    },
    get: async (place, name, parse) =>
      look(await cluster.read(`${pathOf(place)}/${encodeURIComponent(name)}`), parse, undefined),
    version: async () => {
      const answer = await cluster.read('/version');
      // Whoever cannot say its version to anybody is no API server that could be asked anything else.
      if (answer.kind === 'failed' && answer.error.status !== 403) throw answer.error;
      return look(answer, parseVersion, { text: 'unknown', major: 0, minor: 0 });
    },
    groups: async () => look(await cluster.read('/apis'), parseGroups, []),
  };
}

function pathOf({ group, resource, namespace }: Place): string {
  const root = group === '' ? '/api/v1' : `/apis/${group}/v1`;
  return `${root}/namespaces/${encodeURIComponent(namespace)}/${resource}`;
}

function look<T, U>(answer: ReadAnswer, parse: (body: unknown) => T, absent: U): Look<T | U> {
  if (answer.kind === 'absent') return { kind: 'seen', value: absent };
  if (answer.kind === 'failed') {
    const { error } = answer;
    if (error.status !== 403) return { kind: 'failed', why: error.message };
    const rule = forbiddenRule(error);
    return { kind: 'hidden', why: rule === undefined ? error.message : firstSentence(error.message) };
  }
  try {
    return { kind: 'seen', value: parse(answer.body) };
  } catch (error) {
    if (error instanceof BadObjectError) return { kind: 'failed', why: error.message };
    throw error;
  }
}

/** Of a refusal by RBAC what stands behind the request: who may not do what. */
function firstSentence(message: string): string {
  return message.replace(/^.* is forbidden: /, '');
}

function parseVersion(body: unknown): KubeVersion {
  const { gitVersion, major, minor } = isRecord(body) ? body : {};
  if (typeof gitVersion !== 'string') throw new BadObjectError('expected a version, got none');
  // Some providers write the minor version as `29+`.
  const numberOf = (value: unknown) => Number.parseInt(String(value), 10) || 0;
  return { text: gitVersion, major: numberOf(major), minor: numberOf(minor) };
}

function parseGroups(body: unknown): readonly string[] {
  const groups = isRecord(body) ? body['groups'] : undefined;
  if (!Array.isArray(groups)) throw new BadObjectError('expected a list of API groups, got none');
  return groups.flatMap((group: unknown) =>
    isRecord(group) && typeof group['name'] === 'string' ? [group['name']] : [],
  );
}
