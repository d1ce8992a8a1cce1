/** What a user's own kustomization does: a copy of k8s/ beside it, its namespace, its image. */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Cluster } from '../cluster.ts';
import { projectFolder } from './image.ts';

/** Objects by the file they are written to, beside or over those of k8s/: `{ 'own/workload.yaml': … }`. */
export type Files = Readonly<Record<string, unknown>>;

/** Builds `own/kustomization.yaml`, which reaches the copy as `../k8s`. Throws CommandError with kustomize's words. */
export async function renderKustomization(
  cluster: Cluster,
  kustomization: Readonly<Record<string, unknown>>,
  files: Files,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'endpoint-registrar-e2e-'));
  const own = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', ...kustomization };
  try {
    await cp(join(projectFolder, 'k8s'), join(folder, 'k8s'), { recursive: true });
    for (const [name, content] of Object.entries({ ...files, 'own/kustomization.yaml': own })) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), JSON.stringify(content)); // JSON is YAML
    }
    return await cluster.kubectl(['kustomize', join(folder, 'own')]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The entry under `images` that puts this image in the place of the Component's. */
export function imageChange(reference: string) {
  const [, newName, newTag] = /^(.*):([^:/]*)$/.exec(reference) ?? [];
  return { name: 'endpoint-registrar', newName, newTag };
}
