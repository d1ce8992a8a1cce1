/**
 * The series behind the metrics: prom-client's counters, gauges and histograms made from the table, and a memory of
 * which series belong to which Service, so that they can be removed with it.
 */
import Counter from 'prom-client/lib/counter.js';
import Gauge from 'prom-client/lib/gauge.js';
import Histogram from 'prom-client/lib/histogram.js';
import Registry from 'prom-client/lib/registry.js';
import { type MetricKey, type MetricLabel, type MetricSpec, metricTable } from './metric-table.ts';

type KeyOf<T extends MetricSpec['type']> = {
  [K in MetricKey]: (typeof metricTable)[K]['type'] extends T ? K : never;
}[MetricKey];

/** The labels of a metric with their values, all of them texts. */
export type LabelsOf<K extends MetricKey> = Readonly<Record<(typeof metricTable)[K]['labels'][number], string>>;

/** The series of one process. A series exists from its first value on. */
export type Series = {
  readonly add: <K extends KeyOf<'counter'>>(key: K, labels: LabelsOf<K>) => void;
  /** Sets a counter to a total that somebody else counts. */
  readonly total: <K extends KeyOf<'counter'>>(key: K, labels: LabelsOf<K>, total: number) => void;
  readonly set: <K extends KeyOf<'gauge'>>(key: K, labels: LabelsOf<K>, value: number) => void;
  readonly observe: <K extends KeyOf<'histogram'>>(key: K, labels: LabelsOf<K>, value: number) => void;
  /** Sets exactly these series of a Service's gauge and removes its other ones. */
  readonly replace: <K extends KeyOf<'gauge'>>(
    key: K,
    service: string,
    values: readonly { readonly labels: LabelsOf<K>; readonly value: number }[],
  ) => void;
  /** Removes every series of a Service. */
  readonly forget: (service: string) => void;
  /** The text exposition format of Prometheus, version 0.0.4. */
  readonly print: () => Promise<{ readonly contentType: string; readonly text: string }>;
};

type Labels = Readonly<Partial<Record<MetricLabel, string>>>;
type Known = { readonly name: string; readonly remove: () => void };

/** Builds every metric of the table in a registry of its own. */
export function createSeries(): Series {
  const registry = new Registry();
  const counters = new Map<string, Counter<MetricLabel>>();
  const gauges = new Map<string, Gauge<MetricLabel>>();
  const histograms = new Map<string, Histogram<MetricLabel>>();
  for (const spec of Object.values<MetricSpec>(metricTable)) {
    const { name, help } = spec;
    const common = { name, help, labelNames: spec.labels, registers: [registry] };
    if (spec.type === 'counter') counters.set(name, new Counter(common));
    else if (spec.type === 'gauge') gauges.set(name, new Gauge(common));
    else histograms.set(name, new Histogram({ ...common, buckets: [...(spec.buckets ?? [])] }));
  }

  /** Service to its series, by name and labels. */
  const known = new Map<string, Map<string, Known>>();
  const remember = (name: string, labels: Labels, metric: { remove: (labels: Labels) => void } | undefined) => {
    if (labels.service === undefined) return;
    const ofService = known.get(labels.service) ?? new Map<string, Known>();
    known.set(labels.service, ofService);
    ofService.set(seriesKey(name, labels), { name, remove: () => metric?.remove(labels) });
  };

  const set = (key: KeyOf<'gauge'>, labels: Labels, value: number) => {
    const { name } = metricTable[key];
    gauges.get(name)?.set(labels, value);
    remember(name, labels, gauges.get(name));
  };
  return {
    add: (key, labels) => {
      const { name } = metricTable[key];
      counters.get(name)?.inc(labels);
      remember(name, labels, counters.get(name));
    },
    total: (key, labels, total) => {
      const counter = counters.get(metricTable[key].name);
      counter?.reset();
      counter?.inc(labels, total);
    },
    set,
    observe: (key, labels, value) => {
      const { name } = metricTable[key];
      histograms.get(name)?.observe(labels, value);
      remember(name, labels, histograms.get(name));
    },
    replace: (key, service, values) => {
      const { name } = metricTable[key];
      const kept = new Set(values.map(({ labels }) => seriesKey(name, labels)));
      const ofService = known.get(service) ?? new Map<string, Known>();
      for (const [id, series] of ofService) {
        if (series.name !== name || kept.has(id)) continue;
        series.remove();
        ofService.delete(id);
      }
      for (const { labels, value } of values) set(key, labels, value);
    },
    forget: (service) => {
      for (const { remove } of known.get(service)?.values() ?? []) remove();
      known.delete(service);
    },
    print: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

function seriesKey(name: string, labels: Labels): string {
  return JSON.stringify([name, Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))]);
}
