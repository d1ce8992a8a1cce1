/**
 * What the password service (port 464) is asked, and what its answer says (RFC 3244). The question is malformed on
 * purpose: refusing it needs no key and no client, and changes nothing.
 */
import { readKrbError } from './kerberos.ts';
import { healthy, type Reading, showBytes, sick } from './reading.ts';

const HEADER_BYTES = 6;

/**
 * Length 8, version 1, an AP-REQ of one byte, one byte of KRB-PRIV (RFC 3244, 2). MIT kadmind drops a shorter message,
 * and one that its AP-REQ fills, without an answer (seen on 1.20).
 */
export const kpasswdRequest: Uint8Array = Buffer.from('0008000100010000', 'hex');

/** The service cannot do its work; clients go elsewhere. */
const SERVICE_UNAVAILABLE = 29;

/**
 * Reads the answer: length, version 1, an AP-REP length of 0, a KRB-ERROR. Its code is 60 from a sound service, as our
 * AP-REQ cannot be read; only 29 (KDC_ERR_SVC_UNAVAILABLE) is none of health.
 */
export function readKpasswdAnswer(bytes: Uint8Array): Reading {
  if (bytes.length < HEADER_BYTES) return { kind: 'incomplete' };
  const header = Buffer.from(bytes.subarray(0, HEADER_BYTES));
  const [length, version, apRepBytes] = [header.readUInt16BE(0), header.readUInt16BE(2), header.readUInt16BE(4)];
  const code = readKrbError(bytes.subarray(HEADER_BYTES));
  if (length !== bytes.length || version !== 1 || apRepBytes !== 0 || code === undefined) {
    return sick(`answered with something else than a KRB-ERROR of RFC 3244: ${showBytes(bytes)}`);
  }
  return code === SERVICE_UNAVAILABLE ? sick(`answered KRB-ERROR ${code} (service unavailable)`) : healthy;
}
