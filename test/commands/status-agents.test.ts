/** How `status` finds the agents, asks them, and reads what they answer: from agents of any version, and from others. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import { createClock } from '../../agent/clock.ts';
import { findAgentPods } from '../../agent/commands/status/agentpods.ts';
import { type AgentAnswer, askDirectly, createAskAgent } from '../../agent/commands/status/ask.ts';
import { mapBounded } from '../../agent/commands/status/bounded.ts';
import { parseAgentStatus } from '../../agent/commands/status/document.ts';
import type { ApiClient } from '../../agent/kube/client.ts';
import type { Pod } from '../../agent/kube/objects.ts';
import { addressed, inPhase, type PodTrait, podOf, running, uidOf } from '../support/pods.ts';
import { createRunningClock } from '../support/running-clock.ts';

type Container = NonNullable<Pod['spec']>['containers'][number];

/** With a container, or a native sidecar, that has these fields. */
function having(list: 'containers' | 'initContainers', fields: Partial<Container>): PodTrait {
  return (pod) => {
    const { containers, ...spec } = pod.spec ?? { containers: [] };
    const container = { name: 'endpoint-registrar', ...fields };
    if (list === 'containers') return { ...pod, spec: { ...spec, containers: [...containers, container] } };
    return { ...pod, spec: { ...spec, containers, initContainers: [...(spec.initContainers ?? []), container] } };
  };
}

const named = { name: 'REGISTRAR_CONFIGMAP', value: 'ports' };
const elsewhere = { name: 'REGISTRAR_CONFIGMAP', valueFrom: { configMapKeyRef: { name: 'a', key: 'b' } } };
const shippedPort = [{ name: 'registrar-http', containerPort: 9000 }];

const finds: readonly {
  readonly name: string;
  readonly pod: Pod;
  readonly known?: boolean;
  readonly expect: unknown;
}[] = [
  { name: 'a native sidecar', pod: podOf('ipa-0', having('initContainers', { env: [named] })), expect: 9797 },
  {
    name: 'a plain container',
    pod: podOf('ipa-0', running('server'), having('containers', { env: [named] })),
    expect: 9797,
  },
  {
    name: 'its named port',
    pod: podOf('ipa-0', having('containers', { env: [named], ports: shippedPort })),
    expect: 9000,
  },
  {
    name: 'its setting before its named port',
    pod: podOf(
      'ipa-0',
      having('containers', { env: [named, { name: 'REGISTRAR_HTTP_PORT', value: '81' }], ports: shippedPort }),
    ),
    expect: 81,
  },
  {
    name: 'a free port, which nobody can know',
    pod: podOf('ipa-0', having('containers', { env: [named, { name: 'REGISTRAR_HTTP_PORT', value: '0' }] })),
    expect: 'its HTTP port is not known: REGISTRAR_HTTP_PORT is 0',
  },
  {
    name: 'a ConfigMap taken from elsewhere: the agent will say which',
    pod: podOf('ipa-0', having('containers', { env: [elsewhere] })),
    expect: 9797,
  },
  {
    name: 'another ConfigMap',
    pod: podOf('ipa-0', having('containers', { env: [{ ...named, value: 'b' }] })),
    expect: 'none',
  },
  { name: 'no agent', pod: podOf('ipa-0', running('server')), expect: 'none' },
  {
    name: 'no agent to be seen, and slices of one',
    pod: podOf('ipa-0', running('server'), having('containers', { ports: shippedPort })),
    known: true,
    expect: 9000,
  },
];
describe('pods with an agent', () => {
  for (const { name, pod, known = false, expect } of finds) {
    test(name, () => {
      const [found] = findAgentPods([pod], 'ports', new Set(known ? [uidOf('ipa-0')] : []));
      assert.equal(
        found === undefined ? 'none' : found.http.kind === 'known' ? found.http.port : found.http.why,
        expect,
      );
    });
  }

  test('stand in the order of their ordinals', () => {
    const pods = ['ipa-10', 'ipa-2', 'ipa-0'].map((name) => podOf(name, having('containers', { env: [named] })));
    assert.deepEqual(
      findAgentPods(pods, 'ports', new Set()).map(({ name }) => name),
      ['ipa-0', 'ipa-2', 'ipa-10'],
    );
  });
});

