/**
 * Names that are no setting of ours: unknown variables with our prefix, the service links that Kubernetes sets beside
 * them, unknown arguments. The settings themselves are `settings`.
 */
import { commandNames } from './commands/names.ts';
import { nearestName } from './nearest.ts';
import { type ConfigFault, settings } from './settings.ts';

const PREFIX = 'REGISTRAR_';

/** What the agent takes as arguments; none means `run`. */
export const commands = ['run', '--help', '--version', ...commandNames] as const;

type Given = Readonly<Record<string, string>>;

/** A fault for each argument that the agent does not know. */
export function checkArguments(argv: readonly string[]): readonly ConfigFault[] {
  const unknown = argv[0] === 'run' ? argv.slice(1) : argv;
  return unknown.map((value) => {
    const near = value === 'run' ? undefined : nearestName(value, commands);
    return {
      name: 'argument',
      value,
      rule: 'the agent takes no argument, or `run`, `--help`, `--version` or a command; settings are environment variables',
      remedy: near === undefined ? 'Leave it out.' : `Did you mean ${near}?`,
    };
  });
}

/** A fault for each variable with our prefix that is neither a setting nor a service link. */
export function checkUnknownNames(given: Given): readonly ConfigFault[] {
  const known = Object.values(settings)
    .map(({ env }) => env.toString())
    .filter((env) => env.startsWith(PREFIX));
  const links = new Set(serviceLinks(given));
  return Object.keys(given)
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name) && !links.has(name))
    .sort()
    .map((name) => {
      const near = nearestName(
        name.slice(PREFIX.length),
        known.map((env) => env.slice(PREFIX.length)),
      );
      return {
        name,
        value: given[name],
        rule: 'no setting has this name',
        remedy: near === undefined ? 'Leave it out; --help lists the settings.' : `Did you mean ${PREFIX}${near}?`,
      };
    });
}

/**
 * The variables that kubelet sets for Services whose name begins with `registrar`, as far as their names begin with our
 * prefix and are no setting: of a Service `registrar` REGISTRAR_SERVICE_*, REGISTRAR_PORT and REGISTRAR_PORT_*, of a
 * Service `registrar-kdc` REGISTRAR_KDC_SERVICE_HOST and so on. They come together, so *_SERVICE_HOST betrays the rest.
 */
export function serviceLinks(given: Given): readonly string[] {
  const names = Object.keys(given).filter((name) => name.startsWith(PREFIX));
  const settingNames = new Set<string>(Object.values(settings).map(({ env }) => env));
  const stems = names.flatMap((name) => /^(REGISTRAR_\w+)_SERVICE_HOST$/.exec(name)?.[1] ?? []);
  const patterns = ['REGISTRAR', ...stems].map((stem) => new RegExp(`^${stem}_(SERVICE_.+|PORT|PORT_.+)$`));
  return names.filter((name) => !settingNames.has(name) && patterns.some((pattern) => pattern.test(name))).sort();
}
