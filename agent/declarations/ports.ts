/**
 * The fields of one declared port and their rules, as one table: those of ServicePort (API reference v1, with the API
 * server's own validation and defaulting), so that a list pasted from a Service manifest works unchanged. `probe`, which
 * a ServicePort does not have, is read by `probes`.
 */
import { dnsLabel, qualifiedName } from '../names.ts';
import { nearestName } from '../nearest.ts';
import { type DeclaredPort, protocols } from '../plan/declaration.ts';
import { portNumber, portOrName, type Read, readName, readPortNumber, readPortOrName, readWord } from './read.ts';
import type { Value } from './text.ts';

/** One field of a port. */
export type PortField<T> = {
  readonly isRequired: boolean;
  /** What a value must be, to stand after "must be". */
  readonly words: string;
  readonly example: string;
  readonly read: (value: Value) => Read<T>;
};

const protocolWords = 'TCP, UDP or SCTP, in capitals';

/** The fields of a declared port. */
export const portFields = {
  name: {
    isRequired: true,
    words: dnsLabel.words,
    example: 'kerberos',
    read: (value) => readName(value, dnsLabel, 'kerberos'),
  },
  protocol: {
    isRequired: false,
    words: protocolWords,
    example: 'UDP',
    read: (value) => readWord(value, protocols, protocolWords),
  },
  port: { isRequired: true, words: portNumber, example: '88', read: readPortNumber },
  targetPort: { isRequired: false, words: portOrName, example: '8088', read: readTargetPort },
  appProtocol: {
    isRequired: false,
    words: qualifiedName.words,
    example: 'https',
    read: (value) => readName(value, qualifiedName, 'https'),
  },
} as const satisfies {
  readonly [K in Exclude<keyof DeclaredPort, 'probes'>]-?: PortField<NonNullable<DeclaredPort[K]>>;
};

/** The field that holds a pair's probes. */
export const PROBE_FIELD = 'probe';

/** Fields of a ServicePort that mean nothing here: a pasted one is left aside, with a notice. */
export const ignoredFields: readonly string[] = ['nodePort'];

/** Fields that people paste from elsewhere, and what to do with them. */
const strangers: ReadonlyMap<string, string> = new Map([
  ['containerPort', 'A container port is called port here.'],
  ['hostPort', 'Leave it out: it belongs to the container.'],
  ['hostIP', 'Leave it out: it belongs to the container.'],
  ...['readinessProbe', 'livenessProbe', 'startupProbe'].map(
    (name) => [name, 'A pair has one kind of probe: write probe instead, with the same content.'] as const,
  ),
]);

/** The remedy for a field that a port does not have. */
export function remedyForField(name: string): string {
  const stranger = strangers.get(name);
  if (stranger !== undefined) return stranger;
  const known = [...Object.keys(portFields), PROBE_FIELD];
  const near = nearestName(name, [...known, ...ignoredFields]);
  return near === undefined ? `Leave it out; a port has ${known.join(', ')}.` : `Did you mean ${near}?`;
}

/** Whether a port has a field of that name, be it one that is left aside. */
export function isPortField(name: string): boolean {
  return Object.hasOwn(portFields, name) || name === PROBE_FIELD || ignoredFields.includes(name);
}

/** 0 and an empty text are as good as none, as the API server reads them. */
function readTargetPort(value: Value): Read<number | string> {
  const isNone = (value.kind === 'integer' && value.number === 0) || (value.kind === 'text' && value.text === '');
  return isNone ? { kind: 'default' } : readPortOrName(value, 8088);
}
