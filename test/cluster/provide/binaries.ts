/**
 * Builds the cluster's programs from the Go modules beside this folder, once: the result is kept outside the source tree,
 * under a name that changes with the module files, the flags and the Go version.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../machine/exec.ts';
import type { Report } from '../report.ts';

/** One program: `module` is its folder under modules/, `source` what `go build` gets. */
interface Program {
  readonly name: string;
  readonly module: 'kubernetes' | 'coredns';
  readonly source: string;
}

const programs: readonly Program[] = [
  { name: 'etcd', module: 'kubernetes', source: 'go.etcd.io/etcd/server/v3' },
  { name: 'kube-apiserver', module: 'kubernetes', source: 'k8s.io/kubernetes/cmd/kube-apiserver' },
  { name: 'kubectl', module: 'kubernetes', source: 'k8s.io/kubernetes/cmd/kubectl' },
  { name: 'kube-controller-manager', module: 'kubernetes', source: 'k8s.io/kubernetes/cmd/kube-controller-manager' },
  { name: 'kube-scheduler', module: 'kubernetes', source: 'k8s.io/kubernetes/cmd/kube-scheduler' },
  { name: 'kubelet', module: 'kubernetes', source: 'k8s.io/kubernetes/cmd/kubelet' },
  { name: 'kube-proxy', module: 'kubernetes', source: 'k8s.io/kubernetes/cmd/kube-proxy' },
  { name: 'coredns', module: 'coredns', source: '.' },
];

const modulesFolder = join(import.meta.dirname, '..', 'modules');
const moduleFiles = ['kubernetes/go.mod', 'kubernetes/go.sum', 'coredns/go.mod', 'coredns/go.sum', 'coredns/main.go'];
const buildLimitMs = 40 * 60_000;
const listLimitMs = 10 * 60_000;
const progressEveryMs = 10_000;

/** Makes sure that all programs are built and resolves to their folder. `report` gets lines for people. Throws CommandError with go's words. */
export async function provideBinaries(cacheRoot: string, report: Report): Promise<string> {
  const version = await kubernetesVersion();
  const flags = ['-trimpath', '-buildvcs=false', '-ldflags', linkerFlags(version)];
  const folder = join(cacheRoot, `bin-${await cacheKey(flags)}`);
  await mkdir(folder, { recursive: true });
  const missing = programs.filter((program) => !existsSync(join(folder, program.name)));
  if (missing.length > 0)
    report(
      `building ${missing.length} programs of Kubernetes ${version} into ${folder}: some ten minutes on two cores, once`,
    );
  for (const [index, program] of missing.entries()) {
    await build(program, { folder, flags, report: (line) => report(`[${index + 1}/${missing.length}] ${line}`) });
  }
  return folder;
}

interface BuildOptions {
  readonly folder: string;
  readonly flags: readonly string[];
  readonly report: Report;
}

async function build({ name, module, source }: Program, { folder, flags, report }: BuildOptions): Promise<void> {
  const cwd = join(modulesFolder, module);
  const env = { CGO_ENABLED: '0' };
  const startMs = performance.now();
  report(`${name}: fetching modules`);
  const listed = await run(['go', 'list', '-deps', source], { cwd, env, timeoutMs: listLimitMs });
  const packageCount = listed.trim().split('\n').length;
  let compiledCount = 0;
  let reportedMs = startMs;
  const onStderrLine = (): void => {
    compiledCount += 1;
    if (performance.now() - reportedMs < progressEveryMs) return;
    reportedMs = performance.now();
    report(`${name}: ${compiledCount} packages compiled, of ${packageCount} at most`);
  };
  const unfinished = join(folder, `.${name}.unfinished`);
  await run(['nice', '-n', '10', 'go', 'build', '-v', ...flags, '-o', unfinished, source], {
    cwd,
    env,
    timeoutMs: buildLimitMs,
    onStderrLine,
  });
  await rename(unfinished, join(folder, name)); // a build that was cut off leaves nothing under the final name
  report(`${name}: built in ${Math.round((performance.now() - startMs) / 1000)} s`);
}

async function kubernetesVersion(): Promise<string> {
  const text = await readFile(join(modulesFolder, 'kubernetes', 'go.mod'), 'utf8');
  const version = /^\s*k8s\.io\/kubernetes (v[\d.]+)(?: \/\/ indirect)?$/m.exec(text)?.[1];
  if (version === undefined) throw new Error('modules/kubernetes/go.mod requires no version of k8s.io/kubernetes');
  return version;
}

/** The version that the programs say they are, to people and as clients to the API server; upstream's build sets the same variables. */
function linkerFlags(version: string): string {
  const [major = '', minor = ''] = version.slice(1).split('.');
  const variables = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' };
  const packages = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'];
  const settings = packages.flatMap((path) =>
    Object.entries(variables).map(([key, value]) => `-X ${path}.${key}=${value}`),
  );
  return ['-s', '-w', ...settings].join(' ');
}

async function cacheKey(flags: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
    .update(flags.join('\0'))
    .update(await run(['go', 'version']));
  for (const file of moduleFiles) hash.update(await readFile(join(modulesFolder, file)));
  return hash.digest('hex').slice(0, 12);
}
