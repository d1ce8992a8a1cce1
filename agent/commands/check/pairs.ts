/**
 * One declared pair beside the workload that serves it and the Service that may have the pair itself. Where a pair and
 * its probes lead is decided by the agent's own functions.
 */
import { resolveTarget } from '../../plan/pairs.ts';
import type { NamedPort } from '../../plan/pod.ts';
import { planProbes } from '../../probes/aim.ts';
import type { DeclaredPair, DeclaredService } from './declared.ts';
import type { Message } from './message.ts';
import { at, numberAt, type Part, textAt } from './part.ts';
import { nameOf, type Workload } from './workload.ts';

/** A pair and what stands beside it. `service` is the Service's own port of this pair, where the pair is left to it. */
export type PairScene = {
  readonly pair: DeclaredPair;
  readonly declared: DeclaredService;
  readonly workload: Workload;
  readonly service: Part | undefined;
};

/** Everything that can be said about one pair. */
export function checkPair(given: PairScene): readonly Message[] {
  const { pair, declared, workload, service } = given;
  const { namedPorts } = workload;
  const place = `Service ${declared.service}, pair ${pair.name}/${pair.protocol}`;
  const messages: Message[] = [...compareWithService({ pair, declared, own: service, namedPorts })];
  const target = pair.targetPort;
  if (service === undefined && typeof target === 'string' && resolveTarget(pair, namedPorts) === undefined) {
    messages.push({
      severity: 'fault',
      place: pair.placeOf('targetPort'),
      text: `${place}: targetPort ${target} must be a ${pair.protocol} container port of ${nameOf(workload.object)}, whose named ports are: ${known(namedPorts)}`,
      remedy: `Give it as a number, or name a ${pair.protocol} container port ${target}.`,
    });
  }
  return [...messages, ...checkProbes(given)];
}

function checkProbes({ pair, declared, workload, service }: PairScene): readonly Message[] {
  const { probes = [], protocol } = pair;
  const place = `Service ${declared.service}, pair ${pair.name}/${protocol}`;
  if (service !== undefined && probes.length > 0) {
    return [
      {
        severity: 'warning',
        place: pair.placeOf('probe'),
        text: `${place}: its probe cannot withhold it, since the Service has this pair itself and the control plane announces it`,
        remedy:
          "Take the pair out of the Service's own ports, and it is announced by its probe; or take the probe out.",
      },
    ];
  }
  const { namedPorts } = workload;
  const aim = { service: declared.service, address: '', pairs: [], namedPorts, realm: '' };
  // The port alone is asked about: where the pair's own has no number, that is said already.
  const planned = planProbes(aim, { name: pair.name, protocol, port: 0, probes });
  return planned.flatMap(({ kind, probe: { action } }): readonly Message[] => {
    if (kind !== 'unaskable') return [];
    const text = `${place}: the ${action.kind} probe asks port ${action.port}, and ${nameOf(workload.object)} has no such container port with the probe's protocol; its named ports are: ${known(namedPorts)}`;
    const remedy = 'Give it as a number, or name a container port so.';
    return [{ severity: 'fault', place: pair.placeOf('probe'), text, remedy }];
  });
}

function known(namedPorts: readonly NamedPort[]): string {
  return [...new Set(namedPorts.map(({ name, protocol }) => `${name}/${protocol}`))].join(', ') || 'none';
}

/** 0 and an empty text are as good as none, as the API server reads them. */
function isGiven(target: unknown): target is number | string {
  return (typeof target === 'number' || typeof target === 'string') && target !== 0 && target !== '';
}

/** The Service wins where it has the pair already; it is told where the declaration says otherwise. */
export function compareWithService(given: {
  readonly pair: DeclaredPair;
  readonly declared: DeclaredService;
  readonly own: Part | undefined;
  readonly namedPorts: readonly NamedPort[];
}): readonly Message[] {
  const { pair, declared, own, namedPorts } = given;
  if (own === undefined) return [];
  const ownTarget = at(own, 'targetPort')?.value;
  const written = isGiven(ownTarget) ? ownTarget : numberAt(own, 'port');
  const ours = resolveTarget(pair, namedPorts);
  const theirs =
    written === undefined
      ? undefined
      : resolveTarget({ protocol: pair.protocol, port: 0, targetPort: written }, namedPorts);
  const name = `Service ${declared.service}, pair ${pair.name}/${pair.protocol}`;
  if (ours !== undefined && theirs !== undefined && ours !== theirs) {
    return [
      {
        severity: 'warning',
        place: pair.placeOf(pair.targetPort === undefined ? 'port' : 'targetPort'),
        text: `${name} leads to port ${ours} here and to ${theirs} in the Service's own port; the Service wins`,
        remedy: 'Make both the same, or take the pair out of the ConfigMap.',
      },
    ];
  }
  const ownProtocol = textAt(own, 'appProtocol');
  if (pair.appProtocol === undefined || pair.appProtocol === ownProtocol) return [];
  return [
    {
      severity: 'warning',
      place: pair.placeOf('appProtocol'),
      text: `${name} has appProtocol ${pair.appProtocol} here and ${ownProtocol ?? 'none'} in the Service's own port; the Service wins`,
      remedy: 'Set appProtocol on the Service, or take the pair out of the ConfigMap.',
    },
  ];
}
