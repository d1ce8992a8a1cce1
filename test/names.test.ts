import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerPortName, dnsLabel, dnsSubdomain, qualifiedName } from '../agent/names.ts';

/** Each rule with texts that the API server takes and texts that it refuses (apimachinery, pkg/util/validation). */
const cases = [
  {
    rule: 'DNS label',
    test: dnsLabel.test,
    takes: ['a', '1', 'ipa', 'kerberos-master', '389ds', 'a--b', 'a'.repeat(63)],
    refuses: ['', 'A', '-a', 'a-', 'a.b', '_kerberos', 'a'.repeat(64), 'ä', 'a\n'],
  },
  {
    rule: 'DNS subdomain',
    test: dnsSubdomain.test,
    takes: ['a', 'ipa-0', 'a.b.c', '1.2', 'a'.repeat(253)],
    refuses: ['', '.a', 'a.', 'a..b', 'A.b', 'a.-b', 'a'.repeat(254)],
  },
  {
    rule: 'container port name',
    test: containerPortName.test,
    takes: ['a', 'kerberos-master', '0a', 'a-b-c'],
    refuses: ['', '80', '1-2', 'a--b', '-a', 'a-', 'Kerberos', 'kerberos-masters', 'a_b'],
  },
  {
    rule: 'qualified name',
    test: qualifiedName.test,
    takes: ['http', 'HTTP', 'kubernetes.io/h2c', 'mycompany.com/my_protocol.v1', 'a', 'a'.repeat(63)],
    refuses: ['', '/', 'a/', '/a', 'a/b/c', 'Kubernetes.io/h2c', '-a', 'a-', 'a b', 'a'.repeat(64)],
  },
];

for (const { rule, test: isTaken, takes, refuses } of cases) {
  for (const text of takes) test(`${rule} takes ${show(text)}`, () => assert.equal(isTaken(text), true));
  for (const text of refuses) test(`${rule} refuses ${show(text)}`, () => assert.equal(isTaken(text), false));
}

function show(text: string): string {
  return text.length > 30 ? `${text.length} times "${text[0]}"` : JSON.stringify(text);
}
