/**
 * Checks what stands in the Endpoints beside the agents, and what the control plane's mirror makes of it. The mirror
 * merges subsets whose addresses are the same, and a slice refuses a port name twice: then nothing at all is mirrored,
 * without an Event (seen on Kubernetes 1.37).
 */
import type { EndpointSlice, Endpoints } from '../../../kube/objects.ts';
import { listSome } from '../../../plan/finding.ts';
import { MANAGED_BY_LABEL, SLICE_CONTROLLER } from '../../../plan/identity.ts';
import { type PairKey, pairKey } from '../../../plan/pairs.ts';
import { readRegister } from '../../../plan/register.ts';
import { readService } from '../../../plan/service.ts';
import { pairsOf, publisherOf } from '../../../plan/slices.ts';
import { FORMAT_ANNOTATION } from '../../../register/endpoints.ts';
import { type Facts, type ServiceSeen, seenOr } from '../facts.ts';
import { type Outcome, under } from '../result.ts';

const MIRROR = 'endpointslicemirroring-controller.k8s.io';

/** Endpoints by hand that have one name under several protocols, and what of them reached DNS. */
export type Trap = {
  /** Names with more than one protocol. */
  readonly names: readonly string[];
  /** Pairs that no mirrored slice announces. */
  readonly missing: readonly PairKey[];
  /** Addresses that mirrored slices announce and the Endpoints do not hold any more. */
  readonly stale: readonly string[];
};

/** The trap, where the Endpoints of this Service are in it. */
export function findTrap({ service, endpoints, slices }: ServiceSeen): Trap | undefined {
  const found = seenOr(service, undefined);
  const register = seenOr(endpoints, undefined);
  if (found === undefined || register === undefined || slices.kind !== 'seen') return undefined;
  const view = readRegister(register);
  if (readService(found).hasSelector || view.keptByController || view.skipsMirror || view.subsets === undefined) {
    return undefined;
  }
  const held = view.subsets.filter(({ addresses = [] }) => addresses.length > 0);
  const pairs = new Set(held.flatMap(({ ports = [] }) => ports.map((port) => pairKey(port))));
  const byName = Map.groupBy(pairs, (pair) => pair.split('/', 1)[0] ?? '');
  const names = [...byName].filter(([, ofName]) => ofName.length > 1).map(([name]) => name);
  if (names.length === 0) return undefined;
  const mirrored = slices.value.filter((slice) => slice.metadata?.labels?.[MANAGED_BY_LABEL] === MIRROR);
  const announced = new Set(mirrored.flatMap(pairsOf));
  const inEndpoints = new Set(
    view.subsets.flatMap(({ addresses = [], notReadyAddresses = [] }) =>
      [...addresses, ...notReadyAddresses].map(({ ip }) => ip),
    ),
  );
  const stale = new Set(mirrored.flatMap(addressesOf).filter((address) => !inEndpoints.has(address)));
  return { names, missing: [...pairs].filter((pair) => !announced.has(pair)), stale: [...stale] };
}

function addressesOf(slice: EndpointSlice): readonly string[] {
  return (slice.endpoints ?? []).flatMap(({ addresses }) => addresses);
}

/** Whether Endpoints written by hand run into the mirror. */
export function checkMirrorTrap({ services }: Facts): readonly Outcome[] {
  return services.flatMap((seen) => {
    const trap = findTrap(seen);
    if (trap === undefined) return [];
    const { name } = seen;
    const say = under(`Service ${name}`);
    const place = `Service ${name}: its Endpoints, written by hand, hold ${listSome(trap.names)} under several protocols`;
    const remedy = `Remove those addresses from Endpoints "${name}" (kubectl delete endpoints ${name}) and let the pods register themselves, or write one EndpointSlice for each protocol.`;
    if (trap.stale.length > 0) {
      return [
        say.failure(
          `${place}; the mirror gave up on them and left EndpointSlices that nobody updates: DNS still answers ${listSome(trap.stale)}, which the Endpoints no longer hold`,
          remedy,
        ),
      ];
    }
    if (trap.missing.length > 0) {
      return [
        say.failure(
          `${place}, which the mirror cannot put into one EndpointSlice: ${listSome(trap.missing)} reached none, so DNS answers NXDOMAIN although kubectl get endpoints looks perfect`,
          remedy,
        ),
      ];
    }
    return [
      say.warning(
        `${place}; they are mirrored only as long as the protocols have different addresses, and stay as they are from the moment they have the same`,
        remedy,
      ),
    ];
  });
}

/** Whether a skip-mirror label was left where no agent beats: Endpoints written by hand do not reach DNS then. */
export function checkLabelLeft({ unmirrored, services }: Facts): readonly Outcome[] {
  const known = services.flatMap(({ endpoints }) => seenOr(endpoints, undefined) ?? []);
  const names = new Set(known.map(({ metadata }) => metadata?.name));
  // Others use the label too: those of the API server itself, Endpoints "kubernetes", carry it.
  const isOurs = ({ metadata }: Endpoints) => metadata?.annotations?.[FORMAT_ANNOTATION] !== undefined;
  const others = seenOr(unmirrored, []).filter((one) => !names.has(one.metadata?.name) && isOurs(one));
  return [...known, ...others].flatMap(leftOn);
}

function leftOn(endpoints: Endpoints): readonly Outcome[] {
  const { skipsMirror, heartbeats, foreign, keptByController } = readRegister(endpoints);
  if (!skipsMirror || keptByController || heartbeats.size > 0) return [];
  const name = endpoints.metadata?.name ?? '';
  const say = under(`Service ${name}`);
  const place = `Service ${name}: its Endpoints carry the skip-mirror label and no agent beats there`;
  const remedy = 'Run endpoint-registrar sweep --all where no agents are to come back, or start the agents.';
  return foreign.length > 0
    ? [say.failure(`${place}; the addresses in it (${listSome(foreign)}) therefore do not reach DNS`, remedy)]
    : [say.warning(`${place}; Endpoints written by hand would therefore not reach DNS`, remedy)];
}

/** Whether addresses of others stand beside ours, unseen by DNS. */
export function checkForeign({ services }: Facts): readonly Outcome[] {
  return services.flatMap(({ name, endpoints, service }) => {
    const register = seenOr(endpoints, undefined);
    const isSelected = Object.keys(seenOr(service, undefined)?.spec?.selector ?? {}).length > 0;
    if (register === undefined || isSelected) return [];
    const { foreign, heartbeats, skipsMirror } = readRegister(register);
    if (foreign.length === 0 || heartbeats.size === 0 || !skipsMirror) return [];
    return [
      under(`Service ${name}`).warning(
        `Service ${name}: its Endpoints hold addresses of nobody who beats (${listSome(foreign)}) beside those of the agents; the label skip-mirror keeps them out of DNS`,
        'Move them to an EndpointSlice of their own and remove them from the Endpoints.',
      ),
    ];
  });
}

/** Whether EndpointSlices of others add answers to those of the agents. */
export function checkOtherSlices({ services }: Facts): readonly Outcome[] {
  return services.flatMap(({ name, slices }) => {
    const others = seenOr(slices, []).filter((slice) => {
      const manager = slice.metadata?.labels?.[MANAGED_BY_LABEL];
      return publisherOf(slice) === undefined && manager !== SLICE_CONTROLLER && manager !== MIRROR;
    });
    if (others.length === 0) return [];
    const names = listSome(others.map(({ metadata }) => metadata?.name ?? ''));
    return [
      under(`Service ${name}`).ok(`Service ${name}: EndpointSlices of others (${names}) are answered by DNS as well`),
    ];
  });
}
