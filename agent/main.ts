/**
 * The program: settings, parts, run, exit code. The only file that touches `process`, and the only one that hands out
 * the real clock and randomness.
 */
import { createAgent } from './assembly/agent.ts';
import { connect } from './assembly/connect.ts';
import { createClock } from './clock.ts';
import { type Config, parseConfig, printConfigFault } from './config.ts';
import { type Ending, exitCodes } from './exit.ts';
import { printHelp, printVersion } from './help.ts';
import { CredentialsError } from './kube/connection.ts';
import { createLog, type Log } from './log.ts';
import { runShutdown } from './shutdown.ts';
import { createSignals } from './signals.ts';
import { createHttpServer } from './status/http.ts';
import { createMetrics } from './status/metrics.ts';
import { readUsage } from './status/usage.ts';
import { version } from './version.ts';

async function main(): Promise<Ending> {
  const parsed = parseConfig(process.env, process.argv.slice(2));
  if (parsed.kind === 'invalid') return refuse(parsed.faults.map(printConfigFault));
  if (parsed.kind !== 'run') {
    process.stdout.write(parsed.kind === 'help' ? printHelp() : printVersion(version));
    return 'withdrawn';
  }
  const { config, warnings } = parsed;
  const log = createLog({ level: config.logLevel, destination: process.stdout });
  log.info('started', `endpoint-registrar ${version}`, { version, ...config });
  for (const warning of warnings) log.warn('setting-ignored', warning);
  return run(config, log);
}

async function run(config: Config, log: Log): Promise<Ending> {
  const clock = createClock();
  const startedAt = clock.wall();
  const signals = createSignals(process, { exitNow: (code) => process.exit(code) });
  const client = await connect(config, { clock, userAgent: `endpoint-registrar/${version}` });
  const metrics = createMetrics({ version, process: () => readUsage(process, startedAt) });
  const agent = createAgent({ config, client, clock, random: Math.random, log, metrics, version });
  const http = createHttpServer({ health: agent.health, metrics, status: agent.status, log });
  const httpPort = await http.listen(config.httpPort);
  log.info('listening', `http on port ${httpPort}`, { httpPort });
  const watching = new AbortController();
  const running = agent.run(watching.signal);
  await Promise.race([signals.first, running]);
  const stopWatches = async () => {
    watching.abort();
    await running;
    return 'done' as const;
  };
  const { steps } = await runShutdown(
    [
      { name: 'withdraw', run: async (signal) => ((await agent.withdraw(signal)) === 'withdrawn' ? 'done' : 'failed') },
      { name: 'stop watches', run: stopWatches },
      { name: 'close http', run: (signal) => http.close(signal).then(() => 'done') },
      { name: 'close connections', run: () => client.close().then(() => 'done') },
    ],
    { budgetMs: config.shutdownBudgetMs, clock, log },
  );
  return steps[0]?.outcome === 'done' ? 'withdrawn' : 'entry-may-remain';
}

function refuse(faults: readonly string[]): Ending {
  process.stderr.write(faults.map((fault) => `${fault}\n`).join(''));
  return 'bad-configuration';
}

/** After a bug a new process is better than this one; it adopts what is registered. */
function crash(error: unknown): Ending {
  if (error instanceof CredentialsError) return refuse(error.faults);
  createLog({ level: 'error', destination: process.stdout }).error('crashed', 'the agent met a fault', { err: error });
  return 'fault';
}

process.on('uncaughtException', (error) => process.exit(exitCodes[crash(error)].code));
void main()
  .catch(crash)
  .then((ending) => process.exit(exitCodes[ending].code));
