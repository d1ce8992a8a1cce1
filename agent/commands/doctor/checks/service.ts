/** Checks each Service: whether and how it is served, and what of it misleads clients or pods. */
import type { Service } from '../../../kube/objects.ts';
import { listSome } from '../../../plan/finding.ts';
import { planPairs } from '../../../plan/pairs.ts';
import { readPod } from '../../../plan/pod.ts';
import { type RegisterView, readRegister } from '../../../plan/register.ts';
import { readService, registerAddress } from '../../../plan/service.ts';
import { planWay, type Way } from '../../../plan/way.ts';
import { aliveMembers, type Facts, type ServiceSeen, seenOr } from '../facts.ts';
import { mergePods, type Outcome, type Reporter, type Said, under } from '../result.ts';
import { findTrap } from './mirror.ts';

/** The heading of a Service's outcomes. */
export const themeOf = (name: string) => `Service ${name}`;

/** The way of a Service as an agent would choose it now; undefined where that cannot be seen. */
export function wayOf(seen: ServiceSeen): Way | undefined {
  if (seen.service.kind !== 'seen' || seen.slices.kind !== 'seen') return undefined;
  const service = seen.service.value === undefined ? undefined : readService(seen.service.value);
  return planWay({ name: seen.name, service, slices: seen.slices.value, view: viewOf(seen) });
}

/** The register as read first; undefined where there is none, or it may not be read. */
export function viewOf({ endpoints }: ServiceSeen): RegisterView | undefined {
  const register = seenOr(endpoints, undefined);
  return register === undefined ? undefined : readRegister(register);
}

const served = {
  full: 'headless, without a selector: the agents register in full',
  supplement: 'headless, with a selector: the agents add the pairs that its own ports lack',
} as const;

/** Whether it is served, and in which way; the words of a refusal are the agents' own. */
export function checkWay({ services }: Facts): readonly Outcome[] {
  return services.flatMap((seen) => {
    const say = under(themeOf(seen.name));
    const { name, service, slices, endpoints } = seen;
    if (seen.declaration === undefined && seenOr(service, undefined) === undefined) return [];
    const unseen = [service, slices, endpoints].flatMap((look) => (look.kind === 'seen' ? [] : [look.why]));
    const way = wayOf(seen);
    if (way === undefined) return [say.skipped(`Service ${name}: ${unseen.join('; ')}`)];
    if (way.kind === 'full' || way.kind === 'supplement') return [say.ok(`Service ${name}: ${served[way.kind]}`)];
    // The trap's own sentence says more than that addresses are not ours.
    return way.reason === 'foreign-addresses' && findTrap(seen) !== undefined ? [] : [say.finding(way.finding)];
  });
}

/** Whether something is published under a Service that is not declared any more. */
export function checkUndeclared({ services, declared }: Facts): readonly Outcome[] {
  if (declared?.kind !== 'valid') return [];
  return services
    .filter(({ declaration }) => declaration === undefined)
    .map(({ name }) =>
      under(themeOf(name)).warning(
        `Service ${name}: EndpointSlices of agents stand under it, and the ConfigMap does not declare it`,
        'Living agents withdraw in a moment; where none lives, run: endpoint-registrar sweep.',
      ),
    );
}

/** Whether native SRV records run ahead of readiness where others of the same name wait for it. */
export function checkEarlyNames({ services }: Facts): readonly Outcome[] {
  return services.flatMap(({ name, service, declaration }) => {
    const spec = seenOr(service, undefined)?.spec;
    if (spec?.publishNotReadyAddresses !== true || Object.keys(spec.selector ?? {}).length === 0) return [];
    const say = under(themeOf(name));
    const ports = spec.ports ?? [];
    if (ports.length === 0) {
      return [say.ok(`Service ${name}: publishNotReadyAddresses, no ports of its own: names resolve early, SRV waits`)];
    }
    const shown = (some: typeof ports) =>
      listSome(some.map((port) => `${port.name ?? port.port}/${port.protocol ?? 'TCP'}`));
    const waiting = new Set(
      declaration?.publishNotReadyAddresses === true ? [] : declaration?.ports.map((port) => port.name),
    );
    const followed = ports.filter((port) => waiting.has(port.name ?? ''));
    if (followed.length === 0) {
      return [
        say.ok(
          `Service ${name}: publishNotReadyAddresses: names resolve early, and the control plane announces its own ports (${shown(ports)}) as early`,
        ),
      ];
    }
    return [
      say.warning(
        `Service ${name}: publishNotReadyAddresses makes the control plane announce its own ports (${shown(followed)}) for pods that are not ready, while the declared pairs wait for readiness`,
        'Take these ports out of the Service and declare them in the ConfigMap: then names resolve early, and SRV waits for readiness.',
      ),
    ];
  });
}

