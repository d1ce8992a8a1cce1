/** The cluster's DNS, from the settings and the pod's resolv.conf: whom to ask, and under which domain. */
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { createDns, type Dns } from '../dns/ask.ts';
import { chooseDns } from '../dns/resolv-conf.ts';

/** Whom to ask, if anybody, and the domain that Services are under, e.g. `cluster.local`. */
export type ClusterDns = { readonly dns: Dns; readonly clusterDomain: string };

/** Decides it; nothing is asked yet. `resolvConf`: the file's text, undefined where it cannot be read. */
export function openDns(
  { dns, namespace }: Pick<Config, 'dns' | 'namespace'>,
  given: { readonly clock: Clock; readonly random: () => number; readonly resolvConf: string | undefined },
): ClusterDns {
  const { server, clusterDomain } = chooseDns(dns, { resolvConf: given.resolvConf, namespace });
  return { dns: createDns(given, server), clusterDomain };
}
