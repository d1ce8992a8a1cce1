/** scripts/cluster: brings the test cluster up, takes it down, says how it stands. */
import { parseArgs } from 'node:util';
import { widestLayout } from './layout.ts';
import { bringUp, findFolders, takeDown } from './open.ts';
import { ComputerError } from './provide/computer.ts';
import { formatStatus, readStatus } from './status.ts';

const usage = `usage: scripts/cluster COMMAND [--instance N]
  up [--nodes N]   installs, builds and starts what is missing; prints the variables that reach the cluster
  down             ends all of it and removes its traces (built programs and images are kept)
  status           lists its programs; exit code 1 unless all of them are ready
--instance: 0 to 9, clusters side by side (default 0); --nodes: 0 to 4 (default 2; 0 is a control plane alone)
Exit codes: 1 something failed, 2 this text, 3 this computer cannot make a cluster`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { nodes: { type: 'string', default: '2' }, instance: { type: 'string', default: '0' } },
  });
  const folders = findFolders(process.env);
  const instance = Number(values.instance);
  switch (positionals.join(' ')) {
    case 'up': {
      const choice = { instance, nodeCount: Number(values.nodes) };
      const { cluster, binaries } = await bringUp(folders, choice, createReport());
      process.stdout.write(`export KUBECONFIG='${cluster.kubeconfig}'\nexport PATH='${binaries}':"$PATH"\n`);
      return 0;
    }
    case 'down':
      await takeDown(folders, instance);
      return 0;
    case 'status': {
      const rows = await readStatus(widestLayout({ instance, stateRoot: folders.state }));
      process.stdout.write(rows.length === 0 ? 'down\n' : `${formatStatus(rows)}\n`);
      return rows.length > 0 && rows.every((row) => row.state === 'ready') ? 0 : 1;
    }
    default:
      process.stderr.write(`${usage}\n`);
      return 2;
  }
}

/** Lines with the seconds since the start, on standard error: standard output is for the shell's `eval`. */
function createReport(): (line: string) => void {
  const startMs = performance.now();
  return (line) =>
    process.stderr.write(`${((performance.now() - startMs) / 1000).toFixed(1).padStart(6)} s  ${line}\n`);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof ComputerError ? 3 : 1;
}
