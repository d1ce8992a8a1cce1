/** What is said of watches that fail and recover: the log has the first failure and the recovery, the metrics count. */
import type { ApiObject } from '../kube/objects.ts';
import type { Change } from '../kube/watch.ts';
import type { Log } from '../log.ts';
import type { Metrics, WatchedResource } from '../status/metrics.ts';

/** Makes, for one watch of a resource, what takes in its changes. */
export type WatchReporter = <T extends ApiObject>(resource: WatchedResource) => (change: Change<T>) => void;

/** Builds the reporter. */
export function createWatchReporter(deps: {
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'watchFailed' | 'watchRecovered'>;
}): WatchReporter {
  return (resource) => (change) => {
    if (change.type === 'failed') {
      deps.metrics.watchFailed({ resource });
      deps.log.warn('api-unreachable', `${change.error.message}; what was last seen stays in force`, {
        resource,
        reason: change.error.reason,
      });
    } else if (change.type === 'recovered') {
      deps.metrics.watchRecovered({ resource });
      deps.log.info('api-recovered', `the watch of ${resource} runs again`, { resource });
    }
  };
}
