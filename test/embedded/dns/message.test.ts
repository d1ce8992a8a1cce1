import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode, type OptAnswer, type Packet } from 'dns-packet';
import type { Reply } from './answer.ts';
import { respond, type Transport } from './message.ts';

const name = 'ipa.default.svc.cluster.local';
const opt: OptAnswer = {
  name: '.',
  type: 'OPT',
  udpPayloadSize: 1232,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};

/** A reply with so many A records. */
function reply(count: number): Reply {
  const answers = Array.from(
    { length: count },
    (_, i) => ({ name, type: 'A', ttl: 5, data: `10.0.${i >> 8}.${i & 255}` }) as const,
  );
  return { rcode: 'NOERROR', isAuthoritative: true, answers, authorities: [], additionals: [] };
}

function query(packet: Packet = {}): Buffer {
  return encode({ type: 'query', id: 7, flags: 256, questions: [{ name, type: 'A', class: 'IN' }], ...packet });
}

function ask(message: Buffer, { transport = 'udp', count = 1 }: { transport?: Transport; count?: number } = {}) {
  const answer = respond(message, transport, () => reply(count));
  if (answer === undefined) return undefined;
  const { id, flags = 0, flag_aa, flag_tc, flag_rd, questions, answers = [], additionals = [] } = decode(answer);
  const optRecord = additionals.find((record) => record.type === 'OPT');
  const bytes = answer.length;
  return {
    id,
    rcode: flags % 16,
    flag_aa,
    flag_tc,
    flag_rd,
    questions,
    answers: answers.length,
    opt: optRecord,
    bytes,
  };
}

test('an answer repeats id, question and RD, and is authoritative', () => {
  const question = { name: 'IPA.Default.svc.cluster.local', type: 'A', class: 'IN' } as const;
  const { bytes: _, ...answer } = ask(query({ questions: [question] })) ?? {};
  assert.deepEqual(answer, {
    id: 7,
    rcode: 0,
    flag_aa: true,
    flag_tc: false,
    flag_rd: true,
    questions: [question],
    answers: 1,
    opt: undefined,
  });
});

const sizes = [
  { name: 'without EDNS0 512 bytes are the limit', transport: 'udp', records: [], limit: 512 },
  { name: 'EDNS0 raises it', transport: 'udp', records: [opt], limit: 1232 },
  { name: 'less than 512 counts as 512', transport: 'udp', records: [{ ...opt, udpPayloadSize: 100 }], limit: 512 },
  { name: 'TCP has none to speak of', transport: 'tcp', records: [], limit: 65_535 },
] as const;

for (const { name: title, transport, records, limit } of sizes) {
  test(`${title}: whole records and TC above it`, () => {
    const message = query({ additionals: [...records] });
    const few = ask(message, { transport, count: 5 });
    assert.deepEqual([few?.flag_tc, few?.answers], [false, 5]);
    const many = ask(message, { transport, count: 5000 });
    assert.equal(many?.flag_tc, true);
    assert.ok(many.bytes <= limit && many.bytes > limit - 60, `${many.bytes} bytes`);
  });
}

test('a client that speaks EDNS0 gets its size and DO bit back, and no options', () => {
  const answer = ask(query({ additionals: [{ ...opt, flags: 0x8001, options: [{ code: 11, timeout: 5 }] }] }));
  assert.deepEqual(answer?.opt, { ...opt, flags: 0x8000, flag_do: true });
});

test('an EDNS version that nobody knows is BADVERS', () => {
  const answer = ask(query({ additionals: [{ ...opt, ednsVersion: 1 }] }));
  assert.deepEqual([answer?.rcode, answer?.opt?.extendedRcode, answer?.answers], [0, 1, 0]);
});

const faults = [
  {
    name: 'a class that is not IN is REFUSED',
    message: query({ questions: [{ name, type: 'TXT', class: 'CH' }] }),
    rcode: 5,
  },
  { name: 'no question is FORMERR', message: query({ questions: [] }), rcode: 1 },
  {
    name: 'two questions are FORMERR',
    message: query({
      questions: [
        { name, type: 'A' },
        { name, type: 'AAAA' },
      ],
    }),
    rcode: 1,
  },
  { name: 'three additional records are FORMERR', message: query({ additionals: [opt, opt, opt] }), rcode: 1 },
  { name: 'a cut message is FORMERR', message: query().subarray(0, 20), rcode: 1 },
  {
    name: 'a label that is no text is FORMERR',
    message: Buffer.concat([query().subarray(0, 12), Buffer.from([2, 255, 254, 0, 0, 1, 0, 1])]),
    rcode: 1,
  },
  { name: 'an opcode other than QUERY is NOTIMP', message: query({ flags: 2 << 11 }), rcode: 4 },
];

for (const { name: title, message, rcode } of faults) {
  test(title, () => {
    const answer = ask(message);
    assert.deepEqual([answer?.id, answer?.rcode, answer?.flag_aa, answer?.answers], [7, rcode, false, 0]);
  });
}

test('a response and what is too short for a message get no answer', () => {
  assert.equal(ask(query({ type: 'response' })), undefined);
  assert.equal(ask(query().subarray(0, 11)), undefined);
});
