import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CommandEnding } from '../../../agent/commands/command.ts';
import { messagesOf, runCheck } from './run.ts';

const good = 'ports:\n- { name: kerberos, protocol: UDP, port: 88 }\n';

/** A ConfigMap in block style. */
const configMap = (name: string, data: Readonly<Record<string, string>> = { ipa: good }) =>
  [
    'apiVersion: v1',
    'kind: ConfigMap',
    `metadata: { name: ${name} }`,
    'data:',
    ...Object.entries(data).flatMap(([key, text]) => [
      `  ${key}: |`,
      ...text
        .trimEnd()
        .split('\n')
        .map((line) => `    ${line}`),
    ]),
    '',
  ].join('\n');

/** A Deployment with a sidecar that reads this ConfigMap. */
const deployment = (reads: string, env = '') => `apiVersion: apps/v1
kind: Deployment
metadata: { name: kdc }
spec:
  template:
    spec:
      containers:
      - name: kdc
        lifecycle: { preStop: { sleep: { seconds: 40 } } }
      - name: endpoint-registrar
        env:
        - { name: REGISTRAR_CONFIGMAP, value: ${reads} }
        - { name: REGISTRAR_NAMESPACE, valueFrom: { fieldRef: { fieldPath: metadata.namespace } } }
        - { name: REGISTRAR_POD_NAME, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
${env}`;

type Case = {
  readonly name: string;
  readonly argv?: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly ending: CommandEnding;
  readonly lines: readonly string[];
  /** What stands on stderr; absent: nothing. */
  readonly errors?: string;
};

const missing =
  'is not in the input, in this namespace; it may be in the cluster. Without a headless Service of that name DNS answers nothing.';
const remedyOfNone = 'Give the file of the ConfigMap with the declarations, or say its name: --configmap NAME.';

