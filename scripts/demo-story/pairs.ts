/** The ports of a FreeIPA server as clients look for them, and the Kubernetes objects that the story makes of them. */
import type { JsonObject } from '../../test/embedded/objects/json.ts';
import { CONFIGMAP } from '../../test/support/role.ts';

/** The Service of the story, in namespace `default`. */
export const SERVICE = 'ipa';

/** The label that the Service with a selector picks its pods by. */
export const POD_LABELS = { app: 'freeipa' } as const;

/** A port's name and protocol, with its number. */
export type Pair = { readonly name: string; readonly protocol: 'TCP' | 'UDP'; readonly port: number };

/** The pair that a Service can hold, and the one that then finds its name taken. */
export const kerberosTcp: Pair = { name: 'kerberos', protocol: 'TCP', port: 88 };
export const kerberosUdp: Pair = { name: 'kerberos', protocol: 'UDP', port: 88 };

/** What FreeIPA puts in its own DNS (ldap, kerberos, kerberos-master, kpasswd), and its web server. */
export const pairs: readonly Pair[] = [
  { name: 'ldap', protocol: 'TCP', port: 389 },
  kerberosTcp,
  kerberosUdp,
  { name: 'kerberos-master', protocol: 'TCP', port: 88 },
  { name: 'kerberos-master', protocol: 'UDP', port: 88 },
  { name: 'kpasswd', protocol: 'TCP', port: 464 },
  { name: 'kpasswd', protocol: 'UDP', port: 464 },
  { name: 'http', protocol: 'TCP', port: 80 },
  { name: 'https', protocol: 'TCP', port: 443 },
];

/** The two that the story is about, TCP first. */
export const kerberos = [kerberosTcp, kerberosUdp];

/** The pair that the story adds and takes away. */
export const ldaps: Pair = { name: 'ldaps', protocol: 'TCP', port: 636 };

/** The pairs of which a Service can hold each name once, and each number and protocol once. */
export const ordinary = pairs.filter(({ name, protocol }) => protocol === 'TCP' && name !== 'kerberos-master');

/** The pairs that such a Service lacks. */
export const missing = pairs.filter((pair) => !ordinary.includes(pair));

/** e.g. `kerberos/UDP`. */
export const pairText = ({ name, protocol }: Pick<Pair, 'name' | 'protocol'>): string => `${name}/${protocol}`;

/** Pairs in words, e.g. `kerberos/UDP and kpasswd/UDP`. */
export function listText(listed: readonly Pair[]): string {
  const texts = listed.map(pairText);
  return texts.length < 2 ? texts.join('') : `${texts.slice(0, -1).join(', ')} and ${texts.at(-1)}`;
}

/** The value of the ConfigMap's key, as a user writes it. */
export function declarationText(declared: readonly Pair[]): string {
  const ports = declared.map(({ name, protocol, port }) => `- { name: ${name}, protocol: ${protocol}, port: ${port} }`);
  return ['ports:', ...ports, ''].join('\n');
}

/** The ConfigMap. `data` is the declaration of the Service; undefined leaves the Service out of it. */
export function configMap(declaration: string | undefined): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: CONFIGMAP },
    data: declaration === undefined ? {} : { [SERVICE]: declaration },
  };
}

/** The Service, headless: DNS answers with its pods themselves. Without ports and selector unless `spec` has some. */
export function service(spec: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: SERVICE },
    spec: { clusterIP: 'None', ipFamilyPolicy: 'SingleStack', ...spec },
  };
}

/** An Endpoints object as a person writes it by hand: one subset a pair, all servers in each. */
export function sharedEndpoints(
  shared: readonly Pair[],
  servers: readonly { readonly name: string; readonly ip: string }[],
): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: SERVICE },
    subsets: shared.map((pair) => ({
      addresses: servers.map(({ name, ip }) => ({ ip, hostname: name })),
      ports: [pair],
    })),
  };
}
