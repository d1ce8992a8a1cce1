/** What the measured agents are told to announce: the pairs of a FreeIPA server, with or without a hundred probes. */
import type { Protocol } from '../../agent/plan/declaration.ts';
import type { ProbeAction } from '../../agent/plan/probe.ts';

type Action = Readonly<Partial<Record<ProbeAction['kind'], object>>>;

/** A pair with the probe that asks it, and how many of them. */
type Asked = {
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly asks: readonly { readonly action: Action; readonly count: number }[];
};

/** What `udp` probes send; the daemon sends it back. */
export const ECHO = Buffer.from('are you there?');
const echo: Action = { udp: { send: ECHO.toString('base64'), expect: ECHO.toString('base64') } };

/** Six pairs whose daemons answer. */
const answered: readonly Asked[] = [
  { name: 'ldap', protocol: 'TCP', port: 389, asks: [{ action: { ldap: {} }, count: 10 }] },
  { name: 'kerberos', protocol: 'TCP', port: 88, asks: [{ action: { kerberos: {} }, count: 8 }] },
  { name: 'kerberos', protocol: 'UDP', port: 88, asks: [{ action: { kerberos: {} }, count: 8 }] },
  { name: 'kpasswd', protocol: 'TCP', port: 464, asks: [{ action: { tcpSocket: {} }, count: 8 }] },
  { name: 'kpasswd', protocol: 'UDP', port: 464, asks: [{ action: echo, count: 8 }] },
  { name: 'https', protocol: 'TCP', port: 443, asks: [{ action: { tcpSocket: {} }, count: 8 }] },
];

/** Where nobody ever answers; connections are accepted, so no `tcpSocket` is among them. */
export const HUNG_PORT = 3268;
const hung: readonly Asked[] = [
  {
    name: 'hung',
    protocol: 'TCP',
    port: HUNG_PORT,
    asks: [
      { action: { ldap: {} }, count: 13 },
      { action: { kerberos: {} }, count: 12 },
    ],
  },
  {
    name: 'hung',
    protocol: 'UDP',
    port: HUNG_PORT,
    asks: [
      { action: echo, count: 13 },
      { action: { kerberos: {} }, count: 12 },
    ],
  },
];

/** How many pairs are announced, with probes and without: those that hang never are. */
export const ANNOUNCED_COUNT = answered.length;

const countProbes = (pairs: readonly Asked[]) =>
  pairs.flatMap(({ asks }) => asks).reduce((sum, { count }) => sum + count, 0);

/** How many probes there are: those that are answered, and those that hang. */
export const probeCounts = { answered: countProbes(answered), hung: countProbes(hung) };

/** The six pairs, nothing asked. */
export function plainDeclaration(): string {
  return JSON.stringify({ ports: answered.map(({ asks: _, ...port }) => port) });
}

/** The same with probes of this period, and two pairs more whose probes hang until their timeout of a second. */
export function probedDeclaration(periodSeconds: number): string {
  const ports = [...answered, ...hung].map(({ asks, ...port }) => ({
    ...port,
    probe: asks.flatMap(({ action, count }) => Array.from({ length: count }, () => ({ ...action, periodSeconds }))),
  }));
  return JSON.stringify({ ports });
}
