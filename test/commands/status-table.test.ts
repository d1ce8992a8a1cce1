/** The table of `status`: what is seen to what is printed, word for word. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AgentStatus, parseAgentStatus } from '../../agent/commands/status/document.ts';
import type { AgentSeen, Observed, Seen, ServiceSeen } from '../../agent/commands/status/observe.ts';
import { printJson, printText } from '../../agent/commands/status/print.ts';
import { planTable } from '../../agent/commands/status/table.ts';
import { createPaint } from '../../agent/commands/terminal.ts';
import { parseDeclarations } from '../../agent/declarations/parse.ts';
import type { EndpointSlice } from '../../agent/kube/objects.ts';
import type { PairState } from '../../agent/plan/pairs.ts';
import { beating, type EndpointsTrait, registered, unmirrored, viewOf } from '../support/endpoints.ts';
import { kerberosTcp, kerberosUdp } from '../support/pairs.ts';
import { ipOf, uidOf } from '../support/pods.ts';
import { factsOf, portFacts } from '../support/services.ts';
import { slicesOf } from '../support/slices.ts';
import { keepOutput } from './io.ts';

const plain = createPaint(keepOutput(), {});

const announced: PairState['kind'] = 'announced';
const ready = 'the workload is ready';

type Told = {
  readonly pairs?: readonly object[];
  readonly service?: object;
  readonly findings?: readonly object[];
  readonly document?: object;
};

/** What the agent of a pod answers: both pairs announced, the last beat 1.2 s ago. */
function statusOf(podName: string, told: Told = {}): AgentStatus {
  const pair = (protocol: string) => ({
    name: 'kerberos',
    protocol,
    kind: announced,
    reason: ready,
    dns: { state: 'resolved' },
  });
  const parsed = parseAgentStatus({
    version: '1',
    phase: 'running',
    pod: { uid: uidOf(podName) },
    configMap: { name: 'ports', state: 'read' },
    services: [
      {
        service: 'ipa',
        way: 'full',
        reason: 'headless-without-selector',
        intervalMs: 5000,
        lastHeartbeatAgeMs: 1234,
        pairs: told.pairs ?? [pair('TCP'), pair('UDP')],
        peers: [],
        findings: told.findings ?? [],
        ...told.service,
      },
    ],
    findings: [],
    ...told.document,
  });
  assert.ok(parsed !== undefined);
  return parsed;
}

function agentIn(podName: string, answer?: AgentSeen['answer']): AgentSeen {
  return {
    name: podName,
    uid: uidOf(podName),
    nodeName: 'node-a',
    address: ipOf(podName),
    life: 'alive',
    phase: 'Running',
    http: { kind: 'known', port: 9797 },
    namesConfigMap: true,
    answer: answer ?? { kind: 'answered', status: statusOf(podName) },
  };
}

const telling = (podName: string, told: Told) =>
  agentIn(podName, { kind: 'answered', status: statusOf(podName, told) });

function seen<T>(value: T): Seen<T> {
  return { kind: 'seen', value };
}

const bothPairs = [kerberosTcp, kerberosUdp] as const;
const everywhere = (podName: string): EndpointsTrait => registered(podName, ...bothPairs);

type Under = { readonly traits?: readonly EndpointsTrait[]; readonly slices?: readonly EndpointSlice[] };

function serviceSeen({ traits = [], slices = [] }: Under, change: Partial<ServiceSeen> = {}): ServiceSeen {
  const register = seen(viewOf(unmirrored, ...traits));
  return { name: 'ipa', service: seen(factsOf('ipa')), register, slices: seen(slices), ...change };
}

const declaration = 'ports: [{ name: kerberos, port: 88 }, { name: kerberos, protocol: UDP, port: 88 }]';

