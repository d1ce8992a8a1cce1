/** The command `status` against the embedded API server, with real agents behind `pods/proxy`, and with the shipped Role. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { createClock } from '../../agent/clock.ts';
import { openCluster } from '../../agent/commands/cluster.ts';
import { commandExitCodes } from '../../agent/commands/command.ts';
import { runCommand } from '../../agent/commands/run.ts';
import { askDirectly } from '../../agent/commands/status/ask.ts';
import { showStatus } from '../../agent/commands/status/command.ts';
import { createHttpServer } from '../../agent/status/http.ts';
import { INTERVAL_MS, type RunningAgent } from '../support/agents.ts';
import { createLogBook } from '../support/log.ts';
import { baseRules, CONFIGMAP, roleObject, withoutVerb } from '../support/role.ts';
import { until } from '../support/until.ts';
import { type ServedWay, startWorld, type World } from '../support/world.ts';
import { type KeptIo, type KeptOutput, keepIo, keepOutput } from './io.ts';

const PORT = 9797;

/** A sidecar as the shipped component makes it. */
const sidecar = {
  name: 'endpoint-registrar',
  ports: [{ name: 'registrar-http', containerPort: PORT }],
  fields: { env: [{ name: 'REGISTRAR_CONFIGMAP', value: CONFIGMAP }] },
};

type Scene = {
  readonly world: World;
  readonly agents: readonly RunningAgent[];
  /** Pod name to the port on 127.0.0.1 where its agent's HTTP server is. */
  readonly httpPorts: ReadonlyMap<string, number>;
  /** Runs `status` with the rights of a token, those of an administrator where none is given. */
  readonly run: (
    argv: readonly string[],
    given?: { readonly token?: string; readonly io?: Partial<KeptIo> },
  ) => Promise<Run>;
  /** What a command is given, with a kubeconfig of that token. */
  readonly ioOf: (token: string, change?: Partial<KeptIo>) => Promise<KeptIo>;
};

type Run = { readonly code: number; readonly out: string; readonly err: string };

/** On the agents' clock: long enough that none of them looks silent on a busy machine. */
const PATIENT_MS = 40_000;

function scene(t: TestContext, way: ServedWay, ...podNames: readonly string[]): Promise<Scene> {
  return sceneOf(t, way, { podNames, intervalMs: PATIENT_MS });
}

async function sceneOf(
  t: TestContext,
  way: ServedWay,
  { podNames, intervalMs }: { readonly podNames: readonly string[]; readonly intervalMs: number },
): Promise<Scene> {
  const world = await startWorld(t, way);
  const { server } = world;
  const folder = await mkdtemp(join(tmpdir(), 'endpoint-registrar-'));
  t.after(() => rm(folder, { recursive: true }));
  for (const name of podNames) world.createPod(name, { sidecars: [sidecar] });
  const agents = podNames.map((name) => world.start(name, { intervalMs }));
  for (const agent of agents) await world.present(agent);
  const httpPorts = new Map<string, number>();
  for (const { agent, podName } of agents) {
    const metrics = { print: async () => ({ contentType: 'text/plain', text: '' }) };
    const http = createHttpServer({ health: agent.health, metrics, status: agent.status, log: createLogBook().log });
    const port = await http.listen(0);
    t.after(() => http.close(AbortSignal.abort()));
    server.podPorts.open({ pod: podName, port: PORT }, port);
    httpPorts.set(podName, port);
  }
  const ioOf: Scene['ioOf'] = async (token, change = {}) => {
    const kubeconfig = join(folder, `${token.slice(-8).replaceAll('/', '_')}.json`);
    await writeFile(kubeconfig, server.kubeconfig(token));
    return { ...keepIo(), env: { KUBECONFIG: kubeconfig }, clock: { ...keepIo().clock, ...createClock() }, ...change };
  };
  const run: Scene['run'] = async (argv, { token = server.adminToken, io: change } = {}) => {
    const io = await ioOf(token, change);
    const code = await runCommand('status', argv, io);
    return { code, out: steady(io.stdout.text()), err: io.stderr.text() };
  };
  return { world, agents, httpPorts, run, ioOf };
}

