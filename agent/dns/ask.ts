/**
 * Asks one DNS server one question: UDP, then TCP where the answer was cut off, under one deadline. No search list, no
 * cache, no second try: when to ask again is the caller's to decide.
 */
import { isIPv6 } from 'node:net';
import type { Clock } from '../clock.ts';
import { type DnsAnswer, type Question, writeQuery } from './message.ts';
import type { DnsServer } from './resolv-conf.ts';
import { askTcp } from './tcp.ts';
import { askUdp } from './udp.ts';

/** Asks; resolves to an outcome in any case, `silent` where `signal` aborted: the caller looks at it. */
export type Ask = (
  question: Question,
  call: { readonly timeoutMs: number; readonly signal: AbortSignal },
) => Promise<DnsAnswer>;

/** The cluster's DNS, or why it is not asked. `server` for people: `10.96.0.10:53`. */
export type Dns =
  | { readonly kind: 'on'; readonly server: string; readonly ask: Ask }
  | { readonly kind: 'off'; readonly reason: string };

const ID_COUNT = 65_536;

/** Builds the way to the server. Nothing is opened before a question. `random`: a number in [0, 1). */
export function createDns(deps: { readonly clock: Clock; readonly random: () => number }, server: DnsServer): Dns {
  if (server.kind === 'off') return server;
  const { clock, random } = deps;
  const ask: Ask = async (question, { timeoutMs, signal }) => {
    const over = new AbortController();
    const abort = () => over.abort();
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    void clock.sleep(timeoutMs, over.signal).then(abort);
    try {
      const query = writeQuery(Math.floor(random() * ID_COUNT), question);
      const first = await askUdp(query, server, over.signal);
      const heard = first.kind === 'truncated' ? await askTcp(query, server, over.signal) : first;
      return heard.kind === 'aborted' || heard.kind === 'truncated' ? { kind: 'silent' } : heard;
    } finally {
      signal.removeEventListener('abort', abort);
      abort();
    }
  };
  return { kind: 'on', server: placeText(server), ask };
}

function placeText({ address, port }: { readonly address: string; readonly port: number }): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}