function observedOf(change: Partial<Observed> & { readonly living?: readonly string[] } = {}): Observed {
  const { living, ...rest } = change;
  const agents = change.agents ?? seen([agentIn('ipa-0')]);
  const names = living ?? (agents.kind === 'seen' ? agents.value.map(({ name }) => name) : []);
  return {
    namespace: 'identity',
    configMap: 'ports',
    declared: parseDeclarations({ ipa: declaration }),
    services: [serviceSeen({ traits: [everywhere('ipa-0')], slices: slicesOf('ipa-0', ...bothPairs) })],
    agents,
    pods: { living: new Set(names.map(uidOf)), ended: new Map() },
    unknownServices: [],
    ...rest,
  };
}

const whole = (...podNames: readonly string[]) =>
  serviceSeen({ traits: podNames.map(everywhere), slices: podNames.flatMap((name) => slicesOf(name, ...bothPairs)) });

const refused: Seen<never> = {
  kind: 'unseen',
  message: 'GET /x answered 403 Forbidden: not you',
  rule: '- apiGroups: [""]\n  resources: ["x"]',
};

const tables: readonly {
  readonly name: string;
  readonly observed: Observed;
  readonly isGood?: boolean;
  readonly columns?: number;
  readonly expect: string;
}[] = [
  {
    name: 'two pods that serve everything',
    observed: observedOf({
      agents: seen([agentIn('ipa-0'), agentIn('ipa-1')]),
      services: [whole('ipa-0', 'ipa-1')],
    }),
    isGood: true,
    expect: `
ipa  full (headless-without-selector), interval 5s, 2 agents
  PAIR          POD    NODE    PORT  STATE      AGE   DNS       WHY
  kerberos/TCP  ipa-0  node-a  88    announced  1.2s  resolved  the workload is ready
  kerberos/TCP  ipa-1  node-a  88    announced  1.2s  resolved  the workload is ready
  kerberos/UDP  ipa-0  node-a  88    announced  1.2s  resolved  the workload is ready
  kerberos/UDP  ipa-1  node-a  88    announced  1.2s  resolved  the workload is ready
`,
  },
  {
    name: 'on a narrow terminal no row wraps: why is cut',
    observed: observedOf(),
    isGood: true,
    columns: 72,
    expect: `
ipa  full (headless-without-selector), interval 5s, 1 agent
  PAIR          POD    NODE    PORT  STATE      AGE   DNS       WHY
  kerberos/TCP  ipa-0  node-a  88    announced  1.2s  resolved  the wor…
  kerberos/UDP  ipa-0  node-a  88    announced  1.2s  resolved  the wor…
`,
  },
  {
    name: 'on a narrow terminal what a person must read stands whole below the rows, once for all whom it concerns',
    observed: observedOf({
      agents: seen([
        telling('ipa-0', {
          pairs: ['TCP', 'UDP'].map((protocol) => ({
            ...{ name: 'kerberos', protocol, kind: 'withheld' },
            reason: 'kerberos probe to 10.1.0.1:88: no answer within 1000 ms',
          })),
        }),
      ]),
      services: [serviceSeen({ traits: [registered('ipa-0')], slices: [] })],
    }),
    columns: 72,
    expect: `
ipa  full (headless-without-selector), interval 5s, 1 agent
  PAIR          POD    NODE    PORT  STATE     AGE   DNS  WHY
  kerberos/TCP  ipa-0  node-a  88    withheld  1.2s  -    kerberos prob…
  kerberos/UDP  ipa-0  node-a  88    withheld  1.2s  -    kerberos prob…
  ipa-0 kerberos/TCP, ipa-0 kerberos/UDP: kerberos probe to 10.1.0.1:88: no answer within 1000 ms
`,
  },
  {
    name: 'what an agent withholds, and what DNS and probes say beside it',
    observed: observedOf({
      agents: seen([
        telling('ipa-0', {
          pairs: [
            {
              name: 'kerberos',
              protocol: 'TCP',
              kind: 'withheld',
              reason: 'not ready: container server',
              dns: { state: 'off' },
            },
            {
              ...{ name: 'kerberos', protocol: 'UDP', kind: 'announced', reason: ready },
              dns: { state: 'absent', reason: 'NXDOMAIN' },
              probes: [
                { kind: 'failing', reason: 'kerberos: no answer' },
                { kind: 'passing', reason: 'udp answers' },
              ],
            },
          ],
        }),
      ]),
      services: [serviceSeen({ traits: [registered('ipa-0', kerberosUdp)], slices: slicesOf('ipa-0', kerberosUdp) })],
    }),
    expect: `
ipa  full (headless-without-selector), interval 5s, 1 agent
  PAIR          POD    NODE    PORT  STATE      AGE   DNS     WHY
  kerberos/TCP  ipa-0  node-a  88    withheld   1.2s  off     not ready: container server
  kerberos/UDP  ipa-0  node-a  88    announced  1.2s  absent  the workload is ready; DNS absent: NXDOMAIN; probe failing: kerberos: no answer
`,
  },
  {
    name: 'a supplemented Service: what it has itself is left to it',
    observed: observedOf({
      agents: seen([
        telling('ipa-0', {
          document: { dns: { server: null, clusterDomain: 'cluster.local', reason: 'off by the setting' } },
          service: { way: 'supplement', reason: 'headless-with-selector' },
          pairs: [
            { name: 'kerberos', protocol: 'TCP', kind: 'left-to-service', reason: 'the Service has this pair' },
            { name: 'kerberos', protocol: 'UDP', kind: 'announced', reason: ready },
          ],
        }),
      ]),
      services: [
        serviceSeen(
          { traits: [beating('ipa-0')], slices: slicesOf('ipa-0', kerberosUdp) },
          { service: seen(factsOf('ipa', { hasSelector: true, ports: [portFacts('kerberos', 88)] })) },
        ),
      ],
    }),
    isGood: true,
    expect: `
ipa  supplement (headless-with-selector), interval 5s, 1 agent
  PAIR          POD    NODE    PORT  STATE            AGE   DNS  WHY
  kerberos/TCP  ipa-0  node-a  88    left-to-service  1.2s  -    the Service has this pair
  kerberos/UDP  ipa-0  node-a  88    announced        1.2s  off  the workload is ready
`,
  },
  {
    name: 'an agent that gives no answer, and what its slices still say',
    observed: observedOf({
      agents: seen([agentIn('ipa-0', { kind: 'unreachable', why: 'connect ECONNREFUSED 10.0.0.10:9797' })]),
      services: [serviceSeen({ traits: [registered('ipa-0', kerberosTcp)], slices: slicesOf('ipa-0', kerberosTcp) })],
    }),
    expect: `
ipa  full (headless-without-selector), interval 5s, 1 agent
  PAIR          POD    NODE    PORT  STATE        AGE  DNS  WHY
  kerberos/TCP  ipa-0  node-a  88    unreachable  ?    ?    connect ECONNREFUSED 10.0.0.10:9797; its slice announces the pair
  kerberos/UDP  ipa-0  node-a  88    unreachable  ?    ?    connect ECONNREFUSED 10.0.0.10:9797; no slice of it announces the pair
`,
  },
  {
    name: 'a pod whose peers hear nothing of it any more',
    observed: observedOf({
      declared: parseDeclarations({ ipa: 'ports: [{ name: kerberos, port: 88 }]' }),
      agents: seen([
        telling('ipa-0', {
          service: { peers: [{ uid: uidOf('ipa-1'), age: 2.4 }] },
          pairs: [{ name: 'kerberos', protocol: 'TCP', kind: 'announced', reason: ready }],
        }),
        agentIn('ipa-1', { kind: 'unreachable', why: 'no answer within 2500 ms' }),
      ]),
      services: [
        serviceSeen({
          traits: [registered('ipa-0', kerberosTcp), registered('ipa-1', kerberosTcp)],
          slices: ['ipa-0', 'ipa-1'].flatMap((name) => slicesOf(name, kerberosTcp)),
        }),
      ],
    }),
    expect: `
ipa  full (headless-without-selector), interval 5s, 2 agents
  PAIR          POD    NODE    PORT  STATE      AGE   DNS  WHY
  kerberos/TCP  ipa-0  node-a  88    announced  1.2s  ?    the workload is ready
  kerberos/TCP  ipa-1  node-a  88    silent     ?     ?    no new heartbeat for 2 of its intervals; no answer within 2500 ms; its slice announces the pair
`,
  },
  {
    name: 'an agent that knows of its own silence; what it says of others is not believed',
    observed: observedOf({
      declared: parseDeclarations({ ipa: 'ports: [{ name: kerberos, port: 88 }]' }),
      agents: seen([
        telling('ipa-0', {
          service: { lastHeartbeatAgeMs: 61_000, peers: [{ uid: uidOf('ipa-1'), age: 9 }] },
          pairs: [{ name: 'kerberos', protocol: 'TCP', kind: 'announced', reason: ready }],
        }),
        telling('ipa-1', { pairs: [{ name: 'kerberos', protocol: 'TCP', kind: 'announced', reason: ready }] }),
      ]),
      services: [
        serviceSeen({
          traits: [registered('ipa-0', kerberosTcp), registered('ipa-1', kerberosTcp)],
          slices: ['ipa-0', 'ipa-1'].flatMap((name) => slicesOf(name, kerberosTcp)),
        }),
      ],
    }),
    expect: `
ipa  full (headless-without-selector), interval 5s, 2 agents
  PAIR          POD    NODE    PORT  STATE      AGE   DNS  WHY
  kerberos/TCP  ipa-0  node-a  88    silent     61s   ?    no new heartbeat for 12 of its intervals; the workload is ready
  kerberos/TCP  ipa-1  node-a  88    announced  1.2s  ?    the workload is ready
`,
  },
  {
    name: 'pods that are gone, with entries and with a heartbeat alone',
    observed: observedOf({
      services: [
        serviceSeen({
          traits: [everywhere('ipa-0'), registered('ipa-1', kerberosTcp), beating('ipa-2')],
          slices: [...slicesOf('ipa-0', ...bothPairs), ...slicesOf('ipa-1', kerberosTcp)],
        }),
      ],
      pods: { living: new Set([uidOf('ipa-0')]), ended: new Map([[uidOf('ipa-1'), 'Failed']]) },
    }),
    expect: `
ipa  full (headless-without-selector), interval 5s, 1 agent
  PAIR          POD           NODE    PORT  STATE      AGE   DNS       WHY
  kerberos/TCP  ipa-0         node-a  88    announced  1.2s  resolved  the workload is ready
  kerberos/TCP  ipa-1         -       88    gone       ?     ?         the pod's phase is Failed; the agents remove what it has left, or the command sweep does
  kerberos/UDP  ipa-0         node-a  88    announced  1.2s  resolved  the workload is ready
  -             uid-of-ipa-2  -       ?     gone       ?     ?         there is no such pod any more; the agents remove what it has left, or the command sweep does
`,
  },
  {
    name: 'an agent that says announced and stands nowhere',
    observed: observedOf({ services: [serviceSeen({ slices: slicesOf('ipa-0', kerberosTcp) })] }),
    expect: `
ipa  full (headless-without-selector), 1 agent, 0 of them in the register
  PAIR          POD    NODE    PORT  STATE      AGE   DNS       WHY
  kerberos/TCP  ipa-0  node-a  88    announced  1.2s  resolved  the workload is ready
  kerberos/UDP  ipa-0  node-a  88    announced  1.2s  resolved  the workload is ready

not-in-register: ipa-0: Service ipa, announced as the agent says: Endpoints ipa have no heartbeat of the pod
  Look again; where it stays, ask the log of the pod's agent, and who else writes under Service ipa.
not-in-slices: ipa-0: Service ipa, announced as the agent says: no slice of it has kerberos/UDP
  Look again; where it stays, ask the log of the pod's agent, and who else writes under Service ipa.
`,
  },
  {
    name: 'a missing Service: every agent says so, and it is told once',
    observed: observedOf({
      agents: seen(
        ['ipa-0', 'ipa-1', 'ipa-2'].map((name) =>
          telling(name, {
            service: { way: 'hold', reason: 'service-missing', lastHeartbeatAgeMs: 600_000 },
            findings: [
              {
                code: 'service-missing',
                message:
                  'Service ipa: not found; DNS answers nothing for it, and nothing is registered until it is back',
                remedy: 'Create it.',
              },
            ],
          }),
        ),
      ),
      services: [serviceSeen({}, { service: seen(undefined), register: seen(undefined) })],
      declared: parseDeclarations({ ipa: 'ports: [{ name: kerberos, port: 88 }]' }),
    }),
    expect: `
ipa  hold (service-missing), 3 agents, 0 of them in the register
  PAIR          POD    NODE    PORT  STATE     AGE  DNS       WHY
  kerberos/TCP  ipa-0  node-a  88    withheld  10m  resolved  hold: service-missing
  kerberos/TCP  ipa-1  node-a  88    withheld  10m  resolved  hold: service-missing
  kerberos/TCP  ipa-2  node-a  88    withheld  10m  resolved  hold: service-missing
  kerberos/UDP  ipa-0  node-a  ?     withheld  10m  resolved  hold: service-missing
  kerberos/UDP  ipa-1  node-a  ?     withheld  10m  resolved  hold: service-missing
  kerberos/UDP  ipa-2  node-a  ?     withheld  10m  resolved  hold: service-missing

service-missing: 3 pods: Service ipa: not found; DNS answers nothing for it, and nothing is registered until it is back
  Create it.
`,
  },
  {
    name: 'what may not be read is told with the rule, and not taken for empty',
    observed: observedOf({
      declared: { kind: 'forbidden', message: refused.message, remedy: refused.rule },
      agents: refused,
      services: [serviceSeen({}, { service: refused, register: refused, slices: refused })],
    }),
    expect: `
ipa  ? (it could not be read), agents not known
  no rows: the pods could not be read

could-not-read: ConfigMap ports: not seen, so nothing is said about it: GET /x answered 403 Forbidden: not you
  Add this rule to the Role of whoever asks:
  - apiGroups: [""]
    resources: ["x"]
could-not-read: pods of namespace identity: not seen, so nothing is said about it: GET /x answered 403 Forbidden: not you
  Add this rule to the Role of whoever asks:
  - apiGroups: [""]
    resources: ["x"]
could-not-read: Service ipa: not seen, so nothing is said about it: GET /x answered 403 Forbidden: not you
  Add this rule to the Role of whoever asks:
  - apiGroups: [""]
    resources: ["x"]
could-not-read: Endpoints ipa: not seen, so nothing is said about it: GET /x answered 403 Forbidden: not you
  Add this rule to the Role of whoever asks:
  - apiGroups: [""]
    resources: ["x"]
could-not-read: EndpointSlices of namespace identity: not seen, so nothing is said about it: GET /x answered 403 Forbidden: not you
  Add this rule to the Role of whoever asks:
  - apiGroups: [""]
    resources: ["x"]
`,
  },
  {
    name: 'an agent that has not come so far yet',
    observed: observedOf({
      agents: seen([
        telling('ipa-0', {
          document: { services: [], phase: 'starting', configMap: { name: 'ports', state: 'unread' } },
        }),
        telling('ipa-1', { service: { way: null, reason: '', lastHeartbeatAgeMs: null, intervalMs: null }, pairs: [] }),
        telling('ipa-2', {
          pairs: [{ name: 'kerberos', protocol: 'TCP', kind: 'dreamt', reason: 'of a newer version' }],
        }),
      ]),
      services: [serviceSeen({ traits: [beating('ipa-2')] })],
    }),
    expect: `
ipa  full (headless-without-selector), interval 5s, 3 agents, 1 of them in the register
  PAIR          POD    NODE    PORT  STATE     AGE   DNS  WHY
  kerberos/TCP  ipa-0  node-a  88    withheld  ?     -    its agent has no such Service (starting, ConfigMap unread)
  kerberos/TCP  ipa-1  node-a  88    withheld  ?     -    its agent has not finished a pass yet (running)
  kerberos/TCP  ipa-2  node-a  88    withheld  1.2s  -    dreamt: of a newer version
  kerberos/UDP  ipa-0  node-a  88    withheld  ?     -    its agent has no such Service (starting, ConfigMap unread)
  kerberos/UDP  ipa-1  node-a  88    withheld  ?     -    its agent has not finished a pass yet (running)
  kerberos/UDP  ipa-2  node-a  88    withheld  1.2s  -    its agent does not know this pair (full: headless-without-selector, ConfigMap read)
`,
  },
  {
    name: 'no agent at all',
    observed: observedOf({ agents: seen([]), services: [serviceSeen({})] }),
    expect: `
ipa  full (headless-without-selector), 0 agents
  no rows: no pod runs an agent

no-agents: no pod of namespace identity runs an agent with REGISTRAR_CONFIGMAP ports
  Add the sidecar to the workload (k8s/component), or name the ConfigMap of yours with --configmap.
`,
  },
  {
    name: 'nothing declared',
    observed: observedOf({ declared: parseDeclarations({}), services: [] }),
    isGood: true,
    expect: `
No Service is declared, and none is registered.
`,
  },
  {
    name: 'a ConfigMap with a fault, while the agents go on with what was good before',
    observed: observedOf({ declared: parseDeclarations({ ipa: 'ports: [{ name: kerberos, prt: 88 }]' }) }),
    expect: `
ipa  full (headless-without-selector), interval 5s, 1 agent
  PAIR          POD    NODE    PORT  STATE      AGE   DNS       WHY
  kerberos/TCP  ipa-0  node-a  88    announced  1.2s  resolved  the workload is ready
  kerberos/UDP  ipa-0  node-a  88    announced  1.2s  resolved  the workload is ready

configmap-invalid: ConfigMap ports is not valid:
  - ipa, line 1, column 9, ports[0].port: is required. Add port, for example port: 88.
  - ipa, line 1, column 27, ports[0].prt is 88: a port has no such field. Did you mean port?
  Correct it. Until then nothing new is registered.
`,
  },
  {
    name: 'texts of others have no power over the terminal',
    observed: observedOf({
      declared: parseDeclarations({ ipa: 'ports: [{ name: kerberos, port: 88 }]' }),
      agents: seen([
        telling('ipa-0', {
          pairs: [{ name: 'kerberos', protocol: 'TCP', kind: 'withheld', reason: 'a\u001b[2Jb\nc', dns: '\u0007' }],
          findings: [{ code: 'new\u001b', message: 'x\u009by', remedy: '\u202ez' }],
        }),
      ]),
      services: [serviceSeen({ traits: [beating('ipa-0')] })],
    }),
    expect: `
ipa  full (headless-without-selector), interval 5s, 1 agent
  PAIR          POD    NODE    PORT  STATE     AGE   DNS    WHY
  kerberos/TCP  ipa-0  node-a  88    withheld  1.2s  \\u{7}  a\\u{1b}[2Jb\\nc; DNS \\u{7}

new\\u{1b}: ipa-0: x\\u{9b}y
  \\u{202e}z
`,
  },
];

