/**
 * Fifty agents on one object, while pods come, go and die, declarations and the Service are edited, and requests are
 * slow, refused, or answered into the void. At the end everybody who lives is everywhere, and nobody who died is anywhere.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pairKey } from '../../agent/plan/pairs.ts';
import type { RunningAgent } from '../support/agents.ts';
import { createRandomness, type Randomness } from '../support/random.ts';
import { until } from '../support/until.ts';
import { PAIRS, PORTS, type ServedWay, startWorld, type World } from '../support/world.ts';

const POD_COUNT = 50;
const JOIN_AT_ONCE = 30;
const DEED_COUNT = 48;
const LIMIT_MS = 35_000;

/** At fifty pods the interval in force is 14 s; on this clock that is little more than a second. */
const SPEED = 12;

const withSip = PORTS.replace(']', ', { name: sip, protocol: UDP, port: 5060 }]');

const foreignSubset = {
  addresses: [{ ip: '10.9.9.9', hostname: 'stranger' }],
  ports: [{ name: 'kerberos', port: 88, protocol: 'TCP' }],
};

/** Who is where. */
type Fleet = {
  readonly alive: Map<string, RunningAgent>;
  readonly dead: RunningAgent[];
  /** Pod names that were not used yet. */
  readonly waiting: string[];
  readonly leaving: Promise<unknown>[];
};

type Deed = (world: World, fleet: Fleet, random: Randomness) => void | Promise<void>;

function take(fleet: Fleet, random: Randomness): RunningAgent | undefined {
  // Some must be left, or there is nothing to show at the end.
  if (fleet.alive.size <= JOIN_AT_ONCE / 2) return undefined;
  const agent = random.pick([...fleet.alive.values()]);
  fleet.alive.delete(agent.podName);
  return agent;
}

function enter(world: World, fleet: Fleet, podName: string, random: Randomness): void {
  fleet.alive.set(podName, world.start(podName, { speed: SPEED, requestTimeoutMs: 30_000, random: random.next }));
}

const join: Deed = (world, fleet, random) => {
  const podName = fleet.waiting.pop();
  if (podName !== undefined) enter(world, fleet, podName, random);
};

const leave: Deed = (world, fleet, random) => {
  const agent = take(fleet, random);
  if (agent === undefined) return;
  fleet.dead.push(agent);
  fleet.leaving.push(agent.terminate().then(() => world.server.admin.removePod(agent.podName)));
};

const die: Deed = async (world, fleet, random) => {
  const agent = take(fleet, random);
  if (agent === undefined) return;
  fleet.dead.push(agent);
  await agent.kill();
  const { admin } = world.server;
  random.pick([
    () => {},
    () => admin.removePod(agent.podName),
    () => admin.setPhase(agent.podName, 'Failed'),
    () => {
      // A StatefulSet's next pod of the same name.
      admin.removePod(agent.podName);
      enter(world, fleet, agent.podName, random);
    },
  ])();
};

const restart: Deed = async (world, fleet, random) => {
  const agent = random.pick([...fleet.alive.values()]);
  await agent.kill();
  enter(world, fleet, agent.podName, random);
};

const flap: Deed = ({ server }, fleet, random) => {
  const { podName } = random.pick([...fleet.alive.values()]);
  server.admin.setContainerReady({ pod: podName, container: 'server', ready: false });
  server.admin.setContainerReady({ pod: podName, container: 'server', ready: true });
};

const deeds: readonly Deed[] = [
  join,
  join,
  join,
  leave,
  die,
  die,
  restart,
  flap,
  (world, _fleet, random) => world.declare({ ipa: random.pick([PORTS, withSip]) }),
  ({ server }) => void server.watches.cut(),
];

/** The edits that everybody must answer at once: few, and apart. */
const upheavals: readonly Deed[] = [
  (world) => {
    world.server.admin.delete('services', 'ipa');
    world.createService();
    putForeign(world);
  },
  ({ server }, _fleet, random) => {
    server.admin.edit('services', 'ipa', { metadata: { annotations: { 'example.org/edited': `${random.next()}` } } });
  },
];

/** What others keep in the Endpoints, where these are ours to share. */
function putForeign({ way, server }: World): void {
  if (way === 'supplement') return;
  const { subsets = [] } = server.admin.get('endpoints', 'ipa') ?? {};
  if (subsets.some(({ addresses = [] }) => addresses.some(({ ip }) => ip === '10.9.9.9'))) return;
  const labels = { 'endpointslice.kubernetes.io/skip-mirror': 'true', 'example.org/team': 'identity' };
  const metadata = { name: 'ipa', labels, annotations: { 'example.org/note': 'theirs' } };
  if (server.admin.get('endpoints', 'ipa') === undefined) {
    server.admin.put({ kind: 'Endpoints', metadata, subsets: [foreignSubset] });
  } else {
    server.admin.edit('endpoints', 'ipa', { metadata, subsets: [foreignSubset, ...subsets] });
  }
}

