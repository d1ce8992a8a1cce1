import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { frame, framed } from '../../../agent/probes/wire/framing.ts';
import { healthy, type Reading } from '../../../agent/probes/wire/reading.ts';
import { bytesOf } from '../servers.ts';

/** A reader that wants two bytes. */
const read = framed((bytes): Reading => (bytes.length < 2 ? { kind: 'incomplete' } : healthy));

describe('framed', () => {
  const cases: readonly { readonly name: string; readonly bytes: string; readonly expect: string | RegExp }[] = [
    { name: 'a whole message', bytes: '00000002 abcd', expect: 'healthy' },
    { name: 'no bytes', bytes: '', expect: 'incomplete' },
    { name: 'half a length', bytes: '0000', expect: 'incomplete' },
    { name: 'half a message', bytes: '00000002 ab', expect: 'incomplete' },
    { name: 'more than announced', bytes: '00000002 abcdef', expect: /more than the 2 bytes/ },
    { name: 'an empty message', bytes: '00000000', expect: /a message length of 0/ },
    {
      name: 'a message that ends too early for its reader',
      bytes: '00000001 ab',
      expect: /half a message: 1 byte, 0xab/,
    },
    { name: 'the high bit', bytes: '80000002 abcd', expect: /a message length of 2147483650/ },
    {
      name: 'a huge length is refused before a byte of it came',
      bytes: '7fffffff',
      expect: /a message length of 2147483647/,
    },
    { name: 'text instead of a length', bytes: '48545450', expect: /a message length of 1213486160 .*0x48545450/ },
  ];
  for (const { name, bytes, expect } of cases) {
    test(`${name}: ${expect}`, () => {
      const reading = read(bytesOf(bytes));
      const text = reading.kind === 'sick' ? reading.reason : reading.kind;
      if (typeof expect === 'string') assert.equal(text, expect);
      else assert.match(text, expect);
    });
  }

  test('what is framed is read as one message, and only when it is whole', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 2, maxLength: 300 }), fc.nat(), (message, cut) => {
        const bytes = frame(message);
        assert.equal(read(bytes).kind, 'healthy');
        assert.equal(read(bytes.subarray(0, cut % bytes.length)).kind, 'incomplete');
      }),
    );
  });
});
