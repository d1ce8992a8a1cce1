import assert from 'node:assert/strict';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { decode, encode, type Packet } from 'dns-packet';
import { queryDns } from './query.ts';

/** A UDP peer that does with each query what `answer` says. Resolves to its port. */
async function listen(
  t: TestContext,
  answer: (query: Packet, peer: RemoteInfo, socket: Socket) => void,
): Promise<number> {
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  socket.on('message', (message, peer) => answer(decode(message), peer, socket));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket.address().port;
}

const query = { server: '127.0.0.1', name: 'ipa.cluster.local', type: 'A', protocol: 'udp', timeoutMs: 2000 } as const;
const answerTo = ({ id, questions }: Packet, packet: Packet = {}): Buffer =>
  encode({ type: 'response', id, questions, answers: [{ name: query.name, type: 'A', data: '10.0.0.1' }], ...packet });

test('what is not the answer to our query is passed over', async (t) => {
  const port = await listen(t, (asked, peer, socket) => {
    const { id = 0, questions = [] } = asked;
    const wrong = [
      Buffer.from('x'),
      encode({ type: 'query', id, questions }),
      answerTo({ ...asked, id: id ^ 1 }),
      answerTo({ ...asked, questions: [{ name: 'other.cluster.local', type: 'A' }] }),
    ];
    const right = answerTo(asked, { flags: 3 });
    for (const message of [...wrong, right]) socket.send(message, peer.port, peer.address);
  });
  assert.equal((await queryDns({ ...query, port })).rcode, 'NXDOMAIN');
});

test('an answer from another port is not heard', async (t) => {
  const stranger = createSocket('udp4');
  t.after(() => stranger.close());
  const port = await listen(t, (asked, peer, socket) => {
    stranger.send(answerTo(asked, { flags: 5 }), peer.port, peer.address, () => {
      socket.send(answerTo(asked), peer.port, peer.address);
    });
  });
  assert.equal((await queryDns({ ...query, port })).rcode, 'NOERROR');
});

test('ids are not guessable from the last one', async (t) => {
  const ids = new Set<number | undefined>();
  const port = await listen(t, (asked, peer, socket) => {
    ids.add(asked.id);
    socket.send(answerTo(asked), peer.port, peer.address);
  });
  for (let i = 0; i < 8; i += 1) await queryDns({ ...query, port });
  assert.ok(ids.size > 4);
});

test('EDNS0 is sent unless it is turned off', async (t) => {
  const sizes: (number | undefined)[] = [];
  const port = await listen(t, (asked, peer, socket) => {
    const opt = asked.additionals?.find((record) => record.type === 'OPT');
    sizes.push(opt?.udpPayloadSize);
    socket.send(answerTo(asked), peer.port, peer.address);
  });
  await queryDns({ ...query, port });
  await queryDns({ ...query, port, udpPayloadBytes: 0 });
  assert.deepEqual(sizes, [1232, undefined]);
});

test('silence is a rejection that names the query and the limit', async (t) => {
  const port = await listen(t, () => {});
  await assert.rejects(queryDns({ ...query, port, timeoutMs: 50 }), {
    message: `no answer to A ipa.cluster.local from 127.0.0.1 port ${port} within 50 ms`,
  });
});

test('the caller’s signal ends the wait', async (t) => {
  const controller = new AbortController();
  const port = await listen(t, () => controller.abort(new Error('enough')));
  await assert.rejects(queryDns({ ...query, port, signal: controller.signal }), (error: Error) => {
    assert.match(String(error.cause), /enough/);
    return true;
  });
});

for (const protocol of ['udp', 'tcp'] as const) {
  test(`nobody listening on ${protocol} is known at once`, async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    socket.close();
    await assert.rejects(queryDns({ ...query, protocol, port, timeoutMs: 10_000 }), (error: Error) => {
      assert.match(String(error.cause), /ECONNREFUSED/);
      return true;
    });
  });
}
