/** A client with FreeIPA's own code: how `ipa-client-install` looks for servers, and what it says of what it found before it changes anything. */
import { findFolders } from '../open.ts';
import { freeipaClientRecipe, provideImage } from '../provide/images.ts';
import type { Client } from './client.ts';
import { report, type World } from './world.ts';

/** What `IPADiscovery.search` of ipaclient/discovery.py came to: `{ outcome: 'Success', kdc: 'ipa-0.ipa…,ipa-1.ipa…', … }`. */
export interface Discovered {
  readonly outcome: string;
  readonly realm: string | undefined;
  /** The LDAP servers that it verified: it ends with the first one that is an IPA server. */
  readonly servers: readonly string[];
  /** Who stands under `_kerberos._udp`, sorted. */
  readonly kdcs: readonly string[];
}

/** Starts a client from an image of its own: CLUSTER_FREEIPA_CLIENT_IMAGE, else one that is built and loaded. */
export async function addFreeipaClient(world: World): Promise<Client> {
  const given = process.env['CLUSTER_FREEIPA_CLIENT_IMAGE'];
  const build = () => provideImage(freeipaClientRecipe, findFolders(process.env).cache, report);
  const image = given ?? (await world.cluster.images.load(await build()));
  return world.addClient('freeipa', 'kubeadm', image);
}

const discoveryScript = `
import sys
from ipaclient.discovery import IPADiscovery, error_names
found = IPADiscovery()
outcome = error_names[found.search(domain=sys.argv[1])]
print(outcome, found.realm, ','.join(found.servers), found.kdc)
`;

/** Runs FreeIPA's discovery with nothing but the domain. Throws CommandError where the code itself fails. */
export async function discover(client: Client, domain: string): Promise<Discovered> {
  const output = await client.bash(`python3 - ${domain} <<'END'\n${discoveryScript}\nEND`);
  const [outcome = '', realm, servers = '', kdc = ''] = output.trim().split(' ');
  const kdcs = kdc === 'None' ? [] : kdc.split(',').sort();
  return { outcome, realm: realm === 'None' ? undefined : realm, servers: servers.split(',').filter(Boolean), kdcs };
}

/**
 * What `ipa-client-install --domain` prints until it asks whether to go on; the answer is no. What comes after that, the enrolment, needs all
 * of an IPA server.
 */
export async function rehearseInstallation(client: Client, domain: string): Promise<string> {
  const program = 'from ipaclient.install.ipa_client_install import run; run()';
  return client.bash(
    `echo no | python3 -c '${program}' --domain ${domain} --hostname client.${domain} --no-ntp 2>&1 || true`,
  );
}
