/**
 * Credentials of a kubeconfig, of whatever kind: client-node runs the exec plugin or the auth-provider, reads the
 * certificates, and says what a request needs; this hands it over in our own words.
 */
import type { RequestOptions } from 'node:https';
import type { Clock } from '../clock.ts';
import {
  bearer,
  type Credentials,
  CredentialsError,
  type LoadConnection,
  readText,
  type TlsOptions,
} from './connection.ts';
import type { KubeConfig } from './kubeconfig.ts';
import { type ChosenContext, readKubeconfig } from './kubeconfigfile.ts';

/** How long a plugin may take. client-node starts it and cannot stop it, so it is left behind then. */
const PLUGIN_TIMEOUT_MS = 60_000;

/**
 * Reads a kubeconfig.
 * @param from `kubeconfig`: the value of KUBECONFIG; `context`: the one to take instead of the current one
 * @throws CredentialsError
 */
export async function kubeconfigCredentials(
  deps: { readonly clock: Clock },
  from: { readonly kubeconfig: string; readonly context: string | undefined },
): Promise<Credentials> {
  const { KubeConfig } = await import('./kubeconfig.ts');
  const prepare = async () => {
    const chosen = await readKubeconfig(from.kubeconfig, from.context);
    const config = new KubeConfig();
    try {
      config.loadFromString(JSON.stringify(chosen.config)); // JSON is YAML
    } catch (cause) {
      throw unusable(chosen.place, cause);
    }
    return { chosen, config };
  };
  let prepared = await prepare();

  const load: LoadConnection = async ({ afterRefusal }) => {
    // client-node keeps what a plugin gave until it ends by itself: only a new one asks the plugin again.
    if (afterRefusal) prepared = await prepare();
    const { chosen, config } = prepared;
    const options = await optionsOf(config, { clock: deps.clock, place: chosen.place });
    const headers = { ...headersOf(options), ...(await tokenFileHeader(chosen)) };
    if (chosen.hasPlugin && !('authorization' in headers) && options.cert === undefined) {
      const remedy = 'use an auth-provider that client-node knows, or an exec plugin that answers with a token';
      throw new CredentialsError([`${chosen.place}: exec or auth-provider gave no credentials; ${remedy}`]);
    }
    const { server, proxyUrl } = chosen;
    const tls = tlsOf(options);
    return { transport: { server, tls, ...(proxyUrl === undefined ? {} : { proxyUrl }) }, headers };
  };
  return { namespace: prepared.chosen.namespace, load };
}

/** What client-node says a request needs. Whatever it throws is about the credentials: a plugin, a file, its format. */
async function optionsOf(
  config: KubeConfig,
  deps: { readonly clock: Clock; readonly place: string },
): Promise<RequestOptions> {
  const options: RequestOptions = {};
  const limit = new AbortController();
  const overdue = deps.clock.sleep(PLUGIN_TIMEOUT_MS, limit.signal).then(() => {
    throw new Error(`no answer within ${PLUGIN_TIMEOUT_MS / 1000} s`);
  });
  try {
    await Promise.race([config.applyToHTTPSOptions(options), overdue]);
    return options;
  } catch (cause) {
    throw unusable(deps.place, cause);
  } finally {
    limit.abort();
  }
}

function unusable(place: string, cause: unknown): CredentialsError {
  const message = cause instanceof Error && cause.message !== '' ? cause.message.trim() : String(cause);
  const remedy = 'try the same with kubectl and this KUBECONFIG';
  return new CredentialsError([`${place}: reading the credentials failed: ${message}; ${remedy}`], cause);
}

async function tokenFileHeader(chosen: ChosenContext): Promise<Readonly<Record<string, string>>> {
  if (chosen.tokenFile === undefined) return {};
  const faults: string[] = [];
  const rule = `${chosen.place} names it as user.tokenFile`;
  const token = await readText(chosen.tokenFile, { faults, rule, remedy: 'write the bearer token there' });
  if (faults.length > 0) throw new CredentialsError(faults);
  return bearer(token);
}

function headersOf(options: RequestOptions): Readonly<Record<string, string>> {
  const headers = Object.entries(options.headers ?? {}).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name.toLowerCase(), value] as const] : [],
  );
  if (typeof options.auth !== 'string') return Object.fromEntries(headers);
  // user.username and user.password: node:https would make the header itself, undici does not (RFC 7617).
  const authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  return { ...Object.fromEntries(headers), authorization };
}

function tlsOf(options: RequestOptions): TlsOptions {
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  };
}
