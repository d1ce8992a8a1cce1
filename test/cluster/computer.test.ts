/** A computer that cannot make a cluster is told so in one sentence, before anything is done to it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Computer, findComputerFault } from './provide/computer.ts';

const good: Computer = {
  userId: 0,
  system: 'linux x64',
  osRelease: 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n',
  goVersion: 'go version go1.26.4 linux/amd64\n',
};
const ubuntu = 'PRETTY_NAME="Ubuntu 24.04 LTS"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n';

const cases: readonly {
  readonly name: string;
  readonly given: Partial<Computer>;
  readonly expect: RegExp | undefined;
}[] = [
  { name: 'root on Debian 12 with Go can', given: {}, expect: undefined },
  { name: 'a later Go can', given: { goVersion: 'go version go2.0 linux/arm64' }, expect: undefined },
  { name: 'a user cannot', given: { userId: 1000 }, expect: /needs root, and this is the user 1000\.$/ },
  {
    name: 'another system cannot',
    given: { system: 'darwin arm64' },
    expect: /needs Linux, and this is darwin arm64\.$/,
  },
  {
    name: 'another distribution cannot',
    given: { osRelease: ubuntu },
    expect: /needs Debian 12, .* this is Ubuntu 24\.04 LTS\.$/,
  },
  {
    name: 'another Debian cannot',
    given: { osRelease: good.osRelease.replaceAll('12', '13') },
    expect: /needs Debian 12, .* this is Debian GNU\/Linux 13/,
  },
  { name: 'a system that does not say what it is cannot', given: { osRelease: '' }, expect: /this is unknown\.$/ },
  {
    name: 'without Go it cannot',
    given: { goVersion: undefined },
    expect: /needs Go 1\.26 or newer in PATH, and there is none\.$/,
  },
  {
    name: 'an older Go cannot',
    given: { goVersion: 'go version go1.19.8 linux/amd64' },
    expect: /found "go version go1\.19\.8 linux\/amd64"\.$/,
  },
];

for (const { name, given, expect } of cases) {
  test(name, () => {
    const fault = findComputerFault({ ...good, ...given });
    if (expect === undefined) assert.equal(fault, undefined);
    else assert.match(fault ?? 'no fault', expect);
  });
}

test('the Go that is asked for is the one that the module asks for', () => {
  const module = readFileSync(join(import.meta.dirname, 'modules', 'kubernetes', 'go.mod'), 'utf8');
  const [, wanted = ''] = /^go (\d+\.\d+)/m.exec(module) ?? [];
  assert.match(
    findComputerFault({ ...good, goVersion: undefined }) ?? '',
    new RegExp(`Go ${wanted.replace('.', '\\.')} `),
  );
});
