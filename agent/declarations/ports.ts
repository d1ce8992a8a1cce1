/**
 * The fields of one declared port and their rules, as one table: those of ServicePort (API reference v1, with the API
 * server's own validation and defaulting), so that a list pasted from a Service manifest works unchanged.
 */
import { containerPortName, dnsLabel, type NameRule, qualifiedName } from '../names.ts';
import { nearestName } from '../nearest.ts';
import { type DeclaredPort, type Protocol, protocols } from '../plan/declaration.ts';
import type { Value } from './text.ts';

/** What a value of a field came to: a value, nothing (the field's default holds), or why it cannot be taken. */
export type Read<T> =
  | { readonly kind: 'read'; readonly value: T }
  | { readonly kind: 'default' }
  | { readonly kind: 'refused'; readonly rule: string; readonly remedy: string };

/** One field of a port. */
export type PortField<T> = {
  readonly isRequired: boolean;
  /** What a value must be, to stand after "must be". */
  readonly words: string;
  readonly example: string;
  readonly read: (value: Value) => Read<T>;
};

const portNumber = 'a whole number from 1 to 65535';

/** The fields of a declared port. */
export const portFields = {
  name: {
    isRequired: true,
    words: dnsLabel.words,
    example: 'kerberos',
    read: (value) => readName(value, dnsLabel, 'kerberos'),
  },
  protocol: { isRequired: false, words: 'TCP, UDP or SCTP, in capitals', example: 'UDP', read: readProtocol },
  port: { isRequired: true, words: portNumber, example: '88', read: readPort },
  targetPort: {
    isRequired: false,
    words: `${portNumber}, or ${containerPortName.words}`,
    example: '8088',
    read: readTargetPort,
  },
  appProtocol: {
    isRequired: false,
    words: qualifiedName.words,
    example: 'https',
    read: (value) => readName(value, qualifiedName, 'https'),
  },
} as const satisfies {
  readonly [K in Exclude<keyof DeclaredPort, 'probes'>]-?: PortField<NonNullable<DeclaredPort[K]>>;
};

/** Fields of a ServicePort that mean nothing here: a pasted one is left aside, with a notice. */
export const ignoredFields: readonly string[] = ['nodePort'];

/** Fields that people paste from elsewhere, and what to do with them. */
const strangers: ReadonlyMap<string, string> = new Map([
  ['containerPort', 'A container port is called port here.'],
  ['hostPort', 'Leave it out: it belongs to the container.'],
  ['hostIP', 'Leave it out: it belongs to the container.'],
]);

/** The remedy for a field that a port does not have. */
export function remedyForField(name: string): string {
  const stranger = strangers.get(name);
  if (stranger !== undefined) return stranger;
  const known = Object.keys(portFields);
  const near = nearestName(name, [...known, ...ignoredFields]);
  return near === undefined ? `Leave it out; a port has ${known.join(', ')}.` : `Did you mean ${near}?`;
}

type Refused = Extract<Read<unknown>, { kind: 'refused' }>;

function refused(rule: string, remedy: string): Refused {
  return { kind: 'refused', rule, remedy };
}

/**
 * Why a value of another kind is not taken. Null is refused for every field: what it stands for is unclear, and mostly
 * it is a template that was given no value.
 */
function refuseKind(value: Value, mustBe: string, remedy: string): Refused {
  switch (value.kind) {
    case 'null':
      return refused(`must be ${mustBe}, and has no value`, 'Give the value, or leave the field out.');
    case 'refused':
      return refused(value.rule, value.remedy);
    case 'ambiguous':
      return refused(
        value.is === 'boolean'
          ? `must be ${mustBe}; to kubectl a bare ${value.source} is a boolean`
          : `must be ${mustBe}; only plain decimal digits are the same number to every YAML version`,
        remedy,
      );
    default:
      return refused(`must be ${mustBe}`, remedy);
  }
}

function readName(value: Value, rule: NameRule, example: string): Read<string> {
  const remedy = `Write for example ${example}.`;
  if (value.kind === 'integer' || value.kind === 'ambiguous') {
    const source = value.kind === 'integer' ? String(value.number) : value.source;
    const is = value.kind === 'integer' ? 'number' : value.is;
    return refused(
      `must be a text, and unquoted this is a ${is}`,
      rule.test(source) ? `Quote it: "${source}".` : remedy,
    );
  }
  if (value.kind !== 'text') return refuseKind(value, rule.words, remedy);
  if (rule.test(value.text)) return { kind: 'read', value: value.text };
  const tidy = tidyName(value.text);
  return refused(`must be ${rule.words}`, rule.test(tidy) ? `Write ${tidy}.` : remedy);
}

/** What was probably meant: lower case, nothing of an SRV name around it, hyphens for what a label does not take. */
function tidyName(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/^_+|\._(tcp|udp|sctp)\b.*$/g, '')
    .replace(/[_. ]+/g, '-');
}

/** An empty text is TCP, as the API server reads it. */
function readProtocol(value: Value): Read<Protocol> {
  const { words } = portFields.protocol;
  if (value.kind !== 'text') return refuseKind(value, words, 'Write TCP, UDP or SCTP.');
  if (value.text === '') return { kind: 'default' };
  const exact = protocols.find((protocol) => protocol === value.text);
  if (exact !== undefined) return { kind: 'read', value: exact };
  const near = nearestName(value.text.trim(), protocols);
  return refused(`must be ${words}`, near === undefined ? 'Write TCP, UDP or SCTP.' : `Write ${near}.`);
}

function readPort(value: Value): Read<number> {
  if (value.kind === 'integer')
    return inRange(value.number) ?? refused(`must be ${portNumber}`, 'Write for example 88.');
  if (value.kind === 'text')
    return refused(
      `must be ${portNumber}, not a text`,
      withoutQuotes(value.text, 'Write the number, for example 88; the name of a container port goes into targetPort.'),
    );
  return refuseKind(value, portNumber, 'Write for example 88.');
}

/** 0 and an empty text are as good as none, as the API server reads them. */
function readTargetPort(value: Value): Read<number | string> {
  const { words } = portFields.targetPort;
  if (value.kind === 'integer') {
    if (value.number === 0) return { kind: 'default' };
    return inRange(value.number) ?? refused(`must be ${words}`, 'Write for example 8088.');
  }
  if (value.kind !== 'text') return refuseKind(value, words, 'Write for example 8088.');
  if (value.text === '') return { kind: 'default' };
  if (containerPortName.test(value.text)) return { kind: 'read', value: value.text };
  const tidy = tidyName(value.text);
  const remedy = containerPortName.test(tidy) ? `Write ${tidy}.` : 'Write the number, or the name of a container port.';
  return refused(`must be ${words}`, withoutQuotes(value.text, remedy));
}

function inRange(number: number): { readonly kind: 'read'; readonly value: number } | undefined {
  return number >= 1 && number <= 65_535 ? { kind: 'read', value: number } : undefined;
}

function withoutQuotes(text: string, otherwise: string): string {
  return /^[1-9]\d{0,4}$/.test(text.trim()) ? `Write it without quotes: ${text.trim()}.` : otherwise;
}
