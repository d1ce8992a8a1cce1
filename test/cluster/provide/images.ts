/**
 * The images that the cluster's pods are made from, without a registry: a file tree from Debian packages or from one built program,
 * packed by buildah into an archive that containerd imports. Each is made once and kept, under a name that changes with its recipe.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../machine/exec.ts';
import type { Report } from '../report.ts';

/** An image as a file. `reference` is the name that a pod asks for, with `imagePullPolicy: Never`. */
export interface ImageArchive {
  readonly reference: string;
  readonly file: string;
}

/** What an image is made of. */
export type ImageRecipe = PackagesRecipe | ProgramRecipe;

/** A Debian of these packages and what they need. `extract`: unpacked, nothing else of Debian; `minbase`: one in which apt and a shell work. */
interface PackagesRecipe {
  readonly kind: 'packages';
  readonly name: string;
  readonly variant: 'extract' | 'minbase';
  readonly packages: readonly string[];
  /** Packages of the npm registry, with their versions, whose programs are put into /usr/local/bin. */
  readonly npmPackages?: readonly string[];
  readonly entrypoint: readonly string[];
}

/** One static Go program from modules/. */
interface ProgramRecipe {
  readonly kind: 'program';
  readonly name: string;
  readonly module: 'pause';
}

/** The first container of every pod. */
export const sandboxRecipe: ImageRecipe = { kind: 'program', name: 'pause', module: 'pause' };

/** What a Node program needs to run, and no more: the C and C++ libraries. */
export const baseRecipe: ImageRecipe = {
  kind: 'packages',
  name: 'base',
  variant: 'extract',
  packages: ['base-files', 'libc6', 'libstdc++6', 'netbase'],
  entrypoint: [],
};

/** A KDC, a password server and an LDAP server, and the clients that look for them. */
export const workloadRecipe: ImageRecipe = {
  kind: 'packages',
  name: 'workload',
  variant: 'minbase',
  packages: [
    'krb5-kdc',
    'krb5-admin-server',
    'krb5-user',
    'slapd',
    'ldap-utils',
    'bind9-dnsutils',
    'iproute2',
    'procps',
  ],
  entrypoint: ['/bin/sh', '-c'],
};

/** FreeIPA's own client code with what it calls, SSSD for LDAP and Kerberos behind NSS and PAM, and a program that logs in through PAM. */
export const freeipaClientRecipe: ImageRecipe = {
  kind: 'packages',
  name: 'freeipa-client',
  variant: 'minbase',
  packages: [
    'python3-ipaclient',
    'sssd-krb5',
    'sssd-ldap',
    'libnss-sss',
    'libpam-sss',
    'pamtester',
    'krb5-user',
    'ldap-utils',
    'bind9-dnsutils',
    'procps',
  ],
  entrypoint: ['/bin/sh', '-c'],
};

/** What a Containerfile's first stage needs to install npm packages and to bundle: Node 24 and npm, as in the usual `node` images. */
export const builderRecipe: ImageRecipe = {
  kind: 'packages',
  name: 'builder',
  variant: 'minbase',
  packages: ['ca-certificates'],
  npmPackages: [`node-linux-${process.arch}@24.21.0`, 'npm@11.21.2'],
  entrypoint: [],
};

/** Whom this computer trusts: where it reaches its registries through a proxy of its own, an image that asks them has to trust it too. */
const authorities = '/etc/ssl/certs/ca-certificates.crt';
const modulesFolder = join(import.meta.dirname, '..', 'modules');
const suite = 'bookworm';
/** Changes when the same recipe gives another image. */
const recipeVersion = '1';
const packLimitMs = 5 * 60_000;
const debianLimitMs = 15 * 60_000;

/** No package's scripts run in an extracted tree, so nothing has written the users: root, and one that is nobody else. */
const passwdHook =
  'printf "root:x:0:0:root:/root:/bin/sh\\nnonroot:x:65532:65532:nonroot:/:/bin/false\\n" > "$1/etc/passwd"';

/** What people read is half of such a tree, and nobody reads it there. */
const leftOut = [
  '/usr/share/doc/*',
  '/usr/share/man/*',
  '/usr/share/info/*',
  '/usr/share/locale/*',
  '/usr/share/i18n/*',
];

export function imageReference(recipe: ImageRecipe): string {
  return `localhost/endpoint-registrar/${recipe.name}:test`;
}

