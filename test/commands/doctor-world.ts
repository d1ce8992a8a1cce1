/** Worlds for the doctor: a workload as the manifests set it up, its agents running, and a run of the command against it. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { CommandIo } from '../../agent/commands/command.ts';
import type { Result } from '../../agent/commands/doctor/result.ts';
import { runCommand } from '../../agent/commands/run.ts';
import { isRecord } from '../../agent/kube/parse.ts';
import type { PodShape } from '../embedded/admin/pods.ts';
import { CONFIGMAP } from '../support/role.ts';
import { createRunningClock } from '../support/running-clock.ts';
import { type ServedWay, startWorld, type World, type WorldOptions } from '../support/world.ts';
import { keepIo, keepOutput } from './io.ts';

/** The doctor's time against the real one: slower than the agents', so that its wait sees their beats. */
const SPEED = 2;

const TOKEN_MOUNT = { name: 'token', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true };

/** The sidecar as k8s/component adds it, as far as the doctor looks. */
export const sidecar = {
  name: 'endpoint-registrar',
  fields: { env: [{ name: 'REGISTRAR_CONFIGMAP', value: CONFIGMAP }], volumeMounts: [TOKEN_MOUNT] },
} as const;

/** A workload that becomes ready by a probe and drains. */
export const server = {
  name: 'server',
  fields: {
    readinessProbe: { tcpSocket: { port: 88 } },
    lifecycle: { preStop: { sleep: { seconds: 40 } } },
  },
} as const;

/** A pod in which all is as it should be. */
export const goodPod: Partial<PodShape> = {
  containers: [server],
  sidecars: [sidecar],
  automountServiceAccountToken: false,
  terminationGracePeriodSeconds: 180,
};

/** Starts a world with a StatefulSet, its budget, and `count` pods on as many nodes; no agent runs yet. */
export async function startGoodWorld(
  t: TestContext,
  way: ServedWay,
  { count = 3, ...options }: WorldOptions & { readonly count?: number } = {},
): Promise<World> {
  const names = Array.from({ length: count }, (_, index) => `ipa-${index}`);
  const nodes = names.map((_, index) => `node-${index + 1}`);
  const world = await startWorld(t, way, { ...options, server: { nodes, ...options.server } });
  const { admin } = world.server;
  const { uid } = admin.put({
    kind: 'StatefulSet',
    metadata: { name: 'ipa' },
    spec: { replicas: count, serviceName: 'ipa', minReadySeconds: 5 },
  }).metadata;
  admin.put({
    kind: 'PodDisruptionBudget',
    metadata: { name: 'ipa' },
    spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'ipa' } } },
  });
  for (const [index, name] of names.entries()) {
    const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'ipa', uid, controller: true };
    world.createPod(name, { ...goodPod, nodeName: `node-${index + 1}`, ownerReferences: [owner] });
  }
  return world;
}

/** What a run of the command came to. */
export type Run = {
  readonly code: number;
  readonly results: readonly Result[];
  readonly stdout: string;
  readonly stderr: string;
};

/** Runs `doctor -o json` as the holder of a token, the administrator unless another one is given. */
export async function runDoctor(
  t: TestContext,
  world: Pick<World, 'server' | 'dnsPort'>,
  options: { readonly args?: readonly string[]; readonly token?: string; readonly io?: Partial<CommandIo> } = {},
): Promise<Run> {
  const { args = ['-o', 'json'], token = world.server.adminToken } = options;
  const folder = await mkdtemp(join(tmpdir(), 'doctor-'));
  t.after(() => rm(folder, { recursive: true }));
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, world.server.kubeconfig(token));
  const stdout = keepOutput();
  const stderr = keepOutput();
  const io: CommandIo = {
    ...keepIo({ env: { KUBECONFIG: kubeconfig } }),
    clock: createRunningClock(SPEED),
    stdout,
    stderr,
    ...options.io,
  };
  const dns = ['--dns-server', `127.0.0.1:${world.dnsPort}`];
  const code = await runCommand('doctor', [...dns, ...args], io);
  return {
    code,
    results: args.includes('json') ? readResults(stdout.text()) : [],
    stdout: stdout.text(),
    stderr: stderr.text(),
  };
}

function readResults(text: string): readonly Result[] {
  const parsed: unknown = text === '' ? {} : JSON.parse(text);
  const results: unknown = isRecord(parsed) ? parsed['results'] : undefined;
  return Array.isArray(results) ? results : [];
}

/** Messages of one verdict, or of one check. */
export function told({ results }: Run, of: { readonly verdict?: Result['verdict']; readonly check?: string }) {
  return results
    .filter(({ verdict, check }) => (of.verdict ?? verdict) === verdict && (of.check ?? check) === check)
    .map(({ message }) => message);
}
