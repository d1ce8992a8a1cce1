/** The command `sweep` removes what the dead left, and nothing else. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { baseRules, roleObject, SERVICE_ACCOUNT, withoutVerb } from '../support/role.ts';
import { until } from '../support/until.ts';
import { type ServedWay, startWorld, type World, type WorldOptions } from '../support/world.ts';
import { createSweep, type Swept, stored, writesOf } from './sweep-world.ts';

const entriesOf = { full: ' and 3 entries', supplement: '' } as const satisfies Record<ServedWay, string>;

/** Agents in these pods have registered, and then stopped without a word: nobody but the sweep removes anything. */
async function setUp(t: TestContext, way: ServedWay, options: WorldOptions = {}) {
  const world = await startWorld(t, way, options);
  const agents = await world.join('ipa-0', 'ipa-1', 'ipa-2');
  for (const agent of agents) await agent.kill();
  world.server.requests.clear();
  const [first, second, third] = agents;
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  return {
    world,
    server: world.server,
    sweep: await createSweep(t, world.server),
    agents: [first, second, third],
  } as const;
}

const all = ['kerberos/TCP', 'kerberos/UDP', 'ldap/TCP'];
const presenceOf = (world: World, pairs: readonly string[]) => ({
  isBeating: true,
  entries: world.way === 'full' ? pairs : [],
  slices: world.ours(pairs),
});
const nothing = { isBeating: false, entries: [], slices: [] };

for (const way of ['full', 'supplement'] as const) {
  describe(`way ${way}`, () => {
    test('a pod that is gone and one that has ended are swept; one that is listed stays, though it does not beat', async (t) => {
      const { world, server, sweep, agents } = await setUp(t, way);
      const [living, gone, ended] = agents;
      server.admin.removePod('ipa-1');
      server.admin.setPhase('ipa-2', 'Failed');
      await server.admin.settled();
      const { ending, lines, err } = await sweep();
      assert.deepEqual([ending, err], ['good', '']);
      assert.deepEqual(
        lines.filter((line) => line.includes('Endpoints ipa')).sort(),
        [
          `removed  Endpoints ipa: the heartbeat${entriesOf[way]} of pod ipa-1 (UID ${gone.uid}): the pod is gone`,
          `removed  Endpoints ipa: the heartbeat${entriesOf[way]} of pod ipa-2 (UID ${ended.uid}): the pod has ended`,
        ].map((line) => (way === 'full' ? line : line.replace(`pod ipa-1 (UID ${gone.uid})`, `UID ${gone.uid}`))),
      );
      assert.match(lines.at(-1) ?? '', /^removed {2}EndpointSlice ipa-2-\w+: the whole object: the pod has ended$/);
      assert.deepEqual(world.presence(gone), nothing);
      assert.deepEqual(world.presence(ended), nothing);
      assert.deepEqual(world.presence(living), presenceOf(world, all));
      const again = await sweep();
      assert.deepEqual([again.ending, again.out], ['good', 'nothing to sweep\n']);
    });

    test('the register comes before the slices, one patch a pod', async (t) => {
      const { server, sweep } = await setUp(t, way);
      server.admin.setPhase('ipa-2', 'Failed');
      await sweep();
      const slices =
        way === 'full' ? ['delete endpointslices 200', 'delete endpointslices 200'] : ['delete endpointslices 200'];
      assert.deepEqual(writesOf(server), ['patch endpoints 200', ...slices]);
    });

    test('another pod under the name of a dead one is no reason to keep what the dead one left', async (t) => {
      const { world, server, sweep, agents } = await setUp(t, way);
      server.admin.removePod('ipa-1');
      world.createPod('ipa-1');
      const { ending, lines } = await sweep();
      assert.equal(ending, 'good');
      assert.match(
        lines[0] ?? '',
        way === 'full' ? /pod ipa-1 .*: another pod has its name now$/ : /: the pod is gone$/,
      );
      assert.deepEqual(world.presence(agents[1]), nothing);
    });

    test('a dry run says the same, and asks for nothing but reads', async (t) => {
      const { server, sweep } = await setUp(t, way);
      server.admin.removePod('ipa-1');
      server.admin.setPhase('ipa-2', 'Failed');
      await server.admin.settled();
      const before = stored(server);
      const dry = await sweep(['--dry-run']);
      assert.equal(dry.ending, 'good');
      assert.deepEqual([writesOf(server), stored(server)], [[], before]);
      const real = await sweep();
      assert.deepEqual(
        dry.lines.map((line) => line.replace('would remove', 'removed')),
        real.lines,
      );
    });
  });
}

