/** The world that the measured agents live in: an API server over TLS and a DNS server, one headless Service, a ConfigMap and pods. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDnsServer } from '../../test/embedded/dns/server.ts';
import { startApiServer } from '../../test/embedded/server.ts';

/** One pod, ready to have an agent started in it. */
export type BenchPod = {
  readonly name: string;
  /** A folder with token, ca.crt and namespace. */
  readonly credentials: string;
  readonly env: Readonly<Record<string, string>>;
};

/** The world. */
export type World = {
  readonly createPod: (name: string, intervalMs: number) => BenchPod;
  readonly removePod: (name: string) => void;
  /** How many heartbeats of a pod the register has seen, its join included. */
  readonly beatCount: (pod: string) => number;
  /** Resolves when there were so many; rejects after the limit. */
  readonly beaten: (pod: string, count: number, limitMs: number) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Six pairs of a FreeIPA server over both protocols. */
const declaration = `ports:
- { name: ldap, port: 389 }
- { name: kerberos, port: 88 }
- { name: kerberos, protocol: UDP, port: 88 }
- { name: kpasswd, port: 464 }
- { name: kpasswd, protocol: UDP, port: 464 }
- { name: https, port: 443 }
`;

/** Starts the world on 127.0.0.1; everything in it is gone after `close`. */
export async function createWorld(): Promise<World> {
  const server = await startApiServer({ tls: true });
  const dns = await startDnsServer({ source: server.dnsSource });
  const folder = mkdtempSync(join(tmpdir(), 'endpoint-registrar-bench-'));
  server.admin.put({ kind: 'Service', metadata: { name: 'ipa' }, spec: { clusterIP: 'None' } });
  server.admin.put({ kind: 'ConfigMap', metadata: { name: 'endpoint-registrar' }, data: { ipa: declaration } });
  /** Pod name to heartbeats seen in the register, counted as a peer does: the value changed. */
  const beats = new Map<string, { readonly value: string; readonly count: number }>();
  const stopCounting = server.store.onChange('endpoints', () => {
    const annotations = server.admin.get('endpoints', 'ipa')?.metadata.annotations ?? {};
    for (const { metadata } of server.admin.list('pods')) {
      const value = annotations[`endpoint-registrar/${metadata.uid}`];
      const known = beats.get(metadata.name);
      if (value === undefined || value === known?.value) continue;
      beats.set(metadata.name, { value, count: (known?.count ?? 0) + 1 });
    }
  });
  const beatCount = (pod: string) => beats.get(pod)?.count ?? 0;
  return {
    createPod: (name, intervalMs) => {
      server.admin.createPod({ name, containers: ['kdc'], sidecars: ['endpoint-registrar'] });
      const credentials = join(folder, name);
      mkdirSync(credentials);
      writeFileSync(join(credentials, 'token'), server.adminToken);
      writeFileSync(join(credentials, 'ca.crt'), server.ca ?? '');
      writeFileSync(join(credentials, 'namespace'), 'default');
      return {
        name,
        credentials,
        env: {
          KUBERNETES_SERVICE_HOST: '127.0.0.1',
          KUBERNETES_SERVICE_PORT: `${server.port}`,
          REGISTRAR_CONFIGMAP: 'endpoint-registrar',
          REGISTRAR_NAMESPACE: 'default',
          REGISTRAR_POD_NAME: name,
          REGISTRAR_HTTP_PORT: '0',
          REGISTRAR_DNS_SERVER: `${dns.address}:${dns.port}`,
          REGISTRAR_CLUSTER_DOMAIN: 'cluster.local',
          REGISTRAR_HEARTBEAT_INTERVAL: `${intervalMs}ms`,
          REGISTRAR_REQUEST_TIMEOUT: `${intervalMs * 0.5}ms`,
        },
      };
    },
    removePod: (name) => server.admin.removePod(name),
    beatCount,
    beaten: async (pod, count, limitMs) => {
      const what = `${count} heartbeats of ${pod}`;
      await server.admin.until('endpoints', () => beatCount(pod) >= count, { limitMs, what });
    },
    close: async () => {
      stopCounting();
      await Promise.all([server.close(), dns.close()]);
      rmSync(folder, { recursive: true });
    },
  };
}
