/** `sweep --all` and `sweep --leftovers`: a clean uninstall, and what the control plane leaves of a selector. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { until } from '../support/until.ts';
import { startWorld, type World } from '../support/world.ts';
import { createSweep, stored, writesOf } from './sweep-world.ts';

const OURS = { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } };

/** Everything of ours in the namespace. */
function tracesIn({ server }: World): readonly string[] {
  const slices = server.admin
    .list('endpointslices')
    .filter(({ metadata }) => metadata.labels?.['endpointslice.kubernetes.io/managed-by'] === 'endpoint-registrar');
  const keys = server.admin
    .list('endpoints')
    .flatMap(({ metadata }) => Object.keys({ ...metadata.labels, ...metadata.annotations }))
    .filter((key) => key.startsWith('endpoint-registrar') || key in OURS.labels);
  return [...slices.map(({ metadata }) => metadata.name), ...keys];
}

async function stopped(t: TestContext, way: 'full' | 'supplement') {
  const world = await startWorld(t, way);
  const agents = await world.join('ipa-0', 'ipa-1');
  for (const agent of agents) await agent.kill();
  world.server.requests.clear();
  return { world, server: world.server, sweep: await createSweep(t, world.server), agents };
}

describe('--all', () => {
  test('deletes Endpoints in which all is ours, whole, and every slice of ours', async (t) => {
    const { world, server, sweep } = await stopped(t, 'full');
    const { ending, lines, err } = await sweep(['--all']);
    assert.deepEqual([ending, err], ['good', '']);
    assert.equal(lines[0], 'removed  Endpoints ipa: the whole object, with 2 heartbeats: all of ours goes');
    assert.deepEqual(tracesIn(world), []);
    assert.equal(server.admin.get('endpoints', 'ipa'), undefined);
    assert.deepEqual(writesOf(server), [
      'delete endpoints 200',
      ...Array.from({ length: 4 }, () => 'delete endpointslices 200'),
    ]);
  });

  test('Endpoints that somebody writes by hand afterwards are mirrored for DNS again', async (t) => {
    const { world, server, sweep } = await stopped(t, 'full');
    await sweep(['--all']);
    const subsets = [
      { addresses: [{ ip: '10.9.9.9', hostname: 'hand' }], ports: [{ name: 'ldap', port: 389, protocol: 'TCP' }] },
    ];
    server.admin.put({ kind: 'Endpoints', metadata: { name: 'ipa' }, subsets });
    await world.resolves('ldap/TCP', ['hand:389']);
  });

  test('leaves the Endpoints of a Service with a selector to the control plane, without our heartbeats', async (t) => {
    const { world, server, sweep } = await stopped(t, 'supplement');
    const { ending } = await sweep(['--all']);
    assert.equal(ending, 'good');
    assert.deepEqual(tracesIn(world), []);
    const { subsets = [], metadata } = server.admin.get('endpoints', 'ipa') ?? assert.fail('it is gone');
    assert.equal(subsets[0]?.addresses?.length, 2);
    assert.equal(metadata.labels?.['endpoints.kubernetes.io/managed-by'], 'endpoint-controller');
    await world.resolves('ldap/TCP', ['ipa-0:389', 'ipa-1:389']);
  });

  test('keeps a skip-mirror label that somebody else has set', async (t) => {
    const { server, sweep } = await stopped(t, 'full');
    server.admin.put({
      kind: 'Endpoints',
      metadata: { name: 'theirs', ...OURS, annotations: { 'endpoint-registrar/u-9': '1 5s' } },
    });
    await sweep(['--all']);
    const { metadata } = server.admin.get('endpoints', 'theirs') ?? assert.fail('it is gone');
    assert.deepEqual([metadata.labels, metadata.annotations], [OURS.labels, undefined]);
  });

  const races = [
    { name: 'a deletion', before: {}, verb: 'delete', writes: ['delete endpoints 409', 'patch endpoints 200'] },
    {
      name: 'a patch',
      before: {
        metadata: { labels: { team: 'identity' } },
      },
      verb: 'patch',
      writes: ['patch endpoints 422', 'patch endpoints 200'],
    },
  ] as const;
  for (const { name, before, verb, writes } of races) {
    test(`what somebody adds before ${name} arrives is seen, and stays`, async (t) => {
      const { world, server, sweep } = await stopped(t, 'full');
      for (const slice of server.admin.list('endpointslices'))
        server.admin.delete('endpointslices', slice.metadata.name);
      for (const uid of world.register().heartbeats.keys()) {
        server.admin.edit('endpoints', 'ipa', { metadata: { annotations: { [`endpoint-registrar/${uid}`]: null } } });
      }
      server.admin.edit('endpoints', 'ipa', { ...before, subsets: null });
      const hold = server.faults.add({ verb, resource: 'endpoints' }, { kind: 'delay', ms: 300 }, { times: 1 });
      const swept = sweep(['--all']);
      await until(() => assert.equal(hold.hits(), 1));
      const subsets = [{ addresses: [{ ip: '10.9.9.9' }], ports: [{ name: 'ldap', port: 389, protocol: 'TCP' }] }];
      server.admin.edit('endpoints', 'ipa', { subsets });
      const { ending } = await swept;
      assert.equal(ending, 'good');
      assert.deepEqual(writesOf(server), writes);
      assert.deepEqual(server.admin.get('endpoints', 'ipa')?.subsets, subsets);
      assert.deepEqual(tracesIn(world), []);
    });
  }

  test('is refused while heartbeats change, and removes nothing', async (t) => {
    const world = await startWorld(t, 'full');
    const agents = await world.join('ipa-0', 'ipa-1');
    const sweep = await createSweep(t, world.server);
    const { ending, err, lines } = await sweep(['--all']);
    assert.deepEqual([ending, lines], ['found', []]);
    assert.match(err, /^--all: agents still beat \(ipa-0, ipa-1\), .* Remove the sidecars first, or add --force\.\n$/);
    assert.deepEqual(writesOf(world.server), []);
    for (const agent of agents) await world.present(agent);
  });

  const sidecar = { name: 'endpoint-registrar', fields: { env: [{ name: 'REGISTRAR_CONFIGMAP', value: 'x' }] } };

  test('is refused while a sidecar runs anywhere in the namespace; a dry run says so and what would go', async (t) => {
    const { world, server, sweep } = await stopped(t, 'full');
    world.createPod('ipa-7', { sidecars: [sidecar] });
    const before = stored(server);
    const { ending, err } = await sweep(['--all']);
    assert.equal(ending, 'found');
    assert.match(err, /^--all: the sidecar runs in ipa-7, /);
    const { out } = await sweep(['--all', '-o', 'json']);
    const refusal = err.trimEnd();
    assert.deepEqual(JSON.parse(out), { namespace: 'default', isDryRun: false, refusal, steps: [] });
    const dry = await sweep(['--all', '--dry-run']);
    assert.deepEqual([dry.ending, dry.err, dry.lines.length], ['good', err, 5]);
    assert.deepEqual([writesOf(server), stored(server)], [[], before]);
    server.admin.setPhase('ipa-7', 'Succeeded');
    const { ending: later } = await sweep(['--all']);
    assert.equal(later, 'good');
    assert.deepEqual(tracesIn(world), []);
  });

  test('with --force it removes what living agents hold, and they register again', async (t) => {
    const world = await startWorld(t, 'full');
    const [agent] = await world.join('ipa-0');
    assert.ok(agent !== undefined);
    const sweep = await createSweep(t, world.server);
    const { ending, lines } = await sweep(['--all', '--force']);
    assert.equal(ending, 'good');
    assert.ok(lines.length > 0);
    await world.present(agent);
  });

  test('where nothing is left it says so', async (t) => {
    const { sweep } = await stopped(t, 'full');
    await sweep(['--all']);
    const { ending, out } = await sweep(['--all']);
    assert.deepEqual([ending, out], ['good', 'nothing to sweep\n']);
  });
});