/** Makes sure that the image is built and resolves to its archive. Throws CommandError with the failing tool's words. */
export async function provideImage(recipe: ImageRecipe, cacheRoot: string, report: Report): Promise<ImageArchive> {
  const folder = join(cacheRoot, 'images');
  const file = join(folder, `${recipe.name}-${await recipeKey(recipe)}.tar`);
  const reference = imageReference(recipe);
  if (existsSync(file)) return { reference, file };
  const startMs = performance.now();
  report(`image ${recipe.name}: building`);
  await mkdir(folder, { recursive: true });
  const scratch = await mkdtemp(join(folder, '.unfinished-'));
  try {
    if (recipe.kind === 'packages') await debianLayer(recipe, scratch);
    else await programLayer(recipe, scratch);
    await rename(await pack(recipe, scratch), file);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  report(`image ${recipe.name}: built in ${Math.round((performance.now() - startMs) / 1000)} s`);
  return { reference, file };
}

/** buildah with a store of its own: nothing of the computer's is touched, and the store goes with the folder. */
export function buildahCommand(storeFolder: string): readonly string[] {
  return [
    'buildah',
    '--storage-driver',
    'vfs',
    '--root',
    join(storeFolder, 'store'),
    '--runroot',
    join(storeFolder, 'run'),
  ];
}

async function debianLayer({ variant, packages, npmPackages }: PackagesRecipe, scratch: string): Promise<void> {
  const exclusions = leftOut.map((path) => `--dpkgopt=path-exclude=${path}`);
  const hooks = variant === 'extract' ? [`--customize-hook=${passwdHook}`] : [];
  if (npmPackages !== undefined) {
    const tree = await npmTree(npmPackages, join(scratch, 'npm'));
    const parts = ['bin', 'lib', 'etc'].map((part) => join(tree, part));
    hooks.push(`--customize-hook=copy-in ${parts.join(' ')} /usr/local`);
    hooks.push(`--customize-hook=copy-in ${authorities} ${dirname(authorities)}`);
  }
  const options = ['--mode=root', `--variant=${variant}`, `--include=${packages.join(',')}`, ...exclusions, ...hooks];
  const command = ['nice', '-n', '10', 'mmdebstrap', ...options, suite, layerFile(scratch)];
  await run(command, { timeoutMs: debianLimitMs });
}

/**
 * Installs npm packages as `npm install --global` does. `node` becomes a file of its own, so that it can be copied out of the image,
 * and the rest of its package (headers, manuals) stays out.
 */
async function npmTree(packages: readonly string[], tree: string): Promise<string> {
  await run(['npm', 'install', '--global', `--prefix=${tree}`, ...packages], { timeoutMs: packLimitMs });
  const node = join(tree, 'bin', 'node');
  const packaged = await realpath(node);
  await rm(node);
  await rename(packaged, node);
  await rm(dirname(dirname(packaged)), { recursive: true });
  await mkdir(join(tree, 'etc'));
  await writeFile(join(tree, 'etc', 'npmrc'), `cafile=${authorities}\n`);
  return tree;
}

async function programLayer({ module }: ProgramRecipe, scratch: string): Promise<void> {
  const tree = join(scratch, 'tree');
  await mkdir(tree);
  const build = ['go', 'build', '-trimpath', '-buildvcs=false', '-ldflags', '-s -w', '-o', join(tree, module), '.'];
  await run(build, { cwd: join(modulesFolder, module), env: { CGO_ENABLED: '0' }, timeoutMs: packLimitMs });
  const owner = ['--owner=0', '--group=0'];
  await run(['tar', '--create', '--file', layerFile(scratch), '--directory', tree, ...owner, module]);
}

/** The one layer of the image that is being made in `scratch`. */
function layerFile(scratch: string): string {
  return join(scratch, 'layer.tar');
}

async function pack(recipe: ImageRecipe, scratch: string): Promise<string> {
  const buildah = buildahCommand(scratch);
  const limits = { timeoutMs: packLimitMs };
  const archive = join(scratch, 'image.tar');
  const entrypoint = recipe.kind === 'program' ? [`/${recipe.module}`] : recipe.entrypoint;
  const container = (await run([...buildah, 'from', 'scratch'], limits)).trim();
  await run([...buildah, 'add', '--quiet', container, layerFile(scratch), '/'], limits);
  await run([...buildah, 'config', '--entrypoint', JSON.stringify(entrypoint), container], limits);
  await run(
    [...buildah, 'commit', '--quiet', container, `docker-archive:${archive}:${imageReference(recipe)}`],
    limits,
  );
  return archive;
}

async function recipeKey(recipe: ImageRecipe): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([recipeVersion, suite, leftOut, recipe]));
  if (recipe.kind === 'program') hash.update(await readFile(join(modulesFolder, recipe.module, 'main.go')));
  if (recipe.kind === 'packages' && recipe.npmPackages !== undefined) hash.update(await readFile(authorities));
  return hash.digest('hex').slice(0, 12);
}
