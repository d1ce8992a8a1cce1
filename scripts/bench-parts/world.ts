/**
 * The world that the measured agents live in: an API server over TLS and a DNS server, and headless Services, each with a
 * ConfigMap of its own, so that agents beside each other can have different declarations.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { heartbeatKey } from '../../agent/plan/identity.ts';
import { publisherOf } from '../../agent/plan/slices.ts';
import { startDnsServer } from '../../test/embedded/dns/server.ts';
import { startApiServer } from '../../test/embedded/server.ts';

/** One pod, ready to have an agent started in it. */
export type BenchPod = {
  readonly name: string;
  readonly ip: string;
  /** A folder with token, ca.crt and namespace. */
  readonly credentials: string;
  readonly env: Readonly<Record<string, string>>;
};

/** A pod to be. `httpPort`: where its agent serves; a free port where absent. */
export type BenchPodShape = {
  readonly name: string;
  readonly service: string;
  readonly intervalMs: number;
  readonly httpPort?: number;
};

/** The world. */
export type World = {
  readonly createPod: (shape: BenchPodShape) => BenchPod;
  readonly removePod: (name: string) => void;
  /** When the register saw each heartbeat of a pod, its join included; monotonic milliseconds. */
  readonly beatsMs: (pod: string) => readonly number[];
  /** Resolves when there were so many; rejects after the limit. */
  readonly beaten: (pod: string, count: number, limitMs: number) => Promise<void>;
  /** How many pairs stand in the EndpointSlices of a pod. */
  readonly announcedCount: (pod: string) => number;
  readonly close: () => Promise<void>;
};

type Member = { readonly uid: string; readonly service: string; value: string | undefined; readonly beatsMs: number[] };

/**
 * Starts the world on 127.0.0.1; everything in it is gone after `close`.
 * @param declarations what each Service's ConfigMap says, by the Service's name
 */
export async function createWorld(declarations: Readonly<Record<string, string>>): Promise<World> {
  const server = await startApiServer({ tls: true });
  const dns = await startDnsServer({ source: server.dnsSource });
  const folder = mkdtempSync(join(tmpdir(), 'endpoint-registrar-bench-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeFolder);
  for (const [service, declaration] of Object.entries(declarations)) {
    server.admin.put({ kind: 'Service', metadata: { name: service }, spec: { clusterIP: 'None' } });
    server.admin.put({ kind: 'ConfigMap', metadata: { name: service }, data: { [service]: declaration } });
  }
  const members = new Map<string, Member>();
  /** Counted as a peer does: the value changed. */
  const stopCounting = server.store.onChange('endpoints', () => {
    const atMs = performance.now();
    for (const member of members.values()) {
      const value = server.admin.get('endpoints', member.service)?.metadata.annotations?.[heartbeatKey(member.uid)];
      if (value === undefined || value === member.value) continue;
      member.value = value;
      member.beatsMs.push(atMs);
    }
  });
  const beatsMs = (pod: string) => members.get(pod)?.beatsMs ?? [];
  return {
    createPod: ({ name, service, intervalMs, httpPort = 0 }) => {
      const shape = { name, containers: ['kdc'], sidecars: ['endpoint-registrar'] };
      const { metadata, status } = server.admin.createPod(shape);
      members.set(name, { uid: metadata.uid, service, value: undefined, beatsMs: [] });
      const credentials = join(folder, name);
      mkdirSync(credentials);
      writeFileSync(join(credentials, 'token'), server.adminToken);
      writeFileSync(join(credentials, 'ca.crt'), server.ca ?? '');
      writeFileSync(join(credentials, 'namespace'), 'default');
      return {
        name,
        ip: status?.podIP ?? '',
        credentials,
        env: {
          KUBERNETES_SERVICE_HOST: '127.0.0.1',
          KUBERNETES_SERVICE_PORT: `${server.port}`,
          REGISTRAR_CONFIGMAP: service,
          REGISTRAR_NAMESPACE: 'default',
          REGISTRAR_POD_NAME: name,
          REGISTRAR_HTTP_PORT: `${httpPort}`,
          REGISTRAR_DNS_SERVER: `${dns.address}:${dns.port}`,
          REGISTRAR_CLUSTER_DOMAIN: 'cluster.local',
          REGISTRAR_HEARTBEAT_INTERVAL: `${intervalMs}ms`,
          REGISTRAR_REQUEST_TIMEOUT: `${intervalMs * 0.5}ms`,
        },
      };
    },
    removePod: (name) => server.admin.removePod(name),
    beatsMs,
    beaten: async (pod, count, limitMs) => {
      const what = `${count} heartbeats of ${pod}`;
      await server.admin.until('endpoints', () => beatsMs(pod).length >= count, { limitMs, what });
    },
    announcedCount: (pod) => {
      const slices = server.admin.list('endpointslices');
      const own = slices.filter((slice) => publisherOf(slice) === members.get(pod)?.uid);
      return own.flatMap(({ ports }) => ports ?? []).length;
    },
    close: async () => {
      stopCounting();
      await Promise.all([server.close(), dns.close()]);
      process.off('exit', removeFolder);
      removeFolder();
    },
  };
}
