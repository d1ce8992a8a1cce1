/** What holds for every declaration and for every text, tried with many. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { printFaults } from '../../agent/declarations/faults.ts';
import { parseDeclarations } from '../../agent/declarations/parse.ts';
import { type DeclaredPort, protocols } from '../../agent/plan/declaration.ts';
import type { Probe, ProbeAction } from '../../agent/plan/probe.ts';

const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
const portName = fc.stringMatching(/^[a-z]([a-z0-9]{0,13}[a-z0-9])?$/);
const portNumber = fc.integer({ min: 1, max: 65_535 });
const appProtocol = fc.oneof(
  fc.constantFrom('http', 'kubernetes.io/h2c', 'TLS_1.3'),
  fc.stringMatching(/^[A-Za-z][-_.A-Za-z0-9]{0,20}[A-Za-z]$/),
);

const probePort = fc.oneof(portNumber, portName);
const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 });
const transport = fc.constantFrom('TCP' as const, 'UDP' as const);
const ascii = (from: number, to: number) => fc.integer({ min: from, max: to }).map((code) => String.fromCharCode(code));
const pathText = fc.string({ unit: ascii(0x24, 0x7e), maxLength: 20 }).map((text) => `/${text}`);
const header = fc.record(
  { name: fc.stringMatching(/^X-[-A-Za-z0-9]{1,10}$/), value: fc.string({ unit: ascii(0x20, 0x7e), maxLength: 20 }) },
  { noNullPrototype: true },
);

const actions: fc.Arbitrary<ProbeAction> = fc.oneof(
  fc.record(
    {
      kind: fc.constant('httpGet' as const),
      scheme: fc.constantFrom('HTTP' as const, 'HTTPS' as const),
      path: pathText,
      headers: fc.array(header, { maxLength: 3 }),
      port: probePort,
    },
    { requiredKeys: ['kind', 'scheme', 'path', 'headers'], noNullPrototype: true },
  ),
  ...(['tcpSocket', 'ldap'] as const).map((kind) =>
    fc.record({ kind: fc.constant(kind), port: probePort }, { requiredKeys: ['kind'], noNullPrototype: true }),
  ),
  fc.record(
    { kind: fc.constant('udp' as const), send: bytes, expect: bytes, port: probePort },
    { requiredKeys: ['kind', 'send'], noNullPrototype: true },
  ),
  // The transport is always said: an SCTP pair has to.
  fc.record(
    {
      kind: fc.constant('kerberos' as const),
      realm: fc.stringMatching(/^[A-Z][-.A-Z0-9]{0,20}[A-Z]$/),
      transport,
      port: probePort,
    },
    { requiredKeys: ['kind', 'transport'], noNullPrototype: true },
  ),
  fc.record(
    { kind: fc.constant('kpasswd' as const), transport, port: probePort },
    { requiredKeys: ['kind', 'transport'], noNullPrototype: true },
  ),
);

const seconds = (least: number) => fc.integer({ min: least, max: 86_400 }).map((value) => value * 1000);
const threshold = fc.integer({ min: 1, max: 10_000 });
const probe: fc.Arbitrary<Probe> = fc.record(
  {
    initialDelayMs: seconds(0),
    periodMs: seconds(1),
    timeoutMs: seconds(1),
    failureThreshold: threshold,
    successThreshold: threshold,
    action: actions,
  },
  { noNullPrototype: true },
);

/** A probe as it is written. */
function written({ action: { kind, ...action }, initialDelayMs, periodMs, timeoutMs, ...thresholds }: Probe) {
  const fields = Object.entries(action).map(([name, value]) => [
    name === 'headers' ? 'httpHeaders' : name,
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
  ]);
  return {
    [kind]: Object.fromEntries(fields),
    initialDelaySeconds: initialDelayMs / 1000,
    periodSeconds: periodMs / 1000,
    timeoutSeconds: timeoutMs / 1000,
    ...thresholds,
  };
}

/** A port as it is written: one probe as a mapping, several as a list. */
function writtenPort({ probes = [], ...declared }: DeclaredPort) {
  const [first, ...more] = probes.map(written);
  return { ...declared, ...(first === undefined ? {} : { probe: more.length === 0 ? first : [first, ...more] }) };
}

const port: fc.Arbitrary<DeclaredPort> = fc.record(
  {
    name: label,
    protocol: fc.constantFrom(...protocols),
    port: portNumber,
    targetPort: fc.oneof(portNumber, portName),
    appProtocol,
    probes: fc.array(probe, { minLength: 1, maxLength: 3 }),
  },
  { requiredKeys: ['name', 'protocol', 'port'], noNullPrototype: true },
);
const ports = fc.uniqueArray(port, { maxLength: 12, selector: ({ name, protocol }) => `${name}/${protocol}` });
const fragment = fc.record(
  { ports, publishNotReadyAddresses: fc.boolean() },
  { requiredKeys: ['ports'], noNullPrototype: true },
);
const configMap = fc.dictionary(label, fragment, { maxKeys: 5 });

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
      const data = Object.fromEntries(
        Object.entries(services).map(([key, one]) => [key, printed({ ...one, ports: one.ports.map(writtenPort) })]),
      );
      const parsed = parseDeclarations(data);
      if (parsed.kind === 'invalid') assert.fail(printFaults(parsed.faults));
      const expected = Object.entries(services).map(([service, one]) => [service, { service, ...one }] as const);
      assert.deepEqual(parsed.declarations, new Map(expected));
    }),
  );
});

/** Texts that are nearly right: pieces of lists, and the signs that YAML lives on. */
const pieces = fc
  .array(
    fc.oneof(
      fc.constantFrom('ports:', ' ', '  ', '\n', '- ', 'name: ', 'port: ', 'protocol: ', 'UDP', 'kerberos', '88', '\t'),
      fc.constantFrom('probe: ', 'httpGet: ', 'httpHeaders: ', 'udp: ', 'send: ', 'kerberos: {}', 'periodSeconds: '),
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
