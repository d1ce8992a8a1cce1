/**
 * The agent's sources as the contract tests look at them: text, imports, rooms. The scanner relies on the formatter:
 * an import stands at the beginning of a line and its specifier in single quotes; `imports.test.ts` counts after it.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { transformSync } from 'esbuild';

/** The project's folder. */
export const project = join(import.meta.dirname, '../..');

/** The agent's folder. */
const root = join(project, 'agent');

/** Every source of the agent, relative to agent/, e.g. `kube/watch.ts`. Ambient declarations are no sources. */
export const sources: readonly string[] = globSync('**/*.ts', { cwd: root })
  .filter((file) => !file.endsWith('.d.ts'))
  .sort();

/** One import, or one re-export. `target`: a source, or a package or module of Node as it is named. */
export type Import = {
  readonly source: string;
  readonly line: number;
  readonly target: string;
  readonly kind: 'value' | 'type';
};

const STATEMENT = /^(?:import|export)\s+(?:(type\s+)?[^'";]+?\s+from\s+)?'([^']+)';/gm;
const DYNAMIC = /\bimport\('([^']+)'\)/g;

/** The text of a source as it stands. */
export function textOf(source: string): string {
  return readFileSync(join(root, source), 'utf8');
}

/** A source as JavaScript: without comments and types, texts in double quotes. `define`: names of globals to replace. */
export function codeOf(source: string, define: Readonly<Record<string, string>> = {}): string {
  return transformSync(textOf(source), { loader: 'ts', target: 'es2024', charset: 'utf8', define: { ...define } }).code;
}

/** The imports of a source, in the order in which they stand. */
export function importsOf(source: string): readonly Import[] {
  const text = textOf(source);
  const lineAt = (offset: number) => text.slice(0, offset).split('\n').length;
  const statements = [...text.matchAll(STATEMENT)].map(({ index, 1: type, 2: specifier = '' }): Import => {
    // `import { type A }` leaves a bare import behind (verbatimModuleSyntax), so it is none of types.
    const kind = type === undefined ? 'value' : 'type';
    return { source, line: lineAt(index), target: targetOf(source, specifier), kind };
  });
  const dynamic = [...text.matchAll(DYNAMIC)].map(({ index, 1: specifier = '' }): Import => {
    return { source, line: lineAt(index), target: targetOf(source, specifier), kind: 'value' };
  });
  return [...statements, ...dynamic];
}

/** Every import of the agent. */
export const imports: readonly Import[] = sources.flatMap(importsOf);

/** The room of a source: its folder, or its own name where it stands in agent/ itself. Packages are their own rooms. */
export function roomOf(target: string): string {
  if (!target.endsWith('.ts')) return target;
  const [first = '', second] = target.split('/');
  return second === undefined ? first.replace(/\.ts$/, '') : first;
}

/** Where an import stands, for messages: `agent/kube/watch.ts:12`. */
export function placeOf({ source, line }: Import): string {
  return `agent/${source}:${line}`;
}

function targetOf(source: string, specifier: string): string {
  return specifier.startsWith('.') ? normalize(join(dirname(source), specifier)) : specifier;
}
