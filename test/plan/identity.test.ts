import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { familyOf, heartbeatKey, heartbeatUid, isDnsLabel, pointer, sliceName } from '../../agent/plan/identity.ts';

const uid = '3c6b0c1e-7f0a-4d57-9d3e-0a9f1b2c3d4e';
const udp = { service: 'ipa', family: 'IPv4', protocol: 'UDP' } as const;

describe('the heartbeat annotation', () => {
  test('carries the UID behind our prefix', () => assert.equal(heartbeatKey(uid), `endpoint-registrar/${uid}`));

  const cases = [
    { name: 'gives the UID back', given: `endpoint-registrar/${uid}`, expect: uid },
    {
      name: 'is not the annotation that a created register carries',
      given: 'endpoint-registrar-format',
      expect: undefined,
    },
    { name: 'is nobody else’s', given: 'endpoints.kubernetes.io/last-change-trigger-time', expect: undefined },
    { name: 'has its prefix in front', given: 'x-endpoint-registrar/a', expect: undefined },
  ];
  for (const { name, given, expect } of cases) test(name, () => assert.equal(heartbeatUid(given), expect));
});

describe('pointer', () => {
  const cases = [
    { name: 'keys become a path', given: ['metadata', 'annotations'], expect: '/metadata/annotations' },
    { name: 'no keys are the whole document', given: [], expect: '' },
    { name: 'a slash inside a key is escaped', given: ['endpoint-registrar/a'], expect: '/endpoint-registrar~1a' },
    { name: 'a tilde is escaped before slashes are', given: ['a~1b', 'c/d'], expect: '/a~01b/c~1d' },
  ];
  for (const { name, given, expect } of cases) test(name, () => assert.equal(pointer(...given), expect));
});

describe('familyOf', () => {
  test('dots are IPv4', () => assert.equal(familyOf('10.0.0.1'), 'IPv4'));
  test('colons are IPv6, an IPv4-mapped address too', () => assert.equal(familyOf('::ffff:10.0.0.1'), 'IPv6'));
});

describe('isDnsLabel', () => {
  const cases = [
    { name: 'a StatefulSet pod’s name is one', given: 'ipa-0', expect: true },
    { name: 'one letter is one', given: 'a', expect: true },
    { name: 'it may begin with a digit (RFC 1123)', given: '0a', expect: true },
    { name: '63 characters are one', given: 'a'.repeat(63), expect: true },
    { name: '64 are not', given: 'a'.repeat(64), expect: false },
    { name: 'dots part labels', given: 'ipa.0', expect: false },
    { name: 'a hyphen may not end it', given: 'ipa-', expect: false },
    { name: 'capitals are none', given: 'IPA', expect: false },
    { name: 'nothing is none', given: '', expect: false },
    { name: 'a line break does not hide', given: 'ipa\n', expect: false },
  ];
  for (const { name, given, expect } of cases) test(name, () => assert.equal(isDnsLabel(given), expect));
});

describe('sliceName', () => {
  const name = sliceName({ podName: 'ipa-0', uid }, udp);

  test('begins with the pod’s name and ends with a hash', () => assert.match(name, /^ipa-0-[0-9a-f]{10}$/));
  test('is the same for a restarted container', () => assert.equal(sliceName({ podName: 'ipa-0', uid }, udp), name));

  const others = [
    { name: 'differs for the next incarnation of the pod', given: sliceName({ podName: 'ipa-0', uid: 'next' }, udp) },
    { name: 'differs for another Service', given: sliceName({ podName: 'ipa-0', uid }, { ...udp, service: 'sip' }) },
    { name: 'differs for the other family', given: sliceName({ podName: 'ipa-0', uid }, { ...udp, family: 'IPv6' }) },
    { name: 'differs for another protocol', given: sliceName({ podName: 'ipa-0', uid }, { ...udp, protocol: 'TCP' }) },
  ];
  for (const { name: title, given } of others) test(title, () => assert.notEqual(given, name));

  test('cuts a long pod name to 63 characters in all', () => {
    assert.equal(sliceName({ podName: 'p'.repeat(253), uid }, udp).length, 63);
  });
  test('never cuts so that a dot or hyphen stands before the hash', () => {
    const podName = `${'p'.repeat(50)}.-x`;
    assert.match(sliceName({ podName, uid }, udp), /^p{50}-[0-9a-f]{10}$/);
  });
});
