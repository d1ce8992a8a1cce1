/**
 * The settings: one table of environment variables with reader, default, unit and help. It drives parsing, --help and
 * the README's table. What the values mean together is `config`.
 */
import { isIP, isIPv4 } from 'node:net';
import envVar from 'env-var';
import { levels } from './log.ts';
import { dnsLabel, dnsSubdomain, type NameRule } from './names.ts';

/** The least and the most a number may be, both allowed. */
type Bounds = { readonly least: number; readonly most: number };

/** A DNS server's IP address and port, or that none is to be asked. */
export type DnsServerSetting =
  | { readonly kind: 'at'; readonly address: string; readonly port: number }
  | { readonly kind: 'off' };

const DNS_PORT = 53;

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
]);

/** Readers that env-var does not bring. They throw on a bad text; the words come from the table. */
const readers = {
  asName(text: string, rule: NameRule): string {
    if (!rule.test(text)) throw new Error(rule.words);
    return text;
  },
  asDurationMs(text: string, bounds: Bounds): number {
    const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m)$/.exec(text);
    const ms = Number(match?.[1]) * (UNIT_MS.get(match?.[2] ?? '') ?? Number.NaN);
    if (!(ms >= bounds.least && ms <= bounds.most)) throw new Error('out of bounds');
    return Math.round(ms);
  },
  asHost(text: string): string {
    if (!/^[\w.:-]+$/.test(text)) throw new Error('no host');
    return text;
  },
  asDnsServer(text: string): DnsServerSetting {
    if (text === 'off') return { kind: 'off' };
    if (isIP(text) !== 0) return { kind: 'at', address: text, port: DNS_PORT };
    const [, inBrackets, plain, digits] = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
    const address = inBrackets ?? plain ?? '';
    const port = Number(digits ?? DNS_PORT);
    const isAddress = inBrackets === undefined ? isIPv4(address) : isIP(address) === 6;
    if (!isAddress || port < 1 || port > 65_535) throw new Error('no server');
    return { kind: 'at', address, port };
  },
  asPortFrom(text: string, least: 0 | 1): number {
    const port = envVar.accessors.asPortNumber(text);
    if (port < least) throw new Error('out of bounds');
    return port;
  },
};

/** Opens a set of variables for reading through env-var, e.g. `openVariables(env).get('REGISTRAR_HTTP_PORT').asPortFrom(0)`. */
export function openVariables(values: Readonly<Record<string, string>>) {
  return envVar.from(values, readers);
}

/** One variable that has a value or a default, as env-var reads it. */
type Variable = ReturnType<ReturnType<ReturnType<typeof openVariables>['get']>['required']>;

/** What kind of text a setting takes. */
export type Unit = 'name' | 'duration' | 'port' | 'level' | 'path' | 'host';

/** One setting. `rule` is what a value must be, in words; `fallback` says what holds where it is not set. */
export type Setting<T> = {
  readonly env: string;
  readonly read: (variable: Variable) => T;
  readonly default?: string;
  readonly fallback: 'required' | 'default' | 'optional';
  readonly unit: Unit;
  readonly rule: string;
  readonly example: string;
  readonly help: string;
};

const intervalBounds: Bounds = { least: 500, most: 300_000 };
const timeoutBounds: Bounds = { least: 100, most: 60_000 };
const budgetBounds: Bounds = { least: 1000, most: 600_000 };

