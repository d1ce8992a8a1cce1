import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { integer } from '../../../agent/probes/wire/der.ts';
import { asReq, readKdcAnswer } from '../../../agent/probes/wire/kerberos.ts';
import { bytesOf, krbErrorBytes } from '../servers.ts';

/** [APPLICATION 10] with the realm "R" and the nonce 2^30, put together by hand from RFC 4120, 5.4.1 and 5.2. */
const golden = `
  6a 81 89  30 81 86
    a1 03 02 01 05
    a2 03 02 01 0a
    a4 7a  30 78
      a0 07 03 05 00 00 00 00 00
      a1 25  30 23  a0 03 02 01 01  a1 1c  30 1a  1b 18 656e64706f696e742d7265676973747261722d70726f6265
      a2 03 1b 01 52
      a3 16  30 14  a0 03 02 01 02  a1 0d  30 0b  1b 06 6b7262746774  1b 01 52
      a5 11 18 0f 31393730303130313030303030305a
      a7 06 02 04 40 00 00 00
      a8 0e  30 0c  02 01 12  02 01 11  02 01 14  02 01 13`;

describe('asReq', () => {
  test('is the message of RFC 4120, byte by byte', () => {
    assert.deepEqual(Buffer.from(asReq('R', 0.5)).toString('hex'), bytesOf(golden).toString('hex'));
  });

  test('two draws give two messages: a KDC answers the same one from its cache', () => {
    assert.notDeepEqual(asReq('R', 0.5), asReq('R', 0.500001));
  });

  test('the nonce stays a positive number of 31 bits, whatever is drawn', () => {
    const lastDraw = 1 - 2 ** -53;
    assert.ok(Buffer.from(asReq('R', lastDraw)).toString('hex').includes('a70602047fffffff'));
    assert.ok(Buffer.from(asReq('R', 0)).toString('hex').includes('a703020100'));
  });
});

test('an INTEGER is as short as it goes, and never negative', () => {
  const cases = { 0: '020100', 1: '020101', 127: '02017f', 128: '02020080', 255: '020200ff', 256: '02020100' };
  const more = { 32768: '0203008000', 2147483647: '02047fffffff', 2147483648: '02050080000000' };
  for (const [value, hex] of Object.entries({ ...cases, ...more })) {
    assert.equal(Buffer.from(integer(Number(value))).toString('hex'), hex, value);
  }
});

/** pvno, msg-type, crealm, cname, and both of ticket and enc-part: an AS-REP as far as it can be read (RFC 4120, 5.4.2). */
const asRep = bytesOf(
  '6b 1d 30 1b  a0 03 02 01 05  a1 03 02 01 0b  a3 03 1b 01 52  a4 02 30 00  a5 02 61 00  a6 02 30 00',
);

describe('readKdcAnswer', () => {
  const cases: readonly { readonly name: string; readonly bytes: Buffer; readonly expect: string | RegExp }[] = [
    { name: 'KRB-ERROR 6, the client is unknown: the database was asked', bytes: krbErrorBytes(6), expect: 'healthy' },
    { name: 'KRB-ERROR 25, pre-authentication is required', bytes: krbErrorBytes(25), expect: 'healthy' },
    { name: 'KRB-ERROR 68, another realm', bytes: krbErrorBytes(68), expect: 'healthy' },
    { name: 'an AS-REP', bytes: asRep, expect: 'healthy' },
    {
      name: 'KRB-ERROR 60, what a KDC says that lost its database',
      bytes: krbErrorBytes(60),
      expect: 'answered KRB-ERROR 60 (generic error; its database may be gone)',
    },
    {
      name: 'KRB-ERROR 29, clients go elsewhere',
      bytes: krbErrorBytes(29),
      expect: 'answered KRB-ERROR 29 (service unavailable)',
    },
    { name: 'no bytes', bytes: Buffer.alloc(0), expect: 'incomplete' },
    { name: 'half a KRB-ERROR', bytes: krbErrorBytes(6).subarray(0, 20), expect: 'incomplete' },
    {
      name: 'bytes after a KRB-ERROR',
      bytes: Buffer.concat([krbErrorBytes(6), Buffer.from([0])]),
      expect: /something else/,
    },
    {
      name: 'the AS-REQ sent back',
      bytes: Buffer.from(asReq('R', 0.1)),
      expect: /something else.*: 140 bytes, 0x6a8189/,
    },
    {
      name: 'text',
      bytes: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
      expect: /something else.*0x485454502f312e31/,
    },
    {
      name: 'a KRB-ERROR of version 4',
      bytes: withByte(krbErrorBytes(6), 8, 4),
      expect: /something else/,
    },
    {
      name: 'a KRB-ERROR whose inner message type is that of an AS-REP',
      bytes: withByte(krbErrorBytes(6), 13, 11),
      expect: /something else/,
    },
    {
      name: 'a KRB-ERROR without an error-code',
      bytes: withByte(krbErrorBytes(6), 38, 0xa8),
      expect: /something else/,
    },
    {
      name: 'an AS-REP without a ticket',
      bytes: bytesOf('6b 0c 30 0a  a0 03 02 01 05  a1 03 02 01 0b'),
      expect: /something else/,
    },
    {
      name: 'an inner length that is longer than the message',
      bytes: withByte(krbErrorBytes(6), 3, 0x40),
      expect: /something else/,
    },
    {
      name: 'a length of four bytes that nobody will send',
      bytes: bytesOf('7e 84 7f ff ff ff'),
      expect: /something else/,
    },
  ];
  for (const { name, bytes, expect } of cases) {
    test(`${name}: ${expect}`, () => {
      const reading = readKdcAnswer(bytes);
      const text = reading.kind === 'sick' ? reading.reason : reading.kind;
      if (typeof expect === 'string') assert.equal(text, expect);
      else assert.match(text, expect);
    });
  }

  test('no bytes make it throw, and no cut or changed answer of a KDC does', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void readKdcAnswer(bytes)));
    const answers = fc.constantFrom(krbErrorBytes(6), krbErrorBytes(60), asRep);
    fc.assert(
      fc.property(answers, fc.nat(60), fc.nat(255), fc.nat(60), (answer, at, byte, length) => {
        readKdcAnswer(withByte(answer, at % answer.length, byte).subarray(0, length));
      }),
    );
  });

  test('what is cut is never health', () => {
    for (const answer of [krbErrorBytes(6), asRep]) {
      for (let length = 0; length < answer.length; length += 1) {
        assert.equal(readKdcAnswer(answer.subarray(0, length)).kind, 'incomplete');
      }
    }
  });
});

function withByte(bytes: Buffer, at: number, byte: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = byte;
  return changed;
}
