/** The parameters of list and watch, and which of them contradict each other. Seen on Kubernetes 1.37.2. */
import { badRequest, invalidObject, unexpected } from '../registry/status.ts';
import { type FieldFault, forbidden } from '../validation/faults.ts';
import { isTrue } from './call.ts';

/** The parameters, checked. */
export type ListOptions = {
  /** As written; empty where absent. */
  readonly resourceVersion: string;
  readonly timeoutSeconds: number | undefined;
  readonly bookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
  readonly limit: number;
  readonly continueToken: string;
};

/** Reads the parameters of a list or watch. Throws StatusError 400, 422, 500. */
export function parseListOptions(query: URLSearchParams, verb: 'list' | 'watch'): ListOptions {
  const initial = query.get('sendInitialEvents');
  const options: ListOptions = {
    resourceVersion: query.get('resourceVersion') ?? '',
    timeoutSeconds: integer(query.get('timeoutSeconds')),
    bookmarks: isTrue(query.get('allowWatchBookmarks')),
    sendInitialEvents: initial === null ? undefined : isTrue(initial),
    limit: integer(query.get('limit')) ?? 0,
    continueToken: query.get('continue') ?? '',
  };
  const faults = contradictions(options, query.get('resourceVersionMatch') ?? '', verb);
  if (faults.length > 0) throw invalidObject({ resource: '', kind: 'ListOptions', group: 'meta.k8s.io' }, '', faults);
  if (options.resourceVersion !== '' && !/^\d+$/.test(options.resourceVersion)) {
    const text = options.resourceVersion;
    throw unexpected(`resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`);
  }
  return options;
}

function integer(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing "${text}": invalid syntax`);
  return Number(text);
}

function contradictions(options: ListOptions, match: string, verb: 'list' | 'watch'): readonly FieldFault[] {
  const { sendInitialEvents, resourceVersion } = options;
  if (verb === 'list') {
    return [
      ...(sendInitialEvents === undefined
        ? []
        : [forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list')]),
      ...(match !== '' && resourceVersion === ''
        ? [forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided')]
        : []),
    ];
  }
  if (sendInitialEvents === undefined) {
    const why = 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
    return match === '' ? [] : [forbidden('resourceVersionMatch', why)];
  }
  if (match === 'NotOlderThan') return [];
  const why = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
  return [forbidden('resourceVersionMatch', why)];
}
