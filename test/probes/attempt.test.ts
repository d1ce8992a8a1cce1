/** Every kind of probe against servers on loopback that are sound, and that misbehave in each way a daemon can. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { getEventListeners } from 'node:events';
import type { Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { createClock } from '../../agent/clock.ts';
import type { ProbeAction } from '../../agent/plan/probe.ts';
import { type AttemptTarget, attempt } from '../../agent/probes/attempt.ts';
import { askByHttp } from '../../agent/probes/transports/http.ts';
import type { Outcome, Place } from '../../agent/probes/transports/outcome.ts';
import { askByTcp } from '../../agent/probes/transports/tcp.ts';
import { askByUdp } from '../../agent/probes/transports/udp.ts';
import type { Reading } from '../../agent/probes/wire/reading.ts';
import { LIMIT_MS, until } from '../support/until.ts';
import {
  bytesOf,
  framedBytes,
  freePort,
  kpasswdErrorBytes,
  krbErrorBytes,
  rootDseBytes,
  startTcp,
  startTcpAnswering,
  startUdp,
} from './servers.ts';

/** Of an attempt that shall be answered: so long that a busy machine does not run into it. */
const PATIENT_MS = LIMIT_MS;
/** Of an attempt that shall not. */
const SHORT_MS = 150;

const echo: ProbeAction = { kind: 'udp', send: bytesOf('70696e67'), expect: bytesOf('706f6e67') };
const kerberos: ProbeAction = { kind: 'kerberos' };
const kpasswd: ProbeAction = { kind: 'kpasswd' };
const ldap: ProbeAction = { kind: 'ldap' };
const tcpSocket: ProbeAction = { kind: 'tcpSocket' };

async function run(
  action: ProbeAction,
  target: Place & Partial<AttemptTarget>,
  { timeoutMs = PATIENT_MS, signal = new AbortController().signal } = {},
): Promise<Outcome> {
  const transport = action.kind === 'udp' ? 'UDP' : 'TCP';
  const whole = { transport, realm: 'IPA.DEFAULT.SVC.CLUSTER.LOCAL', ...target } as const;
  const outcome = await attempt(
    { clock: createClock(), random: Math.random },
    { action, target: whole },
    { timeoutMs, signal },
  );
  assert.equal(getEventListeners(signal, 'abort').length, 0, 'no listener is left on the signal');
  return outcome;
}

/** As one line, without the address. */
function told(outcome: Outcome, { address, port }: Place): string {
  return outcome.kind === 'healthy' ? 'healthy' : outcome.reason.replace(`${address}:${port}`, 'HERE');
}

type Sound = { readonly name: string; readonly action: ProbeAction; readonly answer: Buffer };

