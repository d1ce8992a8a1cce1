/** Where a fault in a declaration is in the file, for every way in which YAML can hold the text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { messagesOf, runCheck } from './run.ts';

/** A ConfigMap whose key `ipa` is written so. */
const configMap = (value: string, indent = '  ') =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: endpoint-registrar\ndata:\n${indent}ipa: ${value}`;

const range = 'must be a whole number from 1 to 65535';

/** Each text holds one bad port, `99999`; where nothing else is said, the place is that of these digits. */
const styles: readonly { readonly name: string; readonly text: string }[] = [
  { name: 'literal', text: configMap('|\n    ports:\n    - { name: a, port: 99999 }\n') },
  { name: 'literal, the last line end stripped', text: configMap('|-\n    ports:\n    - { name: a, port: 99999 }\n') },
  { name: 'literal, all line ends kept', text: configMap('|+\n    ports:\n    - { name: a, port: 99999 }\n\n\n') },
  { name: 'literal, indented as little as can be', text: configMap('|\n   ports:\n   - { name: a, port: 99999 }\n') },
  {
    name: 'literal with an indentation indicator, and blanks that belong to the text',
    text: configMap('|2\n      ports:\n      - { name: a, port: 99999 }\n'),
  },
  {
    name: 'literal with both indicators and a comment behind them',
    text: configMap('|-2 # ours\n    ports:\n    - { name: a, port: 99999 }\n'),
  },
  {
    name: 'literal with empty lines, blank ones and comments in it',
    text: configMap(
      '|\n\n    # first\n    ports:\n\n      \n    - name: b\n      port: 1\n\n    - name: a\n      port: 99999\n',
    ),
  },
  {
    name: 'literal with line ends of Windows',
    text: configMap('|\n    ports:\n\n    - { name: a, port: 99999 }\n').replaceAll('\n', '\r\n'),
  },
  {
    name: 'literal at the end of a file without a line end',
    text: configMap('|\n    ports:\n    - { name: a, port: 99999 }'),
  },
  {
    name: 'literal behind an anchor and a tag',
    text: configMap('&a !!str |\n    ports:\n    - { name: a, port: 99999 }\n'),
  },
  {
    name: 'literal, reached by an alias',
    text: `${configMap('|\n    ports: []\n')}---\nx: 1\n`
      .replace('x: 1', '')
      .concat(
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: endpoint-registrar\n  annotations:\n    a: &a |\n      ports:\n      - { name: a, port: 99999 }\ndata:\n  ipa: *a\n',
      ),
  },
  {
    name: 'folded, but each line kept because it is indented further',
    text: configMap('>\n    ports:\n      - name: a\n        port: 99999\n'),
  },
  {
    name: 'folded, empty lines between the lines, with line ends of Windows',
    text: configMap('>-\n    ports:\n\n    - name: b\n\n      port: 1\n\n    - { name: a, port: 99999 }\n').replaceAll(
      '\n',
      '\r\n',
    ),
  },
  {
    name: 'brought in by a merge key',
    text: configMap('').replace(
      'data:\n  ipa: ',
      '  annotations: &a\n    ipa: |\n      ports:\n      - { name: a, port: 99999 }\ndata:\n  <<: *a\n  ldap: "ports: []"\n',
    ),
  },
  { name: 'double quotes', text: configMap('"ports: [{ name: a, port: 99999 }]"\n') },
  {
    name: 'double quotes with escapes of every length',
    text: configMap('"ports: [{ name: \\"\\x61\\u0062\\U00000063\\", port: 99999 }]"\n'),
  },
  { name: 'single quotes', text: configMap("'ports: [{ name: ''a'', port: 99999 }]'\n") },
  {
    name: 'double quotes over several lines, as kubectl wraps a long text',
    text: configMap('"ports:\\n- {\n    name: a,\n    protocol:\n    UDP, \\\n    \\ port: 99999 }\\n"\n'),
  },
  {
    name: 'double quotes over several lines, with line ends of Windows',
    text: configMap('"ports:\n    [{ name: a, \n    port: 99999 }]"\n').replaceAll('\n', '\r\n'),
  },
  { name: 'single quotes over several lines', text: configMap("'ports:\n\n    - { name: a,\n    port: 99999 }'\n") },
  {
    name: 'a List among whose items it is',
    text: `apiVersion: v1\nkind: List\nitems:\n- ${configMap('|\n    ports:\n    - { name: a, port: 99999 }\n').trimEnd().replaceAll('\n', '\n  ')}\n`,
  },
  {
    name: 'the second document of a file, behind comments',
    text: `# one\n---\napiVersion: v1\nkind: Secret\nmetadata: { name: s }\n---\n# two\n${configMap('|\n    ports:\n    - { name: a, port: 99999 }\n')}`,
  },
  { name: 'a file that is only the fragment', text: '# ours\nports:\n- { name: a, port: 99999 }\n' },
  {
    name: 'a file that is only the fragment, with line ends of Windows',
    text: 'ports:\r\n\r\n- { name: a, port: 99999 }\r\n',
  },
  {
    name: 'a file of Services and their fragments',
    text: 'ldap:\n  ports: []\nipa:\n  ports:\n  - { name: a, port: 99999 }\n',
  },
  {
    name: 'a file of Services and the texts of their fragments',
    text: 'ldap: |\n  ports: []\nipa: |\n  ports:\n  - { name: a, port: 99999 }\n',
  },
  {
    name: 'JSON of Services and their fragments',
    text: '{\n\t"ipa": {\n\t\t"ports": [{ "name": "a", "port": 99999 }]\n\t}\n}',
  },
];