/** Whether declaration, Service and pods fit together: ports, addresses, names. */
export function checkFit(facts: Facts): readonly Outcome[] {
  return facts.services.flatMap((seen) => {
    const way = wayOf(seen);
    const service = seenOr(seen.service, undefined);
    if (seen.declaration === undefined || way === undefined || service === undefined) return [];
    if (way.kind !== 'full' && way.kind !== 'supplement') return [];
    const members = aliveMembers(facts);
    const said = members.flatMap((member) => {
      const pod = readPod(member.pod, member.sidecarName);
      const given = { service: readService(service), pod, way: way.kind };
      const says = [...saidOfPairs(seen, given), ...saidOfAddress(service, given), ...saidOfName(seen.name, given)];
      const subdomain = member.pod.spec?.subdomain;
      return [...says, ...saidOfDomain(seen.name, subdomain)].map((one) => ({ podName: member.podName, says: one }));
    });
    const outcomes = mergePods(themeOf(seen.name), said);
    if (outcomes.length > 0 || members.length === 0) return outcomes;
    return [fitting(under(themeOf(seen.name)), seen.name)];
  });
}

function fitting(say: Reporter, name: string): Outcome {
  return say.ok(`Service ${name}: ports, IP families and names of its pods agree with it`);
}

type Given = {
  readonly service: ReturnType<typeof readService>;
  readonly pod: ReturnType<typeof readPod>;
  readonly way: 'full' | 'supplement';
};

function saidOfPairs({ declaration }: ServiceSeen, given: Given): readonly Said[] {
  if (declaration === undefined) return [];
  const plan = planPairs({ ...given, declaration, verdicts: () => undefined, standing: new Set() });
  return plan.findings.map((finding) => {
    const { verdict, message: text, remedy } = under('').finding(finding);
    return { verdict, text, remedy };
  });
}

function saidOfAddress(object: Service, { service, pod }: Given): readonly Said[] {
  const has = Object.values(pod.identity.addresses);
  if (has.length === 0 || registerAddress(service, pod.identity.addresses) !== undefined) return [];
  const families = object.spec?.ipFamilies ?? service.families;
  return [
    {
      verdict: 'failure',
      text: `Service ${service.name} has the IP families ${families.join(', ')}, and the pod has none of them (${has.join(', ')})`,
      remedy: `Give Service "${service.name}" an ipFamilies list with a family that the pods have.`,
    },
  ];
}

function saidOfName(service: string, { pod }: Given): readonly Said[] {
  if (pod.identity.hostname !== undefined) return [];
  return [
    {
      verdict: 'warning',
      text: `its name is no DNS label and it has no spec.hostname, so SRV targets under Service ${service} are its IP with hyphens, which no certificate or keytab carries`,
      remedy: 'Give the pods a spec.hostname, or names of at most 63 letters, digits and hyphens.',
    },
  ];
}

/** Whether pods share a hostname: a target then has the addresses of several, and a client cannot tell them apart. */
export function checkHostnames(facts: Facts): readonly Outcome[] {
  const byHostname = Map.groupBy(aliveMembers(facts), ({ pod, sidecarName }) => {
    return readPod(pod, sidecarName).identity.hostname ?? '';
  });
  return [...byHostname]
    .filter(([hostname, members]) => hostname !== '' && members.length > 1)
    .map(([hostname, members]) =>
      under('Pods').warning(
        `pods ${listSome(members.map(({ podName }) => podName).sort())}: they share the hostname ${hostname}, so that one SRV target stands for all of them`,
        'Leave spec.hostname out of the template: then each pod is found under its own name.',
      ),
    );
}

/** A StatefulSet gives its pods `spec.subdomain`, its serviceName: that is the name that the pods have of themselves. */
function saidOfDomain(service: string, subdomain: string | undefined): readonly Said[] {
  if (subdomain === undefined || subdomain === service) return [];
  return [
    {
      verdict: 'warning',
      text: `its own name ends in .${subdomain} (serviceName of the StatefulSet, spec.subdomain of a pod), and SRV targets end in .${service}: TLS says wrong host, and GSSAPI fails with code 7`,
      remedy: `Register under the Service that the pods are named after: serviceName: ${service} in a new StatefulSet, or the key "${subdomain}" in the ConfigMap.`,
    },
  ];
}
