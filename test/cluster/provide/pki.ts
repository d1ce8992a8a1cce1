/** The cluster's certificates and kubeconfigs: one authority, one key pair for each component, made with openssl and kept in one folder. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { run } from '../machine/exec.ts';

/** Files of one key pair. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** Whom a certificate names: `user` and `groups` as Kubernetes reads them (CN and O); `names` are the DNS names and addresses it serves. */
export interface Subject {
  readonly user: string;
  readonly groups?: readonly string[];
  readonly names?: readonly string[];
}

export interface Pki {
  readonly ca: KeyPair;
  /** Signs ServiceAccount tokens; no certificate belongs to it. */
  readonly serviceAccountKey: string;
  /** Makes the key pair of a component unless it is there. Valid for both ends of a connection. */
  keyPair(name: string, subject: Subject): Promise<KeyPair>;
  /** Writes a kubeconfig that holds its certificates itself. */
  kubeconfig(
    file: string,
    access: { readonly server: string; readonly name: string; readonly subject: Subject },
  ): Promise<string>;
}

const validDays = '365';

/** Opens the folder's authority, making it when absent. */
export async function openPki(folder: string): Promise<Pki> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const ca: KeyPair = { cert: join(folder, 'ca.crt'), key: join(folder, 'ca.key') };
  const serviceAccountKey = join(folder, 'service-account.key');
  if (!existsSync(ca.cert)) {
    const extensions = [
      '-addext',
      'basicConstraints=critical,CA:true',
      '-addext',
      'keyUsage=critical,digitalSignature,keyCertSign,cRLSign',
    ];
    await run([
      'openssl',
      'req',
      '-x509',
      ...newKey(ca.key),
      '-days',
      validDays,
      '-subj',
      '/CN=kubernetes',
      ...extensions,
      '-out',
      ca.cert,
    ]);
  }
  if (!existsSync(serviceAccountKey)) {
    await run([
      'openssl',
      'genpkey',
      '-algorithm',
      'RSA',
      '-pkeyopt',
      'rsa_keygen_bits:2048',
      '-out',
      serviceAccountKey,
    ]);
  }

  const keyPair = async (name: string, subject: Subject): Promise<KeyPair> => {
    const pair: KeyPair = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
    if (existsSync(pair.cert)) return pair;
    const organisations = (subject.groups ?? []).map((group) => `/O=${group}`).join('');
    const alternatives = (subject.names ?? []).map((value) => `${/^[\d.]+$/.test(value) ? 'IP' : 'DNS'}:${value}`);
    const extensions = [
      'keyUsage=digitalSignature',
      'extendedKeyUsage=serverAuth,clientAuth',
      ...alternatives.slice(0, 1).map(() => `subjectAltName=${alternatives.join(',')}`),
    ];
    const added = extensions.flatMap((extension) => ['-addext', extension]);
    const request = await run([
      'openssl',
      'req',
      '-new',
      ...newKey(pair.key),
      '-subj',
      `${organisations}/CN=${subject.user}`,
      ...added,
    ]);
    const serial = `0x${randomBytes(16).toString('hex')}`; // openssl's own counter file does not survive two signers at once
    const signer = [
      '-CA',
      ca.cert,
      '-CAkey',
      ca.key,
      '-set_serial',
      serial,
      '-days',
      validDays,
      '-copy_extensions',
      'copyall',
    ];
    await run(['openssl', 'x509', '-req', ...signer, '-out', pair.cert], { input: request });
    return pair;
  };

  return {
    ca,
    serviceAccountKey,
    keyPair,
    async kubeconfig(file, { server, name, subject }) {
      const pair = await keyPair(name, subject);
      const base64 = async (path: string) => (await readFile(path)).toString('base64');
      const cluster = { server, 'certificate-authority-data': await base64(ca.cert) };
      const user = { 'client-certificate-data': await base64(pair.cert), 'client-key-data': await base64(pair.key) };
      const config = {
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'test', cluster }],
        users: [{ name, user }],
        contexts: [{ name: 'test', context: { cluster: 'test', user: name } }],
        'current-context': 'test',
      };
      await writeFile(file, stringify(config), { mode: 0o600 });
      return file;
    },
  };
}

function newKey(file: string): readonly string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', file];
}