for (const { name, text } of styles) {
  test(`a fault has the place of the file: ${name}`, async () => {
    const before = text.slice(0, text.indexOf('99999')).split('\n');
    const place = `${before.length}:${(before.at(-1) ?? '').length + 1}`;
    const ran = await runCheck(['ipa.yaml'], { 'ipa.yaml': text });
    const found = messagesOf(ran).filter((line) => line.includes('99999'));
    assert.equal(found.length, 1, ran.lines.join('\n'));
    assert.match(
      found[0] ?? '',
      new RegExp(`^ipa.yaml:${place}: fault: ipa, ports\\[\\d\\].port is 99999: ${range}. `),
    );
    assert.equal(ran.ending, 'found');
  });
}

test('of a text in one line of JSON the inner line is told too', async () => {
  const fragment = 'ports:\n- { "name": "a",\tport: 0 }\n';
  const text = JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'endpoint-registrar' },
    data: { ipa: fragment },
  });
  const column = text.indexOf('port: 0') + 'port: '.length + 1;
  assert.deepEqual(messagesOf(await runCheck(['-'], { '-': text })), [
    `-:1:${column}: fault: ipa, ports[0].port is 0: ${range} (line 2 of the text). Write for example 88.`,
  ]);
});

const inexact: readonly { readonly name: string; readonly value: string; readonly expect: string }[] = [
  {
    name: 'folded lines that were joined',
    value: '>\n    ports:\n    - { name: a, port: 0 }\n',
    expect:
      '6:8: fault: ipa, at "ports: - { name: a, port: 0 }": this is no YAML (Unexpected block-seq-ind on same line with key) (line 1, column 8 of the text that begins here, in which ">" has joined lines: write "|"). Indent the fields of one port alike and by spaces, with a space after "-" and after ":".',
  },
  {
    name: 'nothing',
    value: '\n',
    expect:
      '6:8: fault: ipa: the key has no content; it must be a mapping with ports. List the ports, or write "ports: []" to withdraw from ipa, or remove the key.',
  },
  {
    name: 'an empty block',
    value: '|\n',
    expect:
      '6:8: fault: ipa: the key has no content; it must be a mapping with ports. List the ports, or write "ports: []" to withdraw from ipa, or remove the key.',
  },
  {
    name: 'a bracket that is not closed, at the end of the text and not in the next key',
    value: '|\n    ports: [\n  next: |\n    ports: []\n',
    expect:
      '7:13: fault: ipa: the indentation is wrong, or a bracket is not closed. Indent the fields of one port alike and by spaces, with a space after "-" and after ":".',
  },
];

for (const { name, value, expect } of inexact) {
  test(`where the very place cannot be known, the text's beginning or end is told: ${name}`, async () => {
    const ran = await runCheck(['x.yaml'], { 'x.yaml': configMap(value) });
    assert.deepEqual(messagesOf(ran), [`x.yaml:${expect}`]);
  });
}

/** Texts of one bad port among good ones, in many shapes. */
const fragment = fc
  .record({
    before: fc.array(
      fc.constantFrom('# a comment', '', '- { name: x, protocol: UDP, port: 1 }', "- name: 'y'\n  port: 2"),
      {
        maxLength: 6,
      },
    ),
    blanks: fc.integer({ min: 1, max: 5 }),
  })
  .map(({ before, blanks }) => {
    const unique = before.filter(
      (line, index) => line.startsWith('#') || line === '' || before.indexOf(line) === index,
    );
    return ['ports:', ...unique, `- { name: a,${' '.repeat(blanks)}port: 99999 }`, ''].join('\n');
  });

const print = fc.record({
  type: fc.constantFrom('BLOCK_LITERAL', 'BLOCK_FOLDED', 'QUOTE_DOUBLE', 'QUOTE_SINGLE'),
  indent: fc.integer({ min: 1, max: 8 }),
  lineWidth: fc.constantFrom(0, 20, 40, 80),
  isWindows: fc.boolean(),
  isJson: fc.boolean(),
});

test('however a text is written, an exact place is the right one', async () => {
  await fc.assert(
    fc.asyncProperty(fragment, print, async (text, { type, indent, lineWidth, isWindows, isJson }) => {
      const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { ipa: text } };
      const options = { defaultStringType: type, defaultKeyType: 'PLAIN', indent, lineWidth } as const;
      const printed = isJson ? JSON.stringify(object, undefined, indent) : stringify(object, options);
      const file = isWindows ? printed.replaceAll('\n', '\r\n') : printed;
      const [message = ''] = messagesOf(await runCheck(['f'], { f: file }));
      if (message.includes('of the text that begins here')) return /ipa: >/.test(file);
      const before = file.slice(0, file.indexOf('99999')).split('\n');
      assert.ok(message.startsWith(`f:${before.length}:${(before.at(-1) ?? '').length + 1}: `), `${message}\n${file}`);
      return true;
    }),
  );
});
