/**
 * Environment and arguments to a frozen Config, or every fault at once. Pure: the caller hands in `process.env` and the
 * arguments, prints the faults and exits. The single settings are `settings`; here is what they mean together.
 */
import { commandNames } from './commands/names.ts';
import { checkArguments, checkUnknownNames, serviceLinks } from './config-names.ts';
import type { Level } from './log.ts';
import { nearestName } from './nearest.ts';
import { timeoutInForceMs } from './plan/heartbeat.ts';
import {
  type ConfigFault,
  type DnsServerSetting,
  formatDuration,
  openVariables,
  type Setting,
  type SettingKey,
  settings,
} from './settings.ts';

/** Where the API server and the credentials come from. */
export type Connection =
  | { readonly kind: 'kubeconfig'; readonly path: string }
  | { readonly kind: 'in-cluster'; readonly host: string; readonly port: number };

/** Where the cluster's DNS is asked, and the domain of its Services; undefined: resolv.conf decides. */
export type DnsSettings = {
  readonly server: DnsServerSetting | undefined;
  readonly clusterDomain: string | undefined;
};

/** What the agent runs with, frozen to the bottom. Durations are whole milliseconds. */
export type Config = {
  readonly configMap: string;
  readonly namespace: string;
  readonly podName: string;
  readonly containerName: string;
  readonly intervalMs: number;
  readonly requestTimeoutMs: number;
  readonly shutdownBudgetMs: number;
  readonly httpPort: number;
  readonly logLevel: Level;
  readonly connection: Connection;
  readonly dns: DnsSettings;
};

/** What the command line and the environment ask for. `warnings` are to be logged once; nothing stops for them. */
export type ParsedConfig =
  | { readonly kind: 'run'; readonly config: Config; readonly warnings: readonly string[] }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'invalid'; readonly faults: readonly ConfigFault[] };

/** The environment as `process.env` has it. A variable that is set to the empty text counts as not set. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the settings.
 * @param argv the arguments behind the program's name: none or `run`; `--help` and `--version` win over everything else
 */
export function parseConfig(env: Environment, argv: readonly string[]): ParsedConfig {
  if (argv.includes('--help')) return { kind: 'help' };
  if (argv.includes('--version')) return { kind: 'version' };
  const argumentFaults = checkArguments(argv);
  // Somebody at a keyboard, who meant a command: the settings of a container are no concern then.
  if (argumentFaults.length > 0 && nearestName(argv[0] ?? '', commandNames) !== undefined) {
    return { kind: 'invalid', faults: argumentFaults };
  }
  const given = dropEmpty(env);
  const values = readSettings(given);
  const connection = readConnection(given);
  const dns = readDns(given);
  const faults = [
    ...argumentFaults,
    ...checkUnknownNames(given),
    ...values.faults,
    ...connection.faults,
    ...dns.faults,
    ...checkRelation(values.read),
  ];
  const config = { ...values.read, connection: connection.read, dns: dns.read };
  if (faults.length > 0 || !isComplete(config)) return { kind: 'invalid', faults };
  return {
    kind: 'run',
    config: freeze(config),
    warnings: [...warnOfServiceLinks(given), ...warnOfNoEffect(given, config)],
  };
}

/** Prints a fault in one line, e.g. `REGISTRAR_HTTP_PORT is "97970": must be a port number from 0 to 65535. Write for example 9797.` */
export function printConfigFault(fault: ConfigFault): string {
  const value = fault.value === undefined ? 'is not set' : `is ${JSON.stringify(cut(fault.value))}`;
  return `${fault.name} ${value}: ${fault.rule}. ${fault.remedy}`;
}

const MAX_SHOWN = 100;

function cut(value: string): string {
  return value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value;
}

type Given = Readonly<Record<string, string>>;

