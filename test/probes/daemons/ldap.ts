/** OpenLDAP on loopback: slapd with nothing but its root DSE, on a high port. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Daemon, freePortPair, startDaemon } from './daemon.ts';

/** A directory server. */
export type Directory = { readonly slapd: Daemon; readonly port: number };

/** Starts slapd, which may not listen yet when this resolves. `extra`: further lines of its configuration. */
export async function startDirectory(t: TestContext, extra = ''): Promise<Directory> {
  const folder = await mkdtemp(join(tmpdir(), 'registrar-slapd-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const port = await freePortPair();
  const config = join(folder, 'slapd.conf');
  await writeFile(config, `pidfile ${folder}/slapd.pid\nargsfile ${folder}/slapd.args\n${extra}`);
  // A debug level keeps it in the foreground; 0 says nothing.
  const slapd = startDaemon(t, ['slapd', '-d', '0', '-h', `ldap://127.0.0.1:${port}`, '-f', config]);
  return { slapd, port };
}
