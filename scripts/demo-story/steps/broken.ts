/** Step 8: an edit of the ConfigMap that is wrong. */
import type { EventName } from '../../../agent/log.ts';
import { expecting } from '../answers.ts';
import { configMap, declarationText, kerberos, pairs } from '../pairs.ts';
import type { Scene } from '../scene.ts';
import { Unexpected } from '../unexpected.ts';

const LIMIT_MS = 8000;

/** Tells it, and puts the ConfigMap right again. */
export async function tellBrokenEdit(scene: Scene): Promise<void> {
  const { world, agents } = scene;
  const names = [...world.servers.keys()].sort();
  const good = declarationText(pairs);
  const broken = good.replace('port: 389 ', 'port: 389000 ').replace('UDP', 'udp');
  const mistakes = broken.split('\n').filter((line) => !good.includes(line));
  const versions = world.versions('agents');
  let sinceMs = 0;
  const haveAllSaid = (event: EventName) =>
    names.every((pod) => agents.lines.find({ pod, event, sinceMs }) !== undefined);
  let heartbeats: readonly (string | undefined)[] | undefined;

  scene.step('A broken edit', 'Somebody mistypes a port number and a protocol.');
  await scene.act({
    does: `Two lines of the ConfigMap become\n${mistakes.join('\n')}`,
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
