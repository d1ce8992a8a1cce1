/**
 * Which server is the cluster's DNS, and which domain the Services are under: from the settings, else from the text of
 * resolv.conf, as kubelet writes it into a pod. Pure; who reads the file is not decided here.
 */
import type { DnsServerSetting } from '../settings.ts';

/** What resolv.conf says (resolv.conf(5)): `{ nameservers: ['10.96.0.10'], searches: ['default.svc.cluster.local', …] }`. */
export type ResolvConf = { readonly nameservers: readonly string[]; readonly searches: readonly string[] };

/** The server to ask, or why none is asked, in words for the operator. */
export type DnsServer =
  | { readonly kind: 'at'; readonly address: string; readonly port: number }
  | { readonly kind: 'off'; readonly reason: string };

const DEFAULT_DOMAIN = 'cluster.local';
const DNS_PORT = 53;

/** Reads the text. Of several `search` or `domain` lines the last counts; what is not known is passed over. */
export function parseResolvConf(text: string): ResolvConf {
  const nameservers: string[] = [];
  let searches: readonly string[] = [];
  for (const line of text.split('\n')) {
    const [keyword = '', ...values] = line.trim().split(/\s+/);
    const [first] = values;
    if (keyword === 'nameserver' && first !== undefined) nameservers.push(first);
    if ((keyword === 'search' || keyword === 'domain') && first !== undefined) searches = values.map(withoutFinalDot);
  }
  return { nameservers, searches };
}

/**
 * Chooses server and domain. `resolvConf`: the file's text, undefined where it cannot be read. A loopback server that
 * was not asked for is the pod's own (FreeIPA's, with --setup-dns) and knows nothing of the cluster: then off.
 */
export function chooseDns(
  settings: { readonly server: DnsServerSetting | undefined; readonly clusterDomain: string | undefined },
  given: { readonly resolvConf: string | undefined; readonly namespace: string },
): { readonly server: DnsServer; readonly clusterDomain: string } {
  const conf = given.resolvConf === undefined ? undefined : parseResolvConf(given.resolvConf);
  return {
    server: chooseServer(settings.server, conf),
    clusterDomain: settings.clusterDomain ?? domainOf(conf?.searches ?? [], given.namespace) ?? DEFAULT_DOMAIN,
  };
}

function chooseServer(setting: DnsServerSetting | undefined, conf: ResolvConf | undefined): DnsServer {
  if (setting?.kind === 'at') return setting;
  if (setting?.kind === 'off') return { kind: 'off', reason: 'REGISTRAR_DNS_SERVER is off' };
  const set = "set REGISTRAR_DNS_SERVER to the cluster's to have answers checked";
  if (conf === undefined) return { kind: 'off', reason: `/etc/resolv.conf cannot be read: ${set}` };
  const [address] = conf.nameservers;
  if (address === undefined) return { kind: 'off', reason: `/etc/resolv.conf names no server: ${set}` };
  if (isLoopback(address)) {
    return {
      kind: 'off',
      reason: `/etc/resolv.conf begins with ${address}, the pod's own and not the cluster's DNS: ${set}`,
    };
  }
  return { kind: 'at', address, port: DNS_PORT };
}

function isLoopback(address: string): boolean {
  return /^(::ffff:)?127\./i.test(address) || /^(0{0,4}:){2,7}0{0,3}1$/.test(address);
}

/** `svc.<domain>` and `<namespace>.svc.<domain>` are what kubelet puts into a pod's search list. */
function domainOf(searches: readonly string[], namespace: string): string | undefined {
  for (const prefix of ['svc.', `${namespace}.svc.`]) {
    const found = searches.find((search) => search.startsWith(prefix) && search.length > prefix.length);
    if (found !== undefined) return found.slice(prefix.length);
  }
  return undefined;
}

function withoutFinalDot(name: string): string {
  return name.replace(/\.$/, '').toLowerCase();
}
