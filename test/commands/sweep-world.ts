/** A sweep run whole against a world: real agents that have registered, real HTTP, and what was said and asked. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { readArguments } from '../../agent/commands/arguments.ts';
import type { CommandEnding } from '../../agent/commands/command.ts';
import { sweepCommand } from '../../agent/commands/sweep/command.ts';
import type { EmbeddedApiServer } from '../embedded/server.ts';
import { createRunningClock } from '../support/running-clock.ts';
import { keepIo } from './io.ts';

/** How one sweep ended. `lines`: of stdout. */
export type Swept = {
  readonly ending: CommandEnding;
  readonly lines: readonly string[];
  readonly out: string;
  readonly err: string;
};

/** Runs `sweep` with these arguments as the administrator, or as whoever holds the token. */
export type Sweep = (argv?: readonly string[], token?: string) => Promise<Swept>;

/** The user agent of a sweep, by which its requests are told from those of agents. */
const USER_AGENT = 'endpoint-registrar/test';

/** How much faster than the real clock that of a sweep runs. */
const SPEED = 8;

/** Builds the runner; the kubeconfigs go with the test. */
export async function createSweep(t: TestContext, server: EmbeddedApiServer): Promise<Sweep> {
  const folder = await mkdtemp(join(tmpdir(), 'endpoint-registrar-'));
  t.after(() => rm(folder, { recursive: true }));
  return async (argv = [], token = server.adminToken) => {
    const kubeconfig = join(folder, 'kubeconfig');
    await writeFile(kubeconfig, server.kubeconfig(token));
    const kept = keepIo({ env: { KUBECONFIG: kubeconfig } });
    const read = readArguments(sweepCommand, argv);
    assert.ok(read.kind === 'given', JSON.stringify(read));
    const ending = await sweepCommand.run(read.given, { ...kept, clock: createRunningClock(SPEED) });
    const out = kept.stdout.text();
    return { ending, out, err: kept.stderr.text(), lines: out.split('\n').filter((line) => line !== '') };
  };
}

/** The writes of sweeps since the log was cleared, in order, e.g. `patch endpoints 200`. */
export function writesOf(server: EmbeddedApiServer): readonly string[] {
  return server.requests
    .all()
    .filter(({ userAgent, method }) => userAgent === USER_AGENT && method !== 'GET')
    .map(({ verb, resource, status }) => `${verb} ${resource} ${status}`);
}

/** Everything that a sweep may change, to be compared. */
export function stored(server: EmbeddedApiServer): unknown {
  return { endpoints: server.admin.list('endpoints'), slices: server.admin.list('endpointslices') };
}
