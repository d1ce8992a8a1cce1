import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { encode, type RecordType, streamDecode, streamEncode } from 'dns-packet';
import type { EndpointSlice } from '../../../agent/kube/objects.ts';
import type { DnsSource } from '../source.ts';
import { service, slice, source } from './fixtures.ts';
import { queryDns } from './query.ts';
import { type EmbeddedDns, startDnsServer } from './server.ts';
import { recordText } from './text.ts';

const D = 'ipa.default.svc.cluster.local';
const one = slice('ipa', [{ ip: '10.0.0.1', hostname: 'ipa-0' }], ['kerberos/TCP/88', 'kerberos/UDP/88']);
const many = slice(
  'many',
  Array.from({ length: 40 }, (_, i) => ({ ip: `10.0.1.${i}`, hostname: `many-${i}` })),
  ['kerberos/UDP/88'],
);

async function start(t: TestContext, dnsSource: DnsSource = source([service('ipa'), service('many')], [one, many])) {
  const server = await startDnsServer({ source: dnsSource });
  t.after(server.close);
  return server;
}

function ask({ address, port }: EmbeddedDns, type: RecordType, name: string, protocol?: 'udp' | 'tcp') {
  return queryDns({
    server: address,
    port,
    type,
    name,
    timeoutMs: 2000,
    ...(protocol === undefined ? {} : { protocol }),
  });
}

for (const protocol of ['udp', 'tcp'] as const) {
  test(`answers over ${protocol}`, async (t) => {
    const answer = await ask(await start(t), 'SRV', `_kerberos._udp.${D}`, protocol);
    assert.deepEqual(answer.answers.map(recordText), [`SRV 0 100 88 ipa-0.${D}`]);
    assert.deepEqual(answer.additionals.map(recordText), ['A 10.0.0.1']);
  });
}

test('an answer too large for UDP is cut there and whole over TCP', async (t) => {
  const server = await start(t);
  const name = '_kerberos._udp.many.default.svc.cluster.local';
  const udp = await ask(server, 'SRV', name, 'udp');
  assert.ok(udp.isTruncated && udp.answers.length < 40);
  assert.equal((await ask(server, 'SRV', name)).answers.length, 40);
});

test('every query sees the newest state, and a change moves the SOA serial', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
  let slices: readonly EndpointSlice[] = [];
  const changed: (() => void)[] = [];
  const server = await start(t, {
    ...source([service('ipa')]),
    endpointSlices: () => slices,
    onChange: (listener) => {
      changed.push(listener);
      return () => {};
    },
  });
  const serial = async () => {
    const [soa] = (await ask(server, 'AAAA', D)).authorities;
    return soa?.type === 'SOA' ? soa.data.serial : undefined;
  };
  assert.equal((await ask(server, 'A', D)).rcode, 'NXDOMAIN');
  assert.equal(await serial(), 1000);
  slices = [one];
  t.mock.timers.tick(5000);
  for (const listener of changed) listener();
  assert.deepEqual((await ask(server, 'A', D)).answers.map(recordText), ['A 10.0.0.1']);
  assert.equal(await serial(), 1005);
});

test('queries on one TCP connection are answered in turn, however their bytes arrive', async (t) => {
  const { address, port } = await start(t);
  const socket = connect({ host: address, port });
  t.after(() => socket.destroy());
  const bytes = Buffer.concat(
    [1, 2].map((id) => streamEncode({ type: 'query', id, questions: [{ name: D, type: 'A' }] })),
  );
  socket.write(bytes.subarray(0, 1));
  await once(socket, 'connect');
  socket.write(bytes.subarray(1, bytes.length - 3));
  let received = Buffer.alloc(0);
  const ids: (number | undefined)[] = [];
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE()) {
      ids.push(streamDecode(received).id);
      received = received.subarray(2 + received.readUInt16BE());
      if (ids.length === 1) socket.write(bytes.subarray(bytes.length - 3));
    }
    if (ids.length === 2) break;
  }
  assert.deepEqual(ids, [1, 2]);
});

test('garbage over UDP is no end of the server', async (t) => {
  const server = await start(t);
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  socket.send(Buffer.from('x'), server.port, server.address);
  socket.send(encode({ type: 'response', id: 1, questions: [] }), server.port, server.address);
  assert.equal((await ask(server, 'A', D)).rcode, 'NOERROR');
});

test('a port that is taken is an error', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  t.after(() => taken.close());
  await once(taken, 'listening');
  const bound = taken.address();
  assert.ok(typeof bound === 'object' && bound !== null);
  await assert.rejects(startDnsServer({ source: source([]), port: bound.port }), { code: 'EADDRINUSE' });
  const udp = createSocket('udp4');
  t.after(() => udp.close());
  udp.bind(0, '127.0.0.1');
  await once(udp, 'listening');
  await assert.rejects(startDnsServer({ source: source([]), port: udp.address().port }), { code: 'EADDRINUSE' });
});

test('closing ends open connections, stops listening to the source and frees the port', async () => {
  let listeners = 0;
  const onChange = () => {
    listeners += 1;
    return () => {
      listeners -= 1;
    };
  };
  const server = await startDnsServer({ source: { ...source([]), onChange } });
  assert.equal(listeners, 1);
  const socket = connect({ host: server.address, port: server.port });
  await once(socket, 'connect');
  const closed = once(socket, 'close');
  socket.resume().on('error', () => {});
  await server.close();
  await closed;
  assert.equal(listeners, 0);
  const again = await startDnsServer({ source: source([]), port: server.port });
  assert.equal(again.port, server.port);
  await again.close();
});