describe('the table', () => {
  for (const { name, observed, isGood = false, columns, expect } of tables) {
    test(name, () => {
      const table = planTable(observed);
      assert.equal(`\n${printText(table, plain, columns)}`, expect);
      assert.equal(table.isGood, isGood);
    });
  }

  test('intervals that differ while pods come are both shown', () => {
    const traits = [everywhere('ipa-0'), everywhere('ipa-1'), beating('ipa-1', '2026-11-22T20:00:00.123Z 5556ms')];
    const slices = ['ipa-0', 'ipa-1'].flatMap((name) => slicesOf(name, ...bothPairs));
    const observed = observedOf({
      agents: seen([agentIn('ipa-0'), agentIn('ipa-1')]),
      services: [serviceSeen({ traits, slices })],
    });
    assert.match(
      printText(planTable(observed), plain, undefined),
      /^ipa {2}full \(\S+\), interval 5s to 5\.556s, 2 agents\n/,
    );
  });

  test('failures stand before warnings', () => {
    const findings = ['appprotocol-differs', 'target-port-unresolved', 'of-a-newer-agent'].map((code) => ({
      ...{ code, message: code, remedy: '' },
    }));
    const { notes, isGood } = planTable(observedOf({ agents: seen([telling('ipa-0', { findings })]) }));
    assert.deepEqual(
      notes.map(({ code, weight }) => `${code} ${weight}`),
      ['target-port-unresolved failure', 'of-a-newer-agent failure', 'appprotocol-differs warning'],
    );
    assert.equal(isGood, false);
  });

  test('a warning alone is good', () => {
    const findings = [{ code: 'appprotocol-differs', message: 'm', remedy: 'r' }];
    assert.equal(planTable(observedOf({ agents: seen([telling('ipa-0', { findings })]) })).isGood, true);
  });

  test('who may not ask the agents is told the rule once', () => {
    const why = (name: string) =>
      `GET /api/v1/namespaces/identity/pods/${name}:9797/proxy/status answered 403 Forbidden`;
    const rule = '- apiGroups: [""]\n  resources: ["pods/proxy"]\n  verbs: ["get"]';
    const agents = ['ipa-0', 'ipa-1'].map((name) => agentIn(name, { kind: 'unreachable', why: why(name), rule }));
    const { notes } = planTable(observedOf({ agents: seen(agents), services: [whole('ipa-0', 'ipa-1')] }));
    assert.deepEqual(notes, [
      {
        code: 'could-not-ask',
        message: "the agent's /status may not be read through the API server",
        remedy: `Run status in a pod (kubectl exec), where it asks the agents themselves. Or: Add this rule to the Role of whoever asks:\n${rule}`,
        weight: 'failure',
        pods: ['ipa-0', 'ipa-1'],
      },
    ]);
  });
});

