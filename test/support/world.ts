/**
 * A world for whole agents: the embedded API server and DNS server, a Service that is served in one of the two ways, a
 * ConfigMap, and pods with an agent in each. What is asserted is read from the server's objects and asked of DNS.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { EndpointSlice } from '../../agent/kube/objects.ts';
import { pairKey } from '../../agent/plan/pairs.ts';
import { type RegisterView, readRegister } from '../../agent/plan/register.ts';
import type { PodShape } from '../embedded/admin/pods.ts';
import { queryDns } from '../embedded/dns/query.ts';
import { startDnsServer } from '../embedded/dns/server.ts';
import type { JsonObject } from '../embedded/objects/json.ts';
import { type ApiServerOptions, type EmbeddedApiServer, startApiServer } from '../embedded/server.ts';
import { type AgentOptions, type RunningAgent, startAgent } from './agents.ts';
import { baseObjects, CONFIGMAP, SERVICE_ACCOUNT } from './role.ts';
import { until } from './until.ts';

/** The two ways in which a Service can be served. */
export type ServedWay = 'full' | 'supplement';

/** What is declared unless a test says otherwise; the Service that is supplemented has the first two itself. */
export const PORTS =
  'ports: [{ name: ldap, port: 389 }, { name: kerberos, port: 88 }, { name: kerberos, protocol: UDP, port: 88 }]';

const ownPorts: Readonly<Record<string, number>> = { 'ldap/TCP': 389, 'kerberos/TCP': 88 };

/** Every pair of `PORTS`. */
export const PAIRS = ['kerberos/TCP', 'kerberos/UDP', 'ldap/TCP'] as const;

/** A pod that is looked for in register, slices and DNS. */
export type Bearer = { readonly podName: string; readonly uid: string };

/** What is seen of one pod. */
export type Presence = {
  readonly isBeating: boolean;
  /** Pairs under which its UID stands in the subsets. */
  readonly entries: readonly string[];
  /** Pairs that slices of its agent announce, each once, whatever the IP families. */
  readonly slices: readonly string[];
};

/** One world. The Service is `ipa` wherever none is named. */
export type World = {
  readonly way: ServedWay;
  readonly server: EmbeddedApiServer;
  readonly dnsPort: number;
  /** Writes the ConfigMap: Service to declaration, `{ ipa: PORTS }`. */
  readonly declare: (data: Readonly<Record<string, string>>) => void;
  /** Makes the Service as this world's way needs it. */
  readonly createService: (name?: string) => void;
  /** A pod as the Service selects it, with a workload container `server`; no agent yet. */
  readonly createPod: (podName: string, shape?: Partial<PodShape>) => void;
  /** Starts an agent in a pod, which is created where it is not there. */
  readonly start: (podName: string, options?: AgentOptions) => RunningAgent;
  /** Starts agents, and resolves when all are registered. */
  readonly join: (...podNames: readonly string[]) => Promise<readonly RunningAgent[]>;
  /** The register as it stands, empty where there is none. */
  readonly register: (service?: string) => RegisterView;
  readonly slicesOf: (uid: string, service?: string) => readonly EndpointSlice[];
  readonly presence: (pod: Bearer, service?: string) => Presence;
  /** Of these pairs, those that an agent announces: the Service has the others itself. */
  readonly ours: (pairs?: readonly string[]) => readonly string[];
  /** Resolves when the pod stands in register, slices and DNS with exactly these pairs; all of `PORTS` where none are given. */
  readonly present: (pod: Bearer, pairs?: readonly string[]) => Promise<void>;
  /** Resolves when nothing of the pod's agent is left in register and slices, nor in DNS under the pairs that are ours. */
  readonly absent: (pod: Bearer) => Promise<void>;
  /** Resolves when the pod's heartbeat has changed so many times from now on. */
  readonly beats: (pod: Bearer, count: number) => Promise<void>;
  /** Notes from now on when one of these pods loses its heartbeat, an entry or a slice, be it for a moment. */
  readonly watchLosses: (...pods: readonly Bearer[]) => readonly string[];
  /** Requests of a pod's agent since the log was cleared, watches and Events apart, e.g. `patch endpoints ipa`. */
  readonly requestsOf: (pod: Bearer) => readonly string[];
  /** What DNS answers, e.g. `['ipa-0:88', 'ipa-1:88']`; empty for NXDOMAIN and NODATA. */
  readonly srv: (pair: string, service?: string) => Promise<readonly string[]>;
  /** The addresses that DNS answers for the pod's own name, A before AAAA; empty for NXDOMAIN and NODATA. */
  readonly addressesOf: (podName: string) => Promise<readonly string[]>;
  /** Resolves when DNS answers exactly this. */
  readonly resolves: (pair: string, answers: readonly string[], service?: string) => Promise<void>;
};

