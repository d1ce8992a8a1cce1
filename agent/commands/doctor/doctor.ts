/**
 * The command `doctor`: looks at everything that an announcement rests on, and says of each thing whether it is right
 * and what to do where it is not. It writes nothing to the cluster.
 */

import { createDns } from '../../dns/ask.ts';
import { chooseDns } from '../../dns/resolv-conf.ts';
import { type DnsServerSetting, openVariables, type Setting, settings } from '../../settings.ts';
import { optionOf } from '../arguments.ts';
import { type Cluster, clusterOptions, openCluster } from '../cluster.ts';
import type { Command, CommandEnding, CommandIo, GivenArguments } from '../command.ts';
import { createPaint, withSpinner } from '../terminal.ts';
import { runChecks } from './checks/table.ts';
import type { Facts } from './facts.ts';
import { type Looking, observe } from './observe.ts';
import { printJson, printResults } from './print.ts';
import { hasFailure, type Result } from './result.ts';

const outputs = ['text', 'json'] as const;

/** The command. */
export const doctor: Command = {
  name: 'doctor',
  summary: 'Looks at everything that an announcement rests on: permissions, ConfigMap, Services, pods, register, DNS.',
  options: {
    ...clusterOptions,
    output: { value: 'FORMAT', short: 'o', help: `${outputs.join(' or ')}; text where it is not given` },
    serviceaccount: {
      value: 'NAME',
      help: 'whose permissions are looked at; else those of the pods with the sidecar, in a pod its own',
    },
    'dns-server': { value: 'IP[:PORT]', help: "the cluster's DNS; else, in a pod, that of /etc/resolv.conf" },
    'cluster-domain': {
      value: 'DOMAIN',
      help: 'the domain of the Services; else from resolv.conf, else cluster.local',
    },
    quick: { help: 'one look at the registers: do not wait to see who has stopped beating' },
  },
  notes: [
    'Each line is ok, a warning, a failure, or skipped with the reason. It only reads; it may be run at any time.',
    'Exit codes: 0 no failure, 1 a failure stands, 2 bad arguments, 3 the API server could not be asked.',
  ],
  run: async (given, io) => {
    const chosen = chooseOptions(given, io.env);
    if (chosen.kind === 'refused') {
      io.stderr.write(chosen.faults.map((fault) => `${fault}\n`).join(''));
      return 'unusable';
    }
    const cluster = await openCluster(given, io);
    try {
      const looking = await prepare(cluster, io, { given, ...chosen });
      const facts = await withSpinner(io, 'looking, and waiting for the next heartbeats', () =>
        observe(cluster, io, looking),
      );
      const results = runChecks(facts);
      const ending = endingOf(facts, results);
      const { namespace, configMap: configMapName } = cluster;
      io.stdout.write(
        chosen.output === 'json'
          ? printJson(results, { namespace, configMapName, ending })
          : printResults(results, createPaint(io.stdout, io.env)),
      );
      return ending;
    } finally {
      await cluster.close();
    }
  },
};

type Chosen =
  | { readonly kind: 'refused'; readonly faults: readonly string[] }
  | {
      readonly kind: 'chosen';
      readonly output: (typeof outputs)[number];
      readonly server: DnsServerSetting | undefined;
      readonly clusterDomain: string | undefined;
    };

/** Reads what has rules of its own; an option wins over the environment variable of the same meaning. */
function chooseOptions(given: GivenArguments, env: CommandIo['env']): Chosen {
  const faults: string[] = [];
  const read = <T>(option: string, setting: Setting<T>): T | undefined => {
    const text = optionOf(given, option) ?? env[setting.env];
    if (text === undefined || text === '') return undefined;
    try {
      return setting.read(
        openVariables({ [setting.env]: text })
          .get(setting.env)
          .required(),
      );
    } catch {
      const name = optionOf(given, option) === undefined ? setting.env : `--${option}`;
      faults.push(`${name} ${text}: must be ${setting.rule}. Write ${setting.example}, for example.`);
      return undefined;
    }
  };
  const server = read('dns-server', settings.dnsServer);
  const clusterDomain = read('cluster-domain', settings.clusterDomain);
  const asked = optionOf(given, 'output') ?? 'text';
  const output = outputs.find((one) => one === asked);
  if (output === undefined) faults.push(`--output ${asked}: must be ${outputs.join(' or ')}.`);
  return output === undefined || faults.length > 0
    ? { kind: 'refused', faults }
    : { kind: 'chosen', output, server, clusterDomain };
}

/** Outside a pod resolv.conf names a server that knows nothing of the cluster. */
async function prepare(
  cluster: Cluster,
  io: CommandIo,
  chosen: { readonly given: GivenArguments } & Pick<Extract<Chosen, { kind: 'chosen' }>, 'server' | 'clusterDomain'>,
): Promise<Looking> {
  const { given, server, clusterDomain } = chosen;
  const isInside = (io.env['KUBERNETES_SERVICE_HOST'] ?? '') !== '';
  const resolvConf = isInside ? await io.readFile('/etc/resolv.conf').catch(() => undefined) : undefined;
  const dns = chooseDns({ server, clusterDomain }, { resolvConf, namespace: cluster.namespace });
  return {
    account: optionOf(given, 'serviceaccount'),
    hasSecondLook: !given.switches.has('quick'),
    dns:
      isInside || server !== undefined
        ? createDns(io, dns.server)
        : { kind: 'off', reason: 'it cannot be reached from outside the cluster' },
    clusterDomain: dns.clusterDomain,
  };
}

/** A failure is told first; without one, a read that came to nothing leaves the question open. */
function endingOf(facts: Facts, results: readonly Result[]): CommandEnding {
  if (hasFailure(results)) return 'found';
  const { groups, configMap, unmirrored, pods, services } = facts;
  const looks = [groups, configMap, unmirrored, pods, ...services.flatMap((seen) => [seen.service, seen.endpoints])];
  return looks.some(({ kind }) => kind === 'failed') ? 'unreachable' : 'good';
}
