/** Builds an image from a Containerfile, on images that are files: no registry is asked for its stages. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../machine/exec.ts';
import { buildahCommand, type ImageArchive } from './images.ts';

/** What is built. `stages` are build arguments that name images, by their values: `{ BASE: … }` is what `FROM ${BASE}` starts from. */
export interface ContainerfileBuild {
  readonly containerfile: string;
  /** The folder that COPY copies from. */
  readonly context: string;
  readonly stages: Readonly<Record<string, ImageArchive>>;
  /** The name that pods ask for, and the file it is written to. */
  readonly image: ImageArchive;
}

const buildLimitMs = 15 * 60_000;

/** Builds and writes the archive. Throws CommandError with the failing step's words. */
export async function buildContainerfile({ containerfile, context, stages, image }: ContainerfileBuild): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'endpoint-registrar-image-'));
  const buildah = buildahCommand(scratch);
  const limits = { timeoutMs: buildLimitMs };
  try {
    const stageArgs = Object.entries(stages).map(([name, stage]) => `--build-arg=${name}=docker-archive:${stage.file}`);
    const options = [
      '--isolation=chroot',
      '--layers=false',
      ...stageArgs,
      '--file',
      containerfile,
      '--tag',
      image.reference,
    ];
    await run(['nice', '-n', '10', ...buildah, 'build', ...options, context], limits);
    await rm(image.file, { force: true }); // an archive that exists is not replaced but refused
    await run([...buildah, 'push', image.reference, `docker-archive:${image.file}:${image.reference}`], limits);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
