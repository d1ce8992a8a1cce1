/** The gate against the embedded API server, with the rights of the shipped Role: what is written into the pod, and when. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createApi } from '../../agent/kube/api.ts';
import { createApiClient } from '../../agent/kube/client.ts';
import { OWN_GATE, type OwnPod, readPod } from '../../agent/plan/pod.ts';
import type { Failure } from '../../agent/register/register.ts';
import { createGate, type KeeperSeen } from '../../agent/resolved/gate.ts';
import type { PairAnswer, ServerState } from '../../agent/resolved/self-check.ts';
import type { JsonObject } from '../embedded/objects/json.ts';
import { startApiServer } from '../embedded/server.ts';
import { createFakeClock } from '../support/clock.ts';
import { createLogBook } from '../support/log.ts';
import { baseObjects, baseRules, gateRules, roleObject, SERVICE_ACCOUNT } from '../support/role.ts';
import { until } from '../support/until.ts';

const unresolved: PairAnswer = {
  pair: 'kerberos/UDP',
  state: 'absent',
  reason: 'DNS answers NXDOMAIN, kept for 30 s',
  answeredAgeMs: 0,
  elapsedMs: null,
};
const resolved: PairAnswer = { ...unresolved, state: 'resolved', reason: 'DNS answers', elapsedMs: 1000 };

/** Time is moved by minutes while an answer may be on its way. */
const NEVER_MS = 1e9;

type Options = { readonly gates?: readonly string[]; readonly objects?: readonly JsonObject[] };

const [account, , binding] = baseObjects(['ipa']);
const withRules = (rules: Parameters<typeof roleObject>[0]) =>
  [account, roleObject(rules), binding].filter((object) => object !== undefined);
const gateObjects = withRules([...baseRules(['ipa']), ...gateRules()]);

async function start(t: TestContext, { gates = [OWN_GATE], objects = gateObjects }: Options = {}) {
  const server = await startApiServer({ objects });
  const { admin } = server;
  admin.createPod({ name: 'ipa-0', containers: ['server'], readinessGates: gates, serviceAccount: SERVICE_ACCOUNT });
  const token = server.mintToken({ serviceAccount: SERVICE_ACCOUNT, pod: 'ipa-0' });
  const clock = createFakeClock();
  const connection = { transport: { server: server.url, tls: {} }, headers: { authorization: `Bearer ${token}` } };
  const client = createApiClient({
    connection: { namespace: undefined, current: async () => connection, refused: () => {} },
    clock,
    userAgent: 'gate',
  });
  const { log, lines } = createLogBook();
  const world = {
    pairs: [unresolved] as readonly PairAnswer[],
    server: { kind: 'on', silentForMs: 0 } as ServerState,
    announced: ['kerberos/UDP'] as readonly string[],
    /** When the keeper's newest pass began; undefined: this moment. */
    attemptedAtMs: undefined as number | undefined,
    /** Why the keeper's newest pass failed. */
    failure: undefined as Failure | undefined,
    /** The pod as the watch shows it; undefined: as it is. */
    seen: undefined as OwnPod | undefined,
  };
  const keeper = (): KeeperSeen => ({
    service: 'ipa',
    hasStarted: true,
    attemptedAtMs: world.attemptedAtMs ?? clock.monotonicMs(),
    memory: {
      pairs: world.announced.map(() => ({ name: 'kerberos', protocol: 'UDP', kind: 'announced', reason: '' })),
    },
    findings: [],
    failure: world.failure,
  });
  const podNow = () => admin.get('pods', 'ipa-0');
  const pod = () => {
    const found = podNow();
    return found === undefined ? undefined : readPod(found, 'endpoint-registrar');
  };
  const api = createApi(client, { namespace: 'default' });
  /** Counted as they are made: that one is not made can be said without waiting for it. */
  let callCount = 0;
  const gateOf = () =>
    createGate({
      clock,
      random: () => 0,
      log,
      api: {
        patchPodStatus: (...call) => {
          callCount += 1;
          return api.patchPodStatus(...call);
        },
      },
      requestTimeoutMs: NEVER_MS,
      pod: () => world.seen ?? pod(),
      declarations: () => 'read',
      keepers: () => [keeper()],
      selfCheck: { pairs: () => world.pairs, server: () => world.server },
      onChange: () => {},
    });
  const gate = gateOf();
  const over = new AbortController();
  const running = [gate.run(over.signal)];
  t.after(async () => {
    over.abort();
    await Promise.all(running);
    assert.equal(clock.sleeperCount(), 0, 'a wait was left behind');
    await client.close();
    await server.close();
  });
  const patches = () =>
    server.requests
      .all()
      .filter(({ userAgent }) => userAgent === 'gate')
      .map(({ verb, resource, subresource, status }) => `${verb} ${resource}/${subresource} ${status}`);
  const condition = () => podNow()?.status?.conditions?.find(({ type }) => type === OWN_GATE);
  /** Moves time on by seconds, and lets a patch that is due be answered. */
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second += 1) {
      await clock.advance(1000);
      await until(() => assert.ok(clock.sleeperCount() >= 1));
    }
  };
  const again = () => {
    const next = gateOf();
    running.push(next.run(over.signal));
    return next;
  };
  return { world, gate, clock, admin, lines, patches, callCount: () => callCount, pod, condition, pass, again };
}

