import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printFault, printFaults } from '../../agent/declarations/faults.ts';
import { parseDeclarations } from '../../agent/declarations/parse.ts';
import { defaultTiming, type ProbeAction } from '../../agent/plan/probe.ts';

/** One pair with these further fields, in flow style. */
const pair = (fields: string) => `ports: [{ name: a, port: 1, ${fields} }]`;

/** The first pair's probes, or the printed faults. */
function probesOf(text: string) {
  const parsed = parseDeclarations({ ipa: text });
  return parsed.kind === 'valid' ? parsed.declarations.get('ipa')?.ports[0]?.probes : printFaults(parsed.faults);
}

/** The faults, as printed, without where they stand in the text. */
function faultsOf(text: string): readonly string[] {
  const parsed = parseDeclarations({ ipa: text });
  return parsed.kind === 'invalid'
    ? parsed.faults.map((fault) => printFault(fault).replace(/^ipa, line \d+, column \d+, /, ''))
    : [];
}

const actions: readonly { readonly name: string; readonly probe: string; readonly expect: ProbeAction }[] = [
  {
    name: 'httpGet with nothing in it, as the API server reads it',
    probe: 'httpGet: {}',
    expect: { kind: 'httpGet', scheme: 'HTTP', path: '/', headers: [] },
  },
  {
    name: 'httpGet without a value',
    probe: 'httpGet:',
    expect: { kind: 'httpGet', scheme: 'HTTP', path: '/', headers: [] },
  },
  {
    name: 'httpGet with all that it takes',
    probe:
      'httpGet: { path: "/a?b=c&d=%20", port: web, scheme: HTTPS, httpHeaders: [{ name: Host, value: ipa.example.com }, { name: X-Empty, value: "" }] }',
    expect: {
      kind: 'httpGet',
      scheme: 'HTTPS',
      path: '/a?b=c&d=%20',
      port: 'web',
      headers: [
        { name: 'Host', value: 'ipa.example.com' },
        { name: 'X-Empty', value: '' },
      ],
    },
  },
  {
    name: 'httpGet with empty texts, which are the defaults of the API server',
    probe: 'httpGet: { path: "", scheme: "" }',
    expect: { kind: 'httpGet', scheme: 'HTTP', path: '/', headers: [] },
  },
  { name: 'tcpSocket', probe: 'tcpSocket: { port: 749 }', expect: { kind: 'tcpSocket', port: 749 } },
  { name: 'tcpSocket without a value', probe: 'tcpSocket: ~', expect: { kind: 'tcpSocket' } },
  { name: 'udp', probe: 'udp: { send: AAEC }', expect: { kind: 'udp', send: new Uint8Array([0, 1, 2]) } },
  {
    name: 'udp with an answer to expect, and a port',
    probe: 'udp: { send: aGk=, expect: aA==, port: 53 }',
    expect: { kind: 'udp', send: new Uint8Array([104, 105]), expect: new Uint8Array([104]), port: 53 },
  },
  {
    name: 'udp with an empty answer to expect: any',
    probe: 'udp: { send: AAEC, expect: "" }',
    expect: { kind: 'udp', send: new Uint8Array([0, 1, 2]) },
  },
  { name: 'kerberos', probe: 'kerberos: {}', expect: { kind: 'kerberos' } },
  { name: 'kerberos without a value', probe: 'kerberos:', expect: { kind: 'kerberos' } },
  {
    name: 'kerberos with all that it takes',
    probe: 'kerberos: { realm: IPA.EXAMPLE.COM, transport: UDP, port: 1088 }',
    expect: { kind: 'kerberos', realm: 'IPA.EXAMPLE.COM', transport: 'UDP', port: 1088 },
  },
  { name: 'kpasswd', probe: 'kpasswd: { transport: TCP }', expect: { kind: 'kpasswd', transport: 'TCP' } },
  { name: 'ldap', probe: 'ldap: { port: ldap }', expect: { kind: 'ldap', port: 'ldap' } },
];

for (const { name, probe, expect } of actions) {
  test(`is a probe: ${name}`, () =>
    assert.deepEqual(probesOf(pair(`probe: { ${probe} }`)), [{ ...defaultTiming, action: expect }]));
}

