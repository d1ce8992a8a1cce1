/**
 * What a directory server is asked, and what its answer says (RFC 4511): a search of the root DSE without bind, for no
 * attribute, which every server answers anonymously unless told otherwise.
 */
import { numberOf, readElement, tags } from './der.ts';
import { healthy, type Reading, showBytes, sick } from './reading.ts';

/** Message 1: base "", scope base, size limit 1, time limit 5 s, filter (objectClass=*), attributes 1.1 (RFC 4511, 4.5.1). */
export const rootDseSearch: Uint8Array = Buffer.from(
  '302a020101632504000a01000a0100020101020105010100870b6f626a656374436c61737330050403312e31',
  'hex',
);

const MESSAGE_ID = 1;

/** Answers by their tag (RFC 4511, 4.5.2 and 4.12). */
const operations = { entry: 0x64, done: 0x65, extended: 0x78 } as const;

/** Result codes that a root DSE search may get (RFC 4511, appendix A). */
const resultNames: ReadonlyMap<number, string> = new Map([
  [1, 'operationsError'],
  [32, 'noSuchObject'],
  [48, 'inappropriateAuthentication: anonymous searches may be forbidden'],
  [50, 'insufficientAccessRights: anonymous searches may be forbidden'],
  [51, 'busy'],
  [52, 'unavailable'],
  [53, 'unwillingToPerform'],
  [80, 'other'],
]);

/** Reads the answer: an entry, then the end of the search with result code 0, is health. */
export function readRootDse(bytes: Uint8Array): Reading {
  let hasEntry = false;
  let left = bytes;
  for (;;) {
    const message = readElement(left);
    const isForeign = left[0] !== undefined && left[0] !== tags.sequence;
    if (message.kind === 'malformed' || isForeign) return foreign(bytes);
    if (message.kind === 'incomplete') return message;
    const id = readElement(message.content);
    const operation = id.kind === 'element' ? readElement(id.rest) : id;
    if (id.kind !== 'element' || operation.kind !== 'element' || id.tag !== tags.integer) return foreign(bytes);
    const messageId = numberOf(id.content);
    const code = resultCode(operation.content);
    if (messageId === 0 && operation.tag === operations.extended && code !== undefined) {
      return sick(`answered with a notice of disconnection, result code ${showResult(code)}`);
    }
    if (messageId !== MESSAGE_ID) return foreign(bytes);
    if (operation.tag === operations.done) {
      if (code === undefined) return foreign(bytes);
      if (code !== 0) return sick(`answered with result code ${showResult(code)}`);
      return hasEntry ? healthy : sick('answered without a root DSE: anonymous searches may be forbidden');
    }
    if (operation.tag !== operations.entry) return foreign(bytes);
    hasEntry = true;
    left = message.rest;
  }
}

function foreign(bytes: Uint8Array): Reading {
  return sick(`answered with something else than the result of a search: ${showBytes(bytes)}`);
}

/** An LDAPResult begins with its code (RFC 4511, 4.1.9). */
function resultCode(content: Uint8Array): number | undefined {
  const code = readElement(content);
  return code.kind === 'element' && code.tag === tags.enumerated ? numberOf(code.content) : undefined;
}

function showResult(code: number): string {
  const name = resultNames.get(code);
  return name === undefined ? String(code) : `${code} (${name})`;
}