type Scene = Awaited<ReturnType<typeof start>>;

/** Resolves when the condition has this reason and the gate knows, moving time on where that is needed. */
async function reaches({ condition, clock, lines }: Scene, status: string, reason: string): Promise<void> {
  await until(async () => {
    await clock.advance(100);
    assert.deepEqual([condition()?.status, condition()?.reason], [status, reason]);
    assert.equal(lines.at(-1)?.['reason'], reason);
  });
}

test('it opens with one patch once the pairs are resolved, beside the conditions of others, and never writes again', async (t) => {
  const scene = await start(t);
  const before = scene.admin.get('pods', 'ipa-0')?.status?.conditions ?? [];
  scene.world.pairs = [resolved];
  scene.gate.wake();
  await reaches(scene, 'True', 'PairsResolved');
  assert.deepEqual(scene.patches(), ['patch pods/status 200']);
  const { message, lastTransitionTime } = scene.condition() ?? {};
  assert.equal(message, 'DNS answers all published pairs with this pod');
  assert.match(`${lastTransitionTime}`, /^2026-01-01T00:00:/);
  const others = scene.admin.get('pods', 'ipa-0')?.status?.conditions?.filter(({ type }) => type !== OWN_GATE);
  assert.deepEqual(others, before);
  scene.world.pairs = [unresolved];
  scene.gate.wake();
  await scene.clock.advance(300_000);
  assert.equal(scene.callCount(), 1);
  assert.deepEqual(
    scene.lines.map(({ event, isOpen, reason }) => [event, isOpen, reason]),
    [['gate-set', true, 'PairsResolved']],
  );
});

test('a wait that lasts is written once, with what is waited for', async (t) => {
  const scene = await start(t);
  await scene.clock.advance(2500);
  assert.equal(scene.callCount(), 0);
  await reaches(scene, 'False', 'NotResolvedYet');
  assert.equal(scene.condition()?.message, 'ipa kerberos/UDP: DNS answers NXDOMAIN, kept for 30 s');
  await scene.clock.advance(60_000);
  assert.equal(scene.callCount(), 1);
  scene.world.pairs = [resolved];
  scene.gate.wake();
  await reaches(scene, 'True', 'PairsResolved');
  assert.equal(scene.patches().length, 2);
});

test('what was acknowledged counts, though the watch of the pod does not show it yet', async (t) => {
  const scene = await start(t);
  scene.world.seen = scene.pod();
  scene.world.pairs = [resolved];
  scene.gate.wake();
  await reaches(scene, 'True', 'PairsResolved');
  scene.gate.wake();
  await scene.clock.advance(300_000);
  assert.equal(scene.callCount(), 1);
});

test('a gate that is open already, as after a restart, is left alone', async (t) => {
  const scene = await start(t);
  scene.world.pairs = [resolved];
  scene.gate.wake();
  await reaches(scene, 'True', 'PairsResolved');
  scene.world.pairs = [unresolved];
  const next = scene.again();
  await scene.clock.advance(300_000);
  next.wake();
  await scene.clock.advance(300_000);
  assert.equal(scene.callCount(), 1);
});

test('a pod without the gate is never written', async (t) => {
  const scene = await start(t, { gates: [] });
  scene.world.pairs = [resolved];
  scene.gate.wake();
  await scene.clock.advance(300_000);
  assert.deepEqual([scene.callCount(), scene.gate.findings()], [0, []]);
});

