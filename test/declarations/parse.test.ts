import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printFault } from '../../agent/declarations/faults.ts';
import { parseDeclarations } from '../../agent/declarations/parse.ts';
import type { DeclaredPort } from '../../agent/plan/declaration.ts';

/** The faults of one key `ipa` with this text, as printed. */
function faultsOf(text: string): readonly string[] {
  const parsed = parseDeclarations({ ipa: text });
  return parsed.kind === 'invalid' ? parsed.faults.map(printFault) : [];
}

const tcp = (name: string, port: number): DeclaredPort => ({ name, protocol: 'TCP', port });

const valid: readonly { readonly name: string; readonly text: string; readonly expect: readonly DeclaredPort[] }[] = [
  {
    name: 'the pair that a Service refuses: one name over both protocols',
    text: 'ports:\n- { name: kerberos, protocol: TCP, port: 88 }\n- { name: kerberos, protocol: UDP, port: 88 }\n',
    expect: [tcp('kerberos', 88), { name: 'kerberos', protocol: 'UDP', port: 88 }],
  },
  {
    name: 'one port number under two names, which a Service refuses too',
    text: 'ports: [{ name: kerberos, port: 88 }, { name: kerberos-master, port: 88 }]',
    expect: [tcp('kerberos', 88), tcp('kerberos-master', 88)],
  },
  { name: 'no ports at all: withdraw', text: 'ports: []', expect: [] },
  {
    name: 'a list as kubectl prints it',
    text: 'ports:\n- appProtocol: kubernetes.io/h2c\n  name: web\n  nodePort: 30080\n  port: 80\n  protocol: TCP\n  targetPort: http\n',
    expect: [{ ...tcp('web', 80), targetPort: 'http', appProtocol: 'kubernetes.io/h2c' }],
  },
  {
    name: 'JSON',
    text: '{"ports":\t[{"name": "sip", "protocol": "SCTP", "port": 5060, "targetPort": 15060}]}',
    expect: [{ name: 'sip', protocol: 'SCTP', port: 5060, targetPort: 15060 }],
  },
  {
    name: 'line ends of Windows, and a byte order mark',
    text: '\uFEFFports:\r\n- name: a\r\n  port: 1\r\n',
    expect: [tcp('a', 1)],
  },
  {
    name: 'a document marker before it and comments',
    text: '---\n# ours\nports: # these\n- { name: a, port: 1 }\n',
    expect: [tcp('a', 1)],
  },
  {
    name: 'quoted names, and names that look like words of YAML in quotes',
    text: `ports: [{ "name": 'no', port: 1 }, { name: "389", port: 2 }]`,
    expect: [tcp('no', 1), tcp('389', 2)],
  },
  {
    name: 'a mixture of capitals that is no boolean to anybody',
    text: 'ports: [{ name: a, port: 1, appProtocol: nO }]',
    expect: [{ ...tcp('a', 1), appProtocol: 'nO' }],
  },
  { name: 'an anchor that nobody refers to', text: 'ports: &list [{ name: a, port: 1 }]', expect: [tcp('a', 1)] },
  {
    name: 'what the API server reads as its default',
    text: 'ports: [{ name: a, port: 1, protocol: "", targetPort: "" }, { name: b, port: 2, targetPort: 0 }]',
    expect: [tcp('a', 1), tcp('b', 2)],
  },
  {
    name: 'the ends of the range',
    text: 'ports: [{ name: a, port: 1, targetPort: 65535 }]',
    expect: [{ ...tcp('a', 1), targetPort: 65535 }],
  },
];

for (const { name, text, expect } of valid) {
  test(`is valid: ${name}`, () => {
    const parsed = parseDeclarations({ ipa: text });
    if (parsed.kind === 'invalid') assert.fail(parsed.faults.map(printFault).join('\n'));
    assert.deepEqual([...parsed.declarations], [['ipa', { service: 'ipa', ports: expect }]]);
  });
}

