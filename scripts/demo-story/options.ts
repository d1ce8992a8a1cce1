/** The command line of the demo: what it takes, what it says of itself, and what is wrong with anything else. */
import { nearestName } from '../../agent/nearest.ts';

/** What the command line asks for. */
export type Options =
  | { readonly kind: 'run'; readonly keeps: boolean }
  | { readonly kind: 'help' }
  | { readonly kind: 'invalid'; readonly faults: readonly string[] };

const known = ['--keep', '--help'] as const;

/** Reads the arguments behind the program's name; every fault at once. */
export function parseOptions(argv: readonly string[]): Options {
  const unknown = argv.filter((argument) => !known.some((option) => option === argument));
  if (unknown.length > 0) return { kind: 'invalid', faults: unknown.map(fault) };
  return argv.includes('--help') ? { kind: 'help' } : { kind: 'run', keeps: argv.includes('--keep') };
}

function fault(argument: string): string {
  const near = nearestName(argument, known);
  const remedy = near === undefined ? 'scripts/demo --help says what there is.' : `Did you mean ${near}?`;
  return `scripts/demo: it knows no argument ${JSON.stringify(argument)}. ${remedy}`;
}

/** The text of --help. */
export const helpText = `Usage: scripts/demo [--keep]
       scripts/demo --help

Tells the story of this project in about half a minute, on this machine alone: a small Kubernetes API server and a DNS
server in memory, and three agents as processes of their own. Every answer that it shows comes from a real DNS query.

  --keep   leaves everything running after the story, and prints how to look at it by hand; Ctrl-C ends it
  --help   prints this

Exit codes:
  0    every step came out as expected
  1    one did not (the output says which, with the agents' logs), or the demo itself met a fault
  2    an argument is not known
  130  Ctrl-C; 143 after SIGTERM, 129 after SIGHUP, 141 where nobody reads the output any more

Nothing is left behind in any of these cases: no process, no file. NO_COLOR switches colours off.
`;