/** Ages differ from run to run: `0.4s`, and the blanks behind it. */
function steady(text: string): string {
  return text.replace(/ \d+(\.\d+)?s {2,}/g, ' AGE  ').replace(/AGE {2,}/g, 'AGE  ');
}

describe('status', { concurrency: 2 }, () => {
  test('two pods, registered in full', async (t) => {
    const { run } = await scene(t, 'full', 'ipa-0', 'ipa-1');
    const { code, out, err } = await run([]);
    assert.deepEqual(
      { code, err, lines: out.split('\n').map((line) => line.replace(/AGE {2}\S+ +/, '').trim()) },
      {
        code: commandExitCodes.good,
        err: '',
        lines: [
          'ipa  full (headless-without-selector), interval 40s, 2 agents',
          'PAIR          POD    NODE    PORT  STATE      WHY',
          ...['ldap/TCP      ', 'kerberos/TCP  ', 'kerberos/UDP  '].flatMap((pair) =>
            ['ipa-0', 'ipa-1'].map(
              (pod) =>
                `${pair}${pod}  node-1  ${pair.startsWith('ldap') ? '389 ' : '88  '}  announced  the workload is ready`,
            ),
          ),
          '',
        ],
      },
    );
  });

  test('a Service that is supplemented, as JSON', async (t) => {
    const { run } = await scene(t, 'supplement', 'ipa-0');
    const { code, out } = await run(['-o', 'json']);
    assert.equal(code, commandExitCodes.good);
    const { services, namespace, configMap, isGood } = JSON.parse(out);
    assert.deepEqual({ namespace, configMap, isGood }, { namespace: 'default', configMap: CONFIGMAP, isGood: true });
    assert.equal(services[0].way, 'supplement');
    assert.deepEqual(
      services[0].rows.map(({ pair, pod, port, state }: Record<string, unknown>) => [pair, pod, port, state].join(' ')),
      [
        'ldap/TCP ipa-0 389 left-to-service',
        'kerberos/TCP ipa-0 88 left-to-service',
        'kerberos/UDP ipa-0 88 announced',
      ],
    );
  });

  test('an agent that cannot be reached is shown as such', async (t) => {
    const { world, run } = await scene(t, 'full', 'ipa-0', 'ipa-1');
    world.server.podPorts.close({ pod: 'ipa-1', port: PORT });
    const { code, out } = await run(['--service', 'ipa']);
    assert.equal(code, commandExitCodes.found);
    assert.equal(out.match(/ ipa-0 .* announced /g)?.length, 3, out);
    const row =
      / ipa-1 .* unreachable {2}\? +\? +dial tcp [\d.]+:9797: connect: connection refused; its slice announces the pair\n/g;
    assert.equal(out.match(row)?.length, 3, out);
  });

  test('the dead: agents that fell silent, and a pod that is gone', async (t) => {
    const { world, agents, run } = await sceneOf(t, 'full', { podNames: ['ipa-0', 'ipa-1'], intervalMs: INTERVAL_MS });
    for (const agent of agents) await agent.kill();
    world.server.admin.removePod('ipa-1');
    await world.server.admin.settled();
    const { code, out } = await until(async () => {
      const seen = await run([]);
      assert.match(seen.out, / ipa-0 .* silent /);
      return seen;
    });
    assert.equal(code, commandExitCodes.found);
    assert.equal(
      out.match(/ ipa-0 .* silent .*no new heartbeat for \d+ of its intervals; the workload is ready\n/g)?.length,
      3,
      out,
    );
    assert.equal(out.match(/ ipa-1 .* gone .*there is no such pod any more/g)?.length, 3, out);
  });

  test("who may not use pods/proxy is told the rule; the pod's own Role lacks nothing else", async (t) => {
    const { agents, run } = await scene(t, 'full', 'ipa-0', 'ipa-1');
    const { code, out } = await run([], { token: agents[0]?.token ?? '' });
    assert.equal(code, commandExitCodes.found);
    assert.equal(
      out.match(/ unreachable .* may not be asked: get on pods\/proxy is missing; its slice announces the pair\n/g)
        ?.length,
      6,
      out,
    );
    assert.match(
      out,
      /\ncould-not-ask: 2 pods: .*\n {2}Run status in a pod \(kubectl exec\).*\n {2}- apiGroups: \[""\]\n {4}resources: \["pods\/proxy"\]\n {4}verbs: \["get"\]\n$/,
    );
    assert.doesNotMatch(out, /could-not-read/);
  });

  test('in a pod, with the shipped Role, the agents are asked themselves', async (t) => {
    const { world, agents, httpPorts, ioOf } = await scene(t, 'full', 'ipa-0', 'ipa-1');
    const io = await ioOf(agents[0]?.token ?? '');
    const cluster = await openCluster({ switches: new Set(), values: new Map(), operands: [] }, io);
    t.after(cluster.close);
    world.server.requests.clear();
    // The pods' addresses lead nowhere here: the same question goes to where their servers really are.
    const ask = ({ name }: { readonly name: string }) =>
      askDirectly({ address: '127.0.0.1', port: httpPorts.get(name) ?? 0 }, io);
    const options = { wanted: [], format: 'table', everyMs: undefined } as const;
    assert.equal(await showStatus({ cluster, ask, wanted: [] }, options, io), 'good', io.stdout.text());
    const refused = world.server.requests.all().filter(({ status }) => status === 403);
    assert.deepEqual(refused, []);
  });

  test('what may not be read is told with its rule, and ends as found', async (t) => {
    const { world, agents, run } = await scene(t, 'full', 'ipa-0');
    const rules = withoutVerb(withoutVerb(baseRules(['ipa']), 'get', 'endpoints'), 'list', 'services');
    world.server.admin.put(roleObject([...rules, { apiGroups: [''], resources: ['pods/proxy'], verbs: ['get'] }]));
    const { code, out } = await run([], { token: agents[0]?.token ?? '' });
    assert.equal(code, commandExitCodes.found);
    assert.match(out, /^ipa {2}full \(headless-without-selector\), 1 agent\n/);
    assert.match(
      out,
      /\ncould-not-read: Service ipa: .*\n.*\n.*\n {4}resources: \["services"\]\n {4}resourceNames: \["ipa"\]/,
    );
    assert.match(
      out,
      /\ncould-not-read: Endpoints ipa: .*\n.*\n.*\n {4}resources: \["endpoints"\]\n {4}resourceNames: \["ipa"\]/,
    );
  });

  test('a pod of another ConfigMap is none of ours', async (t) => {
    const { world, run } = await scene(t, 'full', 'ipa-0');
    const other = { ...sidecar, fields: { env: [{ name: 'REGISTRAR_CONFIGMAP', value: 'another' }] } };
    world.createPod('other-0', { sidecars: [other], labels: {} });
    const { code, out } = await run([]);
    assert.equal(code, commandExitCodes.good);
    assert.doesNotMatch(out, /other-0/);
  });
});

