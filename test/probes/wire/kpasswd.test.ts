import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { kpasswdRequest, readKpasswdAnswer } from '../../../agent/probes/wire/kpasswd.ts';
import { bytesOf, kpasswdErrorBytes, krbErrorBytes } from '../servers.ts';

test('the question: length 8, version 1, an AP-REQ of one byte, one byte of KRB-PRIV (RFC 3244, 2)', () => {
  assert.equal(Buffer.from(kpasswdRequest).toString('hex'), '0008000100010000');
});

describe('readKpasswdAnswer', () => {
  const sound = kpasswdErrorBytes(60);
  const cases: readonly { readonly name: string; readonly bytes: Buffer; readonly expect: string | RegExp }[] = [
    { name: 'KRB-ERROR 60: it could not read our AP-REQ', bytes: sound, expect: 'healthy' },
    { name: 'KRB-ERROR 41', bytes: kpasswdErrorBytes(41), expect: 'healthy' },
    {
      name: 'KRB-ERROR 29, clients go elsewhere',
      bytes: kpasswdErrorBytes(29),
      expect: 'answered KRB-ERROR 29 (service unavailable)',
    },
    { name: 'no bytes', bytes: Buffer.alloc(0), expect: 'incomplete' },
    { name: 'half a header', bytes: sound.subarray(0, 5), expect: 'incomplete' },
    { name: 'another length than it has', bytes: withLength(sound, sound.length + 1), expect: /something else/ },
    { name: 'a header alone', bytes: bytesOf('0006 0001 0000'), expect: /something else/ },
    { name: 'a cut answer', bytes: sound.subarray(0, -1), expect: /something else/ },
    { name: 'a KRB-ERROR without the header, as a KDC sends it', bytes: krbErrorBytes(60), expect: /something else/ },
    { name: 'the question sent back', bytes: Buffer.from(kpasswdRequest), expect: /something else/ },
    { name: 'text', bytes: Buffer.from('SSH-2.0-OpenSSH_9.2'), expect: /: 19 bytes, 0x5353482d/ },
  ];
  for (const { name, bytes, expect } of cases) {
    test(`${name}: ${expect}`, () => {
      const reading = readKpasswdAnswer(bytes);
      const text = reading.kind === 'sick' ? reading.reason : reading.kind;
      if (typeof expect === 'string') assert.equal(text, expect);
      else assert.match(text, expect);
    });
  }

  test('no bytes make it throw', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void readKpasswdAnswer(bytes)));
    fc.assert(
      fc.property(fc.nat(sound.length - 1), fc.nat(255), (at, byte) => {
        const changed = Buffer.from(sound);
        changed[at] = byte;
        readKpasswdAnswer(changed);
      }),
    );
  });
});

function withLength(bytes: Buffer, length: number): Buffer {
  const changed = Buffer.from(bytes);
  changed.writeUInt16BE(length, 0);
  return changed;
}
