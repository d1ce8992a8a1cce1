/**
 * Bundles the agent for its image (docs/design/0006-dependencies-and-footprint.md): `main.cjs`, one minified CommonJS
 * file; `commands.cjs` and `kubeconfig.cjs`, which are loaded only where a command is run or a kubeconfig is used; beside
 * them the entry point and the licences of what was bundled.
 * Usage: node scripts/build.ts, from the project's folder; writes dist/.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';

const outFolder = 'dist';
/** Where the Containerfile puts what is built here. */
const imageFolder = '/opt/endpoint-registrar';
/**
 * V8's flags that NODE_OPTIONS does not take. An agent beats a few times a minute, and what the optimising compilers make
 * of that is only memory: measured with the Containerfile's two variables, RSS after 900 beats was 67 MiB instead of 95,
 * at 8 % more CPU. `--lite-mode` is out, since undici needs WebAssembly.
 */
const v8Flags = [
  '--no-opt',
  '--no-maglev',
  '--no-sparkplug',
  // Set this late, --liftoff-only does not bring the other two with it as it would on the command line.
  '--liftoff-only',
  '--no-wasm-tier-up',
  '--no-wasm-dynamic-tiering',
  '--optimize-for-size',
];

/**
 * The image's entry point, a file whose interpreter is node. Its first line could carry a single flag, so it sets them
 * itself: V8 obeys them from then on, and nothing of the agent is compiled yet.
 */
const entryPointText = `#!${imageFolder}/node
const { setFlagsFromString } = require('node:v8');
for (const flag of ${JSON.stringify(v8Flags)}) setFlagsFromString(flag);
require('${imageFolder}/main.cjs');
`;

/** What is loaded only where it is needed, as files beside the bundle: the module that is imported, and its file. */
const kubeconfigFile = './kubeconfig.cjs';
const commandsFile = './commands.cjs';
const apart: ReadonlyMap<RegExp, string> = new Map([
  [/\/kubeconfig\.ts$/, kubeconfigFile],
  [/\/commands\/run\.ts$/, commandsFile],
]);

/** Keeps those dynamic imports files of their own, found beside the bundle at run time. */
const partsApart: Plugin = {
  name: 'parts-apart',
  setup: ({ onResolve }) => {
    for (const [filter, path] of apart) {
      onResolve({ filter }, ({ kind }) => (kind === 'dynamic-import' ? { path, external: true } : undefined));
    }
  },
};

/** What a bundle asks for and lives without: `debug` colours its lines where this is installed. */
const optional: readonly string[] = ['supports-color'];

/**
 * What the agent imports of undici, from where it is made: the package's root brings fetch, WebSocket and mocks too, which
 * cost 5 MiB and a quarter of the start. Like the root, it gives every dispatcher its `request`.
 */
const undiciParts = `
import api from 'undici/lib/api/index.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
Object.assign(Dispatcher.prototype, api);
export { default as Pool } from 'undici/lib/dispatcher/pool.js';
export { default as ProxyAgent } from 'undici/lib/dispatcher/proxy-agent.js';
`;

/** Puts those parts in the place of undici's root. Importing another name of it is then an error of the build. */
const undiciApart: Plugin = {
  name: 'undici-apart',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^undici$/ }, () => ({ path: 'undici', namespace: 'undici-apart' }));
    onLoad({ filter: /.*/, namespace: 'undici-apart' }, () => ({ contents: undiciParts, resolveDir: process.cwd() }));
  },
};

const options = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs', // 5 MiB less than ESM; esbuild refuses a top-level await in it
  minify: true,
  sourcemap: 'external', // not shipped: it turns a stack trace from a log back into lines
  legalComments: 'none', // the licence file has them all
  supported: { 'dynamic-import': false }, // becomes `require`, which loads no ESM machinery
  define: { 'process.env.NODE_ENV': '"production"' },
  metafile: true,
  logLevel: 'warning',
} as const satisfies BuildOptions;

/** Bundles one file and returns what went in and what is left to be found at run time. */
async function bundle(entry: string, outfile: string, plugins: Plugin[]): Promise<Metafile> {
  const { metafile, warnings } = await build({ ...options, entryPoints: [entry], outfile, plugins });
  if (warnings.length > 0) throw new Error(`${entry}: esbuild warns (above); the bundle may not be what it seems`);
  return metafile;
}

/** Fails where a bundle needs more at run time than Node's own modules and `allowed`. */
function checkExternals({ outputs }: Metafile, allowed: readonly string[]): void {
  const external = Object.values(outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  const known = [...allowed, ...optional, ...builtinModules, ...builtinModules.map((name) => `node:${name}`)];
  const unknown = external.filter((path) => !known.includes(path) && !path.startsWith('node:'));
  if (unknown.length > 0) throw new Error(`the bundle would look for ${unknown.join(', ')} at run time`);
  for (const path of allowed) {
    if (!external.includes(path)) throw new Error(`the bundle never loads ${path}: was it put into the bundle?`);
  }
}

/** The folders of the packages that went into the bundles. */
function packageFolders(metafiles: readonly Metafile[]): readonly string[] {
  const inputs = metafiles.flatMap(({ inputs }) => Object.keys(inputs));
  const folders = inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  return [...new Set(folders)].sort();
}

/** The licence texts of the bundled packages, one after another. Fails for a package that has none to give. */
async function licences(folders: readonly string[]): Promise<string> {
  const texts = folders.map(async (folder) => {
    const { name, version, license }: Record<string, unknown> = JSON.parse(
      await readFile(join(folder, 'package.json'), 'utf8'),
    );
    const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
    if (files.length === 0 && typeof license !== 'string') throw new Error(`${folder}: no licence found`);
    const bodies = await Promise.all(files.sort().map((file) => readFile(join(folder, file), 'utf8')));
    return [`${name} ${version}: ${license}`, ...bodies].join('\n\n');
  });
  return (await Promise.all(texts)).join(`\n\n${'-'.repeat(80)}\n\n`);
}

async function main(): Promise<void> {
  await rm(outFolder, { recursive: true, force: true });
  await mkdir(outFolder);
  const agent = await bundle('agent/main.ts', join(outFolder, 'main.cjs'), [partsApart, undiciApart]);
  checkExternals(agent, [kubeconfigFile, commandsFile]);
  const commands = await bundle('agent/commands/run.ts', join(outFolder, commandsFile), [partsApart, undiciApart]);
  checkExternals(commands, [kubeconfigFile]);
  const kubeconfig = await bundle('agent/kube/kubeconfig.ts', join(outFolder, kubeconfigFile), []);
  checkExternals(kubeconfig, []);
  await writeFile(join(outFolder, 'LICENSES.txt'), await licences(packageFolders([agent, commands, kubeconfig])));
  await writeFile(join(outFolder, 'endpoint-registrar'), entryPointText, { mode: 0o755 });
  for (const [file, { bytes }] of [agent, commands, kubeconfig].flatMap(({ outputs }) => Object.entries(outputs))) {
    if (file.endsWith('.cjs')) process.stdout.write(`${file} ${Math.round(bytes / 1024)} KiB\n`);
  }
}

await main();
