/**
 * What the server refuses in an Event that comes by core/v1, new or changed. Source: `legacyValidateEvent` of Kubernetes
 * 1.37.2 (pkg/apis/core/validation/events.go); the parity cases compare with its answers.
 */
import type { Kinds, Stored } from '../objects/kinds.ts';
import { type FieldFault, invalid, invalidEach, required } from './faults.ts';
import { labelKey } from './names.ts';

/** The most bytes of each, in the newer form. */
const limits = { reportingInstance: 128, action: 128, reason: 128, message: 1024 } as const;

/**
 * The classic form must be about something in its own namespace; the newer one, with an eventTime, asks for who reports
 * and why, and limits what is said.
 */
export function eventFaults(object: Stored<Kinds['events']>): readonly FieldFault[] {
  const namespace = object.metadata.namespace ?? '';
  const about = object.involvedObject.namespace ?? '';
  const mismatch = invalid('involvedObject.namespace', about, 'does not match event.namespace');
  if ((object.eventTime ?? null) === null) return namespace === (about === '' ? 'default' : about) ? [] : [mismatch];
  const isAnywhere = about !== '' || namespace === 'default' || namespace === 'kube-system';
  return [
    ...(isAnywhere ? [] : [mismatch]),
    ...reporterFaults(object.reportingComponent ?? ''),
    ...sizeFaults('reportingInstance', object.reportingInstance),
    ...sizeFaults('action', object.action),
    ...sizeFaults('reason', object.reason),
    ...sizeFaults('message', object.message).filter(({ reason }) => reason !== 'FieldValueRequired'),
  ];
}

function sizeFaults(field: keyof typeof limits, value = ''): readonly FieldFault[] {
  if (value === '') return [required(field)];
  if (Buffer.byteLength(value) <= limits[field]) return [];
  return [invalid(field, '', `can have at most ${limits[field]} characters`)];
}

function reporterFaults(reporter: string): readonly FieldFault[] {
  return [
    ...(reporter === '' ? [required('reportingComponent')] : []),
    ...invalidEach('reportingComponent', reporter, labelKey(reporter)),
  ];
}
