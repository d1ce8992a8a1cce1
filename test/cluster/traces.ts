/** What clusters leave on this computer while they run, and nothing of afterwards. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Layout } from './layout.ts';
import { attempt, run } from './machine/exec.ts';

/** Everything that a cluster could leave on this computer; other instances' traces are not looked at. */
export async function readTraces(layout: Layout): Promise<readonly string[]> {
  const { instance, stateFolder } = layout;
  const label = `er${instance}-`;
  const mine = (lines: string): readonly string[] =>
    lines.split('\n').filter((line) => line.includes(label) || line.includes(stateFolder));
  const processes = await run(['ps', '-e', '-o', 'args']);
  const cgroups = await run([
    'sh',
    '-c',
    `ls -d /sys/fs/cgroup/endpoint-registrar-${instance}-* /sys/fs/cgroup/*/endpoint-registrar-${instance}-* || true`,
  ]);
  const settings = await run([
    'sysctl',
    'vm.overcommit_memory',
    'vm.panic_on_oom',
    'kernel.panic',
    'kernel.panic_on_oops',
    'net.ipv4.ip_forward',
  ]);
  const rules = await attempt(['nft', 'list', 'ruleset']);
  const usual = ['/var/lib', '/var/log', '/run', '/etc', '/opt', '/usr/libexec', '/run/netns', dirname(stateFolder)];
  const files = usual.map(async (folder) => (await readdir(folder).catch(() => [])).map((name) => join(folder, name)));
  const listed = (await Promise.all(files)).flat().filter((file) => /er\d-/.test(file) === file.includes(label));
  return [
    ...mine(processes),
    ...mine(await run(['ip', '-oneline', 'link'])),
    ...mine(await readFile('/proc/mounts', 'utf8')),
    ...cgroups.split('\n'),
    ...settings.split('\n'),
    ...rules.stdout.split('\n'),
    ...listed.filter((file) => !/\/cluster-\d$/.test(file) || file === stateFolder),
  ];
}
