/**
 * The parity cases in a real cluster: the one that KUBECONFIG names, else the local instance CLUSTER_INSTANCE (default 0).
 * Run by `node --import tsx --test test/parity/real.ts`, after `eval "$(scripts/cluster up)"`: without a cluster this fails.
 */
import { openReal } from './open-real.ts';
import { runParity } from './run.ts';

try {
  runParity(await openReal(process.env));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
