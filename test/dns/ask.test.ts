/** One question to one server: what each answer becomes, over real sockets. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { encode } from 'dns-packet';
import { createClock } from '../../agent/clock.ts';
import { createDns, type Dns } from '../../agent/dns/ask.ts';
import type { Question } from '../../agent/dns/message.ts';
import { startDnsServer } from '../embedded/dns/server.ts';
import { startApiServer } from '../embedded/server.ts';
import { createFakeClock } from '../support/clock.ts';
import { until } from '../support/until.ts';
import { negative, refusing, type Script, srv, startScriptedDns, truncated } from './scripted.ts';

const name = '_kerberos._udp.ipa.default.svc.cluster.local';
const target = 'ipa-0.ipa.default.svc.cluster.local';
const question: Question = { name, type: 'SRV' };
const ours = [srv(name, target, 88)];
const found = { kind: 'answered', services: [{ target, port: 88, ttlSeconds: 30 }], addresses: [], zones: [] };
const never = new AbortController().signal;

function on(port: number, random: () => number = Math.random): Extract<Dns, { readonly kind: 'on' }> {
  const dns = createDns({ clock: createClock(), random }, { kind: 'at', address: '127.0.0.1', port });
  if (dns.kind === 'off') assert.fail(dns.reason);
  return dns;
}

async function answerTo(t: TestContext, script: Script, asked: Question = question) {
  const server = await startScriptedDns(t, script);
  const answer = await on(server.port).ask(asked, { timeoutMs: 5000, signal: never });
  return { answer, asked: server.asked };
}

describe('an answer', () => {
  const cases: readonly { readonly name: string; readonly script: Script; readonly expect: unknown }[] = [
    { name: 'with SRV records', script: () => ({ answers: ours }), expect: found },
    {
      name: 'with the addresses of the targets beside them',
      script: () => ({ answers: ours, additionals: [{ name: target, type: 'A', ttl: 7, data: '10.0.0.10' }] }),
      expect: { ...found, addresses: [{ name: target, address: '10.0.0.10', ttlSeconds: 7 }] },
    },
    {
      name: 'in other capitals is an answer too',
      script: () => ({ questions: [{ name: name.toUpperCase(), type: 'SRV' }], answers: ours }),
      expect: found,
    },
    {
      name: 'that there is no such name is negative, for as long as its SOA says',
      script: () => negative('NXDOMAIN', 30),
      expect: { kind: 'negative', rcode: 'NXDOMAIN', soaMinimumSeconds: 30 },
    },
    {
      name: 'that a cache has kept for a while is negative for what is left of it',
      script: () => negative('NXDOMAIN', 30, 12),
      expect: { kind: 'negative', rcode: 'NXDOMAIN', soaMinimumSeconds: 12 },
    },
    {
      name: 'that there is no such record is negative',
      script: () => negative('NOERROR', 5),
      expect: { kind: 'negative', rcode: 'NODATA', soaMinimumSeconds: 5 },
    },
    {
      name: 'without records and SOA is negative, nobody knows for how long',
      script: () => ({}),
      expect: { kind: 'negative', rcode: 'NODATA', soaMinimumSeconds: undefined },
    },
    {
      name: 'with records of another type alone is negative',
      script: () => ({ answers: [{ name, type: 'CNAME', ttl: 5, data: target }] }),
      expect: { kind: 'negative', rcode: 'NODATA', soaMinimumSeconds: undefined },
    },
    { name: 'REFUSED', script: () => refusing('REFUSED'), expect: { kind: 'refused', rcode: 'REFUSED' } },
    { name: 'SERVFAIL', script: () => refusing('SERVFAIL'), expect: { kind: 'refused', rcode: 'SERVFAIL' } },
    {
      name: 'of a header alone, as a server sends that cannot read the query',
      script: ({ id }) => encode({ id, type: 'response', flags: 1 }),
      expect: { kind: 'refused', rcode: 'FORMERR' },
    },
    {
      name: 'is waited for behind one with another id',
      script: ({ id }) => [{ id: (id + 1) % 65_536, answers: [] }, { answers: ours }],
      expect: found,
    },
    {
      name: 'is waited for behind one to another question',
      script: () => [{ questions: [{ name: target, type: 'SRV' }], answers: [] }, { answers: ours }],
      expect: found,
    },
    {
      name: 'is waited for behind bytes that are no message',
      script: () => [Buffer.from('no'), Buffer.alloc(600, 255), { answers: ours }],
      expect: found,
    },
  ];
  for (const { name: title, script, expect } of cases) {
    test(title, async (t) => assert.deepEqual((await answerTo(t, script)).answer, expect));
  }
});

test('an answer that was cut off is asked for again over TCP', async (t) => {
  const { answer, asked } = await answerTo(t, ({ transport }) => (transport === 'udp' ? truncated : { answers: ours }));
  assert.deepEqual(answer, found);
  assert.deepEqual(
    asked.map(({ transport }) => transport),
    ['udp', 'tcp'],
  );
});

test('another answer over TCP is an error of the server: nothing else comes over that connection', async (t) => {
  const { answer } = await answerTo(t, ({ transport, id }) => (transport === 'udp' ? truncated : { id: id ^ 1 }));
  assert.deepEqual(answer, { kind: 'refused', rcode: 'foreign answer over TCP' });
});

test('a server that closes the connection without an answer is unreachable', async (t) => {
  const { answer } = await answerTo(t, ({ transport }) => (transport === 'udp' ? truncated : 'closed'));
  assert.deepEqual(answer, { kind: 'unreachable', code: 'closed without an answer' });
});

test('each query has an id and a source port of its own', async (t) => {
  const server = await startScriptedDns(t, () => ({ answers: ours }));
  const numbers = [0, 0.5, 0.999_99];
  const { ask } = on(server.port, () => numbers.shift() ?? 0);
  const calls = [0, 1, 2].map(() => ask(question, { timeoutMs: 5000, signal: never }));
  assert.deepEqual(await Promise.all(calls), [found, found, found]);
  assert.deepEqual(server.asked.map(({ id }) => id).sort(), [0, 32_768, 65_535]);
  assert.equal(new Set(server.asked.map(({ sourcePort }) => sourcePort)).size, 3);
});

test('an answer from elsewhere is none', async (t) => {
  const elsewhere = createSocket('udp4');
  elsewhere.bind(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  t.after(() => elsewhere.close());
  const wrong = (id: number) =>
    encode({ id, type: 'response', questions: [question], answers: [srv(name, 'evil.example', 88)] });
  const sent = Promise.withResolvers<void>();
  const server = await startScriptedDns(t, ({ id, sourcePort }) => {
    elsewhere.send(wrong(id), sourcePort, '127.0.0.1', () => sent.resolve());
    return undefined;
  });
  const clock = createFakeClock();
  const dns = createDns({ clock, random: () => 0.5 }, { kind: 'at', address: '127.0.0.1', port: server.port });
  if (dns.kind === 'off') assert.fail(dns.reason);
  const answer = dns.ask(question, { timeoutMs: 2000, signal: never });
  await sent.promise;
  await clock.advance(2000);
  assert.deepEqual(await answer, { kind: 'silent' });
});

test('where nobody listens the server is unreachable', async () => {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  const answer = await on(port).ask(question, { timeoutMs: 5000, signal: never });
  assert.deepEqual(answer, { kind: 'unreachable', code: 'ECONNREFUSED' });
});

test('an answer leaves no timer behind', async (t) => {
  const server = await startScriptedDns(t, () => ({ answers: ours }));
  const clock = createFakeClock();
  const dns = createDns({ clock, random: () => 0 }, { kind: 'at', address: '127.0.0.1', port: server.port });
  if (dns.kind === 'off') assert.fail(dns.reason);
  assert.deepEqual(await dns.ask(question, { timeoutMs: 2000, signal: never }), found);
  assert.equal(clock.sleeperCount(), 0);
});

test('silence ends at the deadline, and not before', async (t) => {
  const server = await startScriptedDns(t, () => undefined);
  const clock = createFakeClock();
  const dns = createDns({ clock, random: () => 0 }, { kind: 'at', address: '127.0.0.1', port: server.port });
  if (dns.kind === 'off') assert.fail(dns.reason);
  let isOver = false;
  const answer = dns.ask(question, { timeoutMs: 2000, signal: never }).finally(() => {
    isOver = true;
  });
  await until(() => assert.equal(server.asked.length, 1));
  await clock.advance(1999);
  assert.equal(isOver, false);
  await clock.advance(1);
  assert.deepEqual(await answer, { kind: 'silent' });
  assert.equal(clock.sleeperCount(), 0);
});

const held: readonly { readonly transport: 'udp' | 'tcp'; readonly script: Script }[] = [
  { transport: 'udp', script: () => undefined },
  { transport: 'tcp', script: ({ transport }) => (transport === 'udp' ? truncated : undefined) },
];
for (const { transport, script } of held) {
  test(`giving up ends it at once over ${transport}, and leaves no timer`, async (t) => {
    const server = await startScriptedDns(t, script);
    const clock = createFakeClock();
    const dns = createDns({ clock, random: () => 0 }, { kind: 'at', address: '127.0.0.1', port: server.port });
    if (dns.kind === 'off') assert.fail(dns.reason);
    const giveUp = new AbortController();
    const answer = dns.ask(question, { timeoutMs: 2000, signal: giveUp.signal });
    await until(() => assert.ok(server.asked.some((one) => one.transport === transport)));
    giveUp.abort();
    assert.deepEqual(await answer, { kind: 'silent' });
    assert.equal(clock.sleeperCount(), 0);
  });
}

test('nothing is asked where the signal has aborted before', async (t) => {
  const server = await startScriptedDns(t, () => ({ answers: ours }));
  assert.deepEqual(await on(server.port).ask(question, { timeoutMs: 5000, signal: AbortSignal.abort() }), {
    kind: 'silent',
  });
  assert.deepEqual(server.asked, []);
});

test('a server that is off is not asked, and says why', () => {
  const off = { kind: 'off', reason: 'REGISTRAR_DNS_SERVER is off' } as const;
  assert.deepEqual(createDns({ clock: createFakeClock(), random: () => 0 }, off), off);
});

test('an IPv6 server is written in brackets', () => {
  const dns = createDns({ clock: createFakeClock(), random: () => 0 }, { kind: 'at', address: 'fd00::a', port: 53 });
  assert.equal(dns.kind === 'on' && dns.server, '[fd00::a]:53');
});

describe('what the rules of CoreDNS answer', () => {
  test('to SRV, A and SOA of a published pair', async (t) => {
    const api = await startApiServer({
      objects: [
        { kind: 'Service', metadata: { name: 'ipa' }, spec: { clusterIP: 'None' } },
        {
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          metadata: { name: 'a', labels: { 'kubernetes.io/service-name': 'ipa' } },
          addressType: 'IPv4',
          endpoints: [{ addresses: ['10.0.0.10'], hostname: 'ipa-0' }],
          ports: [{ name: 'kerberos', protocol: 'UDP', port: 88 }],
        },
      ],
    });
    const server = await startDnsServer({ source: api.dnsSource });
    t.after(() => Promise.all([api.close(), server.close()]));
    const { ask } = on(server.port);
    const call = { timeoutMs: 5000, signal: never };
    const address = { name: target, address: '10.0.0.10', ttlSeconds: 5 };
    assert.deepEqual(await ask(question, call), {
      kind: 'answered',
      services: [{ target, port: 88, ttlSeconds: 5 }],
      addresses: [address],
      zones: [],
    });
    assert.deepEqual(await ask({ name: target, type: 'A' }, call), { ...found, services: [], addresses: [address] });
    assert.deepEqual(await ask({ name: target, type: 'AAAA' }, call), {
      kind: 'negative',
      rcode: 'NODATA',
      soaMinimumSeconds: 5,
    });
    assert.deepEqual(await ask({ name: 'cluster.local', type: 'SOA' }, call), {
      ...found,
      services: [],
      zones: ['cluster.local'],
    });
  });
});
