/** Steps 2 to 4: the agents register, follow the ConfigMap, and follow the readiness of what runs beside them. */
import { askInFull, expecting } from '../answers.ts';
import { configMap, declarationText, kerberos, kerberosUdp, ldaps, pairs, SERVICE } from '../pairs.ts';
import type { Scene } from '../scene.ts';
import type { Row } from '../screen.ts';
import { Unexpected } from '../unexpected.ts';
import { pairsIn, WORKLOAD } from '../world.ts';

/** For the first start of all agents. */
const START_LIMIT_MS = 30_000;
const LIMIT_MS = 5000;

/** The first start. */
export async function tellStart(scene: Scene): Promise<void> {
  const { world, agents } = scene;
  const names = [...world.servers.keys()];
  scene.step(
    'Ours: one agent beside each server',
    'The ConfigMap has what the Service could not hold: nine pairs of a port name and a protocol.',
  );
  await scene.act({
    does: 'Delete the hand-made object, write the ConfigMap, start three agents.',
    expects: `All nine pairs answer with all three servers, TCP and UDP under one name.`,
    limitMs: START_LIMIT_MS,
    run: async () => {
      world.api.admin.delete('endpoints', SERVICE);
      await world.api.admin.settled({ limitMs: LIMIT_MS });
      world.api.admin.put(configMap(declarationText(pairs)));
      await Promise.all(names.map(agents.start));
    },
    answers: expecting(pairs, names),
    shows: pairs,
    quotes: [{ by: 'everyone', event: 'slices-published' }],
    check: async () => {
      const full = await askInFull(scene.resolver, kerberosUdp, scene.signal);
      return [...slicesEach(scene), { label: 'in full', text: full.join('\n') }];
    },
  });
}

/** A pair is added and taken away. */
export async function tellEdit(scene: Scene): Promise<void> {
  const { world } = scene;
  const names = [...world.servers.keys()];
  scene.step('An edit of the ConfigMap', 'The agents watch it; nothing is restarted.');
  await scene.act({
    does: 'Add a tenth pair, ldaps/TCP on port 636.',
    expects: 'All three servers answer under it too.',
    limitMs: LIMIT_MS,
    run: () => world.api.admin.put(configMap(declarationText([...pairs, ldaps]))),
    answers: expecting([...pairs, ldaps], names),
    shows: [ldaps],
    quotes: [{ by: 'everyone', event: 'declarations-changed' }],
  });
  await scene.act({
    does: 'Take it out again.',
    expects: 'It is gone, and the nine others are as they were.',
    limitMs: LIMIT_MS,
    run: () => world.api.admin.put(configMap(declarationText(pairs))),
    answers: expecting([...pairs, ldaps], (pair) => (pair === ldaps ? [] : names)),
    shows: [ldaps],
  });
}

/** A server that does not answer must not be named. */
export async function tellReadiness(scene: Scene): Promise<void> {
  const { world } = scene;
  const names = [...world.servers.keys()];
  const pod = 'ipa-1';
  const set = (ready: boolean) => world.api.admin.setContainerReady({ pod, container: WORKLOAD, ready });
  scene.step(
    'A server that is not ready',
    'Kubernetes asks each container whether it can work. The agent beside it hears the answer.',
  );
  await scene.act({
    does: `The server in ${pod} says that it is not ready.`,
    expects: `${pod} leaves every answer; the two others stay.`,
    limitMs: LIMIT_MS,
    run: () => set(false),
    answers: expecting(
      pairs,
      names.filter((name) => name !== pod),
    ),
    shows: kerberos,
    quotes: [{ by: pod, event: 'own-pod-changed' }],
  });
  await scene.act({
    does: 'It is ready again.',
    expects: `${pod} is back in every answer.`,
    limitMs: LIMIT_MS,
    run: () => set(true),
    answers: expecting(pairs, names),
    shows: kerberos,
    quotes: [{ by: pod, event: 'own-pod-changed' }],
  });
}

/** Why it works: an EndpointSlice refuses one name twice as well, and two slices do not meet. */
function slicesEach({ world }: Scene): readonly Row[] {
  for (const server of world.servers.values()) {
    const slices = world.slicesOf(server).map((slice) => pairsIn([slice]));
    const isOneEach = slices.length === 2 && slices.every((text) => !text.includes('TCP') || !text.includes('UDP'));
    if (!isOneEach) throw new Unexpected(`${server.name} has these EndpointSlices: ${slices.join(' | ') || 'none'}`);
  }
  return [
    {
      label: 'wrote',
      text: 'each agent: two EndpointSlices of its own, one for its TCP pairs and one for its UDP pairs',
    },
  ];
}
