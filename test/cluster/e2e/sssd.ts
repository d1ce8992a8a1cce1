/** SSSD in a client pod: identities by LDAP, passwords by Kerberos, both servers found by SRV alone; and logins through PAM. */
import type { Client, Ended } from './client.ts';
import { untilRead } from './pods.ts';
import { person } from './workload.ts';

export interface Sssd {
  /** A login through PAM, by pam_sss alone. Nothing is cached: only a KDC that answers makes it succeed. */
  login(): Promise<Ended>;
  /** What the SRV records gave it: `LDAP ipa-0 389`, sorted, each once. */
  discovered(): Promise<readonly string[]>;
  /** The KDCs that it tells libkrb5 of, by address or name, the one that it chose first; none before the first login. */
  kdcs(): Promise<readonly string[]>;
}

const service = 'e2e';
const logFile = '/var/log/sssd/sssd_e2e.log';
const startLimitMs = 30_000;

/** Starts it and resolves when it knows the realm's person. */
export async function startSssd(client: Client, domain: string): Promise<Sssd> {
  const realm = domain.toUpperCase();
  await client.bash(`
cp /tmp/tcp.conf /etc/krb5.conf
cat > /etc/sssd/sssd.conf <<'END'
${configuration(domain)}END
chmod 600 /etc/sssd/sssd.conf
printf 'auth required pam_sss.so\\naccount required pam_sss.so\\n' > /etc/pam.d/${service}
setsid sssd --interactive --logger=files > /tmp/sssd.out 2>&1 < /dev/null &`);
  const known = () => client.bash(`id --user ${person.name} 2> /dev/null || true`);
  await untilRead('the user id of the person', startLimitMs, known, (text) => text !== '');
  return {
    async login() {
      const output = await client.bash(
        `echo '${person.password}' | pamtester ${service} ${person.name} authenticate 2>&1; echo "ended $?"`,
      );
      return { code: Number(/ended (\d+)\n$/.exec(output)?.[1] ?? -1), text: output };
    },
    async discovered() {
      const log = await client.bash(`cat ${logFile}`);
      const found = log.matchAll(/Inserted primary server '([^.']+)[^']*:(\d+)' to service '(\w+)'/g);
      return [...new Set([...found].map(([, name, port, kind]) => `${kind} ${name} ${port}`))].sort();
    },
    async kdcs() {
      const lines = await client.bash(`cat /var/lib/sss/pubconf/kdcinfo.${realm} 2> /dev/null || true`);
      return lines
        .split('\n')
        .map((line) => line.replace(/:88$/, ''))
        .filter(Boolean);
    },
  };
}

function configuration(domain: string): string {
  const base = domain
    .split('.')
    .map((label) => `dc=${label}`)
    .join(',');
  return [
    '[sssd]',
    'services = nss, pam',
    'domains = e2e',
    '[domain/e2e]',
    'debug_level = 6',
    'id_provider = ldap',
    'auth_provider = krb5',
    'access_provider = permit',
    'ldap_uri = _srv_',
    `ldap_search_base = ${base}`,
    'ldap_id_use_start_tls = false',
    'krb5_server = _srv_',
    `krb5_realm = ${domain.toUpperCase()}`,
    'krb5_ccname_template = FILE:/tmp/sssd.cc',
    `dns_discovery_domain = ${domain}`,
    'cache_credentials = false',
    '',
  ].join('\n');
}
