/** Counts the requests that got no useful answer, whoever asked. */
import type { ApiClient } from '../kube/client.ts';
import { KubeError } from '../kube/errors.ts';
import type { Metrics } from '../status/metrics.ts';

/** The same client; each failed request is counted by its reason, and fails as before. */
export function countFailures(client: ApiClient, metrics: Pick<Metrics, 'requestFailed'>): ApiClient {
  const count = (error: unknown): never => {
    if (error instanceof KubeError) metrics.requestFailed({ reason: error.reason });
    throw error;
  };
  return {
    ...client,
    request: (request) => client.request(request).catch(count),
    watch: (request) => client.watch(request).catch(count),
  };
}