for (const protocol of ['TCP', 'UDP', 'SCTP']) {
  for (const action of ['httpGet', 'tcpSocket', 'ldap']) {
    test(`${action} asks by TCP, whatever the pair is: ${protocol}`, () =>
      assert.equal(probesOf(pair(`protocol: ${protocol}, probe: { ${action}: }`))?.length, 1));
  }
}

test('a probe says how often it asks in seconds, and may ask for longer than its period', () =>
  assert.deepEqual(
    probesOf(
      pair(
        'probe: { ldap: , initialDelaySeconds: 0, periodSeconds: 5, timeoutSeconds: 20, failureThreshold: 2, successThreshold: 3 }',
      ),
    ),
    [
      {
        initialDelayMs: 0,
        periodMs: 5000,
        timeoutMs: 20_000,
        failureThreshold: 2,
        successThreshold: 3,
        action: { kind: 'ldap' },
      },
    ],
  ));

test('a pair may list several', () =>
  assert.deepEqual(probesOf(pair('probe: [{ ldap: , periodSeconds: 1 }, { kerberos: , failureThreshold: 1 }]')), [
    { ...defaultTiming, periodMs: 1000, action: { kind: 'ldap' } },
    { ...defaultTiming, failureThreshold: 1, action: { kind: 'kerberos' } },
  ]));

test('the list that FreeIPA needs, each pair right by itself', () => {
  const text = `
ports:
- name: ldap
  port: 389
  probe:
  - ldap:
  - kerberos: { transport: UDP, port: 88 }
    periodSeconds: 5
    failureThreshold: 2
  - kerberos: { transport: TCP, port: 88 }
- { name: kerberos, protocol: UDP, port: 88, probe: { kerberos: {}, failureThreshold: 2 } }
- { name: kerberos, protocol: TCP, port: 88, probe: { kerberos: {} } }
- { name: kpasswd, protocol: UDP, port: 464, probe: { kpasswd: {} } }
- name: https
  port: 443
  probe:
    httpGet:
      path: /ipa/config/ca.crt
      scheme: HTTPS
      httpHeaders:
      - name: Host
        value: ipa-0.ipa.freeipa.svc.cluster.local
- { name: domain, protocol: UDP, port: 53, probe: [{ udp: { send: AAEC } }, { tcpSocket: }] }
`;
  const parsed = parseDeclarations({ ipa: text });
  if (parsed.kind === 'invalid') assert.fail(printFaults(parsed.faults));
  const ports = parsed.declarations.get('ipa')?.ports ?? [];
  assert.deepEqual(
    ports.map(({ probes = [] }) => probes.map(({ action }) => action.kind)),
    [['ldap', 'kerberos', 'kerberos'], ['kerberos'], ['kerberos'], ['kpasswd'], ['httpGet'], ['udp', 'tcpSocket']],
  );
});

const actionList = 'httpGet, tcpSocket, udp, kerberos, kpasswd or ldap';
const timings = 'initialDelaySeconds, periodSeconds, timeoutSeconds, failureThreshold, successThreshold';
const base64Words = '1 to 65507 bytes in base64 (RFC 4648, with "=" at the end where it belongs), in one line';
const pathWords = 'a path that begins with "/", of printable ASCII without blanks and "#"';
const headerWords =
  'the name of a header (RFC 9110: letters, digits and "-") that does not belong to the connection itself';
const portWords =
  'a whole number from 1 to 65535, or the name of a container port: 1 to 15 lower-case letters, digits or "-", with at least one letter, no "--", and "-" at neither end (RFC 6335)';
const elsewhere = "Leave it out: as the container's own readinessProbe it counts for every pair; here take";

