/** How a program reaches a cluster's API server as the administrator whom a kubeconfig names, without kubectl. */
import { KubeConfig } from '../../agent/kube/kubeconfig.ts';
import type { TlsOptions } from '../embedded/client.ts';
import { asObject } from '../embedded/objects/json.ts';

/** What a client of the API server is made with: a token (empty: none is sent), or the client certificate in `tls`. */
export type Access = { readonly url: string; readonly token: string; readonly tls: TlsOptions };

/** Reads the current context of a kubeconfig. Throws Error where it names no cluster. */
export async function readAccess(file: string): Promise<Access> {
  const config = new KubeConfig();
  config.loadFromFile(file);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new Error(`${file} names no current cluster`);
  const options: Parameters<typeof config.applyToHTTPSOptions>[0] = {};
  await config.applyToHTTPSOptions(options);
  const text = (value: unknown): string | undefined =>
    value === undefined || value === null || value === '' ? undefined : String(value);
  const headers: Readonly<Record<string, unknown>> = { ...asObject(options.headers) };
  const [ca, cert, key] = [text(options.ca), text(options.cert), text(options.key)];
  return {
    url: server,
    token: (text(headers['Authorization']) ?? '').replace(/^Bearer /, ''),
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
  };
}
