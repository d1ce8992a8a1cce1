/**
 * The demo: the whole story of this project on one machine, told step by step, with what DNS answered. This file begins
 * and ends it; the steps are in `demo-story/steps/`, what they are told with in `demo-story/`.
 * Usage: scripts/demo [--keep | --help]
 */
import { createAgents } from './demo-story/agents.ts';
import { createCommands } from './demo-story/commands.ts';
import { introduce } from './demo-story/introduction.ts';
import { keepRunning } from './demo-story/keep.ts';
import { type Life, watchLife } from './demo-story/life.ts';
import { helpText, parseOptions } from './demo-story/options.ts';
import { createScene, type Scene } from './demo-story/scene.ts';
import { createScreen, type Screen, wantsColour } from './demo-story/screen.ts';
import { tellBrokenEdit } from './demo-story/steps/broken.ts';
import { tellKill, tellReturn, tellSigterm } from './demo-story/steps/leaving.ts';
import { tellStatus } from './demo-story/steps/outside.ts';
import { tellEnd, tellSelector } from './demo-story/steps/selector.ts';
import { tellEdit, tellReadiness, tellStart } from './demo-story/steps/serving.ts';
import { tellTrap } from './demo-story/steps/trap.ts';
import { Unexpected } from './demo-story/unexpected.ts';
import { startWorld } from './demo-story/world.ts';

const serverNames = ['ipa-0', 'ipa-1', 'ipa-2'];
const steps = [
  ...[tellTrap, tellStart, tellEdit, tellReadiness],
  ...[tellSigterm, tellKill, tellReturn, tellBrokenEdit, tellStatus, tellSelector],
];

/** Resolves to the exit code; that of a signal is `life`'s. */
async function main(life: Life): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  switch (options.kind) {
    case 'invalid':
      process.stderr.write(options.faults.map((fault) => `${fault}\n`).join(''));
      return 2;
    case 'help':
      process.stdout.write(helpText);
      return 0;
    case 'run': {
      const screen = createScreen({
        write: (text) => process.stdout.write(text),
        isColoured: wantsColour(process.stdout, process.env),
        columns: process.stdout.isTTY ? process.stdout.columns : undefined,
      });
      return (await run(life, screen, options)) ? 0 : 1;
    }
    default:
      return options satisfies never;
  }
}

/** From the first process to the last. Whether all came out as expected. */
async function run(life: Life, screen: Screen, { keeps }: { readonly keeps: boolean }): Promise<boolean> {
  const world = await startWorld(life);
  const agents = createAgents(world, life);
  try {
    const scene = createScene({ world, agents, commands: createCommands(life), screen, signal: life.signal });
    introduce(screen, world);
    for (const name of serverNames) world.addServer(name);
    const isGood = await tell(scene, screen, keeps ? steps : [...steps, tellEnd]);
    if (keeps) await keepRunning(scene, screen);
    return isGood;
  } catch (error) {
    if (!life.signal.aborted) throw error;
    return false;
  } finally {
    if (life.signal.aborted) screen.paragraph('\nStopped: the agents are ended, and what was written is removed.');
    await agents.close();
    await world.close();
  }
}

/** Tells the steps, up to the first that comes out otherwise than expected, and the sum of it. */
async function tell(
  scene: Scene,
  screen: Screen,
  told: readonly ((scene: Scene) => Promise<void>)[],
): Promise<boolean> {
  const startMs = performance.now();
  const seconds = () => ((performance.now() - startMs) / 1000).toFixed(1);
  try {
    for (const step of told) await step(scene);
  } catch (error) {
    if (!(error instanceof Unexpected)) throw error;
    screen.title(`${scene.goodCount()} expectations were met and then one was not, after ${seconds()} s.`);
    return false;
  }
  screen.title(`All ${scene.goodCount()} expectations were met, in ${seconds()} s.`);
  screen.paragraph('In a cluster, clients see a change once the answer that they hold is too old: 5 to 30 s later.');
  screen.paragraph(
    'README.md: how to begin in a cluster of your own. scripts/demo --keep: the same to look at by hand.',
  );
  return true;
}

/** A fault of the demo itself. What was begun is undone at the exit. */
function crash(error: unknown): number {
  const text = error instanceof Error ? error.stack : String(error);
  process.stderr.write(`scripts/demo met a fault of its own: ${text}\n`);
  return 1;
}

const life = watchLife();
process.on('uncaughtException', (error) => process.exit(crash(error)));
void main(life)
  .catch(crash)
  .then((code) => process.exit(life.signalCode() ?? code));
