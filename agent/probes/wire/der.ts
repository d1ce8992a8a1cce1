/**
 * As much of ASN.1's encodings (X.690) as Kerberos and LDAP need: elements of one tag byte and a definite length.
 * Writing is DER; reading takes every definite length of BER, since LDAP servers send long forms of short lengths.
 */
import { MAX_ANSWER_BYTES } from './reading.ts';

/** The universal tags in use. */
export const tags = {
  integer: 0x02,
  bitString: 0x03,
  enumerated: 0x0a,
  generalizedTime: 0x18,
  generalString: 0x1b,
  sequence: 0x30,
} as const;

/** An element that was read, and the bytes that follow it. */
export type Element = {
  readonly kind: 'element';
  readonly tag: number;
  readonly content: Uint8Array;
  readonly rest: Uint8Array;
};

/** What bytes begin with. `incomplete`: with the beginning of an element; `malformed`: with none that we take. */
export type ElementRead = Element | { readonly kind: 'incomplete' } | { readonly kind: 'malformed' };

/** One element of the contents given, one after another. Contents of 65536 bytes and more are not made. */
export function element(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(contents);
  const { length } = content;
  const lengthBytes = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...lengthBytes]), content]);
}

/** A SEQUENCE, and a SEQUENCE OF. */
export function sequence(...contents: readonly Uint8Array[]): Uint8Array {
  return element(tags.sequence, ...contents);
}

/** An explicit context tag `[number]`, 0 to 30, around one element. */
export function field(number: number, content: Uint8Array): Uint8Array {
  return element(0xa0 | number, content);
}

/** An INTEGER from 0 to 2^31 - 1. */
export function integer(value: number): Uint8Array {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(value, 1);
  // As short as it goes, with a first bit 0: a set one would make it negative.
  let start = 0;
  while (start < 4 && bytes[start] === 0 && (bytes[start + 1] ?? 0) < 0x80) start += 1;
  return element(tags.integer, bytes.subarray(start));
}

/** A GeneralString. */
export function generalString(text: string): Uint8Array {
  return element(tags.generalString, Buffer.from(text, 'utf8'));
}

/** Reads the first element. Never throws; a length over 65536 is malformed, so that nobody waits for its end. */
export function readElement(bytes: Uint8Array): ElementRead {
  const [tag, first] = bytes;
  if (tag === undefined) return { kind: 'incomplete' };
  // 31 in the low bits is a tag of several bytes, which neither protocol has.
  if ((tag & 0x1f) === 0x1f) return { kind: 'malformed' };
  if (first === undefined) return { kind: 'incomplete' };
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  // 0x80 is BER's indefinite length, forbidden in both.
  if (first === 0x80 || lengthBytes > 4) return { kind: 'malformed' };
  if (bytes.length < 2 + lengthBytes) return { kind: 'incomplete' };
  const length = lengthBytes === 0 ? first : Buffer.from(bytes).readUIntBE(2, lengthBytes);
  if (length > MAX_ANSWER_BYTES) return { kind: 'malformed' };
  const start = 2 + lengthBytes;
  if (bytes.length < start + length) return { kind: 'incomplete' };
  return { kind: 'element', tag, content: bytes.subarray(start, start + length), rest: bytes.subarray(start + length) };
}

/** The content of the one element that these bytes are; undefined where they are anything else. */
export function contentOf(tag: number, bytes: Uint8Array): Uint8Array | undefined {
  const read = readElement(bytes);
  return read.kind === 'element' && read.tag === tag && read.rest.length === 0 ? read.content : undefined;
}

/** The number that the content of an INTEGER or ENUMERATED is; undefined where it has no byte or more than five. */
export function numberOf(content: Uint8Array): number | undefined {
  return content.length === 0 || content.length > 5 ? undefined : Buffer.from(content).readIntBE(0, content.length);
}

/** The context-tagged fields of a SEQUENCE's content, by number; undefined where it is not made of such fields alone. */
export function fieldsOf(content: Uint8Array): ReadonlyMap<number, Uint8Array> | undefined {
  const fields = new Map<number, Uint8Array>();
  let left = content;
  while (left.length > 0) {
    const read = readElement(left);
    if (read.kind !== 'element' || (read.tag & 0xe0) !== 0xa0) return undefined;
    fields.set(read.tag & 0x1f, read.content);
    left = read.rest;
  }
  return fields;
}
