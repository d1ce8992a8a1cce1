/** Step 9: how all of it looks to an administrator, who sits outside of the cluster. */
import { expecting } from '../answers.ts';
import type { Said } from '../commands.ts';
import { kerberos, pairs, pairText } from '../pairs.ts';
import type { Scene } from '../scene.ts';
import type { Row } from '../screen.ts';
import { Unexpected } from '../unexpected.ts';
import { endRow } from './leaving.ts';

/** An agent asks DNS a second after it published. A command takes a second itself, on a busy machine several. */
const LIMIT_MS = 15_000;

/** Tells it. Nothing is changed. */
export async function tellStatus(scene: Scene): Promise<void> {
  const { world, commands, signal } = scene;
  const names = [...world.servers.keys()].sort();
  let said: Said | undefined;
  scene.step(
    'A look from outside',
    'The command asks the API server, which passes the question on to each agent. Each has looked its own pairs up in DNS.',
  );
  await scene.act({
    does: 'Run, as an administrator: endpoint-registrar status',
    expects: `One line for each of ${pairs.length} pairs of ${names.length} servers: announced, and resolved by DNS. Exit code 0.`,
    limitMs: LIMIT_MS,
    run: async () => {
      const endMs = performance.now() + LIMIT_MS;
      const kubeconfig = await world.writeKubeconfig('admin');
      do {
        said = await commands.run({ words: ['status'], folder: world.folder, kubeconfig });
      } while (!signal.aborted && performance.now() < endMs && wrongIn(said, names) !== undefined);
    },
    answers: expecting(pairs, names),
    shows: kerberos,
    check: () => {
      if (said === undefined) throw new Unexpected('the command was not run');
      const wrong = wrongIn(said, names);
      if (wrong !== undefined) throw new Unexpected(`${wrong}; it said\n${said.text}`);
      return [...shown(said), endRow([said.end])];
    },
  });
}

type Line = { readonly text: string; readonly cells: readonly string[] };

/** The lines of the table: `kerberos/UDP  ipa-0  node-1  88  announced  0.9s  resolved  the workload is ready`. */
function linesOf({ text }: Said): readonly Line[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('  '))
    .map((line) => ({ text: line, cells: line.trim().split(/ {2,}/) }));
}

/** What is not as it shall be; undefined where all is. */
function wrongIn(said: Said, names: readonly string[]): string | undefined {
  const lines = linesOf(said);
  const seen = new Set(
    lines.map(({ cells: [pair, pod, , port, state, , dns] }) => [pair, pod, port, state, dns].join(' ')),
  );
  const wanted = pairs.flatMap((pair) =>
    names.map((pod) => `${pairText(pair)} ${pod} ${pair.port} announced resolved`),
  );
  const missing = wanted.find((line) => !seen.has(line));
  if (missing !== undefined) return `the command has no line "${missing}"`;
  // The head of the table is a line too.
  const spareCount = lines.length - 1 - wanted.length;
  return spareCount === 0 ? undefined : `the command has ${spareCount} lines more than there are pairs`;
}

/** The heading, the head of the table and what it says of the pairs that the story is about. */
function shown(said: Said): readonly Row[] {
  const [heading = ''] = said.text.split('\n');
  const [head, ...lines] = linesOf(said);
  const told = new Set(kerberos.map(pairText));
  const some = lines.filter(({ cells: [pair = ''] }) => told.has(pair));
  const text = [heading, head?.text ?? '', ...some.map((line) => line.text)].map((line) => line.trimEnd()).join('\n');
  return [
    {
      label: 'status',
      text: `${text}\nand ${lines.length - some.length} more lines, all announced and resolved`,
      tone: 'said',
    },
  ];
}
