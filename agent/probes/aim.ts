/**
 * Which probes there are to run, and where each asks: the declared ones with their ports, transports and realms
 * resolved. Data to data; running them is `prober`.
 */
import type { ProbedPair, ProbeTarget } from '../plan/aim.ts';
import type { Protocol } from '../plan/declaration.ts';
import type { NamedPort } from '../plan/pod.ts';
import type { Probe, ProbeAction } from '../plan/probe.ts';
import type { AttemptTarget } from './attempt.ts';

/** What is to be probed, and the realm that `kerberos` probes ask for which name none: the Service's domain in capitals. */
export type ProbeAim = ProbeTarget & { readonly realm: string };

/** One probe that is to run. Equal data is the same probe. */
export type PlannedProbe = { readonly probe: Probe } & (
  | { readonly kind: 'askable'; readonly target: AttemptTarget }
  /** It fails without asking. `reason`: a whole clause. */
  | { readonly kind: 'unaskable'; readonly reason: string }
);

/** Plans the probes of one pair, in their order. */
export function planProbes(aim: ProbeAim, pair: ProbedPair): readonly PlannedProbe[] {
  return pair.probes.map((probe) => {
    const { action } = probe;
    const transport = transportOf(action, pair.protocol);
    const port = resolvePort(action.port ?? pair.port, transport, aim.namedPorts);
    if (port === undefined) return { kind: 'unaskable', probe, reason: unresolved(action, transport, aim.namedPorts) };
    const realm = action.kind === 'kerberos' ? (action.realm ?? aim.realm) : '';
    return { kind: 'askable', probe, target: { address: aim.address, port, transport, realm } };
  });
}

function transportOf(action: ProbeAction, protocol: Protocol): Protocol {
  switch (action.kind) {
    case 'httpGet':
    case 'tcpSocket':
    case 'ldap':
      return 'TCP';
    case 'udp':
      return 'UDP';
    case 'kerberos':
    case 'kpasswd':
      return action.transport ?? protocol;
    default:
      return action satisfies never;
  }
}

function resolvePort(port: number | string, transport: Protocol, namedPorts: readonly NamedPort[]): number | undefined {
  if (typeof port === 'number') return port;
  return namedPorts.find(({ name, protocol }) => name === port && protocol === transport)?.port;
}

function unresolved(action: ProbeAction, transport: Protocol, namedPorts: readonly NamedPort[]): string {
  const known = namedPorts.map(({ name, protocol }) => `${name}/${protocol}`).join(', ') || 'none';
  return (
    `${action.kind} probe: no ${transport} container port of this pod is named "${action.port}" ` +
    `(its named ports are: ${known}); give the probe's port as a number, or name a ${transport} container port so`
  );
}
