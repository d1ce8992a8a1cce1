/** README.md against the code: its tables, and the files that the documents name. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { paths } from '../../agent/status/http.ts';
import { fillIn, renderTables } from '../../scripts/readme-tables.ts';
import { project } from './sources.ts';

const readme = readFileSync(join(project, 'README.md'), 'utf8');

describe('README.md', () => {
  for (const [name, body] of renderTables()) {
    test(`has the table of ${name} as the code has it, row for row`, () => {
      const [, found] = readme.match(new RegExp(`<!-- table: ${name} -->\n([\\s\\S]*?)\n<!-- end -->`)) ?? [];
      assert.equal(found, body, 'run: node scripts/readme-tables.ts');
    });
  }

  test('has no markers of a table that is gone', () => {
    assert.equal(fillIn(readme, renderTables()), readme, 'run: node scripts/readme-tables.ts');
  });

  test('names every path of the HTTP server', () => {
    for (const path of paths) assert.ok(readme.includes(`\`${path}\``), `describe ${path} in README.md`);
  });
});

describe('documents', () => {
  const documents = ['README.md', ...globSync('docs/**/*.md', { cwd: project }).sort()];
  for (const document of documents) {
    const text = readFileSync(join(project, document), 'utf8');

    test(`${document} links to what is there`, () => {
      const missing = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)]
        .map(([, link = '']) => link)
        .filter((link) => !existsSync(join(project, dirname(document), link)));
      assert.deepEqual(missing, []);
    });

    test(`${document} names scripts and manifests that are there`, () => {
      const named = [...text.matchAll(/(?<![\w/.-])((?:scripts|k8s|agent|test|docs)\/[\w./-]*\w)/g)].map(
        ([, path = '']) => path,
      );
      const missing = [...new Set(named)].filter((path) => !existsSync(join(project, path)));
      assert.deepEqual(missing, [], 'correct the name, or write the file');
    });
  }
});

test('a verb of the Role without a reason, and markers without a table, are told', () => {
  assert.throws(() => fillIn('<!-- table: nonsense -->\n<!-- end -->', renderTables()), /"nonsense"/);
  assert.throws(() => fillIn('', renderTables()), /lacks the markers/);
});