test('a workload that is not ready keeps it closed, and its time begins anew with its readiness', async (t) => {
  const scene = await start(t);
  scene.admin.setContainerReady({ pod: 'ipa-0', container: 'server', ready: false });
  scene.gate.wake();
  await scene.clock.advance(300_000);
  assert.equal(scene.callCount(), 0);
  scene.admin.setContainerReady({ pod: 'ipa-0', container: 'server', ready: true });
  scene.gate.wake();
  await reaches(scene, 'False', 'NotResolvedYet');
  await scene.pass(60);
  assert.equal(scene.condition()?.status, 'False');
});

test('a pass from before the workload was ready proves nothing: that it announces no pair may be over', async (t) => {
  const scene = await start(t);
  scene.admin.setContainerReady({ pod: 'ipa-0', container: 'server', ready: false });
  await scene.clock.advance(5000);
  scene.world.announced = [];
  scene.world.pairs = [];
  scene.world.attemptedAtMs = 4999;
  scene.admin.setContainerReady({ pod: 'ipa-0', container: 'server', ready: true });
  scene.gate.wake();
  await reaches(scene, 'False', 'NotPublishedYet');
  scene.world.attemptedAtMs = 5000;
  scene.gate.wake();
  await reaches(scene, 'True', 'NothingToPublish');
});

test('a pass that failed proves nothing either, though it announces no pair', async (t) => {
  const scene = await start(t);
  scene.world.announced = [];
  scene.world.pairs = [];
  scene.world.failure = {
    kind: 'failed',
    verdict: 'retry',
    reason: 'Timeout',
    message: 'PATCH: no answer',
    remedy: undefined,
    retryAfterMs: undefined,
    isTerminating: false,
  };
  scene.gate.wake();
  await reaches(scene, 'False', 'NotPublishedYet');
  scene.world.failure = undefined;
  scene.gate.wake();
  await reaches(scene, 'True', 'NothingToPublish');
});

const unchecked = [
  { name: 'DNS is not asked', server: { kind: 'off', reason: 'REGISTRAR_DNS_SERVER is off' }, expect: 'DnsNotAsked' },
  { name: 'DNS is silent', server: { kind: 'on', silentForMs: 10_001 }, expect: 'DnsSilent' },
] as const;
for (const { name, server, expect } of unchecked) {
  test(`it opens by itself where ${name}, with a warning that goes when all is resolved`, async (t) => {
    const scene = await start(t);
    scene.world.server = server;
    scene.gate.wake();
    await reaches(scene, 'True', expect);
    await until(() =>
      assert.deepEqual(
        scene.gate.findings().map(({ code }) => code),
        ['gate-opened-unchecked'],
      ),
    );
    assert.equal(scene.lines[0]?.['level'], 'warn');
    scene.world.pairs = [resolved];
    scene.gate.wake();
    await until(() => assert.deepEqual(scene.gate.findings(), []));
  });
}

test('it opens after two minutes though DNS lacks the pairs', async (t) => {
  const scene = await start(t);
  await reaches(scene, 'False', 'NotResolvedYet');
  await scene.pass(110);
  assert.equal(scene.condition()?.status, 'False');
  await scene.pass(10);
  await reaches(scene, 'True', 'NotResolvedInTime');
  assert.match(scene.gate.findings()[0]?.message ?? '', /DNS lacks ipa kerberos\/UDP: DNS answers NXDOMAIN/);
});

test('a refusal is a finding with the missing rule, tried again, and over when the rule is there', async (t) => {
  const scene = await start(t, { objects: withRules(baseRules(['ipa'])) });
  scene.world.pairs = [resolved];
  scene.gate.wake();
  await until(async () => {
    await scene.clock.advance(100);
    assert.deepEqual(
      scene.gate.findings().map(({ code }) => code),
      ['request-forbidden'],
    );
  });
  const [finding] = scene.gate.findings();
  assert.match(finding?.message ?? '', /^own pod ipa-0, readiness gate endpoint-registrar\/published: it stays closed/);
  assert.ok(finding?.remedy.endsWith('resources: ["pods/status"]\n  verbs: ["patch"]'), finding?.remedy);
  scene.admin.put(roleObject([...baseRules(['ipa']), ...gateRules()]));
  await reaches(scene, 'True', 'PairsResolved');
  await until(() => assert.deepEqual(scene.gate.findings(), []));
});

test('a pod that is being deleted is not written any more', async (t) => {
  const scene = await start(t);
  scene.admin.terminatePod('ipa-0');
  scene.world.pairs = [resolved];
  scene.gate.wake();
  await scene.clock.advance(300_000);
  assert.equal(scene.callCount(), 0);
});
