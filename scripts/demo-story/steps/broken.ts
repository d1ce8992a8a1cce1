/** Step 8: an edit of the ConfigMap that is wrong: as a file, and in the cluster. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { EventName } from '../../../agent/log.ts';
import { expecting } from '../answers.ts';
import type { Said } from '../commands.ts';
import { configMap, declarationText, kerberos, pairs } from '../pairs.ts';
import type { Scene } from '../scene.ts';
import type { Row } from '../screen.ts';
import { Unexpected } from '../unexpected.ts';
import { endRow } from './leaving.ts';

const LIMIT_MS = 8000;

/** The ConfigMap with its mistakes as a file in the world's folder. */
export const BROKEN_FILE = 'configmap.yaml';

/** Tells it, and puts the ConfigMap right again. */
export async function tellBrokenEdit(scene: Scene): Promise<void> {
  const { world, agents, commands } = scene;
  const names = [...world.servers.keys()].sort();
  const good = declarationText(pairs);
  const broken = good.replace('port: 389 ', 'port: 389000 ').replace('UDP', 'udp');
  const mistakes = broken.split('\n').filter((line) => !good.includes(line));
  const versions = world.versions('agents');
  let sinceMs = 0;
  const haveAllSaid = (event: EventName) =>
    names.every((pod) => agents.lines.find({ pod, event, sinceMs }) !== undefined);
  let heartbeats: readonly (string | undefined)[] | undefined;

  const file = stringify(configMap(broken));
  let said: Said | undefined;

  scene.step('A broken edit', 'Somebody mistypes a port number and a protocol.');
  await scene.act({
    does: `Two lines in the file of the ConfigMap become\n${mistakes.join('\n')}\nBefore it is applied: endpoint-registrar check ${BROKEN_FILE}`,
    expects: 'The command finds both, in their lines, without asking the cluster. Exit code 1.',
    limitMs: LIMIT_MS,
    run: async () => {
      await writeFile(join(world.folder, BROKEN_FILE), file);
      said = await commands.run({ words: ['check', BROKEN_FILE], folder: world.folder });
    },
    answers: expecting(pairs, names),
    shows: kerberos,
    check: () => foundRows(said, linesOf(file, mistakes)),
  });
  await scene.act({
    does: 'Apply it all the same.',
    expects: 'Every agent says what is wrong and where; nothing changes, and all go on through their next heartbeat.',
    limitMs: LIMIT_MS,
    run: () => {
      sinceMs = performance.now();
      world.api.admin.put(configMap(broken));
    },
    first: {
      what: 'a complaint and then another heartbeat of every agent',
      holds: () => {
        if (!haveAllSaid('finding-raised')) return false;
        heartbeats ??= world.heartbeats();
        const before = heartbeats;
        return world.heartbeats().every((value, index) => value !== undefined && value !== before[index]);
      },
    },
    answers: expecting(pairs, names),
    shows: kerberos,
    quotes: [{ by: 'everyone', event: 'finding-raised' }],
    check: () => {
      if (world.versions('agents') !== versions) throw new Unexpected('EndpointSlices were written all the same');
      return [{ label: 'wrote', text: 'nothing but heartbeats' }];
    },
  });
  await scene.act({
    does: 'Put both right.',
    expects: 'Every agent says that this is over.',
    limitMs: LIMIT_MS,
    run: () => {
      sinceMs = performance.now();
      world.api.admin.put(configMap(good));
    },
    first: { what: 'every agent says that it is over', holds: () => haveAllSaid('finding-cleared') },
    answers: expecting(pairs, names),
    shows: kerberos,
  });
}

/** The numbers of the lines that hold one of the texts; the first line is 1. */
function linesOf(file: string, texts: readonly string[]): readonly number[] {
  return file.split('\n').flatMap((line, index) => (texts.includes(line.trim()) ? [index + 1] : []));
}

/**
 * What `check` said, to be shown.
 * @throws Unexpected where it has no fault for one of the lines, or one more
 */
function foundRows(said: Said | undefined, lines: readonly number[]): readonly Row[] {
  const text = said?.text.trimEnd() ?? '';
  const found = [...text.matchAll(/^configmap\.yaml:(\d+):\d+: fault: /gm)].map(([, line]) => Number(line));
  if (found.join() !== lines.join()) {
    throw new Unexpected(
      `check found faults in lines ${found.join() || 'none'} instead of ${lines.join()}; it said\n${text}`,
    );
  }
  return [{ label: 'check', text, tone: 'said' }, endRow([said?.end], 'exit code 1')];
}
