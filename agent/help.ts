/**
 * What `--help` and `--version` print: made from the tables of settings and exit codes, so that they say what the code does.
 */
import { commandNames } from './commands/names.ts';
import { exitCodes } from './exit.ts';
import { type Setting, settings } from './settings.ts';

const WIDTH = 30;

/** The text of `--help`. */
export function printHelp(): string {
  return [
    'Usage: endpoint-registrar [run]',
    `       endpoint-registrar ${commandNames.join(' | ')}  (each with --help)`,
    '       endpoint-registrar --help | --version',
    '',
    'Registers this pod under every port that a ConfigMap declares for its Services, same-named TCP and UDP ports',
    'included, keeps it registered with heartbeats, and removes it at the end. Runs until SIGTERM.',
    '',
    'Settings are environment variables; one that is empty counts as not set:',
    ...Object.values<Setting<unknown>>(settings).map(settingLine),
    '',
    'Exit codes:',
    ...Object.values(exitCodes).map(({ code, meaning }) => `  ${code}  ${meaning}`),
    '',
  ].join('\n');
}

/** The text of `--version`. */
export function printVersion(version: string): string {
  return `endpoint-registrar ${version}\n`;
}

function settingLine(setting: Setting<unknown>): string {
  const fallback = { required: ' (required)', default: ` (default ${setting.default})`, optional: '' }[
    setting.fallback
  ];
  return `  ${setting.env.padEnd(WIDTH)} ${setting.help}${fallback}`;
}
