/** The doctor, run whole against worlds: healthy ones, and broken ones as they are really found. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createClock } from '../../agent/clock.ts';
import { neededFor } from '../../agent/commands/doctor/needs.ts';
import { reviewAccess } from '../../agent/commands/doctor/reviews.ts';
import { createApiClient } from '../../agent/kube/client.ts';
import { strangerIn } from '../support/endpoints.ts';
import { baseRules, CONFIGMAP, roleObject, SERVICE_ACCOUNT, withoutVerb } from '../support/role.ts';
import { until } from '../support/until.ts';
import { startWorld } from '../support/world.ts';
import { goodPod, runDoctor, startGoodWorld, told } from './doctor-world.ts';
import { keepOutput } from './io.ts';

const agents = ['ipa-0', 'ipa-1', 'ipa-2'] as const;

describe('a healthy world', () => {
  for (const way of ['full', 'supplement'] as const) {
    test(`served in the way ${way} is all ok`, async (t) => {
      const world = await startGoodWorld(t, way);
      await world.join(...agents);
      const run = await runDoctor(t, world);
      assert.deepEqual([run.stderr, run.code], ['', 0]);
      assert.deepEqual(
        run.results.filter(({ verdict }) => verdict !== 'ok'),
        [],
      );
      const checks = new Set(run.results.map(({ check }) => check));
      for (const check of ['permissions', 'registered', 'silent', 'pods', 'disruption-budget', 'dns-answers']) {
        assert.ok(checks.has(check), `nothing is said of ${check}`);
      }
    });

    test(`served in the way ${way} is never wrong with the rights of the agents alone`, async (t) => {
      const world = await startGoodWorld(t, way);
      const [agent] = await world.join(...agents);
      const run = await runDoctor(t, world, { token: agent?.token ?? '' });
      assert.equal(run.code, 0, run.stdout);
      assert.deepEqual([told(run, { verdict: 'warning' }), told(run, { verdict: 'failure' })], [[], []]);
      assert.deepEqual(
        run.results.filter(({ verdict }) => verdict === 'skipped').map(({ check }) => check),
        ['dns-image', 'permissions', 'disruption-budget'],
      );
    });
  }

  test('is only read: not one request writes, but reviews', async (t) => {
    const world = await startGoodWorld(t, 'full');
    await world.join(...agents);
    world.server.requests.clear();
    await runDoctor(t, world);
    const written = world.server.requests
      .all()
      .filter(({ userAgent, verb }) => userAgent.startsWith('endpoint-registrar/') && !['get', 'list'].includes(verb))
      .map(({ resource }) => resource);
    assert.deepEqual([...new Set(written)], ['subjectaccessreviews']);
  });
});

describe('the permissions', () => {
  test('of the ServiceAccount of the pods are looked at, by name', async (t) => {
    const world = await startGoodWorld(t, 'full');
    world.server.admin.put(roleObject(withoutVerb(baseRules(['ipa']), 'create', 'endpoints')));
    const run = await runDoctor(t, world, { args: ['-o', 'json', '--quick'] });
    assert.equal(run.code, 1);
    assert.deepEqual(told(run, { check: 'permissions', verdict: 'failure' }), [
      'endpoints (ipa): ServiceAccount endpoint-registrar may not create',
    ]);
  });

  test('on a Service that is declared no more are not missed', async (t) => {
    const world = await startGoodWorld(t, 'full', { count: 1 });
    world.server.admin.put({
      kind: 'EndpointSlice',
      metadata: {
        name: 'old',
        labels: {
          'kubernetes.io/service-name': 'old',
          'endpointslice.kubernetes.io/managed-by': 'endpoint-registrar',
          'endpoint-registrar/pod-uid': world.server.admin.get('pods', 'ipa-0')?.metadata.uid ?? '',
        },
      },
      addressType: 'IPv4',
      endpoints: [],
    });
    const run = await runDoctor(t, world, { args: ['-o', 'json', '--quick'] });
    assert.deepEqual(told(run, { check: 'permissions', verdict: 'failure' }), []);
    assert.deepEqual(told(run, { check: 'service-undeclared' }), [
      'Service old: EndpointSlices of agents stand under it, and the ConfigMap does not declare it',
    ]);
  });

  test('of another ServiceAccount are looked at where it is named', async (t) => {
    const world = await startGoodWorld(t, 'full');
    const run = await runDoctor(t, world, { args: ['-o', 'json', '--quick', '--serviceaccount', 'default'] });
    assert.deepEqual(told(run, { check: 'permissions' }), [
      'ServiceAccount default may do nothing of what an agent has to do in namespace default',
    ]);
  });

  test('of our own credentials are asked for in a pod, by name too', async (t) => {
    const world = await startGoodWorld(t, 'full', { count: 1 });
    const { server } = world;
    const headers = { authorization: `Bearer ${server.mintToken({ serviceAccount: SERVICE_ACCOUNT, pod: 'ipa-0' })}` };
    const connection = { transport: { server: server.url, tls: {} }, headers };
    const client = createApiClient({
      connection: { namespace: undefined, current: async () => connection, refused: () => {} },
      clock: createClock(),
      userAgent: 'doctor',
    });
    t.after(() => client.close());
    const rows = neededFor({ services: ['ipa', 'other'], configMapName: CONFIGMAP, groups: [], hasGate: true });
    const deps = { client, namespace: 'default', signal: new AbortController().signal };
    const access = await reviewAccess(deps, rows, undefined);
    assert.ok(access.kind === 'reviewed');
    const refused = access.subjects.flatMap(({ reviews }) => reviews.filter(({ isAllowed }) => !isAllowed));
    assert.deepEqual(
      refused.map(({ row, verb, name }) => `${verb} ${row.resource} ${name}`),
      [
        'list services other',
        'watch services other',
        ...['get', 'create', 'patch'].map((verb) => `${verb} endpoints other`),
        'patch pods/status ', // the component of the readiness gate is not installed
      ],
    );
    const others = await reviewAccess(deps, rows, ['default']);
    assert.ok(others.kind === 'unasked' && others.why.includes('cannot create resource "subjectaccessreviews"'));
  });
});

describe('broken worlds', () => {
  test('the mirror trap, as the control plane springs it', async (t) => {
    const world = await startWorld(t, 'full');
    const { admin } = world.server;
    const addresses = [strangerIn('10.9.9.1'), strangerIn('10.9.9.2')];
    const subsets = ['TCP', 'UDP'].map((protocol) => ({
      addresses,
      ports: [{ name: 'kerberos', protocol, port: 88 }],
    }));
    admin.put({ kind: 'Endpoints', metadata: { name: 'ipa' }, subsets });
    await admin.settled();
    const run = await runDoctor(t, world, { args: ['-o', 'json', '--quick'] });
    assert.equal(run.code, 1);
    assert.deepEqual(told(run, { verdict: 'failure' }), [
      'Service ipa: its Endpoints, written by hand, hold kerberos under several protocols, which the mirror cannot put into one EndpointSlice: kerberos/TCP, kerberos/UDP reached none, so DNS answers NXDOMAIN although kubectl get endpoints looks perfect',
    ]);
  });

  test('an agent that is dead, and one that is silent', async (t) => {
    const world = await startGoodWorld(t, 'full');
    const [first, second, third] = await world.join(...agents);
    await Promise.all([first?.kill(), second?.kill(), third?.kill()]);
    world.server.admin.removePod('ipa-2');
    await until(() => assert.equal(world.slicesOf(third?.uid ?? '').length, 0));
    const run = await runDoctor(t, world);
    assert.deepEqual(told(run, { check: 'dead' }), [
      `Service ipa: heartbeats of pods that are gone: ipa-2 ${third?.uid}`,
    ]);
    assert.deepEqual(told(run, { check: 'silent' }), [
      'pods ipa-0, ipa-1: its heartbeat under Service ipa did not change in 4 s, though it promised one every 2s',
    ]);
    assert.deepEqual([run.code, told(run, { verdict: 'failure' })], [0, []]);
  });

  test('a workload that was set up carelessly', async (t) => {
    const world = await startGoodWorld(t, 'full', { count: 0 });
    for (const name of ['ipa-0', 'ipa-1']) {
      world.createPod(name, { ...goodPod, containers: ['server'], subdomain: 'pods', nodeName: 'node-1' });
    }
    await world.join('ipa-0', 'ipa-1');
    world.server.admin.delete('poddisruptionbudgets', 'ipa');
    const run = await runDoctor(t, world, { args: ['-o', 'json', '--quick'] });
    assert.deepEqual(told(run, { verdict: 'warning' }), [
      'pods ipa-0, ipa-1: its own name ends in .pods (serviceName of the StatefulSet, spec.subdomain of a pod), and SRV targets end in .ipa: TLS says wrong host, and GSSAPI fails with code 7',
      'pods ipa-0, ipa-1: its workload (server) has no readinessProbe: it is announced as soon as its process runs',
      'pods ipa-0, ipa-1: its workload has no preStop sleep: clients keep the old DNS answer for its TTL (5 s) and meet a server that is gone',
      'the pods without a controller: ipa-0, ipa-1 run on one node (node-1), and go when it goes',
      'the pods without a controller: no PodDisruptionBudget selects its 2 pods, so drains may take them all at once',
    ]);
    assert.equal(run.code, 0);
  });

  test('another cluster domain, and DNS that is not there', async (t) => {
    const world = await startGoodWorld(t, 'full', { count: 1 });
    await world.join('ipa-0');
    const other = await runDoctor(t, world, { args: ['-o', 'json', '--quick', '--cluster-domain', 'corp.example'] });
    assert.match(
      told(other, { check: 'dns-server' }).join(),
      /: it does not serve the domain corp\.example, under which/,
    );
    assert.equal(other.code, 1);
    const gone = await runDoctor(t, { ...world, dnsPort: 1 }, { args: ['-o', 'json', '--quick'] });
    assert.deepEqual(told(gone, { check: 'dns-server' }), ['127.0.0.1:1: nobody answers there (ECONNREFUSED)']);
  });
});

describe('the command', () => {
  test('ends unreachable where the API server cannot be asked', async (t) => {
    const world = await startWorld(t, 'full');
    await world.server.stop();
    const run = await runDoctor(t, world);
    assert.deepEqual([run.code, run.stdout], [3, '']);
    assert.match(run.stderr, /^GET \/version: /);
  });

  test('refuses what has no meaning, all of it at once', async (t) => {
    const world = await startWorld(t, 'full');
    const run = await runDoctor(t, world, { args: ['-o', 'yaml', '--cluster-domain', '_x'] });
    assert.equal(run.code, 2);
    assert.match(
      run.stderr,
      /^--cluster-domain _x: must be a DNS name[^\n]+\n--output yaml: must be text or json\.\n$/,
    );
  });

  test('prints for people: themes, aligned verdicts, remedies, counts', async (t) => {
    const world = await startGoodWorld(t, 'full', { count: 1 });
    await world.join('ipa-0');
    world.server.admin.put(roleObject(withoutVerb(baseRules(['ipa']), 'patch', 'endpoints')));
    const run = await runDoctor(t, world, { args: ['--quick'] });
    const lines = run.stdout.split('\n');
    const start = lines.indexOf('Permissions of ServiceAccount endpoint-registrar');
    assert.deepEqual(lines.slice(start, start + 9), [
      'Permissions of ServiceAccount endpoint-registrar',
      '  ok       services (ipa): list, watch',
      '  failure  endpoints (ipa): ServiceAccount endpoint-registrar may not patch',
      '           → Have this rule in its Role:',
      '             - apiGroups: [""]',
      '               resources: ["endpoints"]',
      '               resourceNames: ["ipa"]',
      '               verbs: ["get", "create", "patch"]',
      '  ok       configmaps (endpoint-registrar): list, watch',
    ]);
    assert.match(lines.at(-2) ?? '', /^1 failure, 0 warning, \d+ ok, 1 skipped$/);
  });

  test('paints by weight on a terminal', async (t) => {
    const world = await startGoodWorld(t, 'full', { count: 1 });
    const stdout = keepOutput(200);
    await runDoctor(t, world, { args: ['--quick'], io: { stdout } });
    const painted = '\u001b[31mfailure\u001b[0m  pod ipa-0: no heartbeat under Service ipa';
    assert.ok(stdout.text().includes(painted), stdout.text());
  });
});
