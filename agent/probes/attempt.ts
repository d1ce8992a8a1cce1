/**
 * One attempt of one probe: which question goes over which transport, and what a failure is called. When to ask, and
 * what follows from the answers, is `prober`.
 */
import type { Clock } from '../clock.ts';
import type { Protocol } from '../plan/declaration.ts';
import type { ProbeAction } from '../plan/probe.ts';
import { askByHttp, showUrl } from './transports/http.ts';
import { type Limit, withinLimit } from './transports/limit.ts';
import type { Outcome, Place } from './transports/outcome.ts';
import { askByTcp, type Question } from './transports/tcp.ts';
import { askByUdp } from './transports/udp.ts';
import { frame, framed } from './wire/framing.ts';
import { asReq, readKdcAnswer } from './wire/kerberos.ts';
import { kpasswdRequest, readKpasswdAnswer } from './wire/kpasswd.ts';
import { readRootDse, rootDseSearch } from './wire/ldap.ts';
import { healthy, type Reader, type Reading, showBytes, showPlace, sick } from './wire/reading.ts';

/** Where and how one probe asks, with what the action leaves to its pair filled in. */
export type AttemptTarget = Place & {
  readonly transport: Protocol;
  /** What a `kerberos` action asks for; empty for any other. */
  readonly realm: string;
};

/**
 * Runs one attempt over a fresh socket, which is closed when it resolves. Never rejects. Where `limit.signal` aborted,
 * the outcome says nothing about the daemon.
 * @returns `sick` with a whole clause, e.g. `kerberos probe over UDP to 10.1.2.3:88: no answer within 1000 ms`
 */
export async function attempt(
  deps: {
    readonly clock: Clock;
    /** A number in [0, 1). */
    readonly random: () => number;
  },
  { action, target }: { readonly action: ProbeAction; readonly target: AttemptTarget },
  limit: Limit,
): Promise<Outcome> {
  const outcome = await withinLimit(deps.clock, limit, (inner) => ask({ action, target, random: deps.random }, inner));
  if (outcome.kind === 'healthy') return outcome;
  return { kind: 'sick', reason: `${nameProbe(action, target)}: ${outcome.reason}` };
}

/** What an attempt is called, e.g. `tcpSocket probe to [fd00::1]:389`. */
export function nameProbe(action: ProbeAction, target: AttemptTarget): string {
  switch (action.kind) {
    case 'httpGet':
      return `httpGet probe of ${showUrl(target, action)}`;
    case 'kerberos':
    case 'kpasswd':
      return `${action.kind} probe over ${target.transport} to ${showPlace(target)}`;
    case 'tcpSocket':
    case 'udp':
    case 'ldap':
      return `${action.kind} probe to ${showPlace(target)}`;
    default:
      return action satisfies never;
  }
}

type Asked = { readonly action: ProbeAction; readonly target: AttemptTarget; readonly random: () => number };

async function ask({ action, target, random }: Asked, limit: Limit): Promise<Outcome> {
  switch (action.kind) {
    case 'httpGet':
      return askByHttp(target, action, limit);
    case 'tcpSocket':
      return askByTcp(target, undefined, limit);
    case 'udp':
      return askByUdp(target, { send: action.send, read: expecting(action.expect) }, limit);
    case 'kerberos':
      return askByTransport(target, { send: asReq(target.realm, random()), read: readKdcAnswer }, limit);
    case 'kpasswd':
      return askByTransport(target, { send: kpasswdRequest, read: readKpasswdAnswer }, limit);
    case 'ldap':
      return askByTcp(target, { send: rootDseSearch, read: readRootDse }, limit);
    default:
      return action satisfies never;
  }
}

async function askByTransport(target: AttemptTarget, { send, read }: Question, limit: Limit): Promise<Outcome> {
  switch (target.transport) {
    case 'TCP':
      return askByTcp(target, { send: frame(send), read: framed(read) }, limit);
    case 'UDP':
      return askByUdp(target, { send, read }, limit);
    case 'SCTP':
      return { kind: 'sick', reason: 'Kerberos has no SCTP; give the probe a transport, TCP or UDP' };
    default:
      return target.transport satisfies never;
  }
}

/** Health is a datagram that begins with `expect`, or any where that is undefined. */
function expecting(expect: Uint8Array | undefined): Reader {
  return (bytes): Reading => {
    if (expect === undefined || Buffer.from(bytes.subarray(0, expect.length)).equals(expect)) return healthy;
    return sick(`answered ${showBytes(bytes)}, which does not begin with the expected ${showBytes(expect)}`);
  };
}