describe('over UDP', () => {
  const sound: readonly Sound[] = [
    { name: 'a KDC', action: kerberos, answer: krbErrorBytes(6) },
    { name: 'a password service', action: kpasswd, answer: kpasswdErrorBytes(60) },
    { name: 'bytes that begin as expected', action: echo, answer: bytesOf('706f6e67 2121') },
    {
      name: 'anything, where nothing is expected',
      action: { kind: 'udp', send: bytesOf('00') },
      answer: bytesOf('00'),
    },
    {
      name: 'an empty datagram, where nothing is expected',
      action: { kind: 'udp', send: bytesOf('00') },
      answer: Buffer.alloc(0),
    },
  ];
  for (const { name, action, answer } of sound) {
    test(`healthy: ${name}`, async (t) => {
      const server = await startUdp(t, (socket, asker) => socket.send(answer, asker.port, asker.address));
      assert.deepEqual(await run(action, { ...server, transport: 'UDP' }), { kind: 'healthy' });
    });
  }

  const sick: readonly {
    readonly name: string;
    readonly action: ProbeAction;
    readonly answer: Buffer;
    readonly expect: string;
  }[] = [
    {
      name: 'a KDC that lost its database',
      action: kerberos,
      answer: krbErrorBytes(60),
      expect: 'kerberos probe over UDP to HERE: answered KRB-ERROR 60 (generic error; its database may be gone)',
    },
    {
      name: 'garbage',
      action: kerberos,
      answer: bytesOf('00 01 02'),
      expect:
        'kerberos probe over UDP to HERE: answered with something else than an AS-REP or KRB-ERROR: 3 bytes, 0x000102',
    },
    {
      name: 'a cut answer',
      action: kerberos,
      answer: krbErrorBytes(6).subarray(0, 3),
      expect: 'kerberos probe over UDP to HERE: answered with a datagram that is cut short: 3 bytes, 0x7e3430',
    },
    {
      name: 'an empty datagram',
      action: kpasswd,
      answer: Buffer.alloc(0),
      expect: 'kpasswd probe over UDP to HERE: answered with a datagram that is cut short: no bytes',
    },
    {
      name: 'other bytes than expected',
      action: echo,
      answer: bytesOf('706f6e'),
      expect:
        'udp probe to HERE: answered 3 bytes, 0x706f6e, which does not begin with the expected 4 bytes, 0x706f6e67',
    },
  ];
  for (const { name, action, answer, expect } of sick) {
    test(`sick: ${name}`, async (t) => {
      const server = await startUdp(t, (socket, asker) => socket.send(answer, asker.port, asker.address));
      assert.equal(told(await run(action, { ...server, transport: 'UDP' }), server), expect);
    });
  }

  for (const action of [kerberos, kpasswd, echo]) {
    test(`sick: ${action.kind}, no answer`, async (t) => {
      const server = await startUdp(t, () => {});
      const reason = told(await run(action, { ...server, transport: 'UDP' }, { timeoutMs: SHORT_MS }), server);
      assert.match(reason, new RegExp(`^${action.kind} probe .*to HERE: no answer within ${SHORT_MS} ms$`));
      assert.equal(server.askers.length, 1, 'one attempt is one datagram');
    });

    test(`sick: ${action.kind}, nobody listens, and that is seen at once`, async () => {
      const place = { address: '127.0.0.1', port: await freePort() };
      const reason = told(await run(action, { ...place, transport: 'UDP' }), place);
      assert.match(reason, /: nothing listens there \(ECONNREFUSED\)$/);
    });
  }

  test('sick: an address that cannot be asked at all is told, and is no crash', async () => {
    const outcome = await run(kerberos, { address: '255.255.255.255', port: 88, transport: 'UDP' });
    assert.match(outcome.kind === 'sick' ? outcome.reason : '', /over UDP to 255\.255\.255\.255:88: .*EACCES/);
  });

  test('sick: an answer from elsewhere is not taken', async (t) => {
    const stranger = createSocket('udp4');
    t.after(() => stranger.close());
    const answers: Promise<void>[] = [];
    const server = await startUdp(t, (_, asker) => {
      const sent = Promise.withResolvers<void>();
      answers.push(sent.promise);
      stranger.send(krbErrorBytes(6), asker.port, asker.address, () => sent.resolve());
    });
    const reason = told(await run(kerberos, { ...server, transport: 'UDP' }, { timeoutMs: SHORT_MS }), server);
    assert.match(reason, /no answer within/);
    assert.equal(answers.length, 1);
    await Promise.all(answers);
  });

  test('sick: an answer that comes after the deadline counts for no attempt, not for the next one either', async (t) => {
    const late: (() => void)[] = [];
    const server = await startUdp(t, (socket, asker) => {
      late.push(() => socket.send(krbErrorBytes(6), asker.port, asker.address));
      // The answer to the first question comes while the second is waited for.
      if (late.length === 2) late[0]?.();
    });
    for (const _ of [1, 2]) {
      const reason = told(await run(kerberos, { ...server, transport: 'UDP' }, { timeoutMs: SHORT_MS }), server);
      assert.match(reason, /no answer within/);
    }
    const ports = new Set(server.askers.map(({ port }) => port));
    assert.equal(ports.size, 2, 'each attempt has a source port of its own');
    assert.notDeepEqual(server.questions[0], server.questions[1], 'and a nonce of its own');
  });

  test('an IPv6 address is asked as well', async (t) => {
    const server = await startUdp(
      t,
      (socket, asker) => socket.send(krbErrorBytes(60), asker.port, asker.address),
      '::1',
    );
    const outcome = await run(kerberos, { ...server, transport: 'UDP' });
    assert.match(
      outcome.kind === 'sick' ? outcome.reason : '',
      new RegExp(`over UDP to \\[::1\\]:${server.port}: answered`),
    );
  });
});

