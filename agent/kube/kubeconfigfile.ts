/**
 * The one context of a kubeconfig that is in use, picked from one file or several as kubectl does: relative paths made
 * absolute, everything else checked here, because client-node throws at some mistakes and is silent about others.
 */
import { access, constants, readFile } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { CredentialsError, errorCode } from './connection.ts';
import { isRecord } from './parse.ts';

/** What is in use of a kubeconfig. */
export type ChosenContext = {
  /** `/home/ann/.kube/config (context "lab")`: for faults. */
  readonly place: string;
  /** A kubeconfig with this one context, ready for client-node. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly server: string;
  readonly namespace: string | undefined;
  readonly proxyUrl: string | undefined;
  /** `user.tokenFile`, absolute. client-node ignores it; as in client-go it wins over `user.token`. */
  readonly tokenFile: string | undefined;
  /** Whether a plugin is to give credentials, so that none at all is a fault. */
  readonly hasPlugin: boolean;
};

type Fields = Readonly<Record<string, unknown>>;
type Found = { readonly place: string; readonly folder: string; readonly fields: Fields };
type File = { readonly path: string; readonly fields: Fields };

/** What client-node leaves out without a word, and the API server would then answer as somebody else. */
const unsupportedUserFields = ['as-groups', 'as-uid', 'as-user-extra'];

/**
 * Reads KUBECONFIG. Of several files, the first that sets a name or the current context wins and those that do not
 * exist are passed over (Kubernetes documentation, "Organizing Cluster Access Using kubeconfig Files").
 * @param context the context to take instead of the current one
 * @throws CredentialsError
 */
export async function readKubeconfig(kubeconfig: string, context?: string): Promise<ChosenContext> {
  const faults: string[] = [];
  const files = await readFiles(kubeconfig, faults);
  if (faults.length > 0) throw new CredentialsError(faults);
  const chosen = await choose(files, { context, faults });
  if (chosen === undefined || faults.length > 0) throw new CredentialsError(faults);
  return chosen;
}

async function readFiles(kubeconfig: string, faults: string[]): Promise<readonly File[]> {
  const files: File[] = [];
  for (const path of kubeconfig.split(delimiter).filter((part) => part !== '')) {
    try {
      const fields: unknown = parseYaml(await readFile(path, 'utf8')) ?? {};
      if (isRecord(fields)) files.push({ path, fields });
      else
        faults.push(`KUBECONFIG: ${path} holds no mapping; write clusters, users, contexts and current-context there`);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') faults.push(`KUBECONFIG: ${path} cannot be read: ${messageOf(error)}`);
    }
  }
  if (files.length === 0 && faults.length === 0) {
    const remedy = 'name a file that is there, or unset KUBECONFIG to use the ServiceAccount of the pod';
    faults.push(`KUBECONFIG=${kubeconfig} names no file that exists; ${remedy}`);
  }
  return files;
}

async function choose(
  files: readonly File[],
  { context: wanted, faults }: { readonly context: string | undefined; readonly faults: string[] },
): Promise<ChosenContext | undefined> {
  const contextName =
    wanted ?? files.map((file) => textOf(file.fields['current-context'])).find((name) => name !== undefined);
  const paths = files.map((file) => file.path).join(delimiter);
  if (contextName === undefined) {
    const remedy = `choose one of ${namesOf(files, 'contexts')} with kubectl config use-context`;
    faults.push(`${paths}: current-context is not set, so nothing says which cluster is meant; ${remedy}`);
    return undefined;
  }
  const find = (list: 'contexts' | 'clusters' | 'users', name: string | undefined) => {
    const found = findNamed(files, list, name ?? '');
    if (found === undefined)
      faults.push(`${paths}: ${list} has no ${JSON.stringify(name)}, only ${namesOf(files, list)}`);
    return found;
  };
  const context = find('contexts', contextName);
  if (context === undefined) return undefined;
  const { cluster: clusterName, user, namespace } = context.fields;
  const foundCluster = find('clusters', textOf(clusterName));
  const anonymous = { place: `${context.place}.context`, folder: '', fields: {} }; // a context without a user is legal
  const foundUser = textOf(user) === undefined ? anonymous : find('users', textOf(user));
  if (foundCluster === undefined || foundUser === undefined) return undefined;

  const cluster = await normalizeCluster(foundCluster, faults);
  const { tokenFile, ...userFields } = await normalizeUser(foundUser, faults);
  const { server, 'proxy-url': proxyUrl } = cluster;
  const { exec, 'auth-provider': authProvider } = userFields;
  return {
    place: `${paths} (context ${JSON.stringify(contextName)})`,
    server: textOf(server) ?? '',
    namespace: textOf(namespace),
    proxyUrl: textOf(proxyUrl),
    tokenFile: textOf(tokenFile),
    hasPlugin: isRecord(exec) || isRecord(authProvider),
    config: {
      'current-context': contextName,
      contexts: [{ name: contextName, context: { cluster: 'cluster', user: 'user' } }],
      clusters: [{ name: 'cluster', cluster }],
      users: [{ name: 'user', user: tokenFile === undefined ? userFields : without(userFields, 'token') }],
    },
  };
}

