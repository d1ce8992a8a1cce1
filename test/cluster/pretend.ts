/**
 * A Node that no kubelet stands behind, for pods whose status a suite writes itself.
 * The native endpointslice controller passes over pods whose Node does not exist, and node lifecycle declares a silent Node dead: this one keeps renewing its Lease (KEP-589).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kubectl } from './cluster.ts';

/** A pretended Node; `remove` ends its heartbeats and deletes it. Pods that are bound to it never start. */
export interface PretendNode {
  readonly name: string;
  remove(): Promise<void>;
}

const leaseSeconds = 40;
const renewEveryMs = 10_000;
const leaseNamespace = 'kube-node-lease';

/** Creates the Node, Ready and unschedulable, so that nothing lands on it that does not name it. Throws CommandError when it exists. */
export async function createPretendNode(kubectl: Kubectl, name: string): Promise<PretendNode> {
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: { unschedulable: true } };
  await kubectl(['create', '-f', '-'], { input: JSON.stringify(node) });
  await kubectl(['create', '-f', '-'], { input: JSON.stringify(lease(name)) });
  const now = new Date().toISOString();
  const ready = { type: 'Ready', status: 'True', reason: 'Pretended', lastHeartbeatTime: now, lastTransitionTime: now };
  const status = JSON.stringify({ status: { conditions: [ready] } });
  await kubectl(['patch', 'node', name, '--subresource=status', '--type=merge', `--patch=${status}`]);
  const stopping = new AbortController();
  const beating = beat(kubectl, name, stopping.signal);
  return {
    name,
    async remove() {
      stopping.abort();
      await beating;
      await kubectl(['delete', 'lease', name, `--namespace=${leaseNamespace}`, '--ignore-not-found']);
      await kubectl(['delete', 'node', name, '--ignore-not-found']);
    },
  };
}

/** Goes on through failures: a suite may well have stopped the API server, and the Lease lasts for three more tries. */
async function beat(kubectl: Kubectl, name: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(renewEveryMs, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
    const patch = `--patch=${JSON.stringify({ spec: lease(name).spec })}`;
    await kubectl(['patch', 'lease', name, `--namespace=${leaseNamespace}`, '--type=merge', patch]).catch(
      () => undefined,
    );
  }
}

function lease(name: string) {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace: leaseNamespace },
    spec: {
      holderIdentity: name,
      leaseDurationSeconds: leaseSeconds,
      renewTime: new Date().toISOString().replace('Z', '000Z'), // a MicroTime
    },
  };
}
