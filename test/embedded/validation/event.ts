/** What the server refuses in an Event. Seen on Kubernetes 1.37.2. */
import type { Kinds, Stored } from '../objects/kinds.ts';
import { type FieldFault, invalid, invalidEach, required } from './faults.ts';
import { labelKey } from './names.ts';

/** The namespaces of an Event and of what it is about must agree; the newer form asks for who reports and why. */
export function eventFaults(object: Stored<Kinds['events']>): readonly FieldFault[] {
  const namespace = object.metadata.namespace ?? '';
  const about = object.involvedObject.namespace ?? '';
  const expected = about === '' ? 'default' : about;
  return [
    ...(namespace === expected ? [] : [invalid('involvedObject.namespace', about, 'does not match event.namespace')]),
    ...((object.eventTime ?? null) === null
      ? []
      : [
          ...reporterFaults(object.reportingComponent ?? ''),
          ...((object.reportingInstance ?? '') === '' ? [required('reportingInstance')] : []),
          ...((object.action ?? '') === '' ? [required('action')] : []),
          ...((object.reason ?? '') === '' ? [required('reason')] : []),
        ]),
  ];
}

function reporterFaults(reporter: string): readonly FieldFault[] {
  return [
    ...(reporter === '' ? [required('reportingComponent')] : []),
    ...invalidEach('reportingComponent', reporter, labelKey(reporter)),
  ];
}
