/**
 * Asks one agent for its /status: in the cluster at the pod's address, outside through the API server's `pods/proxy`
 * with the rights of whoever asks. An agent that gives no answer is a value that says why, never an empty one.
 */
import { request } from 'node:http';
import type { Clock } from '../../clock.ts';
import { createDeadline } from '../../kube/deadline.ts';
import { KubeError } from '../../kube/errors.ts';
import { forbiddenRule } from '../../kube/forbidden.ts';
import type { Cluster } from '../cluster.ts';
import type { AgentPod } from './agentpods.ts';
import { type AgentStatus, parseAgentStatus } from './document.ts';

/** What an agent answered. `rule`: the rule of a Role that whoever asks lacks, as YAML. */
export type AgentAnswer =
  | { readonly kind: 'answered'; readonly status: AgentStatus }
  | { readonly kind: 'unreachable'; readonly why: string; readonly rule?: string | undefined };

/** Asks one agent; never rejects. */
export type AskAgent = (pod: AgentPod) => Promise<AgentAnswer>;

/** How long one agent has for its answer: it makes it from memory. */
export const ANSWER_TIMEOUT_MS = 2500;

/** How the API server begins when it reached nobody (apimachinery, `util/proxy`): the state says as much. */
const UNREACHED = 'answered 503 ServiceUnavailable: error trying to reach service: ';

/** The document of an agent with hundreds of peers is a few hundred kilobytes. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** The way to every agent that the cluster's credentials give. */
export function createAskAgent(
  cluster: Pick<Cluster, 'client' | 'namespace' | 'isInPod'>,
  call: { readonly clock: Clock; readonly signal: AbortSignal },
): AskAgent {
  return async (pod) => {
    if (pod.http.kind === 'unknown') return { kind: 'unreachable', why: pod.http.why };
    if (pod.address === undefined) return { kind: 'unreachable', why: 'the pod has no address yet' };
    const { port } = pod.http;
    const answer = cluster.isInPod
      ? await askDirectly({ address: pod.address, port }, call)
      : await askThroughProxy(cluster, { name: pod.name, port }, call.signal);
    if (answer.kind !== 'answered') return answer;
    const { podUid } = answer.status;
    if (podUid === undefined || podUid === pod.uid) return answer;
    return { kind: 'unreachable', why: `the agent of another pod answered (UID ${podUid})` };
  };
}

/** GET /status of the pod's own HTTP server. */
export async function askDirectly(
  at: { readonly address: string; readonly port: number },
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<AgentAnswer> {
  const where = `http://${at.address.includes(':') ? `[${at.address}]` : at.address}:${at.port}/status`;
  const deadline = createDeadline(clock, {
    limitMs: ANSWER_TIMEOUT_MS,
    signal,
    fail: (reason) => new Error(reason === 'Timeout' ? `no answer within ${ANSWER_TIMEOUT_MS} ms` : 'given up'),
  });
  try {
    const { status, body } = await deadline.race(get(at, deadline.signal));
    if (status !== 200) return { kind: 'unreachable', why: `${where} answered ${status}` };
    return readAnswer(JSON.parse(body), where);
  } catch (error) {
    return { kind: 'unreachable', why: `${where}: ${error instanceof Error ? error.message : String(error)}` };
  } finally {
    deadline.release();
  }
}

function get(
  { address, port }: { readonly address: string; readonly port: number },
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: address, port, path: '/status', agent: false, signal }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_BODY_BYTES) asking.destroy(new Error(`answered with more than ${MAX_BODY_BYTES} bytes`));
        else chunks.push(chunk);
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
      response.on('error', reject);
    });
    asking.on('error', reject);
    asking.end();
  });
}

async function askThroughProxy(
  { client, namespace }: Pick<Cluster, 'client' | 'namespace'>,
  pod: { readonly name: string; readonly port: number },
  signal: AbortSignal,
): Promise<AgentAnswer> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod.name)}:${pod.port}/proxy/status`;
  try {
    const answer = await client.request({ verb: 'GET', path, timeoutMs: ANSWER_TIMEOUT_MS, signal });
    if (answer.kind === 'ok') return readAnswer(answer.body, `GET ${path}`);
    return { kind: 'unreachable', why: `GET ${path}: ${answer.message}` };
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    const rule = forbiddenRule(error);
    // The path says no more than the row does already, and what follows it is what a narrow terminal should still show.
    const said = error.message.replace(`GET ${path}`, '').replace(/^:? /, '').replace(UNREACHED, '');
    return {
      kind: 'unreachable',
      why: rule === undefined ? said : 'may not be asked: get on pods/proxy is missing',
      rule,
    };
  }
}

function readAnswer(body: unknown, where: string): AgentAnswer {
  const status = parseAgentStatus(body);
  if (status !== undefined) return { kind: 'answered', status };
  return { kind: 'unreachable', why: `${where} answered with something that is no /status of an agent` };
}