/** Every setting of the agent, in the order in which it is shown. Durations are read into milliseconds. */
export const settings = {
  configMap: {
    env: 'REGISTRAR_CONFIGMAP',
    read: (variable) => variable.asName(dnsSubdomain),
    fallback: 'required',
    unit: 'name',
    rule: dnsSubdomain.words,
    example: 'endpoint-registrar',
    help: 'the ConfigMap with the port declarations, in the own namespace',
  },
  namespace: {
    env: 'REGISTRAR_NAMESPACE',
    read: (variable) => variable.asName(dnsLabel),
    fallback: 'required',
    unit: 'name',
    rule: dnsLabel.words,
    example: 'default',
    help: "the own pod's namespace (downward API: metadata.namespace)",
  },
  podName: {
    env: 'REGISTRAR_POD_NAME',
    read: (variable) => variable.asName(dnsSubdomain),
    fallback: 'required',
    unit: 'name',
    rule: dnsSubdomain.words,
    example: 'ipa-0',
    help: "the own pod's name (downward API: metadata.name)",
  },
  containerName: {
    env: 'REGISTRAR_CONTAINER_NAME',
    read: (variable) => variable.asName(dnsLabel),
    default: 'endpoint-registrar',
    fallback: 'default',
    unit: 'name',
    rule: dnsLabel.words,
    example: 'endpoint-registrar',
    help: "the agent's own container, whose readiness is not waited for",
  },
  intervalMs: {
    env: 'REGISTRAR_HEARTBEAT_INTERVAL',
    // Below, an eviction's rank delay (500 ms a rank) outweighs the interval; above, a dead peer would stay 22 minutes.
    read: (variable) => variable.asDurationMs(intervalBounds),
    default: '5s',
    fallback: 'default',
    unit: 'duration',
    rule: 'a duration with its unit (ms, s or m) from 500ms to 5m',
    example: '5s',
    help: 'time between heartbeats; longer by itself above 30 pods in one Service',
  },
  requestTimeoutMs: {
    env: 'REGISTRAR_REQUEST_TIMEOUT',
    // The API server itself gives a request up after 60 s.
    read: (variable) => variable.asDurationMs(timeoutBounds),
    default: '3s',
    fallback: 'default',
    unit: 'duration',
    rule: 'a duration with its unit (ms, s or m) from 100ms to 1m',
    example: '3s',
    help: 'how long one request may take; at least 0.6 × the interval is given, up to 15s',
  },
  shutdownBudgetMs: {
    env: 'REGISTRAR_SHUTDOWN_BUDGET',
    read: (variable) => variable.asDurationMs(budgetBounds),
    default: '10s',
    fallback: 'default',
    unit: 'duration',
    rule: 'a duration with its unit (ms, s or m) from 1s to 10m',
    example: '10s',
    help: "how long the whole shutdown may take; less than the pod's grace period",
  },
  httpPort: {
    env: 'REGISTRAR_HTTP_PORT',
    read: (variable) => variable.asPortFrom(0),
    default: '9797',
    fallback: 'default',
    unit: 'port',
    rule: 'a port number from 0 to 65535',
    example: '9797',
    help: 'the port of /livez, /readyz, /metrics and /status; 0 takes a free one',
  },
  dnsServer: {
    env: 'REGISTRAR_DNS_SERVER',
    read: (variable) => variable.asDnsServer(),
    fallback: 'optional',
    unit: 'host',
    rule: '"off", or an IP address with an optional port: 10.96.0.10, 10.96.0.10:53 or [fd00::a]:53',
    example: '10.96.0.10',
    help: "the cluster's DNS, asked for what was published; not set: resolv.conf's first, unless loopback",
  },
  clusterDomain: {
    env: 'REGISTRAR_CLUSTER_DOMAIN',
    read: (variable) => variable.asName(dnsSubdomain),
    fallback: 'optional',
    unit: 'name',
    rule: dnsSubdomain.words,
    example: 'cluster.local',
    help: "the domain that Services are under; not set: from resolv.conf's search, else cluster.local",
  },
  logLevel: {
    env: 'REGISTRAR_LOG_LEVEL',
    read: (variable) => variable.asEnum(levels),
    default: 'info',
    fallback: 'default',
    unit: 'level',
    rule: `one of ${levels.join(', ')}`,
    example: 'info',
    help: `the least level that is logged: ${levels.join(', ')}`,
  },
  kubeconfig: {
    env: 'KUBECONFIG',
    read: (variable) => variable.asString(),
    fallback: 'optional',
    unit: 'path',
    rule: 'the path of a kubeconfig file',
    example: '/etc/endpoint-registrar/kubeconfig',
    help: 'a kubeconfig; where set, it wins over the in-cluster credentials',
  },
  apiServerHost: {
    env: 'KUBERNETES_SERVICE_HOST',
    read: (variable) => variable.asHost(),
    fallback: 'optional',
    unit: 'host',
    rule: 'a host name or IP address, without scheme and port',
    example: '10.96.0.1',
    help: 'the API server, set in every pod; needed where KUBECONFIG is not set',
  },
  apiServerPort: {
    env: 'KUBERNETES_SERVICE_PORT',
    read: (variable) => variable.asPortFrom(1),
    fallback: 'optional',
    unit: 'port',
    rule: 'a port number from 1 to 65535',
    example: '443',
    help: "the API server's port, set in every pod; needed where KUBECONFIG is not set",
  },
} as const satisfies Record<string, Setting<unknown>>;

/** The name of a setting in the code. */
export type SettingKey = keyof typeof settings;

/** What is wrong with one setting or argument. `value` is undefined where nothing was given; `rule` is a clause, `remedy` a sentence. */
export type ConfigFault = {
  readonly name: string;
  readonly value: string | undefined;
  readonly rule: string;
  readonly remedy: string;
};

/** Prints a duration as a setting takes it: `5s`, `500ms`. */
export function formatDuration(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${Math.round(ms)}ms`;
}
