/**
 * The program: settings, parts, run, exit code; or one of the commands. The only file that touches `process`, and the
 * only one that hands out the real clock and randomness.
 */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { createAgent } from './assembly/agent.ts';
import { openDns } from './assembly/cluster-dns.ts';
import { connect } from './assembly/connect.ts';
import { createClock } from './clock.ts';
import type { Output } from './commands/command.ts';
import { type CommandName, isCommandName } from './commands/names.ts';
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
  const resolvConf = await readFile('/etc/resolv.conf', 'utf8').catch(() => undefined);
  const clusterDns = openDns(config, { clock, random: Math.random, resolvConf });
  const agent = createAgent({ ...clusterDns, config, client, clock, random: Math.random, log, metrics, version });
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

/** Runs a command. Its code is loaded here alone: the agent carries none of it. */
async function command(name: CommandName): Promise<number> {
  const { runCommand } = await import('./commands/run.ts');
  const { signal } = createSignals(process, { exitNow: (code) => process.exit(code) });
  return runCommand(name, process.argv.slice(3), {
    env: process.env,
    stdout: outputOf(process.stdout),
    stderr: outputOf(process.stderr),
    readStdin: () => text(process.stdin),
    readFile: (path) => readFile(path, 'utf8'),
    clock: createClock(),
    random: Math.random,
    signal,
    version,
  });
}

function outputOf(stream: NodeJS.WriteStream): Output {
  // Whoever read us has gone (`status | head`): there is nobody left to tell.
  stream.on('error', () => process.exit(0));
  return {
    write: (words) => stream.write(words),
    isTerminal: stream.isTTY === true,
    // A window can be resized while a table is shown again and again.
    get columns() {
      return stream.columns;
    },
  };
}

/** A fault of a command is told on stderr: its standard output is for its answer. */
function crashCommand(error: unknown): number {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  return FAULT_OF_A_COMMAND;
}

/** EX_SOFTWARE of sysexits.h: apart from what a command has to say. */
const FAULT_OF_A_COMMAND = 70;

const asked = process.argv[2];
if (isCommandName(asked)) {
  process.on('uncaughtException', (error) => process.exit(crashCommand(error)));
  void command(asked)
    .catch(crashCommand)
    .then((code) => process.exit(code));
} else {
  process.on('uncaughtException', (error) => process.exit(exitCodes[crash(error)].code));
  void main()
    .catch(crash)
    .then((ending) => process.exit(exitCodes[ending].code));
}
