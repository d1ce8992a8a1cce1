/** The ways in which the agent is started to be measured, and a bare node to measure it by. */
import { readFileSync } from 'node:fs';
import { imageFolder, type Measured, startMeasured } from './process.ts';
import type { BenchPod } from './world.ts';

/** How often the measured agents beat: ten times as often as by default. */
export const INTERVAL_MS = 500;

/** A command line and what it needs in the environment. */
export type Variant = {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

/** What the image runs. */
export const shipped: Variant = {
  name: 'as shipped',
  command: [`${imageFolder}/endpoint-registrar`],
  env: imageEnv(),
};

/** The same without V8's flags. */
export const withoutFlags: Variant = {
  name: 'no flags',
  command: [`${imageFolder}/node`, `${imageFolder}/main.cjs`],
  env: {},
};

/** The variables that the Containerfile sets. */
function imageEnv(): Readonly<Record<string, string>> {
  const lines = readFileSync('Containerfile', 'utf8').matchAll(/^ENV (NODE_OPTIONS|MALLOC_\w+)=(.+)$/gm);
  return Object.fromEntries([...lines].map(([, name = '', value = '']) => [name, value]));
}

/** Starts the agent of a pod. */
export function startAgent({ credentials, env }: BenchPod, variant: Variant): Measured {
  return startMeasured({ command: variant.command, credentials, env: { ...env, ...variant.env } });
}

/** Starts a node that runs this and nothing else. */
export function startBareNode({ credentials }: BenchPod, script: string): Measured {
  return startMeasured({ command: [`${imageFolder}/node`, '-e', script], credentials, env: {} });
}