/** What follows `ports[0].probe` in each fault. */
const invalid: readonly { readonly name: string; readonly probe: string; readonly expect: readonly string[] }[] = [
  {
    name: 'no action',
    probe: '{ periodSeconds: 5 }',
    expect: [
      ` is { periodSeconds: 5 }: must have one action: ${actionList}. Write for example probe: { tcpSocket: {} }.`,
    ],
  },
  {
    name: 'two actions',
    probe: '{ ldap: , kerberos: {} }',
    expect: [
      '.kerberos is {}: a probe has one action, and ldap is that already. Make a list of probes, one for each action: all of them must succeed.',
    ],
  },
  {
    name: 'no value',
    probe: '~',
    expect: [
      ` is ~: must be a mapping with one action (${actionList}), and has no value. Write for example probe: { tcpSocket: {} }, or leave the field out.`,
    ],
  },
  {
    name: 'an empty list',
    probe: '[]',
    expect: [' is []: must be a probe, or a list with at least one. List the probes, or leave the field out.'],
  },
  {
    name: 'the word alone',
    probe: 'kerberos',
    expect: [` is kerberos: must be a mapping with one action: ${actionList}. Write probe: { kerberos: {} }.`],
  },
  {
    name: 'a list of words',
    probe: '[ldap, 7]',
    expect: [
      `[0] is ldap: must be a mapping with one action: ${actionList}. Write probe: { ldap: {} }.`,
      `[1] is 7: must be a mapping with one action: ${actionList}. Write for example probe: { tcpSocket: {} }.`,
    ],
  },
  {
    name: 'the action of a container that runs a command',
    probe: '{ exec: { command: [ipactl, status] } }',
    expect: [
      `.exec is { command: [ipactl, status] }: nothing can be run in another container. ${elsewhere} an action that asks over the network.`,
    ],
  },
  {
    name: 'gRPC',
    probe: '{ grpc: { port: 1 } }',
    expect: [`.grpc is { port: 1 }: there is no such action here. ${elsewhere} tcpSocket or httpGet.`],
  },
  {
    name: 'the grace period of a liveness probe',
    probe: '{ ldap: , terminationGracePeriodSeconds: 5 }',
    expect: [
      '.terminationGracePeriodSeconds is 5: there is no such field here. Leave it out: a probe of a pair ends nothing.',
    ],
  },
  {
    name: 'a wrapper that was pasted with it',
    probe: '{ livenessProbe: { tcpSocket: { port: 1 } } }',
    expect: [
      '.livenessProbe is { tcpSocket: { port: 1 } }: there is no such field here. Write its content directly under probe.',
    ],
  },
  {
    name: 'an action that is misspelt',
    probe: '{ httpget: { } }',
    expect: ['.httpget is { }: a probe has no such field. Did you mean httpGet?'],
  },
  {
    name: 'an unknown field near none',
    probe: '{ ldap: , colour: red }',
    expect: [`.colour is red: a probe has no such field. Leave it out; a probe has one action, and ${timings}.`],
  },
  {
    name: 'a field of the action beside it',
    probe: '{ httpGet: , path: / }',
    expect: [
      '.path is /: a probe has no such field. It belongs into httpGet: indent it below httpGet, or write it between its braces.',
    ],
  },
  {
    name: 'an action that is no mapping',
    probe: '[{ kerberos: true }, { udp: AAEC }]',
    expect: [
      '[0].kerberos is true: must be a mapping with realm, transport, port. Write for example kerberos: {}.',
      '[1].udp is AAEC: must be a mapping with send, expect, port. Write for example udp: { send: AAEC }.',
    ],
  },
  {
    name: 'an unknown field of an action',
    probe: '[{ ldap: { baseDN: x } }, { kerberos: { relm: X } }, { httpGet: { headers: [] } }]',
    expect: [
      '[0].ldap.baseDN is x: ldap has no such field. Leave it out; it has port.',
      '[1].kerberos.relm is X: kerberos has no such field. Did you mean realm?',
      '[2].httpGet.headers is []: httpGet has no such field. Did you mean httpHeaders?',
    ],
  },
  {
    name: 'another host',
    probe: '[{ httpGet: { host: a.example.com } }, { tcpSocket: { host: 127.0.0.1 } }]',
    expect: [
      "[0].httpGet.host is a.example.com: a probe goes to the pod's own IP. Leave it out. The name that a request asks for is a header: httpHeaders: [{ name: Host, value: ipa.example.com }].",
      "[1].tcpSocket.host is 127.0.0.1: a probe goes to the pod's own IP. Leave it out.",
    ],
  },
  {
    name: 'a port that is none',
    probe:
      '[{ ldap: { port: 0 } }, { httpGet: { port: "88" } }, { tcpSocket: { port: LDAP } }, { kpasswd: { port: ~ } }]',
    expect: [
      `[0].ldap.port is 0: must be ${portWords}. Write for example 88.`,
      `[1].httpGet.port is "88": must be ${portWords}. Write it without quotes: 88.`,
      `[2].tcpSocket.port is LDAP: must be ${portWords}. Write ldap.`,
      `[3].kpasswd.port is ~: must be ${portWords}, and has no value. Give the value, or leave the field out.`,
    ],
  },
  {
    name: 'a path that does not begin with a slash, is a URL, or holds what a request line cannot',
    probe:
      '[{ httpGet: { path: healthz } }, { httpGet: { path: "http://a/b" } }, { httpGet: { path: "/a b" } }, { httpGet: { path: "/a#b" } }]',
    expect: [
      `[0].httpGet.path is healthz: must be ${pathWords}. Write /healthz.`,
      `[1].httpGet.path is "http://a/b": must be ${pathWords}. Write only what stands behind the host; scheme and port are fields of their own.`,
      `[2].httpGet.path is "/a b": must be ${pathWords}. Encode such a character as %20 and the like.`,
      `[3].httpGet.path is "/a#b": must be ${pathWords}. Encode such a character as %20 and the like.`,
    ],
  },
  {
    name: 'a scheme that is none',
    probe: '[{ httpGet: { scheme: https } }, { httpGet: { scheme: TLS } }]',
    expect: [
      '[0].httpGet.scheme is https: must be HTTP or HTTPS, in capitals. Write HTTPS.',
      '[1].httpGet.scheme is TLS: must be HTTP or HTTPS, in capitals. Write HTTP or HTTPS.',
    ],
  },
  {
    name: 'headers that are none',
    probe:
      '[{ httpGet: { httpHeaders: { Host: a } } }, { httpGet: { httpHeaders: [Host, { name: Host }, { name: "X Y", value: "a\\nb", vlaue: 1 }, { name: Content-Length, value: 1 }, { name: "Host: x", value: €  }] } }]',
    expect: [
      '[0].httpGet.httpHeaders is { Host: a }: must be a list of headers. Write for example [{ name: Host, value: ipa.example.com }].',
      '[1].httpGet.httpHeaders[0] is Host: each header must be a mapping with name and value. Write for example { name: Host, value: ipa.example.com }.',
      '[1].httpGet.httpHeaders[1].value: is required. Add value, for example value: ipa.example.com.',
      `[1].httpGet.httpHeaders[2].name is "X Y": must be ${headerWords}. Write for example Host.`,
      '[1].httpGet.httpHeaders[2].value is "a\\\\nb": must be a text in one line, of characters that a header can carry (RFC 9110, field-value). Write it in one line.',
      '[1].httpGet.httpHeaders[2].vlaue is 1: a header has no such field. A header has name and value.',
      `[1].httpGet.httpHeaders[3].name is Content-Length: must be ${headerWords}. Leave this header out: the agent sets what the connection needs.`,
      '[1].httpGet.httpHeaders[3].value is 1: must be a text, and unquoted this is a number. Quote it: "1".',
      `[1].httpGet.httpHeaders[4].name is "Host: x": must be ${headerWords}. Write the name without ":" and what follows.`,
      '[1].httpGet.httpHeaders[4].value is €: must be a text in one line, of characters that a header can carry (RFC 9110, field-value). Leave out what is not Latin-1.',
    ],
  },
  {
    name: 'two hosts in one request',
    probe: '{ httpGet: { httpHeaders: [{ name: Host, value: a }, { name: host, value: b }] } }',
    expect: [
      '.httpGet.httpHeaders[1] is { name: host, value: b }: a request asks for one Host, and httpHeaders[0] is that already. Keep one.',
    ],
  },
  {
    name: 'no bytes to send',
    probe: '[{ udp: {} }, { udp: }, { udp: { send: "" } }]',
    expect: [
      '[0].udp.send: is required. Add the bytes of a request that the service answers, in base64: send: AAEC.',
      '[1].udp.send: is required. Add the bytes of a request that the service answers, in base64: send: AAEC.',
      `[2].udp.send is "": must be ${base64Words}. Write for example AAEC.`,
    ],
  },
  ...['hello', 'AAE', 'AA=', 'AB==', 'A A=', 'AAEC\\n', 'AA-_'].map((text) => ({
    name: `bytes that are no base64: ${text}`,
    probe: `{ udp: { send: "${text}" } }`,
    expect: [
      `.udp.send is "${text.replace('\\', '\\\\')}": must be ${base64Words}. Encode the bytes, for example: printf hello | base64 -w0.`,
    ],
  })),
  {
    name: 'bytes that YAML takes for a number',
    probe: '{ udp: { send: AAEC, expect: 1234 } }',
    expect: ['.udp.expect is 1234: must be a text, and unquoted this is a number. Quote it: "1234".'],
  },
  {
    name: 'a realm that is none',
    probe: '[{ kerberos: { realm: IPA/EXAMPLE } }, { kerberos: { realm: "" } }]',
    expect: ['[0].kerberos.realm is IPA/EXAMPLE', '[1].kerberos.realm is ""'].map(
      (place) =>
        `${place}: must be a realm: at most 255 letters, digits, "-", "_" or ".", beginning and ending with a letter or digit. Write for example IPA.EXAMPLE.COM, or leave it out.`,
    ),
  },
  {
    name: 'a transport that Kerberos has not',
    probe: '[{ kerberos: { transport: SCTP } }, { kpasswd: { transport: udp } }]',
    expect: [
      '[0].kerberos.transport is SCTP: must be TCP or UDP, in capitals. Write TCP or UDP.',
      '[1].kpasswd.transport is udp: must be TCP or UDP, in capitals. Write UDP.',
    ],
  },
  {
    name: 'numbers out of bounds, and seconds with a unit',
    probe:
      '{ ldap: , periodSeconds: 0, timeoutSeconds: 10s, failureThreshold: 0, successThreshold: "2", initialDelaySeconds: -1 }',
    expect: [
      '.periodSeconds is 0: must be a whole number of seconds from 1 to 86400. Write for example 10.',
      '.timeoutSeconds is 10s: must be a whole number of seconds from 1 to 86400, without a unit. Write 10.',
      '.failureThreshold is 0: must be a whole number from 1 to 10000. Write for example 3.',
      '.successThreshold is "2": must be a whole number from 1 to 10000, not a text. Write it without quotes: 2.',
      '.initialDelaySeconds is -1: must be a whole number of seconds from 0 to 86400. Write for example 0.',
    ],
  },
  {
    name: 'half seconds, and more than a day',
    probe: '{ ldap: , periodSeconds: 0.5, timeoutSeconds: 100000 }',
    expect: [
      '.periodSeconds is 0.5: must be a whole number of seconds from 1 to 86400; only plain decimal digits are the same number to every YAML version. Write for example 10.',
      '.timeoutSeconds is 100000: must be a whole number of seconds from 1 to 86400. Write for example 1.',
    ],
  },
  {
    name: 'a field twice',
    probe: '{ ldap: { port: 1, port: 2 }, periodSeconds: 5, periodSeconds: 6 }',
    expect: [
      '.ldap.port is 2: a field may stand once, and this one stands above already. Keep one of the two.',
      '.periodSeconds is 6: a field may stand once, and this one stands above already. Keep one of the two.',
    ],
  },
];

