/**
 * What a KDC is asked, and what its answer says of its health (RFC 4120). The question is an AS-REQ for a client that
 * does not exist: to refuse it the KDC must have asked its database.
 */
import {
  contentOf,
  element,
  field,
  fieldsOf,
  generalString,
  integer,
  numberOf,
  readElement,
  sequence,
  tags,
} from './der.ts';
import { healthy, type Reading, showBytes, sick } from './reading.ts';

/** The client that is asked for. It stands in the KDC's log with every probe, so it says who asks. */
export const PROBE_CLIENT = 'endpoint-registrar-probe';

/** Message types, which are their application tags too (RFC 4120, 5.10). */
const messages = { asReq: 10, asRep: 11, error: 30 } as const;

/** Name types (RFC 4120, 6.2). */
const names = { principal: 1, serviceInstance: 2 } as const;

/** AES with SHA-1, then with SHA-2 (RFC 3962, RFC 8009). A KDC decides about the client before it looks at these. */
const ENCRYPTION_TYPES = [18, 17, 20, 19] as const;

/** Asks for the longest ticket there is (RFC 4120, 5.4.1), so that no clock is needed. */
const NO_END = '19700101000000Z';

/**
 * An AS-REQ for `endpoint-registrar-probe@<realm>`, about 170 bytes (RFC 4120, 5.4.1).
 * @param random a number in [0, 1), another one each time: a KDC answers a packet that it has seen from its lookaside
 * cache for two minutes, without a look at its database (MIT krb5, src/kdc/replay.c)
 */
export function asReq(realm: string, random: number): Uint8Array {
  const body = sequence(
    field(0, element(tags.bitString, Buffer.from([0, 0, 0, 0, 0]))),
    field(1, principal(names.principal, PROBE_CLIENT)),
    field(2, generalString(realm)),
    field(3, principal(names.serviceInstance, 'krbtgt', realm)),
    field(5, element(tags.generalizedTime, Buffer.from(NO_END))),
    // Under 2^31: some KDCs read it as signed (RFC 4120, 5.4.1).
    field(7, integer(Math.floor(random * 2 ** 31))),
    field(8, sequence(...ENCRYPTION_TYPES.map(integer))),
  );
  const request = sequence(field(1, integer(5)), field(2, integer(messages.asReq)), field(4, body));
  return element(applicationTag(messages.asReq), request);
}

/** `APPLICATION n`, constructed. */
function applicationTag(number: number): number {
  return 0x60 | number;
}

function principal(type: number, ...parts: readonly string[]): Uint8Array {
  return sequence(field(0, integer(type)), field(1, sequence(...parts.map(generalString))));
}

/** Errors of a KDC that has no use: clients go elsewhere at 29, and fail for good at 60 (MIT krb5, sendto_kdc.c). */
const sickErrors: ReadonlyMap<number, string> = new Map([
  [29, 'service unavailable'],
  [60, 'generic error; its database may be gone'],
]);

/**
 * Reads the answer to an AS-REQ. Health is an AS-REP and every KRB-ERROR but 29 (KDC_ERR_SVC_UNAVAILABLE) and 60
 * (KRB_ERR_GENERIC): 6 (the client is unknown) and 25 (pre-authentication is required) are what a sound database gives.
 */
export function readKdcAnswer(bytes: Uint8Array): Reading {
  const [tag] = bytes;
  const isForeign =
    tag !== undefined && tag !== applicationTag(messages.error) && tag !== applicationTag(messages.asRep);
  if (!isForeign && readElement(bytes).kind === 'incomplete') return { kind: 'incomplete' };
  if (isAsRep(bytes)) return healthy;
  const code = readKrbError(bytes);
  if (code === undefined) return sick(`answered with something else than an AS-REP or KRB-ERROR: ${showBytes(bytes)}`);
  const words = sickErrors.get(code);
  return words === undefined ? healthy : sick(`answered KRB-ERROR ${code} (${words})`);
}

/** The error-code of a KRB-ERROR (RFC 4120, 5.9.1); undefined where the bytes are not exactly one. */
export function readKrbError(bytes: Uint8Array): number | undefined {
  const fields = messageFields(messages.error, bytes);
  const code = fields?.get(6);
  return fields !== undefined && isMessage(fields, messages.error) && code !== undefined ? integerIn(code) : undefined;
}

/** Whether the bytes are exactly one AS-REP (RFC 4120, 5.4.2), in as far as it is not encrypted. */
function isAsRep(bytes: Uint8Array): boolean {
  const fields = messageFields(messages.asRep, bytes);
  // [5] ticket and [6] enc-part are what makes it one.
  return fields !== undefined && isMessage(fields, messages.asRep) && fields.has(5) && fields.has(6);
}

function messageFields(message: number, bytes: Uint8Array): ReadonlyMap<number, Uint8Array> | undefined {
  const outer = contentOf(applicationTag(message), bytes);
  const inner = outer === undefined ? undefined : contentOf(tags.sequence, outer);
  return inner === undefined ? undefined : fieldsOf(inner);
}

/** Protocol version 5, and the message type once more, as in every answer. */
function isMessage(fields: ReadonlyMap<number, Uint8Array>, type: number): boolean {
  const [version, repeated] = [fields.get(0), fields.get(1)];
  return version !== undefined && integerIn(version) === 5 && repeated !== undefined && integerIn(repeated) === type;
}

function integerIn(bytes: Uint8Array): number | undefined {
  const content = contentOf(tags.integer, bytes);
  return content === undefined ? undefined : numberOf(content);
}
