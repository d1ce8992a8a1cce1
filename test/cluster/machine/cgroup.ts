/** The cgroup that all pods of a node lie under, in every hierarchy of this computer (version 1 has several, version 2 one). */

import { readFileSync } from 'node:fs';
import { mkdir, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from './until.ts';

const removalLimitMs = 10_000;

/** Creates the cgroup where it is absent. `name` is its path below the root of each hierarchy. */
export async function createCgroup(name: string): Promise<void> {
  for (const hierarchy of hierarchies()) await mkdir(join(hierarchy, name), { recursive: true });
}

/** Removes the cgroup and those below it. Absent is success; the kernel lets go of one only when its last process is reaped, hence the wait. */
export async function removeCgroup(name: string): Promise<void> {
  for (const hierarchy of hierarchies()) {
    await until(`removal of the cgroup ${name}`, { limitMs: removalLimitMs, everyMs: 50 }, async () => {
      const failure = await removeTree(join(hierarchy, name));
      return failure === undefined ? { kind: 'done', value: undefined } : { kind: 'waiting', seen: failure };
    });
  }
}

/** The mount points of the cgroup file systems. */
function hierarchies(): readonly string[] {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').trim().split('\n');
  return mounts.flatMap((line) => {
    const [, at, type] = line.split(' ');
    return at !== undefined && (type === 'cgroup' || type === 'cgroup2') ? [at] : [];
  });
}

/** Removes the deepest folders first; the files in a cgroup's folder are the kernel's. Resolves to what is in the way. */
async function removeTree(folder: string): Promise<string | undefined> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return undefined;
  for (const entry of entries) {
    const failure = entry.isDirectory() ? await removeTree(join(folder, entry.name)) : undefined;
    if (failure !== undefined) return failure;
  }
  try {
    await rmdir(folder);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
