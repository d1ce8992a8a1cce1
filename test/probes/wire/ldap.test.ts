import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readRootDse, rootDseSearch } from '../../../agent/probes/wire/ldap.ts';
import { bytesOf, rootDseBytes } from '../servers.ts';

test('the question is a search of the root DSE (RFC 4511, 4.5.1), put together by hand', () => {
  const golden = `
    30 2a  02 01 01
      63 25
        04 00  0a 01 00  0a 01 00  02 01 01  02 01 05  01 01 00
        87 0b 6f626a656374436c617373
        30 05 04 03 31 2e 31`;
  assert.equal(Buffer.from(rootDseSearch).toString('hex'), bytesOf(golden).toString('hex'));
});

/** As Active Directory and others write lengths: four bytes for a short one. */
const longForms =
  '30 84 00000009  02 01 01  64 04 04 00 30 00   30 84 00000010  02 01 01  65 84 00000007 0a 01 00 04 00 04 00';
const entry = '30 09  02 01 01  64 04 04 00 30 00';

describe('readRootDse', () => {
  const cases: readonly { readonly name: string; readonly bytes: Buffer; readonly expect: string | RegExp }[] = [
    { name: 'an entry and the end of the search', bytes: rootDseBytes(0), expect: 'healthy' },
    { name: 'the same with lengths in their long form', bytes: bytesOf(longForms), expect: 'healthy' },
    { name: 'busy', bytes: rootDseBytes(51), expect: 'answered with result code 51 (busy)' },
    { name: 'unavailable', bytes: rootDseBytes(52), expect: 'answered with result code 52 (unavailable)' },
    { name: 'unwilling', bytes: rootDseBytes(53), expect: 'answered with result code 53 (unwillingToPerform)' },
    { name: 'a code without a name here', bytes: rootDseBytes(99), expect: 'answered with result code 99' },
    {
      name: 'the end without an entry',
      bytes: rootDseBytes(0).subarray(11),
      expect: 'answered without a root DSE: anonymous searches may be forbidden',
    },
    {
      name: 'a notice of disconnection',
      bytes: bytesOf('30 0c 02 01 00 78 07 0a 01 34 04 00 04 00'),
      expect: 'answered with a notice of disconnection, result code 52 (unavailable)',
    },
    { name: 'no bytes', bytes: Buffer.alloc(0), expect: 'incomplete' },
    { name: 'the entry alone', bytes: bytesOf(entry), expect: 'incomplete' },
    { name: 'the entry and half the end', bytes: rootDseBytes(0).subarray(0, -1), expect: 'incomplete' },
    {
      name: 'the answer to another message',
      bytes: bytesOf('30 0c 02 01 02 65 07 0a 01 00 04 00 04 00'),
      expect: /something else/,
    },
    {
      name: 'the answer to a bind',
      bytes: bytesOf('30 0c 02 01 01 61 07 0a 01 00 04 00 04 00'),
      expect: /something else/,
    },
    { name: 'an empty message', bytes: bytesOf('30 00'), expect: /something else/ },
    { name: 'an end without a code', bytes: bytesOf(`${entry} 30 05 02 01 01 65 00`), expect: /something else/ },
    { name: 'text, from its first byte on', bytes: Buffer.from('2'), expect: /something else.*: 1 byte, 0x32/ },
    { name: 'a TLS alert', bytes: bytesOf('15 03 03 00 02 02 28'), expect: /something else/ },
  ];
  for (const { name, bytes, expect } of cases) {
    test(`${name}: ${expect}`, () => {
      const reading = readRootDse(bytes);
      const text = reading.kind === 'sick' ? reading.reason : reading.kind;
      if (typeof expect === 'string') assert.equal(text, expect);
      else assert.match(text, expect);
    });
  }

  test('no bytes make it throw', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void readRootDse(bytes)));
    const sound = rootDseBytes(0);
    fc.assert(
      fc.property(fc.nat(sound.length - 1), fc.nat(255), (at, byte) => {
        const changed = Buffer.from(sound);
        changed[at] = byte;
        readRootDse(changed);
      }),
    );
  });
});
