/** Step 10 and the end: a Service that picks its pods itself, as most have one today; then the agents go. */
import { expecting } from '../answers.ts';
import {
  configMap,
  declarationText,
  kerberos,
  listText,
  missing,
  ordinary,
  POD_LABELS,
  pairs,
  pairText,
  SERVICE,
  service,
} from '../pairs.ts';
import type { Scene } from '../scene.ts';
import type { Row } from '../screen.ts';
import { Unexpected } from '../unexpected.ts';
import { pairsIn } from '../world.ts';
import { endRow } from './leaving.ts';
import { refusal } from './trap.ts';

const LIMIT_MS = 8000;

/** The Service is replaced while the agents run. */
export async function tellSelector(scene: Scene): Promise<void> {
  const { world } = scene;
  const { admin } = world.api;
  const names = [...world.servers.keys()].sort();
  const selected = { selector: POD_LABELS };
  const tooMany = pairs.filter(({ name, protocol }) => protocol === 'TCP' && name !== 'http' && name !== 'https');
  scene.step(
    'The same on an ordinary Service',
    'One with a selector: Kubernetes finds its pods and announces them under the ports that the Service has. Whoever has such a Service today keeps it; the agents add what it cannot hold, and call that supplement.',
  );
  await scene.act({
    does: `Take the Service ${SERVICE} out of the ConfigMap.`,
    expects: 'The agents withdraw: DNS has no answer left.',
    limitMs: LIMIT_MS,
    run: () => admin.put(configMap(undefined)),
    answers: expecting(pairs, []),
    shows: kerberos,
    quotes: [{ by: 'everyone', event: 'withdrawn' }],
  });

  let refused: Row | undefined;
  let native = '';
  await scene.act({
    does: 'Replace the Service by one with a selector, and with every pair that it can hold. That is each name once, and each number once: kerberos-master on 88/TCP beside kerberos on 88/TCP is refused.',
    expects: `Kubernetes announces ${ordinary.length} pairs; ${listText(missing)} are missing.`,
    limitMs: LIMIT_MS,
    run: async () => {
      admin.delete('services', SERVICE);
      await admin.settled({ limitMs: LIMIT_MS });
      refused = refusal(world, service({ ...selected, ports: tooMany }));
      admin.put(service({ ...selected, ports: ordinary }));
      await admin.settled({ limitMs: LIMIT_MS });
      native = world.versions('others');
    },
    answers: expecting(pairs, (pair) => (missing.includes(pair) ? [] : names)),
    shows: pairs,
    check: () => (refused === undefined ? [] : [refused]),
  });

  await scene.act({
    does: `Put all ${pairs.length} pairs back into the ConfigMap.`,
    expects: `The agents add the ${missing.length} that are missing, and touch nothing of what Kubernetes keeps.`,
    limitMs: LIMIT_MS,
    run: () => admin.put(configMap(declarationText(pairs))),
    answers: expecting(pairs, names),
    shows: pairs,
    quotes: [{ by: 'everyone', event: 'way-changed' }],
    check: () => {
      if (world.versions('others') !== native) throw new Unexpected('an EndpointSlice of Kubernetes was changed');
      return [addedPairs(scene), rightsUsed(scene)];
    },
  });
}

/** The agents go, and take what is theirs along. */
export async function tellEnd(scene: Scene): Promise<void> {
  const { world, agents } = scene;
  const names = [...world.servers.keys()].sort();
  let ended: readonly Promise<string>[] = [];
  scene.step(
    'The agents go',
    'What they wrote goes with them; what Kubernetes keeps stays as it was before they came.',
  );
  await scene.act({
    does: 'SIGTERM to all three agents.',
    expects: `The ${missing.length} pairs that they added are gone, and no EndpointSlice and no heartbeat of theirs is left.`,
    limitMs: LIMIT_MS,
    run: () => {
      ended = agents.running().map(({ pod }) => agents.end(pod, 'SIGTERM'));
    },
    answers: expecting(pairs, (pair) => (missing.includes(pair) ? [] : names)),
    shows: kerberos,
    check: async () => {
      const row = endRow(await Promise.all(ended));
      const left = [world.versions('agents'), ...world.heartbeats()].filter(
        (text) => text !== undefined && text !== '',
      );
      if (left.length > 0) throw new Unexpected(`this is left of them: ${left.join(', ')}`);
      return [row];
    },
  });
}

function addedPairs({ world }: Scene): Row {
  const wanted = missing.map(pairText).sort().join(', ');
  for (const server of world.servers.values()) {
    const added = pairsIn(world.slicesOf(server));
    if (added !== wanted) throw new Unexpected(`the agent of ${server.name} added ${added || 'nothing'}`);
  }
  return { label: 'wrote', text: `each agent: ${wanted}` };
}

/** The agents had the rights of k8s/base and no others: were they enough? */
function rightsUsed({ world }: Scene): Row {
  const asked = world.api.requests.matching({ user: /^system:serviceaccount:/ });
  const refused = asked.filter(({ status }) => status === 401 || status === 403);
  const [first] = refused;
  if (first !== undefined) {
    throw new Unexpected(`${refused.length} requests were refused; the first: ${first.verb} ${first.path}`);
  }
  return { label: 'rights', text: `${asked.length} requests of the agents so far, none refused` };
}