/** An empty text is what a manifest's `value: ""` or a shell's `X=` leaves of a variable: client-go too reads KUBECONFIG="" as not set. */
function dropEmpty(env: Environment): Given {
  return Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

/** Reads every setting that is about neither the connection nor DNS; what could not be read is undefined and has a fault. */
function readSettings(given: Given) {
  const { read, faults } = createReader(given);
  const values = {
    configMap: read(settings.configMap),
    namespace: read(settings.namespace),
    podName: read(settings.podName),
    containerName: read(settings.containerName),
    intervalMs: read(settings.intervalMs),
    requestTimeoutMs: read(settings.requestTimeoutMs),
    shutdownBudgetMs: read(settings.shutdownBudgetMs),
    httpPort: read(settings.httpPort),
    logLevel: read(settings.logLevel),
  } satisfies Record<
    Exclude<SettingKey, 'kubeconfig' | 'apiServerHost' | 'apiServerPort' | 'dnsServer' | 'clusterDomain'>,
    unknown
  >;
  return { read: values, faults };
}

function readDns(given: Given): { readonly read: DnsSettings; readonly faults: readonly ConfigFault[] } {
  const { read, faults } = createReader(given);
  return { read: { server: read(settings.dnsServer), clusterDomain: read(settings.clusterDomain) }, faults };
}

/** KUBECONFIG wins; then the two variables of every pod are not even looked at. */
function readConnection(given: Given): {
  readonly read: Connection | undefined;
  readonly faults: readonly ConfigFault[];
} {
  const { read, faults } = createReader(given);
  const path = read(settings.kubeconfig);
  if (path !== undefined) return { read: { kind: 'kubeconfig', path }, faults };
  const host = read(settings.apiServerHost);
  const port = read(settings.apiServerPort);
  if (host !== undefined && port !== undefined) return { read: { kind: 'in-cluster', host, port }, faults };
  if (faults.length === 0) {
    const missing = [settings.apiServerHost.env, settings.apiServerPort.env].filter(
      (name) => given[name] === undefined,
    );
    faults.push({
      name: settings.kubeconfig.env,
      value: undefined,
      rule: `nothing says where the API server is: ${missing.join(' and ')} of a pod ${missing.length > 1 ? 'are' : 'is'} not set either`,
      remedy: 'In a pod, do not remove these variables; outside, set KUBECONFIG to the path of a kubeconfig.',
    });
  }
  return { read: undefined, faults };
}

/** Reads settings one by one through env-var and gathers the faults, since env-var stops at the first. */
function createReader(given: Given) {
  const variables = openVariables(given);
  const faults: ConfigFault[] = [];
  const read = <T>(setting: Setting<T>): T | undefined => {
    const value = given[setting.env];
    if (value === undefined && setting.fallback === 'optional') return undefined;
    const variable = variables.get(setting.env);
    try {
      return setting.read(setting.default === undefined ? variable.required() : variable.default(setting.default));
    } catch {
      // env-var's message names neither value nor remedy; the table has the words.
      faults.push({ name: setting.env, value, rule: `must be ${setting.rule}`, remedy: remedyFor(setting, value) });
      return undefined;
    }
  };
  return { read, faults };
}

function remedyFor(setting: Setting<unknown>, value: string | undefined): string {
  const example = `Write for example ${setting.example}.`;
  if (value === undefined) return `Set it: ${setting.help}.`;
  if (value !== value.trim()) return 'Take away the white space around it.';
  if (setting.unit === 'duration' && /^[\d.]+$/.test(value)) return `Give the unit: ${value}s or ${value}ms.`;
  if (setting.unit === 'port' && /^(tcp|udp|sctp):\/\//.test(value)) {
    return `This is a service link that Kubernetes made for a Service of a like name: set ${setting.env} in the container, or enableServiceLinks: false on the pod.`;
  }
  const near = setting.unit === 'level' ? nearestName(value, setting.rule.split(/\W+/)) : undefined;
  return near === undefined ? example : `Did you mean ${near}?`;
}

/**
 * An agent whose beat was lost once must be able to beat again before its peers count three: the longest gap of an
 * agent that lives, against the shortest three intervals of a peer.
 */
function checkRelation(values: {
  readonly intervalMs: number | undefined;
  readonly requestTimeoutMs: number | undefined;
}): readonly ConfigFault[] {
  const { intervalMs, requestTimeoutMs } = values;
  if (intervalMs === undefined || requestTimeoutMs === undefined) return [];
  const backoffMs = Math.min(1000, intervalMs / 5);
  // In tenths of a millisecond, so that no rounding decides.
  const room = 27 * intervalMs - 11 * intervalMs - 10 * backoffMs;
  if (20 * requestTimeoutMs < room) return [];
  const most = formatDuration(Math.ceil(room / 20) - 1);
  const needed = formatDuration((11 * intervalMs + 20 * requestTimeoutMs + 10 * backoffMs) / 10);
  const three = formatDuration((27 * intervalMs) / 10);
  return [
    {
      name: settings.requestTimeoutMs.env,
      value: formatDuration(requestTimeoutMs),
      rule:
        `1.1 × interval + 2 × timeout + backoff must be less than 3 × 0.9 × interval, or a peer counts a late answer as death: ` +
        `with ${settings.intervalMs.env}=${formatDuration(intervalMs)} that is ${needed} against ${three}`,
      remedy: `Set ${settings.requestTimeoutMs.env} to at most ${most}, or ${settings.intervalMs.env} to more.`,
    },
  ];
}

function warnOfServiceLinks(given: Given): readonly string[] {
  const links = serviceLinks(given);
  if (links.length === 0) return [];
  return [
    `Ignored the service links that Kubernetes set for Services of a like name (enableServiceLinks: false on the pod leaves them out): ${links.join(', ')}`,
  ];
}

function warnOfNoEffect(
  given: Given,
  values: { readonly intervalMs: number; readonly requestTimeoutMs: number },
): readonly string[] {
  const { env } = settings.requestTimeoutMs;
  const inForceMs = timeoutInForceMs(values.requestTimeoutMs, values.intervalMs);
  if (given[env] === undefined || values.requestTimeoutMs >= inForceMs) return [];
  return [
    `${env}=${given[env]} has no effect: with ${settings.intervalMs.env}=${formatDuration(values.intervalMs)} a request is given ${formatDuration(inForceMs)} (0.6 × the interval, of that at most 15s)`,
  ];
}

type Complete<T> = { readonly [K in keyof T]: Exclude<T[K], undefined> };

function isComplete<T extends object>(values: T): values is T & Complete<T> {
  return Object.values(values).every((value) => value !== undefined);
}

function freeze<T extends Pick<Config, 'connection' | 'dns'>>(config: T): T {
  Object.freeze(config.connection);
  Object.freeze(config.dns.server);
  Object.freeze(config.dns);
  return Object.freeze(config);
}
