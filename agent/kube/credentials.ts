/**
 * Where the API server is and who we are to it: from a kubeconfig where one is named, else from the files and variables
 * that every pod has. Read anew as it rotates, and at once after the API server refused it.
 */

import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../clock.ts';
import {
  bearer,
  type Connection,
  type ConnectionSource,
  type Credentials,
  CredentialsError,
  type LoadConnection,
  readText,
} from './connection.ts';
import { kubeconfigCredentials } from './kubeconfigcredentials.ts';

/** Where credentials may come from. */
export type CredentialsOptions = {
  /** The value of KUBECONFIG: one file or several, separated as in PATH. Wins where it is not empty. */
  readonly kubeconfig: string | undefined;
  /** The context of the kubeconfig to take instead of its current one. */
  readonly context?: string | undefined;
  /** The value of KUBERNETES_SERVICE_HOST; an IPv6 address comes without brackets. */
  readonly serviceHost: string | undefined;
  /** The value of KUBERNETES_SERVICE_PORT. */
  readonly servicePort: string | undefined;
  /** The folder with `token`, `ca.crt` and `namespace`. */
  readonly serviceAccountFolder: string;
};

/** Where a pod finds its ServiceAccount's files. */
export const defaultServiceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Rotated files are noticed within this time: far sooner than an old token or CA ends, and cheap. */
const MAX_AGE_MS = 10_000;

/**
 * Finds the credentials and reads them for the first time.
 * @throws CredentialsError with all faults at once
 */
export async function createConnectionSource(
  deps: { readonly clock: Clock },
  options: CredentialsOptions,
): Promise<ConnectionSource> {
  const { kubeconfig } = options;
  if (kubeconfig === undefined || kubeconfig === '') return keepFresh(deps.clock, await podCredentials(options));
  return keepFresh(deps.clock, await kubeconfigCredentials(deps, { kubeconfig, context: options.context }));
}

/** Turns a way of reading credentials into a source that reads them again as they age, once at a time. */
async function keepFresh(clock: Clock, from: Credentials): Promise<ConnectionSource> {
  let connection = await from.load({ afterRefusal: false });
  let readMs = clock.monotonicMs();
  let isRefused = false;
  let loading: Promise<Connection> | undefined;

  const reload = async () => {
    const afterRefusal = isRefused;
    isRefused = false;
    try {
      const next = await from.load({ afterRefusal });
      const isSameTransport = isDeepStrictEqual(next.transport, connection.transport);
      connection = isSameTransport ? { transport: connection.transport, headers: next.headers } : next;
    } catch (error) {
      if (!(error instanceof CredentialsError)) throw error;
      if (afterRefusal) {
        isRefused = true;
        throw error;
      }
      // A file that is being replaced: what was read before is good until the API server says otherwise.
    } finally {
      loading = undefined;
    }
    readMs = clock.monotonicMs();
    return connection;
  };

  return {
    namespace: from.namespace,
    current: async () => {
      const isFresh = !isRefused && clock.monotonicMs() - readMs < MAX_AGE_MS;
      if (loading === undefined && isFresh) return connection;
      loading ??= reload();
      return loading;
    },
    refused: () => {
      isRefused = true;
    },
  };
}

/** The credentials of a pod (Kubernetes documentation, "Accessing the API from within a Pod"). */
async function podCredentials(options: CredentialsOptions): Promise<Credentials> {
  const { serviceHost = '', servicePort = '', serviceAccountFolder } = options;
  const outside = 'outside of a pod set KUBECONFIG';
  const unset: string[] = [];
  if (serviceHost === '') unset.push(`KUBERNETES_SERVICE_HOST is not set, as it is in every pod: ${outside}`);
  if (servicePort === '') unset.push(`KUBERNETES_SERVICE_PORT is not set, as it is in every pod: ${outside}`);
  const server = `https://${isIPv6(serviceHost) ? `[${serviceHost}]` : serviceHost}:${servicePort}`;

  const load: LoadConnection = async () => {
    const faults = [...unset];
    const read = async (name: string) => {
      const path = join(serviceAccountFolder, name);
      const remedy = `mount the ServiceAccount token at ${serviceAccountFolder}; ${outside}`;
      return readText(path, { faults, rule: 'every pod with a mounted ServiceAccount token has it', remedy });
    };
    const [token, ca] = [await read('token'), await read('ca.crt')];
    if (faults.length > 0) throw new CredentialsError(faults);
    return { transport: { server, tls: { ca } }, headers: bearer(token) };
  };
  const namespaceFile = await readFile(join(serviceAccountFolder, 'namespace'), 'utf8').catch(() => '');
  return { namespace: namespaceFile.trim() === '' ? undefined : namespaceFile.trim(), load };
}