function disturb({ server }: World): void {
  const { faults } = server;
  const writes = { verb: ['patch', 'delete'], resource: ['endpoints', 'endpointslices'] };
  faults.add({}, { kind: 'delay', ms: { minMs: 0, maxMs: 30 } }, { probability: 0.3 });
  faults.add(writes, { kind: 'cut', when: 'after' }, { probability: 0.03 });
  faults.add({}, { kind: 'cut', when: 'before' }, { probability: 0.01 });
  faults.add({ ...writes, verb: 'patch' }, { kind: 'error', code: 422, details: {} }, { probability: 0.04 });
  faults.add(writes, { kind: 'error', code: 503 }, { probability: 0.01 });
  faults.add({ verb: 'get', resource: 'endpoints' }, { kind: 'stale', versions: 2 }, { probability: 0.05 });
}

/** Asserts that register, slices and DNS hold exactly those who live, and everything of others as it was. */
async function assertWhole(world: World, fleet: Fleet): Promise<void> {
  const alive = [...fleet.alive.values()];
  const uids = alive.map(({ uid }) => uid).sort();
  const names = alive.map(({ podName }) => podName).sort();
  const { heartbeats, subsets = [], annotations, labels, foreign } = world.register();
  assert.deepEqual([...heartbeats.keys()].sort(), uids, 'heartbeats');
  const published = world.server.admin
    .list('endpointslices')
    .filter(({ metadata }) => metadata.labels?.['endpointslice.kubernetes.io/managed-by'] === 'endpoint-registrar');
  for (const pair of world.ours([...PAIRS, 'sip/UDP'])) {
    const publishers = published
      .filter(({ ports }) => ports?.some((port) => pairKey(port) === pair))
      .map(({ metadata }) => metadata.labels?.['endpoint-registrar/pod-uid'])
      .sort();
    assert.deepEqual(publishers, uids, `slices of ${pair}`);
    if (world.way === 'full') {
      const held = subsets
        .filter(({ ports = [] }) => ports.length === 1 && ports.some((port) => pairKey(port) === pair))
        .flatMap(({ addresses = [] }) => addresses.flatMap(({ targetRef }) => targetRef?.uid ?? []))
        .sort();
      assert.deepEqual(held, uids, `entries of ${pair}`);
    }
    const answers = await world.srv(pair);
    assert.deepEqual(answers.map((answer) => answer.split(':')[0]).sort(), names, `DNS of ${pair}`);
  }
  assert.deepEqual(
    new Set(published.map(({ metadata }) => metadata.labels?.['endpoint-registrar/pod-uid'])),
    new Set(uids),
  );
  if (world.way === 'supplement') return;
  assert.deepEqual(
    subsets.filter(({ addresses = [] }) => addresses.some(({ ip }) => ip === '10.9.9.9')),
    [foreignSubset],
  );
  assert.deepEqual(foreign, ['10.9.9.9']);
  assert.equal(annotations?.['example.org/note'], 'theirs');
  assert.equal(labels?.['example.org/team'], 'identity');
}

async function run(world: World, random: Randomness): Promise<void> {
  const waiting = Array.from({ length: POD_COUNT }, (_, index) => `ipa-${index}`);
  const fleet: Fleet = { alive: new Map(), dead: [], waiting, leaving: [] };
  putForeign(world);
  disturb(world);
  for (let count = 0; count < JOIN_AT_ONCE; count += 1) await join(world, fleet, random);
  await until(() => assert.ok(world.register().heartbeats.size >= JOIN_AT_ONCE / 2), LIMIT_MS);
  for (let count = 0; count < DEED_COUNT; count += 1) {
    await random.pick(deeds)(world, fleet, random);
    if (count % (DEED_COUNT / 4) === 0) await random.pick(upheavals)(world, fleet, random);
    // The next deed comes while this one is under way: after a request or two.
    await world.server.requests.waitFor({ verb: 'patch' });
  }
  while (fleet.waiting.length > 0) await join(world, fleet, random);
  await Promise.all(fleet.leaving);
  // With every pair that any of the dead announced: a pair that nobody living holds would keep its last holder in place.
  world.declare({ ipa: withSip });
  await until(() => assertWhole(world, fleet), LIMIT_MS);
  world.server.faults.clear();
  for (const agent of fleet.alive.values()) {
    assert.deepEqual(
      agent.lines.filter(({ event }) => event === 'crashed' || event === 'latch-closed'),
      [],
    );
  }
}

describe('fifty agents on one object', () => {
  for (const way of ['full', 'supplement'] satisfies readonly ServedWay[]) {
    test(`${way}: end with all who live everywhere, none who died anywhere, and nothing of others changed`, async (t) => {
      const random = createRandomness(Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000));
      const world = await startWorld(t, way, { server: { random: random.next } });
      try {
        await run(world, random);
      } catch (cause) {
        throw new Error(`run again with TEST_SEED=${random.seed}`, { cause });
      }
    });
  }
});
