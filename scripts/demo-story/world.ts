/**
 * The world of the story: the embedded API server and DNS server, the pods, and a folder for the kubeconfig files.
 * Pods are objects here and nothing runs in them; the agents beside them are `agents.ts`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EndpointSlice } from '../../agent/kube/objects.ts';
import { heartbeatKey, SERVICE_NAME_LABEL } from '../../agent/plan/identity.ts';
import { publisherOf } from '../../agent/plan/slices.ts';
import { settings } from '../../agent/settings.ts';
import { type EmbeddedDns, startDnsServer } from '../../test/embedded/dns/server.ts';
import { type EmbeddedApiServer, startApiServer } from '../../test/embedded/server.ts';
import { baseObjects, CONFIGMAP, SERVICE_ACCOUNT } from '../../test/support/role.ts';
import type { Life } from './life.ts';
import { POD_LABELS, pairText, SERVICE, service } from './pairs.ts';

/** A Kerberos server of the story: its pod's name, which is its host name too, address and UID. */
export type Server = { readonly name: string; readonly ip: string; readonly uid: string };

/** The container that stands for the Kerberos server, and the one that stands for the agent. */
export const WORKLOAD = 'freeipa';
const SIDECAR = 'endpoint-registrar';

/** Where a pod has its agent's HTTP server; here the API server finds it at the free port that the agent took. */
export const HTTP_PORT = Number(settings.httpPort.default);

/** The container as k8s/component makes it, as far as a command looks for an agent by it. */
const sidecar = {
  name: SIDECAR,
  ports: [{ name: 'registrar-http', containerPort: HTTP_PORT }],
  fields: { env: [{ name: settings.configMap.env, value: CONFIGMAP }] },
};

/** What DNS calls the Service. */
export const DOMAIN = `${SERVICE}.default.svc.cluster.local`;

/** The world. `servers` are the pods that are there, by name. */
export type World = {
  /** Where its files are. */
  readonly folder: string;
  readonly api: EmbeddedApiServer;
  readonly dns: EmbeddedDns;
  readonly servers: ReadonlyMap<string, Server>;
  /** Makes a pod as a StatefulSet would: `ipa-0` keeps its name and host name, never its address and UID. */
  readonly addServer: (name: string) => Server;
  readonly removeServer: (name: string) => void;
  /** Writes a kubeconfig that holds a token of the pod, bound to it as in a real pod, or of an administrator; gives its path. */
  readonly writeKubeconfig: (who: { readonly pod: string } | 'admin') => Promise<string>;
  /** The EndpointSlices that the agent of this pod wrote. */
  readonly slicesOf: (server: Server) => readonly EndpointSlice[];
  /** Each EndpointSlice of the Service with its version: equal where nobody wrote any. `publisher` picks the agents' or the others. */
  readonly versions: (publisher: 'agents' | 'others') => string;
  /** The newest heartbeat of each server on the Endpoints object; undefined where there is none. */
  readonly heartbeats: () => readonly (string | undefined)[];
  readonly close: () => Promise<void>;
};

/** As long as anybody may want to look at a story that was left running. */
const TOKEN_SECONDS = 7 * 24 * 3600;

/** Starts it, with one Service that has no selector, no ports and no pods. */
export async function startWorld(life: Life): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'endpoint-registrar-demo-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  life.atExit(removeFolder);
  // https, as in a cluster; kubectl sends no token over plain http.
  const api = await startApiServer({ tls: true, objects: [...baseObjects([SERVICE]), service()] });
  const dns = await startDnsServer({ source: api.dnsSource });
  const servers = new Map<string, Server>();
  const { admin } = api;
  const slices = () =>
    admin.list('endpointslices').filter(({ metadata }) => metadata.labels?.[SERVICE_NAME_LABEL] === SERVICE);

  return {
    folder,
    api,
    dns,
    servers,
    addServer: (name) => {
      const pod = admin.createPod({
        name,
        labels: POD_LABELS,
        hostname: name,
        subdomain: SERVICE,
        containers: [WORKLOAD],
        sidecars: [sidecar],
        serviceAccount: SERVICE_ACCOUNT,
      });
      const server = { name, ip: pod.status?.podIP ?? '', uid: pod.metadata.uid };
      servers.set(name, server);
      return server;
    },
    removeServer: (name) => {
      admin.removePod(name);
      servers.delete(name);
    },
    writeKubeconfig: async (who) => {
      const path = join(folder, `${who === 'admin' ? who : who.pod}.kubeconfig`);
      const token =
        who === 'admin'
          ? api.adminToken
          : api.mintToken({ serviceAccount: SERVICE_ACCOUNT, pod: who.pod, expiresInSeconds: TOKEN_SECONDS });
      await writeFile(path, api.kubeconfig(token), { mode: 0o600 });
      return path;
    },
    slicesOf: ({ uid }) => slices().filter((slice) => publisherOf(slice) === uid),
    versions: (publisher) =>
      slices()
        .filter((slice) => (publisherOf(slice) !== undefined) === (publisher === 'agents'))
        .map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`)
        .join(', '),
    heartbeats: () => {
      const annotations = admin.get('endpoints', SERVICE)?.metadata.annotations;
      return [...servers.values()].map(({ uid }) => annotations?.[heartbeatKey(uid)]);
    },
    close: async () => {
      await Promise.all([dns.close(), api.close()]);
      removeFolder();
    },
  };
}

/** The pairs that stand in slices, e.g. `kerberos/UDP, kpasswd/UDP`, sorted. */
export function pairsIn(slices: readonly EndpointSlice[]): string {
  return slices
    .flatMap(({ ports }) => ports ?? [])
    .map(({ name = '', protocol }) => pairText({ name, protocol: protocol === 'UDP' ? 'UDP' : 'TCP' }))
    .sort()
    .join(', ');
}
