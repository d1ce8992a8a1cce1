import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitCodes } from '../agent/exit.ts';
import { printHelp, printVersion } from '../agent/help.ts';
import { type Setting, settings } from '../agent/settings.ts';

test('the help names every setting with its default, and every exit code', () => {
  const lines = printHelp().split('\n');
  for (const { env, default: fallback, help } of Object.values<Setting<unknown>>(settings)) {
    const line = lines.find((candidate) => candidate.trim().startsWith(`${env} `)) ?? '';
    assert.ok(line.includes(help), env);
    if (fallback !== undefined) assert.ok(line.endsWith(`(default ${fallback})`), line);
  }
  for (const { code, meaning } of Object.values(exitCodes)) assert.ok(lines.includes(`  ${code}  ${meaning}`));
});

test('no line of the help is wider than a screen should be', () => {
  for (const line of printHelp().split('\n')) assert.ok(line.length <= 140, line);
});

test('the version is one line', () => assert.equal(printVersion('1.2.3'), 'endpoint-registrar 1.2.3\n'));
