/** CoreDNS, once for each variant, with the Corefile that kubeadm writes (its text, and the two ways of caching it is compared with). */
import { join } from 'node:path';
import { clusterDomain, type DnsLayout, type DnsVariant, type Layout } from '../layout.ts';
import type { Part } from './part.ts';

const ttlSeconds: Readonly<Record<DnsVariant, number>> = { kubeadm: 30, cached: 30, prompt: 5 };

/**
 * What stands in the place of kubeadm's `cache` block. kubeadm 1.37 caches only what is forwarded;
 * its plain `cache 30` of earlier releases keeps cluster answers too, and is still what many clusters run.
 */
const cacheLines: Readonly<Record<DnsVariant, readonly string[]>> = {
  kubeadm: ['cache 30 {', `   disable success ${clusterDomain}`, `   disable denial ${clusterDomain}`, '}'],
  cached: ['cache 30'],
  prompt: [],
};

export interface CoreDnsInputs {
  readonly layout: Layout;
  readonly binaries: string;
  readonly kubeconfig: string;
}

export function coreDns({ layout, binaries, kubeconfig }: CoreDnsInputs, dns: DnsLayout): Part {
  const name = coreDnsName(dns.variant);
  const folder = layout.control.folder;
  const corefile = join(folder, `${name}.Corefile`);
  const resolvConf = join(folder, `${name}.resolv.conf`);
  const outside = `127.0.0.${dns.address.split('.').at(-1)}`;
  return {
    name,
    command: [join(binaries, 'coredns'), '-conf', corefile],
    files: [
      { path: corefile, text: corefileText({ dns, kubeconfig, resolvConf, outside }) },
      { path: resolvConf, text: `nameserver ${outside}\n` },
    ],
    health: `http://${dns.address}:8181/ready`,
  };
}

export function coreDnsName(variant: DnsVariant): string {
  return `coredns-${variant}`;
}

interface CorefileInputs {
  readonly dns: DnsLayout;
  readonly kubeconfig: string;
  readonly resolvConf: string;
  readonly outside: string;
}

/**
 * kubeadm's Corefile, with an address for each listener (the variants share a machine), a kubeconfig (this is no pod),
 * and, for the world outside, a server of its own that says NXDOMAIN to everything: there is no such world here.
 */
function corefileText({ dns, kubeconfig, resolvConf, outside }: CorefileInputs): string {
  return `.:53 {
    bind ${dns.address}
    errors
    health ${dns.address}:8080 {
       lameduck 5s
    }
    ready ${dns.address}:8181
    kubernetes ${clusterDomain} in-addr.arpa ip6.arpa {
       kubeconfig ${kubeconfig}
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl ${ttlSeconds[dns.variant]}
    }
    prometheus ${dns.address}:9153
    forward . ${resolvConf} {
       max_concurrent 1000
    }
${cacheLines[dns.variant].map((line) => `    ${line}\n`).join('')}    loop
    reload
    loadbalance
}
.:53 {
    bind ${outside}
    template ANY ANY {
       rcode NXDOMAIN
    }
}
`;
}
