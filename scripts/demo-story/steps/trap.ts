/** Step 1: what Kubernetes makes of a shared Endpoints object that was written by hand. No agent runs yet. */
import { isRefusal } from '../../../test/embedded/admin/admin.ts';
import type { JsonObject } from '../../../test/embedded/objects/json.ts';
import { expecting } from '../answers.ts';
import { kerberos, kerberosTcp, pairs, pairText, SERVICE, service, sharedEndpoints } from '../pairs.ts';
import type { Scene } from '../scene.ts';
import type { Row } from '../screen.ts';
import { Unexpected } from '../unexpected.ts';
import type { World } from '../world.ts';

const LIMIT_MS = 5000;

/** Tells it, and leaves the hand-made object to the next step. */
export async function tellTrap(scene: Scene): Promise<void> {
  const { world } = scene;
  const { admin } = world.api;
  const nobody = expecting(pairs, []);
  const servers = [...world.servers.values()];
  const names = servers.map(({ name }) => name);

  scene.step('The trap', 'What Kubernetes does with one port name over two protocols. No agent runs yet.');
  let refused: Row | undefined;
  await scene.act({
    does: 'Give the Service two ports named kerberos, 88/TCP and 88/UDP.',
    expects: 'Kubernetes refuses it.',
    limitMs: LIMIT_MS,
    run: () => {
      refused = refusal(world, service({ ports: kerberos }));
    },
    answers: nobody,
    shows: kerberos,
    check: () => (refused === undefined ? [] : [refused]),
  });

  await scene.act({
    does: 'Write an Endpoints object by hand instead: all three servers, under both. Kubernetes copies such an object into EndpointSlices, which is where DNS looks.',
    expects: 'It looks right, and DNS answers NXDOMAIN: the copy is refused inside Kubernetes, and nobody is told.',
    limitMs: LIMIT_MS,
    run: async () => {
      admin.put(sharedEndpoints(kerberos, servers));
      await admin.settled({ limitMs: LIMIT_MS });
    },
    answers: nobody,
    shows: kerberos,
    check: () => [{ label: 'reads', text: shownEndpoints(world) }, eventsRow(world)],
  });

  await scene.act({
    does: 'Write it again without the UDP half, to see that only the shared name was in the way.',
    expects: 'DNS answers with all three servers over TCP. UDP cannot be had this way.',
    limitMs: LIMIT_MS,
    run: () => admin.put(sharedEndpoints([kerberosTcp], servers)),
    answers: expecting(pairs, (pair) => (pair === kerberosTcp ? names : [])),
    shows: kerberos,
  });
}

/** Asks for what must be refused, and gives the server's own sentence. */
export function refusal({ api }: World, object: JsonObject): Row {
  try {
    api.admin.put(object);
  } catch (error) {
    if (isRefusal(error, 422)) return { label: 'API', text: error.message, tone: 'said' };
    throw error;
  }
  throw new Unexpected('the API server took it');
}

/** What `kubectl describe` and `kubectl get events` would tell of it. */
function eventsRow({ api }: World): Row {
  const [event] = api.admin.list('events');
  if (event !== undefined) throw new Unexpected(`Kubernetes tells of it: ${event.message ?? event.metadata.name}`);
  return { label: 'events', text: 'none: Kubernetes says nothing of the refused copy' };
}

/** The Endpoints object as it reads, one line a pair. */
function shownEndpoints({ api }: World): string {
  const subsets = api.admin.get('endpoints', SERVICE)?.subsets ?? [];
  return subsets
    .flatMap(({ addresses = [], ports = [] }) =>
      ports.map(({ name = '', protocol, port }) => {
        const pair = pairText({ name, protocol: protocol === 'UDP' ? 'UDP' : 'TCP' });
        return `${`Endpoints ${pair}`.padEnd(23)}${addresses.map(({ ip }) => `${ip}:${port}`).join('  ')}`;
      }),
    )
    .join('\n');
}
