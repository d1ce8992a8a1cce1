/** What holds for every declaration and for every text, tried with many. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { printFaults } from '../../agent/declarations/faults.ts';
import { parseDeclarations } from '../../agent/declarations/parse.ts';
import { type DeclaredPort, protocols } from '../../agent/plan/declaration.ts';

const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
const portName = fc.stringMatching(/^[a-z]([a-z0-9]{0,13}[a-z0-9])?$/);
const portNumber = fc.integer({ min: 1, max: 65_535 });
const appProtocol = fc.oneof(
  fc.constantFrom('http', 'kubernetes.io/h2c', 'TLS_1.3'),
  fc.stringMatching(/^[A-Za-z][-_.A-Za-z0-9]{0,20}[A-Za-z]$/),
);

const port: fc.Arbitrary<DeclaredPort> = fc.record(
  {
    name: label,
    protocol: fc.constantFrom(...protocols),
    port: portNumber,
    targetPort: fc.oneof(portNumber, portName),
    appProtocol,
  },
  { requiredKeys: ['name', 'protocol', 'port'], noNullPrototype: true },
);
const ports = fc.uniqueArray(port, { maxLength: 12, selector: ({ name, protocol }) => `${name}/${protocol}` });
const configMap = fc.dictionary(label, ports, { maxKeys: 5 });

/** Unquoted only where YAML 1.1 and 1.2 agree that it is a text. */
const plainly = { version: '1.1', compat: 'core' } as const;

/** The ways in which people write a list: block or flow, in quotes or without, JSON. */
const print = fc.constantFrom<(value: unknown) => string>(
  (value) => stringify(value, plainly),
  (value) => stringify(value, { ...plainly, collectionStyle: 'flow' }),
  (value) => stringify(value, { ...plainly, defaultStringType: 'QUOTE_SINGLE', defaultKeyType: 'PLAIN' }),
  (value) => stringify(value, { ...plainly, indent: 4, indentSeq: false }).replaceAll('\n', '\r\n'),
  (value) => `# a comment\n---\n${stringify(value, plainly)}`,
  (value) => JSON.stringify(value),
  (value) => JSON.stringify(value, undefined, '\t'),
);

test('what is printed is parsed to the same, in every way of writing it', () => {
  fc.assert(
    fc.property(configMap, print, (services, printed) => {
      const data = Object.fromEntries(Object.entries(services).map(([key, list]) => [key, printed({ ports: list })]));
      const parsed = parseDeclarations(data);
      if (parsed.kind === 'invalid') assert.fail(printFaults(parsed.faults));
      const expected = Object.entries(services).map(([service, list]) => [service, { service, ports: list }] as const);
      assert.deepEqual(parsed.declarations, new Map(expected));
    }),
  );
});

/** Texts that are nearly right: pieces of lists, and the signs that YAML lives on. */
const pieces = fc
  .array(
    fc.oneof(
      fc.constantFrom('ports:', ' ', '  ', '\n', '- ', 'name: ', 'port: ', 'protocol: ', 'UDP', 'kerberos', '88', '\t'),
      fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"',
        "'",
        '&a ',
        '*a',
        '!!int ',
        '|\n',
        '>',
        '#',
        '---\n',
        '%',
        '? ',
        '<<: ',
      ),
      fc.string({ maxLength: 5 }),
      fc.string({ unit: 'binary', maxLength: 3 }),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''));

const anyText = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), pieces);

test('whatever a key holds, there is an answer, and a refusal says where, what and what to do', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), anyText, { maxKeys: 4 }), (data) => {
      const parsed = parseDeclarations(data);
      if (parsed.kind === 'valid') return;
      assert.ok(parsed.faults.length > 0);
      for (const { place, rule, remedy } of parsed.faults) {
        assert.ok(Object.hasOwn(data, place.key));
        const lines = (data[place.key] ?? '').split('\n');
        assert.ok(place.line >= 1 && place.line <= lines.length, `line ${place.line} of ${lines.length}`);
        assert.ok(place.column >= 1 && place.column <= (lines[place.line - 1] ?? '').length + 1);
        assert.ok(rule.length > 0 && remedy.length > 0);
      }
      for (const line of printFaults(parsed.faults).split('\n')) assert.match(line, /^- /);
    }),
    { numRuns: 1000 },
  );
});

test('the same ConfigMap gives the same answer whatever the order of its keys', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), anyText), { maxLength: 5 }), (entries) => {
      const data = Object.fromEntries(entries);
      const turned = Object.fromEntries(Object.entries(data).reverse());
      assert.deepEqual(parseDeclarations(turned), parseDeclarations(data));
    }),
  );
});

const hostile: readonly { readonly name: string; readonly text: string }[] = [
  { name: 'brackets without end', text: '['.repeat(100_000) },
  { name: 'mappings in mappings', text: '{a: '.repeat(50_000) },
  {
    name: 'indentation without end',
    text: Array.from({ length: 1000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
  },
  {
    name: 'a bomb of aliases',
    text: `a: &a [x, x]\n${Array.from({ length: 25 }, (_, i) => `${'b'.repeat(i + 2)}: &a [*a, *a]`).join('\n')}\nports: *a`,
  },
  { name: 'a field 50000 times', text: 'ports: []\n'.repeat(50_000) },
  { name: 'garbage in every line', text: 'a: b: c\n'.repeat(50_000) },
  { name: 'quotes only', text: '"'.repeat(100_000) },
  { name: 'a very long word', text: 'a'.repeat(1_000_000) },
  { name: 'a NUL and half a character', text: 'ports: [\0\ud800]' },
];

for (const { name, text } of hostile) {
  test(`a hostile text is refused in bounded words: ${name}`, () => {
    const parsed = parseDeclarations({ ipa: text });
    assert.equal(parsed.kind, 'invalid');
    if (parsed.kind === 'invalid') assert.ok(printFaults(parsed.faults).length < 10_000);
  });
}
