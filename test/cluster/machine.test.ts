/** The tools that need no rights: commands with a limit, waits with a limit, processes told apart. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { attempt, CommandError, lastLines, run } from './machine/exec.ts';
import { withLock } from './machine/lock.ts';
import { createNotes } from './machine/notes.ts';
import { firstChild, identify, isRunning, signalProcess } from './machine/processes.ts';
import { until, WaitError } from './machine/until.ts';

const linuxOnly = { skip: process.platform === 'linux' ? false : 'the cluster is made of Linux namespaces' };

test('a command gets its input and gives its output', async () => {
  assert.equal(await run(['cat'], { input: 'one\ntwo\n' }), 'one\ntwo\n');
});

test('a failed command says what it said', async () => {
  await assert.rejects(run(['sh', '-c', 'echo no such luck >&2; exit 3']), (error) => {
    assert.ok(error instanceof CommandError);
    assert.match(error.message, /exit code 3\nno such luck/);
    return true;
  });
});

test('a command that does not end is ended at its limit', async () => {
  await assert.rejects(run(['sleep', '60'], { timeoutMs: 50 }), /not finished after 50 ms/);
});

test('a program that does not exist is a CommandError', async () => {
  await assert.rejects(attempt(['no-such-program-here']), CommandError);
});

test('whole lines of standard error come one by one', async () => {
  const lines: string[] = [];
  const onStderrLine = (line: string): void => void lines.push(line);
  await run(['sh', '-c', 'printf a >&2; printf "b\\nc\\n" >&2'], { onStderrLine });
  assert.deepEqual(lines, ['ab', 'c']);
});

test('the last lines of a text are its last lines', () => {
  assert.equal(lastLines('1\n2\n3\n', 2), '2\n3');
});

test('a wait resolves to what the first good look found', async () => {
  let looks = 0;
  const value = await until('three looks', { limitMs: 5_000, everyMs: 1 }, async () => {
    looks += 1;
    return looks === 3 ? { kind: 'done', value: 'seen' } : { kind: 'waiting', seen: String(looks) };
  });
  assert.equal(value, 'seen');
});

test('a wait that runs out says what it saw last', async () => {
  const wait = until('the impossible', { limitMs: 5, everyMs: 1 }, async () => ({ kind: 'waiting', seen: 'nothing' }));
  await assert.rejects(wait, (error) => error instanceof WaitError && /the impossible.*nothing/.test(error.message));
});

test('a process is known by its pid and its start, and a signal reaches no other', linuxOnly, async () => {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const id = identify(child.pid ?? 0);
  assert.ok(id !== undefined);
  assert.equal(signalProcess({ pid: id.pid, startTicks: id.startTicks + 1 }, 'SIGKILL'), false);
  assert.equal(isRunning(id), true);
  assert.equal(signalProcess(id, 'SIGKILL'), true);
  await once(child, 'exit');
  assert.equal(isRunning(id), false);
  assert.equal(signalProcess(id, 'SIGKILL'), false);
});

test('the child of a process is found', linuxOnly, async () => {
  const parent = spawn('sh', ['-c', 'sleep 60 & wait']);
  await once(parent, 'spawn');
  const child = await until('the child', { limitMs: 5_000, everyMs: 5 }, async () => {
    const found = firstChild(parent.pid ?? 0);
    return found === undefined ? { kind: 'waiting', seen: 'none' } : { kind: 'done', value: found };
  });
  assert.equal(signalProcess(child, 'SIGKILL'), true);
  await once(parent, 'exit');
});

test('a note outlives its writer and not its process', linuxOnly, async (context) => {
  const folder = await temporaryFolder(context);
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const id = identify(child.pid ?? 0);
  assert.ok(id !== undefined);
  const note = { ...id, recipe: 'r', health: 'h' };
  await createNotes(folder).write('sleeper', note);
  assert.deepEqual(await createNotes(folder).running('sleeper'), note);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(await createNotes(folder).running('sleeper'), undefined);
  assert.deepEqual(await createNotes(folder).names(), ['sleeper']);
});

test('a lock lets one in at a time', linuxOnly, async (context) => {
  const file = join(await temporaryFolder(context), 'lock');
  const order: string[] = [];
  const first = withLock({ file, limitMs: 10_000 }, async () => {
    order.push('first in');
    await assert.rejects(
      withLock({ file, limitMs: 1 }, async () => order.push('second in')),
      /held by another/,
    );
    order.push('first out');
  });
  await first;
  await withLock({ file, limitMs: 10_000 }, async () => order.push('third in'));
  assert.deepEqual(order, ['first in', 'first out', 'third in']);
});

async function temporaryFolder(context: { after(work: () => Promise<void>): void }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cluster-test-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