test('a list that a Service refused for one name twice works unchanged, node ports set aside with one notice', () => {
  const list = ['TCP', 'UDP'].map(
    (protocol) => `- name: kerberos\n  nodePort: 30088\n  port: 88\n  protocol: ${protocol}\n  targetPort: 88\n`,
  );
  const parsed = parseDeclarations({ ipa: `ports:\n${list.join('')}` });
  assert.equal(parsed.kind, 'valid');
  if (parsed.kind !== 'valid') return;
  assert.equal(parsed.declarations.get('ipa')?.ports.length, 2);
  assert.deepEqual(parsed.notices, ['key ipa: nodePort (2 times) is left aside: there is no SRV record of it']);
});

const labelWords =
  'a DNS label: 1 to 63 lower-case letters, digits or "-", beginning and ending with a letter or digit';

/** Each text has exactly these faults. */
const invalid: readonly { readonly name: string; readonly text: string; readonly expect: readonly string[] }[] = [
  {
    name: 'every fault of a list at once, each in its line',
    text: 'ports:\n- { name: kerberos, protocol: udp, port: 88 }\n- { name: ldap, port: 0 }\n- { port: 1 }\n',
    expect: [
      'ipa, line 2, column 31, ports[0].protocol is udp: must be TCP, UDP or SCTP, in capitals. Write UDP.',
      'ipa, line 3, column 23, ports[1].port is 0: must be a whole number from 1 to 65535. Write for example 88.',
      'ipa, line 4, column 3, ports[2].name: is required. Add name, for example name: kerberos.',
    ],
  },
  {
    name: 'one name and protocol twice',
    text: 'ports:\n- { name: a, port: 1 }\n- { port: 2, name: a, protocol: TCP }',
    expect: [
      'ipa, line 3, column 14, ports[1] is a/TCP: each name and protocol may stand once, and ports[0] is that already. Remove one of the two, or give it another name or protocol.',
    ],
  },
  {
    name: 'an unknown field that is near one',
    text: 'ports: [{ name: a, port: 1, protcol: UDP }]',
    expect: ['ipa, line 1, column 29, ports[0].protcol is UDP: a port has no such field. Did you mean protocol?'],
  },
  {
    name: 'an unknown field that is near none',
    text: 'ports: [{ name: a, port: 1, backend: { weight: 3 } }]',
    expect: [
      'ipa, line 1, column 29, ports[0].backend is { weight: 3 }: a port has no such field. Leave it out; a port has name, protocol, port, targetPort, appProtocol, probe.',
    ],
  },
  {
    name: 'the port of a container',
    text: 'ports: [{ name: a, containerPort: 1 }]',
    expect: [
      'ipa, line 1, column 9, ports[0].port: is required. Add port, for example port: 88.',
      'ipa, line 1, column 20, ports[0].containerPort is 1: a port has no such field. A container port is called port here.',
    ],
  },
  {
    name: 'a field twice',
    text: 'ports:\n- name: a\n  port: 1\n  port: 2',
    expect: [
      'ipa, line 4, column 3, ports[0].port is 2: a field may stand once, and this one stands above already. Keep one of the two.',
    ],
  },
  {
    name: 'the list twice',
    text: 'ports: []\nports: []',
    expect: [
      'ipa, line 2, column 1, ports is []: a field may stand once, and this one stands above already. Keep one of the two.',
    ],
  },
  {
    name: 'a number in quotes',
    text: 'ports: [{ name: a, port: "88", targetPort: "8080" }]',
    expect: [
      'ipa, line 1, column 26, ports[0].port is "88": must be a whole number from 1 to 65535, not a text. Write it without quotes: 88.',
      'ipa, line 1, column 44, ports[0].targetPort is "8080": must be a whole number from 1 to 65535, or the name of a container port: 1 to 15 lower-case letters, digits or "-", with at least one letter, no "--", and "-" at neither end (RFC 6335). Write it without quotes: 8080.',
    ],
  },
  {
    name: 'a name for a port number',
    text: 'ports: [{ name: a, port: http }]',
    expect: [
      'ipa, line 1, column 26, ports[0].port is http: must be a whole number from 1 to 65535, not a text. Write the number, for example 88; the name of a container port goes into targetPort.',
    ],
  },
  ...['0x1F', '0o17', '017', '8_8', '88.0', '1e3', '+88', '.inf', '0b1', '1:20'].map((number) => ({
    name: `a number that parsers read differently: ${number}`,
    text: `ports: [{ name: a, port: ${number} }]`,
    expect: [
      `ipa, line 1, column 26, ports[0].port is ${number}: must be a whole number from 1 to 65535; only plain decimal digits are the same number to every YAML version. Write for example 88.`,
    ],
  })),
  ...['-1', '65536', '99999999999999999999999'].map((number) => ({
    name: `a number out of range: ${number}`,
    text: `ports: [{ name: a, port: ${number} }]`,
    expect: [
      `ipa, line 1, column 26, ports[0].port is ${number}: must be a whole number from 1 to 65535. Write for example 88.`,
    ],
  })),
  ...['yes', 'No', 'on', 'off', 'true', 'y'].map((word) => ({
    name: `a bare word that kubectl takes for a boolean, as a name: ${word}`,
    text: `ports: [{ name: ${word}, port: 1 }]`,
    expect: [
      `ipa, line 1, column 17, ports[0].name is ${word}: must be a text, and unquoted this is a boolean. ${word === 'No' ? 'Write for example kerberos.' : `Quote it: "${word}".`}`,
    ],
  })),
  {
    name: 'a boolean for a number',
    text: 'ports: [{ name: a, port: true }]',
    expect: [
      'ipa, line 1, column 26, ports[0].port is true: must be a whole number from 1 to 65535; to kubectl a bare true is a boolean. Write for example 88.',
    ],
  },
  {
    name: 'a bare number as a name',
    text: 'ports: [{ name: 389, port: 1 }]',
    expect: [
      'ipa, line 1, column 17, ports[0].name is 389: must be a text, and unquoted this is a number. Quote it: "389".',
    ],
  },
  {
    name: 'an SRV name for a name',
    text: 'ports: [{ name: _kerberos._tcp, port: 1 }]',
    expect: [`ipa, line 1, column 17, ports[0].name is _kerberos._tcp: must be ${labelWords}. Write kerberos.`],
  },
  {
    name: 'a name with capitals and underscores',
    text: 'ports: [{ name: LDAP_Main, port: 1 }]',
    expect: [`ipa, line 1, column 17, ports[0].name is LDAP_Main: must be ${labelWords}. Write ldap-main.`],
  },
  {
    name: 'a name that is too long',
    text: `ports: [{ name: ${'a'.repeat(64)}, port: 1 }]`,
    expect: [
      `ipa, line 1, column 17, ports[0].name is ${'a'.repeat(60)}…: must be ${labelWords}. Write for example kerberos.`,
    ],
  },
  {
    name: 'an empty name',
    text: 'ports: [{ name: "", port: 1 }]',
    expect: [`ipa, line 1, column 17, ports[0].name is "": must be ${labelWords}. Write for example kerberos.`],
  },
  {
    name: 'fields without a value',
    text: 'ports:\n- name:\n  port: ~\n  protocol: null\n  targetPort: Null',
    expect: [
      `ipa, line 2, column 8, ports[0].name: must be ${labelWords}, and has no value. Give the value, or leave the field out.`,
      'ipa, line 3, column 9, ports[0].port is ~: must be a whole number from 1 to 65535, and has no value. Give the value, or leave the field out.',
      'ipa, line 4, column 13, ports[0].protocol is null: must be TCP, UDP or SCTP, in capitals, and has no value. Give the value, or leave the field out.',
      'ipa, line 5, column 15, ports[0].targetPort is Null: must be a whole number from 1 to 65535, or the name of a container port: 1 to 15 lower-case letters, digits or "-", with at least one letter, no "--", and "-" at neither end (RFC 6335), and has no value. Give the value, or leave the field out.',
    ],
  },
  {
    name: 'an appProtocol that the API server refuses',
    text: 'ports: [{ name: a, port: 1, appProtocol: a/b/c }]',
    expect: [
      'ipa, line 1, column 42, ports[0].appProtocol is a/b/c: must be a protocol name of at most 63 letters, digits, "-", "_" or ".", beginning and ending with a letter or digit, with an optional DNS name and "/" before it (https, kubernetes.io/h2c). Write for example https.',
    ],
  },
  {
    name: 'a protocol that is none',
    text: 'ports: [{ name: a, port: 1, protocol: HTTP }]',
    expect: [
      'ipa, line 1, column 39, ports[0].protocol is HTTP: must be TCP, UDP or SCTP, in capitals. Write TCP, UDP or SCTP.',
    ],
  },
  {
    name: 'entries that are no mappings',
    text: 'ports: [88, kerberos, [], ~]',
    expect: [8, 13, 23, 27].map(
      (column, index) =>
        `ipa, line 1, column ${column + (index === 0 ? 1 : 0)}, ports[${index}] is ${['88', 'kerberos', '[]', '~'][index]}: each entry must be a mapping with name and port. Write for example - { name: kerberos, protocol: UDP, port: 88 }.`,
    ),
  },
  {
    name: 'a mapping where the list should be',
    text: 'ports:\n  name: a\n  port: 1',
    expect: ['ipa, line 2, column 3, ports is name: a\\n  port: 1: must be a list. Begin each port with "- ".'],
  },
  {
    name: 'no value where the list should be',
    text: 'ports:',
    expect: [
      'ipa, line 1, column 1, ports: must be a list, and has no value. List the ports, or write "ports: []" to withdraw from ipa.',
    ],
  },
  {
    name: 'only the list, without the word above it',
    text: '- name: a\n  port: 1',
    expect: [
      'ipa, line 1, column 1 is - name: a\\n  port: 1: the content of a key must be a mapping with ports. Put a line "ports:" above the list.',
    ],
  },
  {
    name: 'a text',
    text: 'ldap',
    expect: [
      'ipa, line 1, column 1 is ldap: the content of a key must be a mapping with ports. Write "ports:" and the list of ports.',
    ],
  },
  ...['', '\n', '# later\n', '---\n', '~', 'null'].map((text) => ({
    name: `no content: ${JSON.stringify(text)}`,
    text,
    expect: [
      `ipa, line 1, column ${text === '---\n' ? 4 : 1}${/^\w|~/.test(text) ? ` is ${text}` : ''}: the key has no content; it must be a mapping with ports. List the ports, or write "ports: []" to withdraw from ipa, or remove the key.`,
    ],
  })),
  {
    name: 'a whole Service manifest is one fault',
    text: 'apiVersion: v1\nkind: Service\nmetadata: { name: ipa }\nspec:\n  clusterIP: None\n  ports: []',
    expect: [
      'ipa, line 1, column 1 is apiVersion: a key holds only the ports, not the whole Service. Keep the ports list that stands under spec, with "ports:" at the beginning of its line, and leave out the rest.',
    ],
  },
  {
    name: 'a whole spec is one fault',
    text: 'spec:\n  ports:\n  - { name: a, port: 1 }',
    expect: [
      'ipa, line 1, column 1 is spec: a key holds only the ports, not the whole Service. Keep the ports list that stands under spec, with "ports:" at the beginning of its line, and leave out the rest.',
    ],
  },
  {
    name: 'fields of the Service beside the ports',
    text: 'clusterIP: None\nports: []\nselector: { app: ipa }\nfoo: 1\nPort: []',
    expect: [
      'ipa, line 1, column 1, clusterIP is None: there is no such field beside ports. Leave it out: it stays in the Service itself.',
      'ipa, line 3, column 1, selector is { app: ipa }: there is no such field beside ports. Leave it out: it stays in the Service itself.',
      'ipa, line 4, column 1, foo is 1: there is no such field beside ports. Leave it out.',
      'ipa, line 5, column 1, Port is []: there is no such field beside ports. Did you mean ports?',
    ],
  },
  {
    name: 'a tab for indentation',
    text: 'ports:\n\t- name: a\n',
    expect: [
      'ipa, line 2, column 1 is - name: a: the indentation must be spaces, and here is a tab. Replace the tab by spaces.',
    ],
  },
  {
    name: 'a second document',
    text: 'ports: []\n---\nports: []\n',
    expect: [
      'ipa, line 2, column 1 is ---: a key holds one document, and here a second one begins. Remove "---" or "..."; give each Service a key of its own.',
    ],
  },
  {
    name: 'an alias',
    text: 'ports: [&a { name: a, port: 1 }, *a]',
    expect: ['ipa, line 1, column 34, ports[1] is *a: an alias (*name) is not taken. Write the value out.'],
  },
  {
    name: 'a merge key',
    text: 'ports: [&a { name: a, port: 1 }, { <<: *a, name: b, port: 2 }]',
    expect: [
      'ipa, line 1, column 36, ports[1].<< is *a: a port has no such field. Leave it out; a port has name, protocol, port, targetPort, appProtocol, probe.',
    ],
  },
  {
    name: 'a tag',
    text: 'ports: [{ name: a, port: !!int "1" }]',
    expect: ['ipa, line 1, column 32, ports[0].port is "1": a tag (!name) is not taken. Leave the tag out.'],
  },
  {
    name: 'a tag of the whole',
    text: '!ports { ports: [] }',
    expect: ['ipa, line 1, column 8 is { ports: [] }: a tag (!name) is not taken. Leave the tag out.'],
  },
  {
    name: 'another YAML version',
    text: '%YAML 1.1\n---\nports: []',
    expect: [
      'ipa, line 1, column 1 is %YAML 1.1: a %YAML line is not taken: every key is read as YAML 1.2. Leave the line out.',
    ],
  },
  {
    name: 'no space after a colon',
    text: 'ports:\n- name: a\n  port:88\n',
    expect: [
      'ipa, line 3, column 3 is port:88: something is missing here: a closing quote or bracket, a comma, or the space after ":". Write "name: value" with a space after ":", and close what is open.',
    ],
  },
  {
    name: 'indentation that does not fit',
    text: 'ports:\n- name: a\n   port: 1\n',
    expect: [
      'ipa, line 2, column 9 is - name: a: there is a second ":" in one value, or the next line is not indented as it should be. Indent the fields of one port alike and by spaces, with a space after "-" and after ":". Quote a text that contains ": ".',
    ],
  },
  {
    name: 'a bracket that is not closed',
    text: 'ports: [{ name: a, port: 1 }\n',
    expect: [
      'ipa, line 2, column 1: the indentation is wrong, or a bracket is not closed. Indent the fields of one port alike and by spaces, with a space after "-" and after ":".',
    ],
  },
  {
    name: 'a probe as a container has it',
    text: 'ports: [{ name: a, port: 1, livenessProbe: { tcpSocket: { port: 1 } } }]',
    expect: [
      'ipa, line 1, column 29, ports[0].livenessProbe is { tcpSocket: { port: 1 } }: a port has no such field. A pair has one kind of probe: write probe instead, with the same content.',
    ],
  },
  {
    name: 'several probes under a name in the plural',
    text: 'ports: [{ name: a, port: 1, probes: [] }]',
    expect: ['ipa, line 1, column 29, ports[0].probes is []: a port has no such field. Did you mean probe?'],
  },
  {
    name: 'keys that are no words',
    text: '? [a]\n: 1\nports: []',
    expect: ['ipa, line 1, column 3, [a] is 1: there is no such field beside ports. Leave it out.'],
  },
];