describe('the document', () => {
  for (const value of [undefined, 'x', [], {}, { services: [] }, { phase: 'running', services: {} }]) {
    test(`${JSON.stringify(value)} is none`, () => assert.equal(parseAgentStatus(value), undefined));
  }

  test('what is not understood is left aside, what is absent stays so', () => {
    const parsed = parseAgentStatus({
      phase: 'dreaming',
      services: [
        null,
        7,
        { service: 7 },
        { service: 'ipa', pairs: [null, {}, { name: 'a', protocol: 'TCP', kind: 'new' }], peers: [{ uid: 1 }] },
      ],
      findings: [{ code: 'a' }, { code: 'a', message: 'b', more: 1 }],
      future: true,
    });
    assert.deepEqual(parsed, {
      ...{ version: '', phase: 'dreaming', podUid: undefined, configMap: undefined, isDnsOff: false },
      services: new Map([
        [
          'ipa',
          {
            ...{ way: undefined, reason: '', intervalMs: undefined, lastHeartbeatAgeMs: undefined },
            pairs: new Map([['a/TCP', { kind: 'new', reason: '', dns: undefined, probes: [] }]]),
            peerAges: new Map(),
            findings: [],
          },
        ],
      ]),
      findings: [{ code: 'a', message: 'b', remedy: '' }],
    });
  });

  const verdicts = [
    { name: 'a word', given: 'off', expect: { kind: 'off', reason: '' } },
    {
      name: 'a state with its reason',
      given: { state: 'cached', reason: 'ttl 30' },
      expect: { kind: 'cached', reason: 'ttl 30' },
    },
    {
      name: 'a kind with its reason',
      given: { kind: 'failing', reason: 'no' },
      expect: { kind: 'failing', reason: 'no' },
    },
  ];
  for (const { name, given, expect } of verdicts) {
    test(`DNS and probes may be ${name}`, () => {
      const pairs = [{ name: 'a', protocol: 'TCP', kind: 'announced', dns: given, probes: given }];
      const pair = parseAgentStatus({ phase: 'running', services: [{ service: 'ipa', pairs }] })
        ?.services.get('ipa')
        ?.pairs.get('a/TCP');
      assert.deepEqual({ dns: pair?.dns, probes: pair?.probes }, { dns: expect, probes: [expect] });
    });
  }
});

async function listen(t: TestContext, answer: RequestListener): Promise<number> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

const never = new AbortController().signal;
const good = JSON.stringify({ phase: 'running', services: [], pod: { uid: uidOf('ipa-0') } });

const answers: readonly { readonly name: string; readonly answer: RequestListener; readonly expect: RegExp }[] = [
  { name: 'an agent', answer: (_, response) => response.end(good), expect: /^answered$/ },
  {
    name: 'something else',
    answer: (_, response) => response.end('{"a":1}'),
    expect: /answered with something that is no \/status of an agent$/,
  },
  { name: 'no JSON', answer: (_, response) => response.end('<html>'), expect: /JSON/ },
  {
    name: 'another status',
    answer: (_, response) => response.writeHead(503).end('busy'),
    expect: /^http:\/\/127\.0\.0\.1:\d+\/status answered 503$/,
  },
  {
    name: 'a connection that is cut',
    answer: (_, response) => response.destroy(),
    expect: /socket hang up|ECONNRESET/,
  },
  {
    name: 'a body that is cut',
    answer: (_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{', () => response.destroy());
    },
    expect: /aborted|ECONNRESET/,
  },
  {
    name: 'more than an agent ever has to say',
    answer: (_, response) => {
      response.on('error', () => {});
      response.end(`"${'x'.repeat(9 * 1024 * 1024)}"`);
    },
    expect: /answered with more than 8388608 bytes$/,
  },
];
describe('an agent is asked at its address', () => {
  const wordOf = (answer: AgentAnswer) => (answer.kind === 'answered' ? 'answered' : answer.why);
  for (const { name, answer, expect } of answers) {
    test(`and ${name} answers`, async (t) => {
      const port = await listen(t, answer);
      assert.match(
        wordOf(await askDirectly({ address: '127.0.0.1', port }, { clock: createClock(), signal: never })),
        expect,
      );
    });
  }

  test('and nobody answers in time', async (t) => {
    const port = await listen(t, () => {});
    const clock = createRunningClock(50);
    assert.match(
      wordOf(await askDirectly({ address: '127.0.0.1', port }, { clock, signal: never })),
      /: no answer within 2500 ms$/,
    );
  });

  test('and whoever asks gives up', async (t) => {
    const stop = new AbortController();
    const port = await listen(t, () => stop.abort());
    const answer = await askDirectly({ address: '127.0.0.1', port }, { clock: createClock(), signal: stop.signal });
    assert.match(wordOf(answer), /: given up$/);
  });

  test('and the agent of another pod answers, who has that address by now', async (t) => {
    const port = await listen(t, (_, response) => response.end(good));
    const client: ApiClient = {
      request: () => assert.fail('the API server is not asked'),
      watch: () => assert.fail('nothing is watched'),
      reset: () => {},
      close: async () => {},
    };
    const ask = createAskAgent(
      { client, namespace: 'identity', isInPod: true },
      { clock: createClock(), signal: never },
    );
    const podWith = (...traits: readonly PodTrait[]) => {
      const env = [named, { name: 'REGISTRAR_HTTP_PORT', value: String(port) }];
      const [pod] = findAgentPods([podOf('ipa-1', having('containers', { env }), ...traits)], 'ports', new Set());
      assert.ok(pod !== undefined);
      return pod;
    };
    const word = async (...traits: readonly PodTrait[]) => wordOf(await ask(podWith(...traits)));
    assert.equal(await word(addressed('127.0.0.1')), 'the agent of another pod answered (UID uid-of-ipa-0)');
    assert.equal(await word(addressed(), inPhase('Pending')), 'the pod has no address yet');
  });
});

test('so many are asked at a time, and the answers keep their order', async () => {
  let active = 0;
  let most = 0;
  const results = await mapBounded([...Array(25).keys()], 10, async (item) => {
    active += 1;
    most = Math.max(most, active);
    await new Promise(setImmediate);
    active -= 1;
    return item * 2;
  });
  assert.equal(most, 10);
  assert.deepEqual(
    results,
    [...Array(25).keys()].map((item) => item * 2),
  );
});
