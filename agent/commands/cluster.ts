/**
 * The way of a command to the cluster: KUBECONFIG (or --kubeconfig), else the ServiceAccount of the pod it runs in, else
 * ~/.kube/config; and which namespace and ConfigMap are meant.
 */
import { join } from 'node:path';
import type { ApiAnswer, ApiClient } from '../kube/client.ts';
import { createApiClient } from '../kube/client.ts';
import { CredentialsError } from '../kube/connection.ts';
import { createConnectionSource, defaultServiceAccountFolder } from '../kube/credentials.ts';
import { KubeError } from '../kube/errors.ts';
import { optionOf } from './arguments.ts';
import type { CommandIo, GivenArguments, OptionSpec } from './command.ts';

/** The options of every command that asks the cluster. */
export const clusterOptions = {
  namespace: {
    value: 'NAMESPACE',
    short: 'n',
    help: 'the namespace; else REGISTRAR_NAMESPACE, else that of the kubeconfig context, else default',
  },
  configmap: { value: 'NAME', help: 'the ConfigMap; else REGISTRAR_CONFIGMAP, else endpoint-registrar' },
  kubeconfig: { value: 'FILE', help: "the kubeconfig; else KUBECONFIG, else the pod's own, else ~/.kube/config" },
  context: { value: 'NAME', help: 'the context of the kubeconfig; else its current one' },
} as const satisfies Record<string, OptionSpec>;

/** How long one request of a command may take. */
export const REQUEST_TIMEOUT_MS = 15_000;

/** An answer to a read: what was found, or why nothing can be said. `failed` carries the API server's own words. */
export type ReadAnswer =
  | { readonly kind: 'found'; readonly body: unknown }
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly error: KubeError };

/** The cluster as a command sees it. */
export type Cluster = {
  readonly client: ApiClient;
  readonly namespace: string;
  readonly configMap: string;
  /** Whether the credentials are those of the pod that the command runs in. */
  readonly isInPod: boolean;
  /** GET of a path; never rejects. Network failures are `failed` with status 0. */
  readonly read: (path: string, query?: Readonly<Record<string, string>>) => Promise<ReadAnswer>;
  readonly close: () => Promise<void>;
};

const DEFAULT_CONFIGMAP = 'endpoint-registrar';

/**
 * Finds the credentials; nothing is dialled yet.
 * @throws CredentialsError with all faults at once
 */
export async function openCluster(given: GivenArguments, io: CommandIo): Promise<Cluster> {
  const { env, clock, signal } = io;
  const from = await chooseCredentials(given, io);
  const connection = await createConnectionSource({ clock }, from);
  const client = createApiClient({ connection, clock, userAgent: `endpoint-registrar/${io.version}` });
  return {
    client,
    namespace: firstSet(optionOf(given, 'namespace'), env['REGISTRAR_NAMESPACE'], connection.namespace) ?? 'default',
    configMap: firstSet(optionOf(given, 'configmap'), env['REGISTRAR_CONFIGMAP']) ?? DEFAULT_CONFIGMAP,
    isInPod: from.kubeconfig === undefined,
    read: async (path, query) => {
      try {
        const answer: ApiAnswer = await client.request({
          verb: 'GET',
          path,
          timeoutMs: REQUEST_TIMEOUT_MS,
          signal,
          ...(query === undefined ? {} : { query }),
        });
        if (answer.kind === 'absent') return { kind: 'absent' };
        if (answer.kind === 'ok') return { kind: 'found', body: answer.body };
        return { kind: 'failed', error: unexpectedAnswer(path, answer.message) };
      } catch (error) {
        if (error instanceof KubeError) return { kind: 'failed', error };
        throw error;
      }
    },
    close: () => client.close(),
  };
}

/** The first that is set; a variable that is empty is not. */
function firstSet(...texts: readonly (string | undefined)[]): string | undefined {
  return texts.find((text) => text !== undefined && text !== '');
}

function unexpectedAnswer(path: string, message: string): KubeError {
  return new KubeError(`GET ${path}: ${message}`, { status: 0, reason: 'BadAnswer', verb: 'GET', path });
}

async function chooseCredentials(given: GivenArguments, { env, readFile }: CommandIo) {
  const named = optionOf(given, 'kubeconfig') ?? env['KUBECONFIG'];
  const context = optionOf(given, 'context');
  const inPod = {
    kubeconfig: undefined,
    context: undefined,
    serviceHost: env['KUBERNETES_SERVICE_HOST'],
    servicePort: env['KUBERNETES_SERVICE_PORT'],
    serviceAccountFolder: defaultServiceAccountFolder,
  };
  if (named !== undefined && named !== '') return { ...inPod, kubeconfig: named, context };
  if (inPod.serviceHost !== undefined && context === undefined) return inPod;
  const home = join(env['HOME'] ?? '/', '.kube', 'config');
  const isThere = await readFile(home).then(
    () => true,
    () => false,
  );
  if (isThere) return { ...inPod, kubeconfig: home, context };
  throw new CredentialsError([
    `nothing says which cluster is meant: KUBECONFIG is not set, ${home} cannot be read, and this is no pod (KUBERNETES_SERVICE_HOST is not set). Set KUBECONFIG or give --kubeconfig FILE.`,
  ]);
}
