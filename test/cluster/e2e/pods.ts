/** The servers' pods as kubectl and the agents' logs show them. */
import { type Look, until } from '../machine/until.ts';
import type { World } from './world.ts';

/** One pod. Container ids are those of the container runtime, without its name. */
export interface PodView {
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  readonly agent: ContainerView;
}

export interface ContainerView {
  readonly id: string;
  readonly isReady: boolean;
}

/** A line of an agent's log: the fields that every line has. */
export interface LogLine {
  readonly atMs: number;
  readonly event: string;
}

export const agentContainer = 'endpoint-registrar';

/** Reads one pod. Throws CommandError when it is not there. */
export async function readPod(world: World, name: string): Promise<PodView> {
  const agent = `.status.initContainerStatuses[?(@.name=="${agentContainer}")]`;
  const fields = ['.metadata.uid', '.spec.nodeName', `${agent}.containerID`, `${agent}.ready`];
  const path = fields.map((field) => `{${field}}`).join('{"\\n"}');
  const text = await world.kubectl(['get', 'pod', name, `--output=jsonpath=${path}`]);
  const [uid = '', node = '', id = '', ready = ''] = text.split('\n');
  const agentView = { id: id.replace(/^.*:\/\//, ''), isReady: ready === 'true' };
  return { name, uid, node, agent: agentView };
}

/** The agent's log, from its container's last start on. */
export async function readLog(world: World, pod: string): Promise<readonly LogLine[]> {
  const text = await world.kubectl(['logs', pod, `--container=${agentContainer}`]);
  return text.split('\n').filter(Boolean).map(parseLine);
}

/** Waits until `read` gives what `isWanted` wants, and resolves to it. Throws WaitError with what was read last. */
export function untilRead<T>(
  what: string,
  limitMs: number,
  read: () => Promise<T>,
  isWanted: (value: T) => boolean,
): Promise<T> {
  return until(what, { limitMs, everyMs: 100 }, async (): Promise<Look<T>> => {
    const value = await read();
    return isWanted(value) ? { kind: 'done', value } : { kind: 'waiting', seen: JSON.stringify(value) };
  });
}

/** The heartbeats in the register, by the UID of their pod: `{ '80563317-…' => '2026-11-22T23:26:13.993Z 5s' }`. */
export async function readHeartbeats(world: World): Promise<ReadonlyMap<string, string>> {
  const query = ['get', 'endpoints', 'ipa', '--ignore-not-found', '--output=jsonpath={.metadata.annotations}'];
  const found = (await world.kubectl(query)).matchAll(/"endpoint-registrar\/([0-9a-f-]{36})":"([^"]*)"/g);
  return new Map([...found].map(([, uid = '', value = '']) => [uid, value]));
}

function parseLine(line: string): LogLine {
  const value: unknown = JSON.parse(line);
  if (typeof value !== 'object' || value === null || !('time' in value) || !('event' in value)) {
    throw new Error(`a line of the agent's log has no time or no event: ${line}`);
  }
  return { atMs: Date.parse(String(value.time)), event: String(value.event) };
}