const choices: readonly Case[] = [
  {
    name: 'a ConfigMap that is alone in its file is checked whatever its name',
    files: { 'a.yaml': configMap('ports') },
    ending: 'good',
    lines: ['checked ConfigMap ports (a.yaml, line 1): ipa (1 pair)', '0 faults, 0 warnings, 0 notes'],
  },
  {
    name: 'of several ConfigMaps the one with the name of the examples is checked',
    files: { 'a.yaml': `${configMap('web', { 'nginx.conf': 'x' })}---\n${configMap('endpoint-registrar')}` },
    ending: 'good',
    lines: [
      'checked ConfigMap endpoint-registrar (a.yaml, line 8): ipa (1 pair)',
      'left aside ConfigMap web (a.yaml, line 1): not called endpoint-registrar',
      '0 faults, 0 warnings, 0 notes',
    ],
  },
  {
    name: 'a foreign ConfigMap in a file of its own is left aside where ours is in another',
    files: { 'a.yaml': configMap('web', { 'nginx.conf': 'x' }), 'b.yaml': configMap('endpoint-registrar') },
    ending: 'good',
    lines: [
      'checked ConfigMap endpoint-registrar (b.yaml, line 1): ipa (1 pair)',
      'left aside ConfigMap web (a.yaml, line 1): not called endpoint-registrar',
      '0 faults, 0 warnings, 0 notes',
    ],
  },
  {
    name: 'the option says which',
    argv: ['--configmap', 'web', 'a.yaml'],
    files: { 'a.yaml': `${configMap('web')}---\n${configMap('endpoint-registrar')}` },
    ending: 'good',
    lines: [
      'checked ConfigMap web (a.yaml, line 1): ipa (1 pair)',
      'left aside ConfigMap endpoint-registrar (a.yaml, line 9): not called web',
      '0 faults, 0 warnings, 0 notes',
    ],
  },
  {
    name: 'the option names one that is not there',
    argv: ['--configmap', 'other', 'a.yaml'],
    files: { 'a.yaml': configMap('web') },
    ending: 'unusable',
    lines: ['left aside ConfigMap web (a.yaml, line 1): not called other'],
    errors: `check: no ConfigMap was found to check; left aside: web (not called other). ${remedyOfNone}\n`,
  },
  {
    name: 'the sidecar in the input says which',
    files: {
      'a.yaml': `${configMap('endpoint-registrar')}---\n${configMap('kdc-ports')}---\n${deployment('kdc-ports')}`,
    },
    ending: 'good',
    lines: [
      `a.yaml:13:3: note: Service ipa ${missing}`,
      'checked ConfigMap kdc-ports (a.yaml, line 9): ipa (1 pair)',
      'left aside ConfigMap endpoint-registrar (a.yaml, line 1): not called kdc-ports',
      '0 faults, 0 warnings, 1 note',
    ],
  },
  {
    name: 'the sidecar reads another than the only one',
    files: { 'a.yaml': configMap('ports'), 'b.yaml': deployment('kdc-ports') },
    ending: 'good',
    lines: [
      'a.yaml:3:19: warning: the ConfigMap is called ports, and the sidecar in the input reads kdc-ports, which is not in the input; this one was checked because it is the only one in its file. Make both names the same, or say which one is meant: --configmap ports.',
      `a.yaml:5:3: note: Service ipa ${missing}`,
      'checked ConfigMap ports (a.yaml, line 1): ipa (1 pair)',
      '0 faults, 1 warning, 1 note',
    ],
  },
  {
    name: 'kustomize has hung a hash onto the name',
    files: { '-': `${configMap('kdc-ports-2bf4h8k7md')}---\n${configMap('web')}---\n${deployment('kdc-ports')}` },
    ending: 'found',
    lines: [
      '-:3:19: fault: the ConfigMap is called kdc-ports-2bf4h8k7md, and the sidecar reads kdc-ports: a configMapGenerator has added a hash, and does not change REGISTRAR_CONFIGMAP. Write generatorOptions: { disableNameSuffixHash: true }: edits are followed live, no restart needs the hash.',
      `-:5:3: note: Service ipa ${missing}`,
      'checked ConfigMap kdc-ports-2bf4h8k7md (-, line 1): ipa (1 pair)',
      'left aside ConfigMap web (-, line 9): not called kdc-ports',
      '1 fault, 0 warnings, 1 note',
    ],
  },
  {
    name: 'several ConfigMaps in one file, and nothing says which',
    files: { 'a.yaml': `${configMap('a')}---\n${configMap('b')}` },
    ending: 'unusable',
    lines: ['a', 'b'].map(
      (name, index) =>
        `left aside ConfigMap ${name} (a.yaml, line ${1 + 8 * index}): not called endpoint-registrar, and not the only one in its file`,
    ),
    errors: `check: no ConfigMap was found to check; left aside: a (not called endpoint-registrar, and not the only one in its file), b (not called endpoint-registrar, and not the only one in its file). ${remedyOfNone}\n`,
  },
  {
    name: 'manifests without a ConfigMap',
    files: { 'a.yaml': 'apiVersion: v1\nkind: Service\nmetadata: { name: ipa }\n' },
    ending: 'unusable',
    lines: [],
    errors: `check: no ConfigMap was found to check; seen: Service ipa. ${remedyOfNone}\n`,
  },
  {
    name: 'an empty file',
    files: { 'a.yaml': '# nothing\n---\n' },
    ending: 'unusable',
    lines: [],
    errors: `check: no ConfigMap was found to check; seen: no object at all. ${remedyOfNone}\n`,
  },
];

