/** MIT Kerberos on loopback: a realm with its database in a folder of the test, krb5kdc and kadmind on high ports. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Daemon, freePortPair, run, startDaemon } from './daemon.ts';

export const REALM = 'IPA.DEFAULT.SVC.CLUSTER.LOCAL';

/** A realm and its two daemons. Both protocols of a daemon have one port. */
export type Realm = {
  readonly kdc: Daemon;
  readonly kdcPort: number;
  readonly kadmind: Daemon;
  readonly kpasswdPort: number;
  /** Starts another KDC in the place of one that was killed. */
  readonly startKdc: () => Daemon;
  /** Takes the database away from under the KDC, which goes on. */
  readonly removeDatabase: () => Promise<void>;
};

/** Makes a realm and starts its daemons, which may not listen yet when this resolves. */
export async function startRealm(t: TestContext): Promise<Realm> {
  const folder = await mkdtemp(join(tmpdir(), 'registrar-kdc-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const [kdcPort, kpasswdPort, adminPort] = [await freePortPair(), await freePortPair(), await freePortPair()];
  const env = {
    KRB5_CONFIG: join(folder, 'krb5.conf'),
    KRB5_KDC_PROFILE: join(folder, 'kdc.conf'),
    KRB5RCACHEDIR: folder,
  };
  await writeFile(env.KRB5_CONFIG, `[libdefaults]\n  default_realm = ${REALM}\n  dns_lookup_kdc = false\n`);
  await writeFile(
    env.KRB5_KDC_PROFILE,
    `[realms]
  ${REALM} = {
    database_name = ${folder}/principal
    key_stash_file = ${folder}/stash
    acl_file = ${folder}/kadm5.acl
    kdc_listen = 127.0.0.1:${kdcPort}
    kdc_tcp_listen = 127.0.0.1:${kdcPort}
    kpasswd_listen = 127.0.0.1:${kpasswdPort}
    kadmind_listen = 127.0.0.1:${adminPort}
  }
[logging]
  default = FILE:${folder}/log
`,
  );
  await writeFile(join(folder, 'kadm5.acl'), '');
  run(['kdb5_util', 'create', '-s', '-P', 'test', '-r', REALM], env);
  const startKdc = () => startDaemon(t, ['krb5kdc', '-n', '-r', REALM, '-P', `${folder}/kdc.pid`], env);
  return {
    kdcPort,
    kpasswdPort,
    kdc: startKdc(),
    kadmind: startDaemon(t, ['kadmind', '-nofork', '-r', REALM, '-P', `${folder}/kadmind.pid`], env),
    startKdc,
    removeDatabase: async () => {
      for (const suffix of ['', '.ok', '.kadm5', '.kadm5.lock']) {
        await rm(join(folder, `principal${suffix}`), { force: true });
      }
    },
  };
}
