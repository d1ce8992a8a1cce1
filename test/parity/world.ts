/**
 * What a case may do: speak HTTP to the API server inside a namespace of its own, pretend pods, act as somebody with
 * few rights, ask the DNS, and wait for what it expects. The same code for both worlds; only the target differs.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { RecordType } from 'dns-packet';
import { createTestClient, type Reply, type TestClient } from '../embedded/client.ts';
import { queryDns } from '../embedded/dns/query.ts';
import { recordText } from '../embedded/dns/text.ts';
import { asList, asObject, type JsonObject } from '../embedded/objects/json.ts';
import { until } from '../support/until.ts';
import { type PodShape, podObject, podStatus } from './pods.ts';
import type { Target } from './target.ts';

/** What the DNS answers, records as `SRV 0 50 88 a.b`, sorted. Without TTLs: each cluster's Corefile has its own. */
export type DnsRecords = {
  readonly rcode: string;
  readonly records: readonly string[];
  readonly authorities: readonly string[];
  readonly additionals: readonly string[];
};

/** A namespace of one of the worlds. */
export type World = {
  readonly namespace: string;
  readonly nodeName: string;
  /** May do everything. */
  readonly admin: TestClient;
  /** Path of a resource of the core group in the namespace, or of one of its objects. */
  readonly core: (resource: string, name?: string) => string;
  /** Path of the EndpointSlices in the namespace, or of one. */
  readonly slices: (name?: string) => string;
  /** A client with this token; empty: nobody. */
  readonly as: (token: string) => TestClient;
  /** A client of a new ServiceAccount with these rules, once they are in force. */
  readonly grant: (rules: readonly JsonObject[]) => Promise<TestClient>;
  readonly mintToken: (
    serviceAccount: string,
    pod?: { readonly name: string; readonly uid: string },
  ) => Promise<string>;
  /** POST that must succeed; resolves to the object. */
  readonly create: (path: string, body: JsonObject) => Promise<JsonObject>;
  /** Creates a pod bound to the pretended Node, with the status of one that runs; resolves to its uid. */
  readonly createPod: (shape: PodShape) => Promise<string>;
  /** Writes a pod's readiness as its kubelet would. */
  readonly setReady: (pod: PodShape, ready: boolean) => Promise<void>;
  /** The pod object goes at once. */
  readonly removePod: (name: string) => Promise<void>;
  /** The records of a name below the namespace: `_kerberos._tcp.ipa` stands for `_kerberos._tcp.ipa.NAMESPACE.svc.cluster.local`. */
  readonly resolve: (type: RecordType, name: string) => Promise<DnsRecords>;
  /** Resolves when the name holds exactly these records, whatever their order; NXDOMAIN counts as none. */
  readonly resolves: (type: RecordType, name: string, records: readonly string[]) => Promise<void>;
  /** The EndpointSlices of a Service. */
  readonly slicesOf: (service: string) => Promise<readonly JsonObject[]>;
  /** Waits until the mirroring controller has worked off what was written before. */
  readonly mirroringTurn: () => Promise<void>;
};

const DNS_TIMEOUT_MS = 3_000;
/** A DNS cache before the cluster's records may keep a denial for 30 s. */
const DNS_LIMIT_MS = 40_000;

/** A world, and how to leave it. */
export type OpenWorld = { readonly world: World; readonly leave: () => Promise<void> };

