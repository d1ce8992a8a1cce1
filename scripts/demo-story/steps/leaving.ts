/** Steps 5 to 7: agents that end politely, that are killed, and that come back. */
import { expecting } from '../answers.ts';
import { kerberos, pairs } from '../pairs.ts';
import type { Scene } from '../scene.ts';
import type { Row } from '../screen.ts';
import { Unexpected } from '../unexpected.ts';

const LIMIT_MS = 5000;
/** A process has to start first. */
const START_LIMIT_MS = 20_000;
/** Promised at an interval of 1 s: 4.4 s and half a second a rank. Twice that, since the machine may be busy. */
const EVICTION_LIMIT_MS = 10_000;

/** SIGTERM, and the pod that Kubernetes makes in its place. */
export async function tellSigterm(scene: Scene): Promise<void> {
  const { world, agents } = scene;
  const names = [...world.servers.keys()];
  const pod = 'ipa-2';
  let ended: Promise<string> | undefined;
  scene.step(
    'An agent is asked to end',
    'SIGTERM is how Kubernetes asks, for example when a pod is replaced by a newer one.',
  );
  await scene.act({
    does: `SIGTERM to the agent of ${pod}.`,
    expects: `${pod} leaves every answer at once, and the agent ends with exit code 0.`,
    limitMs: LIMIT_MS,
    run: () => {
      ended = agents.end(pod, 'SIGTERM');
    },
    answers: expecting(pairs, without(names, pod)),
    shows: kerberos,
    quotes: [{ by: pod, event: 'withdrawn' }],
    check: async () => [endRow([await ended])],
  });
  const before = world.servers.get(pod)?.ip ?? '';
  await scene.act({
    does: `Kubernetes makes a new pod of that name, with another address, and an agent starts beside it.`,
    expects: `${pod} is back in every answer, and its name leads to the new address.`,
    limitMs: START_LIMIT_MS,
    run: async () => {
      world.removeServer(pod);
      world.addServer(pod);
      await agents.start(pod);
    },
    answers: expecting(pairs, names),
    shows: kerberos,
    quotes: [{ by: pod, event: 'register-joined' }],
    check: () => [{ label: 'address', text: `${pod} was ${before} and is ${world.servers.get(pod)?.ip}` }],
  });
}

/** A death without a word. */
export async function tellKill(scene: Scene): Promise<void> {
  const { world, agents } = scene;
  const names = [...world.servers.keys()];
  const pod = 'ipa-1';
  let ended: Promise<string> | undefined;
  scene.step(
    'An agent is killed without a word',
    'As when a machine loses its power: to Kubernetes the pod looks well for minutes, so nobody else takes it out of DNS.',
  );
  await scene.act({
    does: `kill -9 to the agent of ${pod}.`,
    expects: 'Its two peers miss three of its heartbeats, one second each, and one of them takes it out.',
    limitMs: EVICTION_LIMIT_MS,
    run: () => {
      ended = agents.end(pod, 'SIGKILL');
    },
    answers: expecting(pairs, without(names, pod)),
    shows: kerberos,
    quotes: [{ by: 'anyone', event: 'peer-evicted' }],
    check: async () => [endRow([await ended], 'SIGKILL')],
  });
}

/** The killed one is started again. */
export async function tellReturn(scene: Scene): Promise<void> {
  const { world, agents } = scene;
  const pod = 'ipa-1';
  scene.step(
    'The killed one returns',
    'As when Kubernetes starts a container again: the pod is the same, with its name and address.',
  );
  await scene.act({
    does: `Start the agent beside ${pod} again.`,
    expects: `${pod} is back in every answer.`,
    limitMs: START_LIMIT_MS,
    run: () => agents.start(pod),
    answers: expecting(pairs, [...world.servers.keys()]),
    shows: kerberos,
    quotes: [{ by: pod, event: 'register-joined' }],
  });
}

/**
 * How agents ended, to be shown.
 * @throws Unexpected where one did not end as `wanted`
 */
export function endRow(ends: readonly (string | undefined)[], wanted = 'exit code 0'): Row {
  const other = ends.find((end) => end !== wanted);
  if (other !== undefined) throw new Unexpected(`an agent ended with ${other} instead of ${wanted}`);
  return { label: 'ended', text: ends.length === 1 ? `with ${wanted}` : `all ${ends.length} with ${wanted}` };
}

const without = (names: readonly string[], name: string): readonly string[] => names.filter((other) => other !== name);
