/**
 * What is to be probed: the declared pairs that have probes, are ours and lead somewhere, as long as they could be
 * announced at all. Asking is `probes/`; what the answers mean for a pair is `pairs.ts`.
 */
import type { Declaration } from './declaration.ts';
import { isAnnouncedUnready, type Pair, type PairScene, resolveTarget, servicePortOf } from './pairs.ts';
import type { NamedPort } from './pod.ts';
import type { Probe } from './probe.ts';
import { registerAddress } from './service.ts';

/** A pair with its probes; never without one. `port`: where the pair leads, which a probe without a port of its own asks. */
export type ProbedPair = Pick<Pair, 'name' | 'protocol' | 'port'> & { readonly probes: readonly Probe[] };

/** What is to be probed under one Service. */
export type ProbeTarget = {
  readonly service: string;
  /** The own address that is asked: that of the register. */
  readonly address: string;
  readonly pairs: readonly ProbedPair[];
  /** What a probe's named port can mean. */
  readonly namedPorts: readonly NamedPort[];
};

/**
 * Plans what is to be probed. Undefined: nothing, since no pair of ours has a probe, the workload is not ready (a daemon
 * that is starting is no failure), or the pod has no address that the Service shares.
 */
export function planProbeTarget(scene: PairScene): ProbeTarget | undefined {
  const { declaration, service, pod } = scene;
  const address = registerAddress(service, pod.identity.addresses);
  const pairs = probedPairs(declaration, scene);
  if (address === undefined || pairs.length === 0) return undefined;
  if (pod.readiness.kind === 'unready' && !isAnnouncedUnready(declaration, pod)) return undefined;
  return { service: service.name, address, pairs, namedPorts: pod.namedPorts };
}

function probedPairs(declaration: Declaration, scene: PairScene): readonly ProbedPair[] {
  return declaration.ports.flatMap((declared) => {
    const { name, protocol, probes } = declared;
    const port = resolveTarget(declared, scene.pod.namedPorts);
    if (probes === undefined || port === undefined || servicePortOf(declared, scene) !== undefined) return [];
    return [{ name, protocol, port, probes }];
  });
}