/** How a world is made. */
export type WorldOptions = {
  /** Names that the Role allows. @default ['ipa'] */
  readonly services?: readonly string[];
  readonly server?: ApiServerOptions;
};

/** Starts a world with the Service `ipa` and the ConfigMap; it is gone when the test is over. */
export async function startWorld(t: TestContext, way: ServedWay, options: WorldOptions = {}): Promise<World> {
  const server = await startApiServer({
    objects: baseObjects(options.services ?? ['ipa']),
    ...options.server,
  });
  const dns = await startDnsServer({ source: server.dnsSource });
  t.after(() => Promise.all([server.close(), dns.close()]));
  const { admin } = server;

  const register = (service = 'ipa'): RegisterView =>
    readRegister(admin.get('endpoints', service) ?? { metadata: { name: service } });
  const slicesOf = (uid: string, service = 'ipa') =>
    admin
      .list('endpointslices')
      .filter(
        ({ metadata: { labels = {} } }) =>
          labels['endpoint-registrar/pod-uid'] === uid && labels['kubernetes.io/service-name'] === service,
      );
  const presence: World['presence'] = ({ uid }, service) => {
    const { heartbeats, subsets = [], keptByController } = register(service);
    const held = subsets.filter(({ addresses = [] }) => addresses.some(({ targetRef }) => targetRef?.uid === uid));
    const pairs = (ports: readonly { readonly name?: string; readonly protocol?: string }[]) => ports.map(pairKey);
    return {
      isBeating: heartbeats.has(uid),
      entries: keptByController ? [] : held.flatMap(({ ports = [] }) => pairs(ports)).sort(),
      slices: [...new Set(slicesOf(uid, service).flatMap(({ ports }) => pairs(ports ?? [])))].sort(),
    };
  };
  const srv: World['srv'] = async (pair, service = 'ipa') => {
    const [name, protocol = ''] = pair.split('/');
    const domain = `${service}.default.svc.cluster.local`;
    const { answers } = await queryDns({
      server: dns.address,
      port: dns.port,
      name: `_${name}._${protocol.toLowerCase()}.${domain}`,
      type: 'SRV',
      timeoutMs: 5000,
    });
    return answers
      .flatMap((answer) => (answer.type === 'SRV' ? [`${answer.data.target.split('.')[0]}:${answer.data.port}`] : []))
      .sort();
  };
  const addressesOf: World['addressesOf'] = async (podName) => {
    const name = `${podName}.ipa.default.svc.cluster.local`;
    const ask = (type: 'A' | 'AAAA') => queryDns({ server: dns.address, port: dns.port, name, type, timeoutMs: 5000 });
    const replies = await Promise.all([ask('A'), ask('AAAA')]);
    return replies.flatMap(({ answers }) =>
      answers.flatMap((answer) => (answer.type === 'A' || answer.type === 'AAAA' ? [answer.data] : [])),
    );
  };
  const ours = (pairs: readonly string[] = PAIRS) =>
    pairs.filter((pair) => way === 'full' || !Object.hasOwn(ownPorts, pair)).sort();
  const answersFor = async (podName: string, pairs: readonly string[]) => {
    const found = await Promise.all(pairs.map(async (pair) => ({ pair, answers: await srv(pair) })));
    return found.flatMap(({ pair, answers }) => (answers.some((one) => one.startsWith(`${podName}:`)) ? [pair] : []));
  };

  const createPod: World['createPod'] = (podName, shape = {}) => {
    admin.createPod({
      name: podName,
      labels: { app: 'ipa' },
      hostname: podName,
      subdomain: 'ipa',
      containers: ['server'],
      sidecars: ['endpoint-registrar'],
      serviceAccount: SERVICE_ACCOUNT,
      ...shape,
    });
  };
  const start: World['start'] = (podName, agentOptions = {}) => {
    if (agentOptions.token === undefined && admin.get('pods', podName) === undefined) createPod(podName);
    return startAgent(t, server, podName, agentOptions);
  };
  const present: World['present'] = (pod, pairs = PAIRS) =>
    until(async () => {
      const expected = ours(pairs);
      assert.deepEqual(presence(pod), { isBeating: true, entries: way === 'full' ? expected : [], slices: expected });
      const asked = [...new Set([...expected, ...ours()])].sort();
      assert.deepEqual(await answersFor(pod.podName, asked), expected);
    });

  const world: World = {
    way,
    server,
    dnsPort: dns.port,
    declare: (data) => {
      admin.put({ kind: 'ConfigMap', metadata: { name: CONFIGMAP }, data });
    },
    createService: (name = 'ipa') => {
      admin.put(serviceObject(name, way));
    },
    createPod,
    start,
    join: async (...podNames) => {
      const agents = podNames.map((podName) => start(podName));
      for (const agent of agents) await present(agent);
      return agents;
    },
    register,
    slicesOf,
    presence,
    ours,
    present,
    absent: (pod) =>
      until(async () => {
        assert.deepEqual(presence(pod), { isBeating: false, entries: [], slices: [] });
        assert.deepEqual(await answersFor(pod.podName, ours()), []);
      }),
    beats: async ({ uid, podName }, count) => {
      for (let beat = 0; beat < count; beat += 1) {
        const last = register().heartbeats.get(uid);
        await until(() => {
          const { heartbeats } = register();
          assert.ok(heartbeats.has(uid) && heartbeats.get(uid) !== last, `${podName} does not beat: ${last}`);
        });
      }
    },
    watchLosses: (...pods) => {
      const losses: string[] = [];
      let before = pods.map((pod) => presence(pod));
      const look = () => {
        const now = pods.map((pod) => presence(pod));
        for (const [index, pod] of pods.entries()) losses.push(...lossesBetween(pod, before[index], now[index]));
        before = now;
      };
      for (const resource of ['endpoints', 'endpointslices'] as const) t.after(server.store.onChange(resource, look));
      return losses;
    },
    requestsOf: ({ podName }) =>
      server.requests
        .all()
        .filter(({ userAgent, verb, resource }) => userAgent === podName && verb !== 'watch' && resource !== 'events')
        .map(({ verb, resource, name }) => `${verb} ${resource} ${name}`.trim()),
    srv,
    addressesOf,
    resolves: (pair, answers, service) =>
      until(async () => assert.deepEqual(await srv(pair, service), [...answers].sort())),
  };
  world.createService();
  world.declare({ ipa: PORTS });
  await admin.settled();
  return world;
}

function lossesBetween(
  { podName }: Bearer,
  before: Presence | undefined,
  now: Presence | undefined,
): readonly string[] {
  if (before === undefined || now === undefined) return [];
  const gone = (kind: 'entries' | 'slices') =>
    before[kind].filter((pair) => !now[kind].includes(pair)).map((pair) => `${podName} lost ${pair} from its ${kind}`);
  const heartbeat = before.isBeating && !now.isBeating ? [`${podName} lost its heartbeat`] : [];
  return [...heartbeat, ...gone('entries'), ...gone('slices')];
}

/** A headless Service, with a selector and its own ports where it is to be supplemented. */
export function serviceObject(name: string, way: ServedWay): JsonObject {
  const ports = Object.entries(ownPorts).map(([pair, port]) => {
    const [portName, protocol] = pair.split('/');
    return { name: portName, protocol, port };
  });
  return {
    kind: 'Service',
    metadata: { name },
    spec: { clusterIP: 'None', ...(way === 'supplement' ? { selector: { app: name }, ports } : {}) },
  };
}
