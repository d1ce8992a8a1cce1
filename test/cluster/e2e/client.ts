/** A client pod with MIT's and OpenLDAP's clients and dig. It knows a realm's name; everything else it asks the cluster's DNS. */
import type { Cluster } from '../cluster.ts';
import { type DnsVariant, dnsVariants } from '../layout.ts';
import { person } from './workload.ts';

export type Protocol = 'tcp' | 'udp';

/** A program's end: what it wrote on both outputs. */
export interface Ended {
  readonly code: number;
  readonly text: string;
}

export interface Client {
  /** Runs a bash script in the pod and resolves to its standard output. Throws CommandError when it fails. */
  bash(script: string, timeoutMs?: number): Promise<string>;
  /** `0 100 88 ipa-0.ipa.NAMESPACE.svc.cluster.local.` of each SRV record, sorted. */
  srv(pair: string): Promise<readonly string[]>;
  /** Names and ports of a pair's SRV records, `ipa-0 88`, sorted. */
  servers(pair: string): Promise<readonly string[]>;
  /** kinit as the realm's person, with its trace. */
  kinit(protocol: Protocol, password?: string): Promise<Ended>;
  /** kpasswd, with its trace. Whatever krb5.conf says, it talks TCP where the DNS names a server over TCP, and UDP only where none is. */
  kpasswd(password: string, changed: string): Promise<Ended>;
  /** ldapsearch, by a URI that names the domain and no host. */
  ldapsearch(): Promise<Ended>;
}

export interface ClientChoice {
  readonly namespace: string;
  readonly name: string;
  readonly domain: string;
  readonly variant: DnsVariant;
  /** @default the workload's */
  readonly image?: string | undefined;
}

const startLimitMs = 90_000;

/** Starts the pod and resolves when it runs. */
export async function startClient(cluster: Cluster, choice: ClientChoice): Promise<Client> {
  const { namespace, name, domain } = choice;
  const inNamespace = `--namespace=${namespace}`;
  await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(clientPod(cluster, choice)) });
  const wait = ['wait', '--for=condition=Ready', `--timeout=${startLimitMs / 1000}s`, `pod/${name}`, inNamespace];
  await cluster.kubectl(wait, { timeoutMs: startLimitMs + 5_000 });
  const bash = (script: string, timeoutMs = 60_000): Promise<string> =>
    cluster.kubectl(['exec', name, inNamespace, '--', 'bash', '-c', script], { timeoutMs });
  /** `kubectl exec` mixes a program's exit code with its own: the script says it itself. */
  const ended = async (script: string): Promise<Ended> => {
    const output = await bash(`{ ${script}; } 2>&1; echo "ended $?"`);
    const [, text = '', code] = /^([\s\S]*)ended (\d+)\n$/.exec(output) ?? [];
    if (code === undefined) throw new Error(`the script did not say how it ended: ${output}`);
    return { code: Number(code), text };
  };
  const srv = async (pair: string): Promise<readonly string[]> =>
    (await bash(`dig +short SRV ${pair}.${domain}. | sort`)).split('\n').filter(Boolean);
  return {
    bash,
    srv,
    async servers(pair) {
      return (await srv(pair)).map((line) => line.replace(/^\d+ \d+ (\d+) ([^.]+)\..*$/, '$2 $1')).sort();
    },
    kinit: (protocol, password = person.password) =>
      ended(
        `export KRB5_TRACE=/dev/stderr KRB5_CONFIG=/tmp/${protocol}.conf; echo '${password}' | kinit ${person.name}`,
      ),
    kpasswd: (password, changed) =>
      ended(
        `export KRB5_TRACE=/dev/stderr KRB5_CONFIG=/tmp/udp.conf; printf '%s\\n' '${password}' '${changed}' '${changed}' | kpasswd ${person.name}`,
      ),
    ldapsearch() {
      const base = domain
        .split('.')
        .map((label) => `dc=${label}`)
        .join(',');
      return ended(`ldapsearch -x -LLL -H 'ldap:///${encodeURIComponent(base)}' -b '${base}' -s base o`);
    },
  };
}

/** The krb5.conf of docs/freeipa.md: nothing in [realms]. `tcp` is what FreeIPA's clients have. */
function krb5Conf(domain: string, protocol: Protocol): string {
  const realm = domain.toUpperCase();
  return [
    '[libdefaults]',
    `default_realm = ${realm}`,
    'dns_lookup_kdc = true',
    'dns_lookup_realm = false',
    'dns_uri_lookup = false',
    'rdns = false',
    'dns_canonicalize_hostname = false',
    ...(protocol === 'tcp' ? ['udp_preference_limit = 0'] : []),
    '[domain_realm]',
    `.${domain} = ${realm}`,
    '',
  ].join('\n');
}

function clientPod(cluster: Cluster, { namespace, name, domain, variant, image }: ClientChoice) {
  const dns = cluster.dns.find((server) => server.variant === variant);
  if (dns === undefined)
    throw new Error(`this cluster has no ${variant} DNS; of ${dnsVariants.join(', ')} it has others`);
  const searches = [`${namespace}.svc.cluster.local`, 'svc.cluster.local', 'cluster.local'];
  const dnsConfig = { nameservers: [dns.podAddress], searches, options: [{ name: 'ndots', value: '5' }] };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      ...(variant === 'kubeadm' ? {} : { dnsPolicy: 'None', dnsConfig }),
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 1,
      // With the first node's death no suite would have a client left: the last node is the one that stays.
      ...(cluster.nodes.at(-1)?.faults === undefined ? {} : { nodeName: cluster.nodes.at(-1)?.name }),
      containers: [
        {
          name: 'client',
          image: image ?? cluster.images.workload,
          command: ['bash', '-c', 'printf "$UDP" > /tmp/udp.conf; printf "$TCP" > /tmp/tcp.conf; exec sleep infinity'],
          env: [
            { name: 'UDP', value: krb5Conf(domain, 'udp') },
            { name: 'TCP', value: krb5Conf(domain, 'tcp') },
          ],
          readinessProbe: { exec: { command: ['test', '-s', '/tmp/tcp.conf'] }, periodSeconds: 1 },
        },
      ],
    },
  };
}