const flags: readonly { readonly name: string; readonly value: string; readonly expect: string }[] = [
  ...[
    { word: 'yes', write: true },
    { word: 'On', write: true },
    { word: 'y', write: true },
    { word: 'TRUE', write: true },
    { word: 'off', write: false },
    { word: 'No', write: false },
  ].map(({ word, write }) => ({
    name: `a word that is not the same to every YAML version: ${word}`,
    value: word,
    expect: `is ${word}: must be true or false; a bare ${word} is not the same to every YAML version. Write ${write}.`,
  })),
  {
    name: 'a boolean in quotes',
    value: '"true"',
    expect: 'is "true": must be true or false, not a text. Write it without quotes: true.',
  },
  { name: 'a text', value: 'always', expect: 'is always: must be true or false, not a text. Write true or false.' },
  { name: 'a number', value: '1', expect: 'is 1: must be true or false. Write true or false.' },
  {
    name: 'no value',
    value: '~',
    expect: 'is ~: must be true or false, and has no value. Give the value, or leave the field out.',
  },
];

for (const { name, value, expect } of flags) {
  test(`is a fault: publishNotReadyAddresses with ${name}`, () =>
    assert.deepEqual(faultsOf(`ports: []\npublishNotReadyAddresses: ${value}`), [
      `ipa, line 2, column 27, publishNotReadyAddresses ${expect}`,
    ]));
}