const refusals = [
  {
    name: 'a ConfigMap that is not there',
    argv: ['--configmap', 'none'],
    expect:
      /^ConfigMap none: namespace default has none of this name, and no pod that uses it\. Name yours with --namespace and --configmap\.\n$/,
  },
  {
    name: 'a Service that is not declared',
    argv: ['--service', 'ippa'],
    expect:
      /^--service ippa: ConfigMap endpoint-registrar declares no such Service, and no agent knows it\. Did you mean ipa\?\n$/,
  },
  {
    name: 'another format',
    argv: ['-o', 'yaml'],
    expect: /^--output yaml: must be table or json\. Write -o json\.\n$/,
  },
  {
    name: 'a watch without rest',
    argv: ['--watch', '0'],
    expect: /^--watch 0: must be a number of seconds from 0\.5 to 3600\. Write --watch 5\.\n$/,
  },
  { name: 'a watch of no number', argv: ['--watch=soon'], expect: /^--watch soon: must be a number/ },
];
for (const { name, argv, expect } of refusals) {
  test(`unusable: ${name}`, async (t) => {
    const { run } = await scene(t, 'full');
    const { code, out, err } = await run(argv);
    assert.deepEqual({ code, out }, { code: commandExitCodes.unusable, out: '' });
    assert.match(err, expect);
  });
}

