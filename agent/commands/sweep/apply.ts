/**
 * Does what a plan of a sweep says, one request a step, each with the guards of the agents' own writes: nothing is
 * removed that changed since it was read. Who was faster is read again and decided again.
 */
import { backoffMs } from '../../backoff.ts';
import { unexpected } from '../../kube/answer.ts';
import type { Api } from '../../kube/api.ts';
import type { ApiClient } from '../../kube/client.ts';
import type { PatchOperation } from '../../kube/objects.ts';
import { conflictBounds } from '../../plan/heartbeat.ts';
import { pointer } from '../../plan/identity.ts';
import { planEviction } from '../../plan/patch.ts';
import { type RegisterView, readRegister } from '../../plan/register.ts';
import { createEndpointsRegister } from '../../register/endpoints.ts';
import { attempt } from '../../register/failure.ts';
import type { Failure } from '../../register/register.ts';
import { REQUEST_TIMEOUT_MS } from '../cluster.ts';
import type { CommandIo } from '../command.ts';
import { clearOperations } from './leftovers.ts';
import { type Mark, planSweep, type SweepScope, type SweepStep } from './plan.ts';
import type { Scene } from './scene.ts';

/** What applying needs. */
export type ApplyDeps = {
  readonly client: ApiClient;
  readonly api: Api;
  readonly namespace: string;
  readonly io: Pick<CommandIo, 'clock' | 'random' | 'signal'>;
  readonly observe: (name: string) => Promise<Scene>;
  /** Called after each step that was acknowledged. */
  readonly onDone: (service: string, step: SweepStep) => void;
};

/** How the sweep of one Service ended. `outrun`: others kept changing what it reads. `step`: the one that failed. */
export type Applied =
  | { readonly kind: 'done' }
  | { readonly kind: 'outrun'; readonly step: SweepStep }
  | { readonly kind: 'failed'; readonly step: SweepStep; readonly failure: Failure };

/** So often a Service is read again because somebody else was faster. */
const MAX_TRIES = 10;

/**
 * Sweeps one Service, beginning with the scene given.
 * @throws KubeError where it cannot be read again
 */
export async function applySweep(deps: ApplyDeps, first: Scene, scope: SweepScope): Promise<Applied> {
  const { clock, random, signal } = deps.io;
  let scene = first;
  for (let tried = 0; ; tried += 1) {
    const applied = await applySteps(deps, scene, planSweep(scene, scope));
    if (applied.kind !== 'outrun' || tried + 1 >= MAX_TRIES || signal.aborted) return applied;
    const podCount = scene.endpoints === undefined ? 1 : readRegister(scene.endpoints).heartbeats.size;
    await clock.sleep(backoffMs(tried, conflictBounds(podCount), random()), signal);
    scene = await deps.observe(first.name);
  }
}

async function applySteps(deps: ApplyDeps, scene: Scene, steps: readonly SweepStep[]): Promise<Applied> {
  let view = scene.endpoints === undefined ? undefined : readRegister(scene.endpoints);
  for (const step of steps) {
    const answer = await applyStep(deps, scene.name, { step, view });
    if (answer.kind === 'failed') return { kind: 'failed', step, failure: answer };
    if (answer.kind === 'outrun') return { kind: 'outrun', step };
    if (answer.kind === 'acknowledged') view = answer.view;
    if (answer.kind !== 'needless') deps.onDone(scene.name, step);
  }
  return { kind: 'done' };
}

/** `needless`: it was gone already. */
type StepAnswer =
  | { readonly kind: 'acknowledged'; readonly view: RegisterView }
  | { readonly kind: 'done' | 'needless' | 'outrun' }
  | Failure;

async function applyStep(
  deps: ApplyDeps,
  service: string,
  { step, view }: { readonly step: SweepStep; readonly view: RegisterView | undefined },
): Promise<StepAnswer> {
  switch (step.kind) {
    case 'evict':
      return change(deps, service, view === undefined ? undefined : planEviction(view, step.uid, []));
    case 'clear-endpoints':
      return change(deps, service, view === undefined ? undefined : clearOperations(view));
    case 'strip-endpoints':
      return change(deps, service, view === undefined ? undefined : stripOperations(view, step.marks));
    case 'delete-endpoints':
      return attempt(() => deleteEndpoints(deps, service, step));
    case 'delete-slice': {
      const { name = '', uid = '' } = step.slice.metadata ?? {};
      return attempt(async () => {
        const outcome = await deps.api.deleteSlice(name, { uid }, callOf(deps));
        return { kind: outcome === 'deleted' ? 'done' : 'needless' };
      });
    }
    default:
      return step satisfies never;
  }
}

function callOf({ io }: ApplyDeps) {
  return { timeoutMs: REQUEST_TIMEOUT_MS, signal: io.signal };
}

async function change(
  deps: ApplyDeps,
  service: string,
  operations: readonly PatchOperation[] | undefined,
): Promise<StepAnswer> {
  if (operations === undefined) return { kind: 'outrun' };
  const register = createEndpointsRegister(deps.api, { namespace: deps.namespace, service });
  const answer = await register.write(operations, callOf(deps));
  return answer.kind === 'absent' ? { kind: 'needless' } : answer;
}

/** The subsets are tested too: whoever joined meanwhile needs the label. */
function stripOperations(view: RegisterView, marks: readonly Mark[]): readonly PatchOperation[] {
  return [
    { op: 'test', path: '/subsets', value: view.subsets ?? null },
    ...marks.flatMap(({ field, key, value }): readonly PatchOperation[] => {
      const path = pointer('metadata', field, key);
      return [
        { op: 'test', path, value },
        { op: 'remove', path },
      ];
    }),
  ];
}

/** Deletes the object only as it was read: whoever joined or wrote since is not swept away. */
async function deleteEndpoints(
  deps: ApplyDeps,
  service: string,
  { uid, resourceVersion }: { readonly uid: string; readonly resourceVersion: string },
): Promise<StepAnswer> {
  const request = {
    ...callOf(deps),
    verb: 'DELETE',
    path: `/api/v1/namespaces/${encodeURIComponent(deps.namespace)}/endpoints/${encodeURIComponent(service)}`,
    body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } },
  } as const;
  const answer = await deps.client.request(request);
  switch (answer.kind) {
    case 'ok':
      return { kind: 'done' };
    case 'absent':
      return { kind: 'needless' };
    case 'conflict':
      return { kind: 'outrun' };
    default:
      throw unexpected(request, answer);
  }
}
