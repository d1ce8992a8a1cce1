/** A kubeconfig for the embedded server, as JSON, which is YAML too. */
import type { JsonObject } from './objects/json.ts';

/**
 * The text of a kubeconfig.
 * @param options.ca PEM of the authority of a TLS server; undefined for plain http, where client-node refuses to work
 * without `insecure-skip-tls-verify`
 */
export function kubeconfigText(options: {
  readonly url: string;
  readonly token: string;
  readonly ca: string | undefined;
  readonly namespace?: string;
}): string {
  const cluster: JsonObject =
    options.ca === undefined
      ? { server: options.url, 'insecure-skip-tls-verify': true }
      : { server: options.url, 'certificate-authority-data': Buffer.from(options.ca).toString('base64') };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'embedded', cluster }],
    users: [{ name: 'user', user: { token: options.token } }],
    contexts: [
      { name: 'embedded', context: { cluster: 'embedded', user: 'user', namespace: options.namespace ?? 'default' } },
    ],
    'current-context': 'embedded',
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