test('an API server that is gone ends the command; nothing is shown', async (t) => {
  const { world, run } = await scene(t, 'full');
  await world.server.stop();
  const { code, out, err } = await run([]);
  assert.deepEqual({ code, out }, { code: commandExitCodes.unreachable, out: '' });
  assert.match(err, /^GET \/api\/v1\/namespaces\/default\/configmaps: .*ECONNREFUSED.*\n$/);
});

/** How often a pattern was written so far. A busy machine may look more often than a test does: more is as good. */
function countOf(output: KeptOutput, pattern: RegExp): number {
  return output.text().match(pattern)?.length ?? 0;
}

describe('status --watch', () => {
  test('appends a look behind a line with the time, and Ctrl-C ends it well', async (t) => {
    const { run } = await scene(t, 'full');
    const stop = new AbortController();
    t.after(() => stop.abort());
    const stdout = keepOutput();
    const running = run(['--watch', '0.5'], { io: { stdout, signal: stop.signal } });
    await until(() => assert.ok(countOf(stdout, /^--- \d{4}-\S+Z$/gm) >= 2));
    stop.abort();
    const { code } = await running;
    assert.equal(code, commandExitCodes.good);
    assert.equal(countOf(stdout, /^no-agents: /gm), countOf(stdout, /^--- /gm), stdout.text());
  });

  test('redraws in place on a terminal', async (t) => {
    const { run } = await scene(t, 'full');
    const stop = new AbortController();
    t.after(() => stop.abort());
    const stdout = keepOutput(40);
    const running = run(['-w', '0.5'], { io: { stdout, signal: stop.signal } });
    await until(() => assert.ok(stdout.text().split('\u001b[H\u001b[2J').length >= 3));
    stop.abort();
    assert.equal((await running).code, commandExitCodes.good);
    assert.ok(stdout.text().startsWith('\u001b[H\u001b[2J'));
  });

  test('as JSON it is one object a line', async (t) => {
    const { run } = await scene(t, 'full');
    const stop = new AbortController();
    t.after(() => stop.abort());
    const stdout = keepOutput();
    const running = run(['-w', '0.5', '-o', 'json'], { io: { stdout, signal: stop.signal } });
    await until(() => assert.ok(countOf(stdout, /\n/g) >= 2));
    stop.abort();
    await running;
    for (const line of stdout.text().trimEnd().split('\n')) assert.equal(JSON.parse(line).isGood, false);
  });

  test('outlives an API server that is away', async (t) => {
    const { world, run } = await scene(t, 'full');
    const stop = new AbortController();
    t.after(() => stop.abort());
    const [stdout, stderr] = [keepOutput(), keepOutput()];
    await world.server.stop();
    const running = run(['-w', '0.5'], { io: { stdout, stderr, signal: stop.signal } });
    await until(() => assert.match(stderr.text(), /^\d{4}-\S+Z GET .*ECONNREFUSED/));
    await world.server.resume();
    await until(() => assert.match(stdout.text(), /no-agents/));
    stop.abort();
    assert.equal((await running).code, commandExitCodes.good);
  });
});