describe('--leftovers', () => {
  test('what a removed selector left goes, each thing told by its name, and living agents take the Service over', async (t) => {
    const world = await startWorld(t, 'supplement');
    const { server } = world;
    const [agent] = await world.join('ipa-0');
    assert.ok(agent !== undefined);
    server.admin.edit('services', 'ipa', { spec: { selector: null } });
    await server.admin.settled();
    await agent.finds('controller-slices-left');
    const sweep = await createSweep(t, server);
    const without = await sweep();
    assert.equal(without.out, 'nothing to sweep\n');
    const { ending, lines } = await sweep(['--leftovers']);
    assert.equal(ending, 'good');
    const told = (pattern: RegExp) =>
      assert.ok(
        lines.some((line) => pattern.test(line)),
        `${pattern} in ${lines.join('\n')}`,
      );
    told(/^removed {2}Endpoints ipa: the endpoints controller's label and 1 address: left of a selector/);
    told(/^removed {2}EndpointSlice ipa-\w+: the whole object: left of a selector that was removed: nobody/);
    await agent.finds();
    await until(() => assert.deepEqual(world.presence(agent).entries, ['kerberos/TCP', 'kerberos/UDP', 'ldap/TCP']));
    const managers = server.admin
      .list('endpointslices')
      .map(({ metadata }) => metadata.labels?.['endpointslice.kubernetes.io/managed-by']);
    assert.deepEqual([...new Set(managers)], ['endpoint-registrar']);
  });

  test('of a Service with a selector nothing is left over', async (t) => {
    const { server, sweep } = await stopped(t, 'supplement');
    const before = stored(server);
    const { out } = await sweep(['--leftovers']);
    assert.deepEqual([out, stored(server)], ['nothing to sweep\n', before]);
  });

  test('the mirror of Endpoints that somebody wrote by hand is none', async (t) => {
    const { server, sweep } = await stopped(t, 'full');
    server.admin.put({ kind: 'Service', metadata: { name: 'hand' }, spec: { clusterIP: 'None' } });
    const subsets = [{ addresses: [{ ip: '10.9.9.9' }], ports: [{ name: 'ldap', port: 389, protocol: 'TCP' }] }];
    server.admin.put({ kind: 'Endpoints', metadata: { name: 'hand' }, subsets });
    await server.admin.settled();
    const before = stored(server);
    const { out } = await sweep(['--leftovers', '--service', 'hand', '--service', 'ipa']);
    assert.deepEqual([out, stored(server)], ['nothing to sweep\n', before]);
  });
});
