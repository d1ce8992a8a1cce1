/** Reaches a real cluster as its administrator, and pretends a Node in it, which goes again at the end. */
import { randomBytes } from 'node:crypto';
import { readAccess } from '../cluster/access.ts';
import { type Env, openCluster, requireCluster } from '../cluster/open.ts';
import { createPretendNode } from '../cluster/pretend.ts';
import { createTestClient } from '../embedded/client.ts';
import type { Target } from './target.ts';
import { expectSuccess } from './world.ts';

const report = (line: string): void => void process.stderr.write(`# ${line}\n`);

/** Opens the cluster that the environment names. Throws Error with what to do where there is none, or where it does not answer. */
export async function openReal(env: Env): Promise<Target> {
  requireCluster(env);
  const cluster = await openCluster(env, report);
  const { url, token, tls } = await readAccess(cluster.kubeconfig);
  const admin = createTestClient(url, token, tls);
  const version = await admin.get('/version').finally(() => admin.close());
  report(`the API server at ${url} is ${String(expectSuccess(version)['gitVersion'])}`);
  const [anyDns] = cluster.dns;
  const dns = cluster.dns.find(({ variant }) => variant === 'prompt') ?? anyDns;
  if (dns === undefined) throw new Error(`the cluster of ${cluster.kubeconfig} has no DNS to compare with`);
  const node = await createPretendNode(cluster.kubectl, `parity-${randomBytes(4).toString('hex')}`);
  return {
    name: 'real',
    url,
    admin: { token, tls },
    tls: tls.ca === undefined ? {} : { ca: tls.ca },
    // That of a cluster which is not ours must be reachable from here at the address that pods ask.
    dns: { address: dns.address ?? dns.podAddress, port: 53 },
    nodeName: node.name,
    close: node.remove,
  };
}
