/** Installs the Debian packages that the cluster needs and this computer lacks. */
import { run } from '../machine/exec.ts';
import type { Report } from '../report.ts';

/** For a control plane: namespaces and cables, an init for each machine, certificates. */
export const controlPackages: readonly string[] = ['iproute2', 'openssl', 'tini', 'util-linux', 'procps'];

/** For nodes: the container runtime, its networks, kube-proxy's nftables, and what the kubelet calls to mount. */
export const nodePackages: readonly string[] = [
  'containerd',
  'runc',
  'containernetworking-plugins',
  'nftables',
  'mount',
];

/** For images: a root file system from packages, a tool that packs it, and whom an image trusts that asks a registry. */
export const imagePackages: readonly string[] = ['mmdebstrap', 'buildah', 'ca-certificates'];

const installLimitMs = 9 * 60_000;

/** Installs what is missing of `wanted`. Throws CommandError with apt's words when a package is not to be had. */
export async function providePackages(wanted: readonly string[], report: Report): Promise<void> {
  const installed = await installedPackages();
  const missing = wanted.filter((name) => !installed.has(name));
  if (missing.length === 0) return;
  report(`installing Debian packages: ${missing.join(' ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run(['apt-get', 'update', '-qq'], { env, timeoutMs: installLimitMs });
  await run(['apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...missing], {
    env,
    timeoutMs: installLimitMs,
  });
}

async function installedPackages(): Promise<ReadonlySet<string>> {
  const listed = await run(['dpkg', '--get-selections']); // lines such as "libc6:amd64 <tabs> install"
  const lines = listed.split('\n').map((line) => line.split(/\s+/));
  return new Set(lines.flatMap(([name, state]) => (state === 'install' ? [name?.split(':')[0] ?? ''] : [])));
}