const inputs: readonly Case[] = [
  {
    name: 'no file',
    argv: [],
    files: {},
    ending: 'unusable',
    lines: [],
    errors: 'check: no file is given. Name the files to check, or write - for the standard input.\n',
  },
  {
    name: 'a file that is not there, beside one that is checked',
    argv: ['nix.yaml', 'a.yaml'],
    files: { 'a.yaml': configMap('a') },
    ending: 'unusable',
    lines: ['checked ConfigMap a (a.yaml, line 1): ipa (1 pair)', '0 faults, 0 warnings, 0 notes'],
    errors: "check: nix.yaml cannot be read (ENOENT: no such file or directory, open 'nix.yaml'). Check the path.\n",
  },
  {
    name: 'a form of output that is none',
    argv: ['-o', 'yaml', 'a.yaml'],
    files: { 'a.yaml': configMap('a') },
    ending: 'unusable',
    lines: [],
    errors: 'check: --output yaml: must be text or json. Write -o json.\n',
  },
  {
    name: 'a file that is only the fragment: what it was taken for is said',
    argv: ['dir/ipa.yaml'],
    files: { 'dir/ipa.yaml': good },
    ending: 'good',
    lines: [
      'checked dir/ipa.yaml, taken for the content of ConfigMap keys: ipa (1 pair)',
      '0 faults, 0 warnings, 0 notes',
    ],
  },
  {
    name: 'a fragment that is no YAML keeps the words of a fragment',
    files: { 'ipa.yaml': 'ports:\n- name: a\n  port:88\n' },
    ending: 'found',
    lines: [
      'ipa.yaml:3:3: fault: ipa, at "port:88": something is missing here: a closing quote or bracket, a comma, or the space after ":". Write "name: value" with a space after ":", and close what is open.',
      'checked ipa.yaml, taken for the content of ConfigMap keys: ipa (faulty)',
      '1 fault, 0 warnings, 0 notes',
    ],
  },
  {
    name: 'only the list, without the word above it',
    files: { 'ipa.yaml': '- name: a\n  port: 88\n' },
    ending: 'found',
    lines: [
      'ipa.yaml:1:1: fault: ipa, at "- name: a\\n  port: 88": the content of a key must be a mapping with ports. Put a line "ports:" above the list.',
      'checked ipa.yaml, taken for the content of ConfigMap keys: ipa (faulty)',
      '1 fault, 0 warnings, 0 notes',
    ],
  },
  {
    name: 'one document is no YAML, the others are checked',
    files: { 'a.yaml': `${configMap('a')}---\na: b: c\n---\n${configMap('endpoint-registrar')}` },
    ending: 'found',
    lines: [
      'a.yaml:9:4: fault: this is no YAML: Nested mappings are not allowed in compact mappings. Correct this line or the one before it; the rest of this document was not looked at.',
      'checked ConfigMap endpoint-registrar (a.yaml, line 11): ipa (1 pair)',
      'left aside ConfigMap a (a.yaml, line 1): not called endpoint-registrar',
      '1 fault, 0 warnings, 0 notes',
    ],
  },
  {
    name: 'a key twice',
    files: {
      'a.yaml':
        'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata:\n  ipa: "ports: []"\n  ipa: "ports: []"\n',
    },
    ending: 'found',
    lines: [
      'a.yaml:6:3: fault: this is no YAML: ipa stands twice in one mapping. Remove one of the two, or give it another name; the rest of this document was not looked at.',
      '1 fault, 0 warnings, 0 notes',
    ],
  },
  {
    name: 'a tab that ends the text of a key',
    files: {
      'a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata:\n  ipa: |\n    ports: []\n\tx: 1\n',
    },
    ending: 'found',
    lines: [
      'a.yaml:7:1: fault: this is no YAML: the indentation must be spaces, and here is a tab. Replace the tab by spaces; the rest of this document was not looked at.',
      '1 fault, 0 warnings, 0 notes',
    ],
  },
  {
    name: 'the words of the parser stand whole',
    files: { 'a.yaml': 'a: [1, 2\n' },
    ending: 'found',
    lines: [
      'a.yaml:2:1: fault: this is no YAML: Flow sequence in block collection must be sufficiently indented and end with a ]. Correct this line or the one before it; the rest of this document was not looked at.',
      '1 fault, 0 warnings, 0 notes',
    ],
  },
  {
    name: 'a fragment with a line "---" in it',
    files: { 'ipa.yaml': `${good}---\n${good}` },
    ending: 'found',
    lines: [
      'ipa.yaml:3:1: fault: ipa, at "---": a key holds one document, and here a second one begins. Remove "---" or "..."; give each Service a key of its own.',
      'checked ipa.yaml, taken for the content of ConfigMap keys: ipa (faulty)',
      '1 fault, 0 warnings, 0 notes',
    ],
  },
  {
    name: 'a fragment beside an object',
    files: { 'ipa.yaml': `${configMap('endpoint-registrar')}---\nports:\n- { name: a, port: 0 }\n` },
    ending: 'found',
    lines: [
      'ipa.yaml:10:20: fault: ipa, ports[0].port is 0: must be a whole number from 1 to 65535. Write for example 88.',
      'checked ConfigMap endpoint-registrar (ipa.yaml, line 1): ipa (1 pair)',
      'checked ipa.yaml, taken for the content of ConfigMap keys: ipa (faulty)',
      '1 fault, 0 warnings, 0 notes',
    ],
  },
  {
    name: 'a slip in the word ports',
    files: { 'ipa.yaml': 'prots:\n- { name: a, port: 1 }\n' },
    ending: 'found',
    lines: [
      'ipa.yaml:1:1: fault: ipa, ports: is required. List the ports, or write "ports: []" to withdraw from ipa.',
      'ipa.yaml:1:1: fault: ipa, prots is - { name: a, port: 1 }: there is no such field beside ports. Did you mean ports?',
      'checked ipa.yaml, taken for the content of ConfigMap keys: ipa (faulty)',
      '2 faults, 0 warnings, 0 notes',
    ],
  },
  {
    name: 'a template',
    files: { 'a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-ports\n' },
    ending: 'found',
    lines: [
      'a.yaml:4:28: fault: this is no YAML: Unexpected scalar at node end. It is a template: render it first, for example helm template … | endpoint-registrar check -.',
      '1 fault, 0 warnings, 0 notes',
    ],
  },
  {
    name: 'a document that is no object',
    files: { 'a.yaml': `${configMap('a')}---\nreplicas: 3\n` },
    ending: 'good',
    lines: [
      'a.yaml:9:1: warning: this document is neither an object of Kubernetes (apiVersion, kind) nor a fragment with ports; it was left aside. Leave it out, or give it apiVersion and kind.',
      'checked ConfigMap a (a.yaml, line 1): ipa (1 pair)',
      '0 faults, 1 warning, 0 notes',
    ],
  },
  {
    name: 'values that are no texts, and what the API server would refuse for it',
    files: {
      'a.yaml':
        'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata:\n  ipa: { ports: [] }\n  ldap: yes\nbinaryData: { blob: AAEC }\n',
    },
    ending: 'found',
    lines: [
      'a.yaml:5:8: fault: ipa: under data each value must be a text, and this is a mapping; the API server refuses it. Write "ipa: |" and the fragment indented below it.',
      'a.yaml:6:9: fault: ldap: under data each value must be a text, and this is a boolean; the API server refuses it. Write "ldap: |" and the fragment indented below it.',
      'a.yaml:7:15: fault: blob stands under binaryData: it is not text in UTF-8. Save it as UTF-8 text, or take it out of this ConfigMap.',
      'checked ConfigMap a (a.yaml, line 1): no Service',
      '3 faults, 0 warnings, 0 notes',
    ],
  },
  {
    name: 'data that is no mapping',
    files: { 'a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata:\n- ports: []\n' },
    ending: 'found',
    lines: [
      'a.yaml:5:1: fault: data must be a mapping of Service names to texts, and this is a list; the API server refuses it. Write a key for each Service, "ipa: |" for example, and the fragment indented below it.',
      'checked ConfigMap a (a.yaml, line 1): no Service',
      '1 fault, 0 warnings, 0 notes',
    ],
  },
  {
    name: 'a key that is no name of a Service has one fault, and no note that its Service is missing',
    files: {
      'a.yaml': `${configMap('a', { 'ipa.yaml': good })}---\napiVersion: v1\nkind: Secret\nmetadata: { name: x }\n`,
    },
    ending: 'found',
    lines: [
      'a.yaml:5:3: fault: ipa.yaml, the key is ipa.yaml: must be the name of a Service, a DNS label: 1 to 63 lower-case letters, digits or "-", beginning and ending with a letter or digit. Rename the key to ipa.',
      'checked ConfigMap a (a.yaml, line 1): ipa.yaml (faulty)',
      '1 fault, 0 warnings, 0 notes',
    ],
  },
  {
    name: 'a field that is left aside is a note',
    files: { 'a.yaml': configMap('a', { ipa: 'ports: [{ name: a, port: 1, nodePort: 30000 }]\n' }) },
    ending: 'good',
    lines: [
      'a.yaml:5:3: note: key ipa: nodePort (once) is left aside: there is no SRV record of it. Nothing has to be done.',
      'checked ConfigMap a (a.yaml, line 1): ipa (1 pair)',
      '0 faults, 0 warnings, 1 note',
    ],
  },
  {
    name: 'the sources of a build are not judged beyond their declarations',
    files: {
      'a.yaml': configMap('endpoint-registrar'),
      'b.yaml': 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n',
      'c.yaml': 'apiVersion: v1\nkind: Service\nmetadata: { name: ipa }\nspec: {}\n',
    },
    ending: 'good',
    lines: [
      'b.yaml:1:1: note: this is the source of a build (Kustomization): what patches and components make of the other files cannot be seen here, so only declarations were checked. Build first: kubectl kustomize FOLDER | endpoint-registrar check -.',
      'checked ConfigMap endpoint-registrar (a.yaml, line 1): ipa (1 pair)',
      '0 faults, 0 warnings, 1 note',
    ],
  },
];