describe('the JSON', () => {
  const frame = { namespace: 'identity', configMap: 'ports', time: '2026-11-22T20:00:00.000Z' };

  test('has everything, and null for what is not known', () => {
    const agents = seen([agentIn('ipa-0', { kind: 'unreachable', why: 'no answer' })]);
    const observed = observedOf({
      declared: parseDeclarations({ ipa: 'ports: [{ name: kerberos, port: 88 }]' }),
      agents,
      services: [serviceSeen({}, { register: seen(undefined) })],
    });
    assert.deepEqual(JSON.parse(printJson(planTable(observed), frame, 2)), {
      ...frame,
      isGood: false,
      services: [
        {
          service: 'ipa',
          way: 'full',
          reason: 'headless-without-selector',
          agentCount: 1,
          leastIntervalMs: null,
          greatestIntervalMs: null,
          registeredCount: 0,
          rows: [
            {
              ...{ pair: 'kerberos/TCP', pod: 'ipa-0', podUid: uidOf('ipa-0'), port: '88', state: 'unreachable' },
              why: 'no answer; no slice of it announces the pair',
              ...{ dns: null, probes: [], node: 'node-a', heartbeatAgeMs: null },
            },
          ],
        },
      ],
      findings: [],
    });
  });

  test('stays one line where it is to, and has no power over the terminal either', () => {
    const findings = [{ code: 'x', message: 'a\u001b\u009b\u202e\nb', remedy: '' }];
    const text = printJson(planTable(observedOf({ agents: seen([telling('ipa-0', { findings })]) })), frame, 0);
    assert.equal(text.indexOf('\n'), text.length - 1);
    assert.match(text, /"a\\u001b\\u009b\\u202e\\nb"/);
    assert.ok(!['\u001b', '\u009b', '\u202e'].some((sign) => text.includes(sign)));
  });
});
