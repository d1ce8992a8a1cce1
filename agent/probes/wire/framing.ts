/**
 * Messages over TCP as Kerberos and the password service send them: four bytes of length, then the message (RFC 4120,
 * 7.2.2; RFC 3244, 2).
 */
import { MAX_ANSWER_BYTES, type Reader, showBytes, sick } from './reading.ts';

const PREFIX_BYTES = 4;

/** The message behind its length. */
export function frame(message: Uint8Array): Uint8Array {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length);
  return Buffer.concat([prefix, message]);
}

/**
 * Reads one framed message with the reader of the bare one. The high bit of the length must be 0 (RFC 4120, 7.2.2); a
 * length over 65536 is refused at once, and so are bytes after the message.
 */
export function framed(read: Reader): Reader {
  return (bytes) => {
    if (bytes.length < PREFIX_BYTES) return { kind: 'incomplete' };
    const length = Buffer.from(bytes).readUInt32BE();
    if (length === 0 || length > MAX_ANSWER_BYTES) {
      return sick(
        `answered with a message length of ${length} (1 to ${MAX_ANSWER_BYTES} is sane): ${showBytes(bytes)}`,
      );
    }
    if (bytes.length < PREFIX_BYTES + length) return { kind: 'incomplete' };
    if (bytes.length > PREFIX_BYTES + length) {
      return sick(`answered with more than the ${length} bytes that it announced: ${showBytes(bytes)}`);
    }
    const message = bytes.subarray(PREFIX_BYTES);
    const reading = read(message);
    return reading.kind === 'incomplete' ? sick(`answered with half a message: ${showBytes(message)}`) : reading;
  };
}
