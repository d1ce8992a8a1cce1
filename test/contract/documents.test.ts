/** What the manuals show is what the code takes: their YAML is YAML, their declarations are valid, their links lead somewhere. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { printFaults } from '../../agent/declarations/faults.ts';
import { parseDeclarations } from '../../agent/declarations/parse.ts';
import { isRecord } from '../../agent/kube/parse.ts';

const project = join(import.meta.dirname, '../..');
const documents = ['README.md', ...globSync('{docs,test}/**/*.md', { cwd: project })].sort();
const textOf = (file: string) => readFileSync(join(project, file), 'utf8');

type Block = { readonly file: string; readonly line: number; readonly text: string };

const blocks: readonly Block[] = documents.flatMap((file) => {
  const text = textOf(file);
  return [...text.matchAll(/^( *)```yaml\n([\s\S]*?)^ *```/gm)].map((found) => ({
    file,
    line: text.slice(0, found.index).split('\n').length + 1,
    text: (found[2] ?? '').replaceAll(new RegExp(`^${found[1]}`, 'gm'), ''),
  }));
});

/** Texts of declarations in a document: those of a ConfigMap, or keys with their text as they stand in one. */
function declarationsIn(value: unknown): Readonly<Record<string, string>> | undefined {
  if (!isRecord(value)) return undefined;
  const data = value['data'] ?? value;
  if (!isRecord(data)) return undefined;
  const texts = Object.entries(data).flatMap(([key, text]) =>
    typeof text === 'string' && /^ports:/m.test(text) ? [[key, text] as const] : [],
  );
  return texts.length === 0 ? undefined : Object.fromEntries(texts);
}

describe('YAML in the manuals', () => {
  for (const { file, line, text } of blocks) {
    test(`${file}, line ${line}`, () => {
      for (const document of parseAllDocuments(text)) {
        assert.deepEqual([...document.errors, ...document.warnings], []);
        const data = declarationsIn(document.toJS());
        if (data === undefined) continue;
        const parsed = parseDeclarations(data);
        assert.equal(parsed.kind === 'invalid' ? printFaults(parsed.faults) : '', '');
      }
    });
  }

  test('declarations are among it', () => {
    const found = blocks.filter(({ text }) => parseAllDocuments(text).some((one) => declarationsIn(one.toJS())));
    assert.ok(found.length >= 3, `${found.length} of ${blocks.length}`);
  });
});

describe('links in the manuals', () => {
  for (const file of documents) {
    test(file, () => {
      const broken = [...textOf(file).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].flatMap(([, target = '']) => {
        const [path = '', anchor] = target.split('#');
        const to = path === '' ? file : join(dirname(file), path);
        if (!existsSync(join(project, to))) return [target];
        return anchor === undefined || anchorsOf(to).has(anchor) ? [] : [target];
      });
      assert.deepEqual(broken, []);
    });
  }
});

/** The anchors that a Markdown viewer makes of headings: small letters, blanks as hyphens, nothing but words. */
function anchorsOf(file: string): ReadonlySet<string> {
  const headings = textOf(file).matchAll(/^#{1,6} (.*)$/gm);
  return new Set(
    [...headings].map(([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}