for (const { name, probe, expect } of invalid) {
  test(`is a fault of a probe: ${name}`, () =>
    assert.deepEqual(
      [...faultsOf(pair(`probe: ${probe}`))].sort(),
      expect.map((fault) => `ports[0].probe${fault}`).sort(),
    ));
}

for (const action of ['kerberos', 'kpasswd']) {
  test(`an SCTP pair has to say by which transport ${action} asks`, () => {
    const rule = 'is required where the pair itself is SCTP. Write transport: TCP or transport: UDP.';
    const sctp = (fields: string) => pair(`protocol: SCTP, probe: { ${action}: ${fields} }`);
    assert.deepEqual(faultsOf(sctp('{}')), [`ports[0].probe.${action}.transport: ${rule}`]);
    assert.deepEqual(faultsOf(sctp('{ transport: "" }')), [`ports[0].probe.${action}.transport: ${rule}`]);
    assert.deepEqual(faultsOf(sctp('{ transport: TCP }')), []);
  });
}

test('a fault in a probe points at its line and column', () =>
  assert.deepEqual(
    probesOf('ports:\n- name: a\n  port: 1\n  probe:\n  - ldap:\n  - httpGet:\n      port: 0\n'),
    `- ipa, line 7, column 13, ports[0].probe[1].httpGet.port is 0: must be ${portWords}. Write for example 88.`,
  ));
