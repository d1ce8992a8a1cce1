/**
 * One DNS message in, one out: header bits, EDNS0 and truncation as CoreDNS 1.15 has them (core/dnsserver/server.go,
 * request/request.go, and miekg/dns' Truncate). Reading and writing the wire format is dns-packet's.
 * What the answer is, `answer.ts` says. Unlike CoreDNS's, our names are never compressed (dns-packet does not), so TC
 * comes earlier: three SRV records already pass 512 bytes. Classes that dns-packet has no name for are echoed as 0.
 */
import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  CHECKING_DISABLED,
  type DecodedPacket,
  decode,
  encode,
  encodingLength,
  type OptAnswer,
  type Question,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
} from 'dns-packet';
import type { Rcode, Reply } from './answer.ts';

/** How a message travels: over UDP it must fit what the client says it takes. */
export type Transport = 'udp' | 'tcp';

/** The rcodes by number (RFC 1035 4.1.1). */
const rcodes = { NOERROR: 0, FORMERR: 1, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const satisfies Record<Rcode, number>;

const HEADER_BYTES = 12;
const MIN_UDP_BYTES = 512;
const MAX_TCP_BYTES = 65_535;
const OPCODE_MASK = 0x7800;
/** The opcodes that CoreDNS answers, NOTIFY like a query (RFC 1035 4.1.1, RFC 1996). */
const answeredOpcodes: readonly number[] = [0, 4];

/** Makes the answer to one message; undefined: it deserves none (a response, or too short to be a message). */
export function respond(
  message: Buffer,
  transport: Transport,
  answer: (question: { readonly name: string; readonly type: string }) => Reply,
): Buffer | undefined {
  if (message.length < HEADER_BYTES) return undefined;
  const head = decode(headerOnly(message));
  if (head.flag_qr) return undefined;
  if (!answeredOpcodes.includes(((head.flags ?? 0) & OPCODE_MASK) >> 11)) return encodeBare(head, 'NOTIMP');
  const query = tryDecode(message);
  const question = query?.questions?.[0];
  if (query === undefined || question === undefined || !isAcceptable(message, query, question)) {
    return encodeBare(head, 'FORMERR');
  }
  const opt = query.additionals?.findLast((record) => record.type === 'OPT');
  const maxBytes = transport === 'tcp' ? MAX_TCP_BYTES : Math.max(MIN_UDP_BYTES, opt?.udpPayloadSize ?? 0);
  if (question.class !== 'IN') return encodeReply(query, question, { reply: refused, opt: echo(opt), maxBytes });
  if (opt !== undefined && opt.ednsVersion !== 0) {
    return encodeReply(query, question, { reply: empty, opt: badVersion, maxBytes });
  }
  return encodeReply(query, question, { reply: answer(question), opt: echo(opt), maxBytes });
}

const empty: Reply = { rcode: 'NOERROR', isAuthoritative: false, answers: [], authorities: [], additionals: [] };
const refused: Reply = { ...empty, rcode: 'REFUSED' };

/** BADVERS is 16: its low four bits stand in the header (0), the others in the OPT record (RFC 6891 6.1.3). */
const badVersion: OptAnswer = {
  name: '.',
  type: 'OPT',
  udpPayloadSize: MIN_UDP_BYTES,
  extendedRcode: 1,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};

/** The message's header, with sections that are said to be empty: readable whatever follows. */
function headerOnly(message: Buffer): Buffer {
  return Buffer.concat([message.subarray(0, 4), Buffer.alloc(HEADER_BYTES - 4)]);
}

/** Reads a message; undefined: it is not a DNS message, and each caller has its own answer to that. */
export function tryDecode(message: Buffer): DecodedPacket | undefined {
  try {
    return decode(message);
  } catch {
    return undefined;
  }
}

/** Section counts as miekg/dns accepts them, and a name that can be echoed: dns-packet reads a label's bytes as text. */
function isAcceptable(message: Buffer, query: DecodedPacket, question: Question): boolean {
  const { questions = [], answers = [], authorities = [], additionals = [] } = query;
  if (questions.length !== 1 || answers.length > 1 || authorities.length > 1 || additionals.length > 2) return false;
  const name = encode({ questions: [{ ...question, class: 'IN' }] }).subarray(HEADER_BYTES, -2);
  return name.equals(message.subarray(HEADER_BYTES, HEADER_BYTES + name.length));
}

/** A client's OPT record goes back without its options, and with the flags that CoreDNS knows. */
function echo(opt: OptAnswer | undefined): OptAnswer | undefined {
  if (opt === undefined) return undefined;
  return { ...opt, name: '.', extendedRcode: 0, ednsVersion: 0, flags: opt.flags & 0xff00, options: [] };
}

/** An error reply that is nothing but a header. */
function encodeBare(head: DecodedPacket, rcode: Rcode): Buffer {
  return encode({ id: head.id, type: 'response', flags: copiedFlags(head) | rcodes[rcode] });
}

function encodeReply(
  query: DecodedPacket,
  question: Question,
  { reply, opt, maxBytes }: { readonly reply: Reply; readonly opt: OptAnswer | undefined; readonly maxBytes: number },
): Buffer {
  const optRecords = opt === undefined ? [] : [opt];
  const budget = maxBytes - encodingLength({ questions: [question], additionals: optRecords });
  const { sections, isCut } = cut([reply.answers, reply.authorities, reply.additionals], budget);
  const [answers = [], authorities = [], additionals = []] = sections;
  const flags =
    copiedFlags(query) |
    (reply.isAuthoritative ? AUTHORITATIVE_ANSWER : 0) |
    (isCut ? TRUNCATED_RESPONSE : 0) |
    rcodes[reply.rcode];
  return encode({
    id: query.id,
    type: 'response',
    flags,
    questions: [question],
    answers,
    authorities,
    additionals: [...additionals, ...optRecords],
  });
}

/** Keeps whole records, in order, until the first that does not fit; TC also when only additional ones are cut. */
function cut(sections: readonly (readonly Answer[])[], budgetBytes: number) {
  let leftBytes = budgetBytes;
  let isCut = false;
  const kept = sections.map((records) =>
    records.filter((record) => {
      leftBytes -= encodingLength({ answers: [record] }) - HEADER_BYTES;
      isCut ||= leftBytes < 0;
      return !isCut;
    }),
  );
  return { sections: kept, isCut };
}

/** What a reply's header takes over: opcode, RD and CD. */
function copiedFlags({ flags = 0 }: DecodedPacket): number {
  return flags & (OPCODE_MASK | RECURSION_DESIRED | CHECKING_DISABLED);
}