/** Makes a namespace and everything that acts in it. */
export async function openWorld(target: Target): Promise<OpenWorld> {
  const namespace = `parity-${randomBytes(5).toString('hex')}`;
  const clients: TestClient[] = [];
  const connect = (token: string, tls = target.tls): TestClient => {
    const client = createTestClient(target.url, token, tls);
    clients.push(client);
    return client;
  };
  const admin = connect(target.admin.token, target.admin.tls);
  const path = (group: string) => (resource: string, name?: string) =>
    `${group}/namespaces/${namespace}/${resource}${name === undefined ? '' : `/${name}`}`;
  const core = path('/api/v1');
  const rbac = path('/apis/rbac.authorization.k8s.io/v1');
  const slices = (name?: string): string => path('/apis/discovery.k8s.io/v1')('endpointslices', name);

  const create = async (at: string, body: JsonObject): Promise<JsonObject> => expectSuccess(await admin.post(at, body));
  await create('/api/v1/namespaces', { metadata: { name: namespace } });

  /** `default` comes a moment after its namespace. */
  const accountIsThere = (name: string): Promise<void> =>
    until(async () => assert.equal((await admin.get(core('serviceaccounts', name))).status, 200));

  const createPod = async (shape: PodShape): Promise<string> => {
    await accountIsThere(shape.serviceAccount ?? 'default');
    const pod = await create(core('pods'), podObject(shape, target.nodeName));
    expectSuccess(await admin.patch('merge', `${core('pods', shape.name)}/status`, { status: podStatus(shape) }));
    return String(asObject(pod['metadata'])['uid']);
  };

  const mintToken: World['mintToken'] = async (serviceAccount, pod) => {
    await accountIsThere(serviceAccount);
    const bound = pod === undefined ? {} : { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', ...pod } };
    const body = await create(`${core('serviceaccounts', serviceAccount)}/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 3600, ...bound },
    });
    return String(asObject(body['status'])['token']);
  };

  let grantCount = 0;
  const grant: World['grant'] = async (rules) => {
    grantCount += 1;
    const name = `agent-${grantCount}`;
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name };
    const probe = { apiGroups: [''], resources: ['secrets'], verbs: ['get'], resourceNames: [name] };
    await create(core('serviceaccounts'), { metadata: { name } });
    await create(rbac('roles'), { metadata: { name }, rules: [...rules, probe] });
    await create(rbac('rolebindings'), {
      metadata: { name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
      roleRef,
    });
    const client = connect(await mintToken(name));
    await until(async () => assert.equal((await client.get(core('secrets', name))).status, 404));
    return client;
  };

  const resolve: World['resolve'] = async (type, name) => {
    const query = { name: `${name}.${namespace}.svc.cluster.local`, type, timeoutMs: DNS_TIMEOUT_MS };
    const answer = await queryDns({ ...query, server: target.dns.address, port: target.dns.port });
    const texts = (records: typeof answer.answers): readonly string[] => records.map(recordText).toSorted();
    return {
      rcode: answer.rcode,
      records: texts(answer.answers),
      authorities: texts(answer.authorities),
      additionals: texts(answer.additionals),
    };
  };

  const slicesOf: World['slicesOf'] = async (service) => {
    const { body } = await admin.get(`${slices()}?labelSelector=kubernetes.io/service-name%3D${service}`);
    return asList(body['items']).map(asObject);
  };

  let turnCount = 0;
  /** Two in a row: the controller's workers are several, and one that was handed the earlier work is done by then. */
  const mirroringTurn = async (): Promise<void> => {
    for (let round = 0; round < 2; round += 1) {
      turnCount += 1;
      const name = `turn-${turnCount}`;
      await create(core('services'), { metadata: { name }, spec: { clusterIP: 'None' } });
      await create(core('endpoints'), { metadata: { name }, subsets: [{ addresses: [{ ip: '10.99.0.1' }] }] });
      await until(async () => assert.equal((await slicesOf(name)).length, 1));
    }
  };

  const removePod = async (name: string): Promise<void> => {
    expectSuccess(await admin.delete(`${core('pods', name)}?gracePeriodSeconds=0`));
  };

  const world: World = {
    namespace,
    nodeName: target.nodeName,
    admin,
    core,
    slices,
    as: (token) => connect(token),
    grant,
    mintToken,
    create,
    createPod,
    setReady: async (pod, ready) => {
      const status = podStatus({ ...pod, ready });
      expectSuccess(await admin.patch('merge', `${core('pods', pod.name)}/status`, { status }));
    },
    removePod,
    resolve,
    resolves: (type, name, records) =>
      until(async () => {
        const found = await resolve(type, name);
        assert.deepEqual(found.records, records.map((record) => record.replaceAll('NAMESPACE', namespace)).toSorted());
      }, DNS_LIMIT_MS),
    slicesOf,
    mirroringTurn,
  };

  const leave = async (): Promise<void> => {
    const pods = asList((await admin.get(core('pods'))).body['items']).map((pod) =>
      asObject(asObject(pod)['metadata']),
    );
    for (const { name } of pods) await admin.delete(`${core('pods', String(name))}?gracePeriodSeconds=0`);
    await admin.delete(`/api/v1/namespaces/${namespace}`);
    await Promise.all(clients.map((client) => client.close()));
  };
  return { world, leave };
}

/** The body of a reply that must be 200 or 201. */
export function expectSuccess(reply: Reply): JsonObject {
  assert.ok(reply.status === 200 || reply.status === 201, `answered ${reply.status}: ${reply.message}`);
  return reply.body;
}