for (const flag of [true, false]) {
  test(`publishNotReadyAddresses stands beside the ports: ${flag}`, () => {
    const parsed = parseDeclarations({ ipa: `publishNotReadyAddresses: ${flag}\nports: []` });
    assert.deepEqual(parsed.kind === 'valid' ? parsed.declarations.get('ipa') : parsed, {
      service: 'ipa',
      ports: [],
      publishNotReadyAddresses: flag,
    });
  });
}

test('the near name of publishNotReadyAddresses is suggested', () =>
  assert.deepEqual(faultsOf('ports: []\npublishNotReadyAddress: true'), [
    'ipa, line 2, column 1, publishNotReadyAddress is true: there is no such field beside ports. Did you mean publishNotReadyAddresses?',
  ]));

for (const { name, text, expect } of invalid) {
  test(`is a fault: ${name}`, () => assert.deepEqual(faultsOf(text), expect));
}

const keys = [
  { key: 'ipa.yaml', expect: 'Rename the key to ipa.' },
  { key: 'IPA', expect: 'Rename the key to ipa.' },
  { key: 'ipa_main', expect: 'Rename the key to the name of the Service.' },
  { key: '-', expect: 'Rename the key to the name of the Service.' },
];

for (const { key, expect } of keys) {
  test(`is a fault: the key ${key}, which names no Service`, () => {
    const parsed = parseDeclarations({ [key]: 'ports: []' });
    assert.deepEqual(parsed.kind === 'invalid' ? parsed.faults.map(printFault) : [], [
      `${key}, line 1, column 1, the key is ${key}: must be the name of a Service, ${labelWords}. ${expect}`,
    ]);
  });
}

test('a Service may be called as KEP-5311 allows since Kubernetes 1.37: with a digit first', () =>
  assert.equal(parseDeclarations({ '389ds': 'ports: []' }).kind, 'valid'));

test('binary data is a fault beside those of the texts', () => {
  const parsed = parseDeclarations({ ipa: '' }, { blob: 'AAEC' });
  assert.deepEqual(parsed.kind === 'invalid' ? parsed.faults.map(({ place }) => place.key) : [], ['blob', 'ipa']);
  assert.match(parsed.kind === 'invalid' ? parsed.faults.map(printFault).join('\n') : '', /^blob, .*binaryData.*UTF-8/);
});

for (const data of [undefined, {}]) {
  test(`a ConfigMap with ${JSON.stringify(data)} for data is valid and declares nothing`, () =>
    assert.deepEqual(parseDeclarations(data), { kind: 'valid', declarations: new Map(), notices: [] }));
}

test('one bad key makes the whole ConfigMap invalid, and every key is looked at', () => {
  const parsed = parseDeclarations({ b: 'ports: x', a: 'ports: []', c: 'ports: y' });
  assert.deepEqual(parsed.kind === 'invalid' ? parsed.faults.map(({ place }) => place.key) : [], ['b', 'c']);
});