describe('over TCP', () => {
  const sound: readonly Sound[] = [
    { name: 'a KDC', action: kerberos, answer: framedBytes(krbErrorBytes(6)) },
    { name: 'a password service', action: kpasswd, answer: framedBytes(kpasswdErrorBytes(60)) },
    { name: 'a directory server', action: ldap, answer: rootDseBytes(0) },
  ];
  for (const { name, action, answer } of sound) {
    test(`healthy: ${name}, and nothing stays open`, async (t) => {
      const server = await startTcpAnswering(t, (socket) => socket.write(answer));
      assert.deepEqual(await run(action, server), { kind: 'healthy' });
      await until(() => assert.equal(server.open.size, 0));
      assert.equal(server.connectionCount(), 1);
    });

    test(`healthy: ${name} that answers byte by byte`, async (t) => {
      const server = await startTcpAnswering(t, (socket) => void dribble(socket, answer));
      assert.deepEqual(await run(action, server), { kind: 'healthy' });
    });

    const { kind } = action;
    const bad: readonly {
      readonly name: string;
      readonly behave: (socket: Socket) => void;
      readonly expect: RegExp;
    }[] = [
      { name: 'never answers', behave: () => {}, expect: /: connected, but no answer within \d+ ms$/ },
      {
        name: 'stops in the middle of its answer',
        behave: (socket) => socket.write(answer.subarray(0, 6)),
        expect: /: connected, but no whole answer within \d+ ms: 6 bytes, 0x/,
      },
      {
        name: 'closes without a word',
        behave: (socket) => socket.end(),
        expect: /: closed the connection without an answer$/,
      },
      {
        name: 'closes in the middle of its answer',
        behave: (socket) => socket.end(answer.subarray(0, 6)),
        expect: /: closed the connection after 6 bytes, 0x/,
      },
      {
        name: 'resets',
        behave: (socket) => socket.resetAndDestroy(),
        expect: /: the connection was reset \(ECONNRESET\)$/,
      },
      {
        name: 'answers garbage',
        behave: (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'),
        expect: /: answered with .*: 28 bytes, 0x485454502f/,
      },
      {
        name: 'announces two gigabytes',
        behave: (socket) => socket.write(action.kind === 'ldap' ? bytesOf('30 84 7fffffff') : bytesOf('7fffffff')),
        expect: /: answered with .*0x/,
      },
      { name: 'never stops sending', behave: (socket) => flood(socket), expect: /: answered with/ },
    ];
    for (const { name: how, behave, expect } of bad) {
      test(`sick: ${name} that ${how}`, async (t) => {
        const server = await startTcpAnswering(t, behave);
        const isSilent = expect.source.includes('within');
        const reason = told(await run(action, server, { timeoutMs: isSilent ? SHORT_MS : PATIENT_MS }), server);
        assert.match(reason, expect);
        assert.ok(reason.startsWith(`${kind} probe ${kind === 'ldap' ? '' : 'over TCP '}to HERE: `), reason);
        await until(() => assert.equal(server.open.size, 0));
      });
    }
  }

  test('sick: a KDC that lost its database', async (t) => {
    const server = await startTcpAnswering(t, (socket) => socket.write(framedBytes(krbErrorBytes(60))));
    assert.match(told(await run(kerberos, server), server), /over TCP to HERE: answered KRB-ERROR 60/);
  });

  test('sick: a directory server that is unavailable', async (t) => {
    const server = await startTcpAnswering(t, (socket) => socket.write(rootDseBytes(52)));
    assert.equal(
      told(await run(ldap, server), server),
      'ldap probe to HERE: answered with result code 52 (unavailable)',
    );
  });

  test('sick: a directory server that sends entries for ever', async (t) => {
    const entry = rootDseBytes(0).subarray(0, 11);
    const server = await startTcpAnswering(t, (socket) => flood(socket, Buffer.concat(Array(1000).fill(entry))));
    assert.match(told(await run(ldap, server), server), /: answered without an end: \d+ bytes, 0x3009/);
    await until(() => assert.equal(server.open.size, 0));
  });

  test('tcpSocket is content with a connection', async (t) => {
    const server = await startTcp(t, () => {});
    assert.deepEqual(await run(tcpSocket, server), { kind: 'healthy' });
    await until(() => assert.equal(server.open.size, 0));
  });

  test('tcpSocket over IPv6', async (t) => {
    assert.deepEqual(await run(tcpSocket, await startTcp(t, () => {}, '::1')), { kind: 'healthy' });
  });

  for (const action of [kerberos, ldap, tcpSocket]) {
    test(`sick: ${action.kind}, nobody listens`, async () => {
      const place = { address: '127.0.0.1', port: await freePort() };
      assert.match(told(await run(action, place), place), /to HERE: nothing listens there \(ECONNREFUSED\)$/);
    });
  }

  test('kerberos and kpasswd have no SCTP, and say so without asking anybody', async () => {
    for (const action of [kerberos, kpasswd]) {
      const outcome = await run(action, { address: '127.0.0.1', port: 1, transport: 'SCTP' });
      assert.match(
        outcome.kind === 'sick' ? outcome.reason : '',
        /over SCTP .* give the probe a transport, TCP or UDP/,
      );
    }
  });
});

describe('an attempt that is stopped', () => {
  const cases: readonly {
    readonly name: string;
    readonly action: ProbeAction;
    readonly start: (t: TestContext, asked: () => void) => Promise<Place>;
  }[] = [
    { name: 'over UDP', action: echo, start: (t, asked) => startUdp(t, asked) },
    { name: 'over TCP', action: ldap, start: (t, asked) => startTcpAnswering(t, asked) },
    {
      name: 'over HTTP',
      action: { kind: 'httpGet', scheme: 'HTTP', path: '/', headers: [] },
      start: (t, asked) => startTcpAnswering(t, asked),
    },
  ];
  for (const { name, action, start } of cases) {
    test(`${name} ends at once, long before its deadline`, async (t) => {
      const stopped = new AbortController();
      const server = await start(t, () => stopped.abort());
      assert.equal((await run(action, server, { signal: stopped.signal })).kind, 'sick');
    });

    test(`${name} asks nobody where it was stopped before`, async (t) => {
      const server = await start(t, () => assert.fail('asked'));
      assert.equal((await run(action, server, { signal: AbortSignal.abort() })).kind, 'sick');
    });
  }
});

test('a transport leaves no listener on the signal that it was given', async (t) => {
  const { signal } = new AbortController();
  const limit = { timeoutMs: PATIENT_MS, signal };
  const udp = await startUdp(t, (socket, asker) => socket.send('x', asker.port, asker.address));
  const tcp = await startTcpAnswering(t, (socket) => socket.end('x'));
  const question = { send: bytesOf('00'), read: (): Reading => ({ kind: 'healthy' }) };
  await askByUdp(udp, question, limit);
  await askByTcp(tcp, question, limit);
  await askByHttp(tcp, { kind: 'httpGet', scheme: 'HTTP', path: '/', headers: [] }, limit);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

/** Sends each byte in a segment of its own. */
async function dribble(socket: Socket, bytes: Buffer): Promise<void> {
  socket.setNoDelay(true);
  for (const byte of bytes) await new Promise((sent) => socket.write(Buffer.from([byte]), sent));
}

function flood(socket: Socket, bytes: Buffer = Buffer.alloc(16_384, 0x30)): void {
  const more = () => {
    if (!socket.destroyed) socket.write(bytes, more);
  };
  more();
}