for (const [title, cases] of [
  ['which ConfigMap', choices],
  ['what a file may hold', inputs],
] as const) {
  describe(title, () => {
    for (const { name, argv, files, ending, lines, errors } of cases) {
      test(name, async () => {
        const ran = await runCheck(argv ?? Object.keys(files), files);
        assert.deepEqual(ran, { ending, lines, errors: errors ?? '' });
      });
    }
  });
}

test('messages come in the order of the files, the lines and the columns, each once', async () => {
  const bad = 'ports: [{ name: a, port: 0 }, { name: b, port: 0 }]\n';
  const ran = await runCheck(['b.yaml', 'a.yaml', 'b.yaml'], { 'a.yaml': bad, 'b.yaml': `# first\n${bad}` });
  assert.deepEqual(
    messagesOf(ran).map((line) => line.replace(/: fault.*$/, '')),
    ['b.yaml:2:26', 'b.yaml:2:48', 'a.yaml:1:26', 'a.yaml:1:48'],
  );
});

test('with -o json the same is one JSON object', async () => {
  const ran = await runCheck(['-o', 'json', '-'], {
    '-': configMap('a', { ipa: good, kdc: 'ports: [{ name: a, port: 0 }]\n' }),
  });
  assert.equal(ran.ending, 'found');
  assert.deepEqual(JSON.parse(ran.lines.join('\n')), {
    checked: [
      {
        file: '-',
        line: 1,
        configMap: 'a',
        namespace: null,
        services: [
          { service: 'ipa', valid: true, pairs: [{ name: 'kerberos', protocol: 'UDP', port: 88 }] },
          { service: 'kdc', valid: false, pairs: [] },
        ],
      },
    ],
    skipped: [],
    messages: [
      {
        severity: 'fault',
        file: '-',
        line: 9,
        column: 30,
        message: 'kdc, ports[0].port is 0: must be a whole number from 1 to 65535',
        remedy: 'Write for example 88.',
      },
    ],
    counts: { fault: 1, warning: 0, note: 0 },
  });
});

const hostile: readonly { readonly name: string; readonly text: string }[] = [
  { name: 'an object that holds itself', text: '&a\napiVersion: v1\nkind: List\nitems: [*a, *a]\n' },
  {
    name: 'a merge key that refers to itself',
    text: 'apiVersion: v1\nkind: ConfigMap\nmetadata: &m { <<: *m }\ndata: &d\n  <<: [*d, *d, { <<: *d }]\n',
  },
  { name: 'brackets without end', text: '['.repeat(20_000) },
  { name: 'no text at all', text: '\0\ud800\u0007' },
  {
    name: 'an alias to nothing',
    text: 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { ipa: *nothing }\n',
  },
];

for (const { name, text } of hostile) {
  test(`a hostile file has an answer: ${name}`, async () => {
    const ran = await runCheck(['a.yaml'], { 'a.yaml': text });
    assert.ok(['good', 'found', 'unusable'].includes(ran.ending));
    assert.ok(ran.lines.length < 20);
  });
}
