/**
 * The agent's image, built from the project's Containerfile as a user builds it, on stages made from Debian packages.
 * Kept in the cache under a name that changes with everything that the build reads; the agent's older images are dropped there.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { buildContainerfile } from '../provide/containerfile.ts';
import { baseRecipe, builderRecipe, type ImageArchive, provideImage } from '../provide/images.ts';
import type { Report } from '../report.ts';

export const projectFolder = join(import.meta.dirname, '..', '..', '..');
const prefix = 'agent-';
const reference = 'localhost/endpoint-registrar/agent:test';
/** What .containerignore lets into the build. */
const sources = ['Containerfile', 'LICENSE', 'package.json', 'package-lock.json', '.npmrc', 'tsconfig.json'];

/** Makes sure that the image of the working tree is built. Throws CommandError with the failing step's words. */
export async function provideAgentImage(cacheRoot: string, report: Report): Promise<ImageArchive> {
  const stages = {
    BUILDER_IMAGE: await provideImage(builderRecipe, cacheRoot, report),
    BASE_IMAGE: await provideImage(baseRecipe, cacheRoot, report),
  };
  const folder = dirname(stages.BASE_IMAGE.file);
  const file = join(folder, `${prefix}${await sourceKey(stages)}.tar`);
  if (existsSync(file)) return { reference, file };
  const startMs = performance.now();
  report('image agent: building from the Containerfile');
  const unfinished = join(folder, `.unfinished-${prefix}${process.pid}.tar`);
  try {
    await buildContainerfile({
      containerfile: join(projectFolder, 'Containerfile'),
      context: projectFolder,
      stages,
      image: { reference, file: unfinished },
    });
    for (const old of await readdir(folder)) if (old.startsWith(prefix)) await rm(join(folder, old));
    await rename(unfinished, file);
  } finally {
    await rm(unfinished, { force: true });
  }
  report(`image agent: built in ${Math.round((performance.now() - startMs) / 1000)} s`);
  return { reference, file };
}

async function sourceKey(stages: Readonly<Record<string, ImageArchive>>): Promise<string> {
  const listed = await readdir(join(projectFolder, 'agent'), { recursive: true, withFileTypes: true });
  const agent = listed.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hash = createHash('sha256');
  for (const stage of Object.values(stages)) hash.update(basename(stage.file));
  for (const file of [...sources, 'scripts/build.ts'].map((name) => join(projectFolder, name)).concat(agent.sort())) {
    hash.update(`${file.slice(projectFolder.length)}\0`).update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 12);
}
