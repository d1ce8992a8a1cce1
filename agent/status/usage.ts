/** What the process uses, for /metrics. */
import type { ProcessUsage } from './metrics.ts';

/** What of `process` is needed here. */
export type UsageSource = {
  readonly cpuUsage: () => { readonly user: number; readonly system: number };
  readonly memoryUsage: { readonly rss: () => number };
};

/** Reads CPU (microseconds there, seconds here) and resident memory now. `startedAt`: when the process began. */
export function readUsage(source: UsageSource, startedAt: Date): ProcessUsage {
  const { user, system } = source.cpuUsage();
  return { cpuSeconds: (user + system) / 1e6, residentBytes: source.memoryUsage.rss(), startedAt };
}