/** What others put beside ours: addresses, labels, annotations, a slice. */
function addForeign({ server }: World): void {
  const { subsets = [] } = server.admin.get('endpoints', 'ipa') ?? {};
  server.admin.edit('endpoints', 'ipa', {
    metadata: {
      labels: { team: 'identity' },
      annotations: { note: 'theirs', 'endpoint-registrar-note': 'theirs too' },
    },
    subsets: [
      ...subsets,
      { addresses: [{ ip: '10.9.9.9' }], ports: [{ name: 'ldap', port: 389, protocol: 'TCP' }] },
      {
        addresses: [
          { ip: '10.9.9.8', targetRef: { kind: 'Pod', name: 'other', namespace: 'default', uid: 'u-foreign' } },
        ],
        ports: [{ name: 'x', port: 1, protocol: 'TCP' }],
      },
    ],
  });
  server.admin.put({
    kind: 'EndpointSlice',
    metadata: {
      name: 'foreign',
      labels: { 'kubernetes.io/service-name': 'ipa', 'endpointslice.kubernetes.io/managed-by': 'me' },
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.9.9.7'] }],
  });
}

describe('what is not ours', () => {
  for (const argv of [[], ['--leftovers'], ['--all'], ['--all', '--leftovers', '--force']]) {
    test(`stays with: sweep ${argv.join(' ')}`, async (t) => {
      const { world, server, sweep } = await setUp(t, 'full');
      addForeign(world);
      server.admin.removePod('ipa-1');
      await server.admin.settled();
      const { ending } = await sweep(argv);
      assert.equal(ending, 'good');
      const { metadata, subsets = [] } = server.admin.get('endpoints', 'ipa') ?? assert.fail('it is gone');
      assert.equal(metadata.labels?.['team'], 'identity');
      assert.equal(metadata.annotations?.['note'], 'theirs');
      assert.equal(metadata.annotations?.['endpoint-registrar-note'], 'theirs too');
      assert.deepEqual(
        subsets.slice(-2).map(({ addresses }) => addresses?.map(({ ip }) => ip)),
        [['10.9.9.9'], ['10.9.9.8']],
      );
      assert.notEqual(server.admin.get('endpointslices', 'foreign'), undefined);
      if (argv.length > 0 && argv[0] === '--all') {
        assert.deepEqual(Object.keys(metadata.labels ?? {}), ['team']);
        assert.deepEqual(Object.keys(metadata.annotations ?? {}).sort(), ['endpoint-registrar-note', 'note']);
        assert.equal(subsets.length, 2);
      }
    });
  }
});

describe('which Services', () => {
  test('those of the ConfigMap, and others under which agents have left anything; --service takes one alone', async (t) => {
    const { world, server, sweep } = await setUp(t, 'full', { services: ['ipa', 'old'] });
    world.createService('old');
    server.admin.put({
      kind: 'Endpoints',
      metadata: { name: 'old', annotations: { 'endpoint-registrar/u-9': '1 5s' } },
    });
    server.admin.removePod('ipa-1');
    world.declare({ ipa: 'ports: no list' });
    const one = await sweep(['--service', 'ipa', '--dry-run']);
    assert.deepEqual(
      one.lines.map((line) => line.split(':', 1)[0]),
      ['would remove  Endpoints ipa'],
    );
    const both = await sweep();
    assert.deepEqual(
      both.lines.map((line) => line.split(':', 1)[0]),
      ['removed  Endpoints ipa', 'removed  Endpoints old'],
    );
    assert.equal(world.register('old').heartbeats.size, 0);
  });

  test('a name that is none is refused', async (t) => {
    const { sweep } = await setUp(t, 'full');
    const { ending, err } = await sweep(['--service', 'a,b', '--force', '-o', 'xml']);
    assert.equal(ending, 'unusable');
    assert.deepEqual(
      err.split('\n').map((line) => line.split(':', 1)[0]),
      ['--output xml', '--service a,b', '--force', ''],
    );
  });
});

describe('when it cannot', () => {
  test('a patch that the Role does not allow says the rule, and no slice goes before its heartbeat', async (t) => {
    const { world, server, sweep, agents } = await setUp(t, 'full');
    const token = agents[0].token;
    server.admin.put(roleObject(withoutVerb(baseRules(['ipa']), 'patch', 'endpoints')));
    server.admin.setPhase('ipa-2', 'Failed');
    const { ending, lines, err } = await sweep(['--service', 'ipa'], token);
    assert.equal(ending, 'found');
    assert.match(lines.join(), /^not removed {2}Endpoints ipa: /);
    assert.match(err, /cannot patch resource "endpoints"/);
    assert.match(err, /resources: \["endpoints"\]\n {2}resourceNames: \["ipa"\]\n {2}verbs: \["patch"\]/);
    assert.deepEqual(world.presence(agents[2]), presenceOf(world, all));
  });

  test('with the rights of the shipped Role it sweeps, and says that it may not list all Endpoints', async (t) => {
    const { world, server, sweep, agents } = await setUp(t, 'full');
    const token = server.mintToken({ serviceAccount: SERVICE_ACCOUNT, pod: 'ipa-0' });
    server.admin.removePod('ipa-1');
    const { ending, err } = await sweep([], token);
    assert.equal(ending, 'good');
    assert.match(err, /^Endpoints of namespace default may not be listed: .*--service\.\n$/);
    assert.deepEqual(world.presence(agents[1]), nothing);
  });

  test('what may not be read is no reason to remove anything', async (t) => {
    const { server, sweep, agents } = await setUp(t, 'full');
    server.admin.put(roleObject(withoutVerb(baseRules(['ipa']), 'list', 'pods')));
    const before = stored(server);
    const { ending, err } = await sweep([], agents[0].token);
    assert.equal(ending, 'unreachable');
    assert.match(err, /resources: \["pods"\]\n {2}verbs: \["list", "watch"\]/);
    assert.deepEqual([writesOf(server), stored(server)], [[], before]);
  });

  test('an API server that does not answer is unreachable, and what was done stands in the JSON', async (t) => {
    const { server, sweep } = await setUp(t, 'full');
    server.admin.setPhase('ipa-2', 'Failed');
    server.faults.add({ verb: 'delete', resource: 'endpointslices' }, { kind: 'cut', when: 'before' });
    const { ending, out } = await sweep(['-o', 'json']);
    assert.equal(ending, 'unreachable');
    assert.deepEqual(
      stepsOf(out).map(({ outcome }) => outcome),
      ['removed', 'failed'],
    );
  });

  test('where somebody else was faster it reads again and decides again', async (t) => {
    const { world, server, sweep, agents } = await setUp(t, 'full');
    server.admin.removePod('ipa-1');
    const gone = agents[1];
    const hold = server.faults.add({ verb: 'patch', resource: 'endpoints' }, { kind: 'delay', ms: 300 }, { times: 1 });
    const swept = sweep();
    await until(() => assert.equal(hold.hits(), 1));
    server.admin.edit('endpoints', 'ipa', {
      metadata: { annotations: { [`endpoint-registrar/${gone.uid}`]: '2 5s' } },
    });
    const { ending, lines } = await swept;
    assert.deepEqual([ending, lines.length], ['good', 1]);
    assert.deepEqual(writesOf(server), ['patch endpoints 422', 'patch endpoints 200']);
    assert.deepEqual(world.presence(gone), nothing);
  });
});

type JsonStep = {
  readonly object: unknown;
  readonly outcome: string;
  readonly reason: string;
  readonly service: string;
};

function stepsOf(out: Swept['out']): readonly JsonStep[] {
  return JSON.parse(out).steps;
}

test('as JSON each step has its object, reason and outcome', async (t) => {
  const { server, sweep } = await setUp(t, 'full');
  server.admin.removePod('ipa-1');
  const { out, ending } = await sweep(['-o', 'json']);
  assert.equal(ending, 'good');
  assert.deepEqual(
    stepsOf(out).map(({ service, object, reason, outcome }) => ({ service, object, reason, outcome })),
    [{ service: 'ipa', object: { kind: 'Endpoints', name: 'ipa' }, reason: 'pod-gone', outcome: 'removed' }],
  );
  const empty = await sweep(['-o', 'json']);
  assert.deepEqual(JSON.parse(empty.out), { namespace: 'default', isDryRun: false, steps: [] });
});
