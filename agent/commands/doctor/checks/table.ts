/** Every check by its name, in the order in which people read: the cluster, the rights, what is declared, what is there. */
import type { Facts } from '../facts.ts';
import type { Outcome, Result } from '../result.ts';
import { checkDnsImage, checkSliceApi, checkVersion } from './cluster.ts';
import { checkConfigMap } from './configmap.ts';
import { checkAnswers, checkDnsServer, checkTargets } from './dns.ts';
import { checkForeign, checkLabelLeft, checkMirrorTrap, checkOtherSlices } from './mirror.ts';
import { checkPermissions } from './permissions.ts';
import { checkPods } from './pods.ts';
import { checkDead, checkRegistered, checkSilent } from './register.ts';
import { checkEarlyNames, checkFit, checkHostnames, checkUndeclared, checkWay } from './service.ts';
import { checkDisruption, checkNodes, checkRollout } from './workloads.ts';

const checks = {
  'kubernetes-version': checkVersion,
  'endpointslice-api': checkSliceApi,
  'dns-image': checkDnsImage,
  permissions: checkPermissions,
  configmap: checkConfigMap,
  'service-way': checkWay,
  'service-undeclared': checkUndeclared,
  'mirror-trap': checkMirrorTrap,
  'skip-mirror-left': checkLabelLeft,
  'foreign-addresses': checkForeign,
  'foreign-slices': checkOtherSlices,
  'early-names': checkEarlyNames,
  'service-fit': checkFit,
  registered: checkRegistered,
  dead: checkDead,
  silent: checkSilent,
  pods: checkPods,
  hostnames: checkHostnames,
  nodes: checkNodes,
  'disruption-budget': checkDisruption,
  rollout: checkRollout,
  'dns-server': checkDnsServer,
  'dns-answers': checkAnswers,
  'dns-targets': checkTargets,
} as const satisfies Record<string, (facts: Facts) => readonly Outcome[]>;

/** Runs every check over what was seen. Pure. */
export function runChecks(facts: Facts): readonly Result[] {
  return Object.entries(checks).flatMap(([check, run]) => run(facts).map((outcome) => ({ ...outcome, check })));
}
