/**
 * What a reader of answers says of the bytes so far, and how bytes and addresses stand in a reason. Readers are pure:
 * the same bytes always read the same, and no bytes make them throw.
 */
import { familyOf } from '../../plan/identity.ts';

/**
 * What the bytes of an answer come to. `incomplete`: they are the beginning of one; of a datagram that is all there
 * will be. `reason` stands after the probe's name and a colon, e.g. `answered KRB-ERROR 60 (generic error)`.
 */
export type Reading =
  | { readonly kind: 'healthy' }
  | { readonly kind: 'sick'; readonly reason: string }
  | { readonly kind: 'incomplete' };

/** Reads all bytes that came so far. */
export type Reader = (bytes: Uint8Array) => Reading;

/** No answer that a probe asks for is longer; a KDC's datagram ends at 4096 bytes (MIT krb5), the others are smaller. */
export const MAX_ANSWER_BYTES = 65_536;

/** The answer of a daemon that does its work. */
export const healthy: Reading = { kind: 'healthy' };

/** An answer that is none of a healthy daemon. */
export function sick(reason: string): Extract<Reading, { kind: 'sick' }> {
  return { kind: 'sick', reason };
}

/** So many bytes stand in a reason. */
const SHOWN_BYTES = 16;

/** The first bytes for a reason, e.g. `3 bytes, 0x7e0302`, `no bytes`. */
export function showBytes(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'no bytes';
  const hex = Buffer.from(bytes.subarray(0, SHOWN_BYTES)).toString('hex');
  const count = bytes.length === 1 ? '1 byte' : `${bytes.length} bytes`;
  return `${count}, 0x${hex}${bytes.length > SHOWN_BYTES ? '…' : ''}`;
}

/** An address and port as people write them: `10.1.2.3:88`, `[fd00::1]:88`. */
export function showPlace({ address, port }: { readonly address: string; readonly port: number }): string {
  return familyOf(address) === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}
