/** Reaches a real cluster as its administrator, and pretends a Node in it. Starts nothing and leaves nothing behind. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { KubeConfig } from '../../agent/kube/kubeconfig.ts';
import { widestLayout } from '../cluster/layout.ts';
import { type Env, findFolders } from '../cluster/open.ts';
import { createTestClient, type TestClient, type TlsOptions } from '../embedded/client.ts';
import { asObject } from '../embedded/objects/json.ts';
import type { Target } from './target.ts';
import { expectSuccess } from './world.ts';

const LEASE_SECONDS = 40;
const RENEW_EVERY_MS = 10_000;
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';

/** Opens the cluster that the environment names. Throws Error with what to do where there is none. */
export async function openReal(env: Env): Promise<Target> {
  const instance = Number(env.CLUSTER_INSTANCE ?? 0);
  const stateRoot = findFolders(env).state;
  const kubeconfig = env.KUBECONFIG ?? widestLayout({ instance, stateRoot }).kubeconfig;
  const remedy = `run \`scripts/cluster up --nodes 0 --instance ${instance}\`, or set KUBECONFIG to that of a running cluster`;
  if (!existsSync(kubeconfig))
    throw new Error(`there is no cluster to compare with (no file ${kubeconfig}): ${remedy}`);
  const { url, token, tls } = await readKubeconfig(kubeconfig);
  const admin = createTestClient(url, token, tls);
  const version = await admin.get('/version').catch((cause: unknown) => {
    throw new Error(`the API server at ${url} does not answer (${String(cause)}): ${remedy}`);
  });
  expectSuccess(version);
  const local = Array.from({ length: 10 }, (_, index) => widestLayout({ instance: index, stateRoot }));
  const prompt = local
    .find((layout) => layout.kubeconfig === kubeconfig)
    ?.dns.find(({ variant }) => variant === 'prompt')?.address;
  const node = await pretendNode(admin, `parity-${randomBytes(4).toString('hex')}`);
  return {
    name: 'real',
    url,
    admin: { token, tls },
    tls: tls.ca === undefined ? {} : { ca: tls.ca },
    dns: { address: prompt ?? (await dnsAddress(admin)), port: 53 },
    nodeName: node.name,
    close: async () => {
      await node.remove();
      await admin.close();
    },
  };
}

type Access = { readonly url: string; readonly token: string; readonly tls: TlsOptions };

async function readKubeconfig(file: string): Promise<Access> {
  const config = new KubeConfig();
  config.loadFromFile(file);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new Error(`${file} names no current cluster`);
  const options: Parameters<typeof config.applyToHTTPSOptions>[0] = {};
  await config.applyToHTTPSOptions(options);
  const text = (value: unknown): string | undefined =>
    value === undefined || value === null || value === '' ? undefined : String(value);
  const headers: Readonly<Record<string, unknown>> = { ...asObject(options.headers) };
  const [ca, cert, key] = [text(options.ca), text(options.cert), text(options.key)];
  return {
    url: server,
    token: (text(headers['Authorization']) ?? '').replace(/^Bearer /, ''),
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
  };
}

/** A foreign cluster's DNS, which must be reachable from here. */
async function dnsAddress(admin: TestClient): Promise<string> {
  const service = expectSuccess(await admin.get('/api/v1/namespaces/kube-system/services/kube-dns'));
  return String(asObject(service['spec'])['clusterIP']);
}

/** A Node that stays Ready where node lifecycle looks: its Lease is renewed until it is removed (KEP-589). */
async function pretendNode(admin: TestClient, name: string) {
  const renewal = () => ({
    spec: {
      holderIdentity: name,
      leaseDurationSeconds: LEASE_SECONDS,
      renewTime: new Date().toISOString().replace('Z', '000Z'), // a MicroTime
    },
  });
  expectSuccess(await admin.post('/api/v1/nodes', { metadata: { name }, spec: { unschedulable: true } }));
  expectSuccess(await admin.post(LEASES, { metadata: { name }, ...renewal() }));
  const lastTransitionTime = new Date().toISOString();
  const ready = { type: 'Ready', status: 'True', reason: 'Pretended', lastTransitionTime };
  expectSuccess(await admin.patch('merge', `/api/v1/nodes/${name}/status`, { status: { conditions: [ready] } }));
  const timer = setInterval(() => {
    admin.patch('merge', `${LEASES}/${name}`, renewal()).catch(() => undefined); // the Lease lasts for three more tries
  }, RENEW_EVERY_MS);
  timer.unref();
  return {
    name,
    remove: async () => {
      clearInterval(timer);
      await admin.delete(`${LEASES}/${name}`);
      await admin.delete(`/api/v1/nodes/${name}`);
    },
  };
}