async function normalizeCluster(cluster: Found, faults: string[]): Promise<Fields> {
  const { server: url, 'proxy-url': proxy } = cluster.fields;
  const [server, proxyUrl] = [textOf(url) ?? '', textOf(proxy)];
  const { protocol } = URL.canParse(server) ? new URL(server) : { protocol: '' };
  if (protocol !== 'https:' && protocol !== 'http:') {
    faults.push(`${cluster.place}.server: ${JSON.stringify(server)} is no URL; write one, as https://192.0.2.1:6443`);
  }
  if (protocol === 'http:' && cluster.fields['insecure-skip-tls-verify'] !== true) {
    const remedy = 'set insecure-skip-tls-verify: true beside it if that is meant, or write https';
    faults.push(`${cluster.place}.server: ${server} sends credentials in the clear, which is refused; ${remedy}`);
  }
  if (proxyUrl !== undefined && !/^(https?|socks5?):\/\//.test(proxyUrl)) {
    faults.push(`${cluster.place}.proxy-url: its scheme is unknown; write http, https or socks5`);
  }
  return absolutePaths(cluster, ['certificate-authority'], faults);
}

async function normalizeUser(user: Found, faults: string[]): Promise<Fields> {
  for (const field of unsupportedUserFields.filter((name) => user.fields[name] !== undefined)) {
    faults.push(`${user.place}.${field} is not supported; take it out, or use a user that needs no ${field}`);
  }
  const fields = await absolutePaths(user, ['client-certificate', 'client-key', 'tokenFile'], faults);
  const { exec } = fields;
  if (!isRecord(exec)) return fields;
  const { command } = exec; // as kubectl has it: relative to the file when it is a path, else looked for in PATH
  if (typeof command !== 'string' || !command.includes(sep) || isAbsolute(command)) return fields;
  return { ...fields, exec: { ...exec, command: join(user.folder, command) } };
}

/** Makes file names absolute and looks whether they can be read. Data beside a file wins, as in client-go; client-node has it the other way. */
async function absolutePaths(found: Found, names: readonly string[], faults: string[]): Promise<Fields> {
  let fields = found.fields;
  for (const name of names) {
    const value = textOf(fields[name]);
    if (value === undefined || textOf(fields[`${name}-data`]) !== undefined) {
      fields = without(fields, name);
      continue;
    }
    const path = resolve(found.folder, value);
    fields = { ...fields, [name]: path };
    await access(path, constants.R_OK).catch((error) => {
      faults.push(`${found.place}.${name}: ${path} cannot be read (${errorCode(error)}); name a file that can be`);
    });
  }
  return fields;
}

function findNamed(files: readonly File[], list: 'contexts' | 'clusters' | 'users', name: string): Found | undefined {
  const key = list.slice(0, -1);
  for (const file of files) {
    for (const { name: entryName, [key]: fields } of entriesOf(file, list)) {
      if (entryName !== name) continue;
      const place = `${file.path}: ${list}[${name}].${key}`;
      return { place, folder: dirname(resolve(file.path)), fields: isRecord(fields) ? fields : {} };
    }
  }
  return undefined;
}

function namesOf(files: readonly File[], list: string): string {
  const names = files.flatMap((file) => entriesOf(file, list)).map(({ name }) => JSON.stringify(name));
  return names.length === 0 ? 'none' : names.join(', ');
}

function entriesOf(file: File, list: string): readonly Fields[] {
  const entries = file.fields[list];
  return Array.isArray(entries) ? entries.filter(isRecord) : [];
}

function without(fields: Fields, name: string): Fields {
  const { [name]: _, ...rest } = fields;
  return rest;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] ?? error.name) : String(error);
}
