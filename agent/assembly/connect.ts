/** From the settings to the API server's client. */
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { type ApiClient, createApiClient } from '../kube/client.ts';
import { type CredentialsOptions, createConnectionSource, defaultServiceAccountFolder } from '../kube/credentials.ts';

/**
 * Finds the credentials and builds the client; nothing is dialled yet.
 * @throws CredentialsError with all faults at once
 */
export async function connect(
  { connection }: Pick<Config, 'connection'>,
  { clock, userAgent }: { readonly clock: Clock; readonly userAgent: string },
): Promise<ApiClient> {
  const none: CredentialsOptions = {
    kubeconfig: undefined,
    serviceHost: undefined,
    servicePort: undefined,
    serviceAccountFolder: defaultServiceAccountFolder,
  };
  const options =
    connection.kind === 'kubeconfig'
      ? { ...none, kubeconfig: connection.path }
      : { ...none, serviceHost: connection.host, servicePort: `${connection.port}` };
  return createApiClient({ connection: await createConnectionSource({ clock }, options), clock, userAgent });
}
