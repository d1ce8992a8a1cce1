/** One at a time, across processes: a lock on a file, held by a child that lets go when we end, however we end. */
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';

export interface LockOptions {
  readonly file: string;
  readonly limitMs: number;
}

/** Does `work` while holding the lock. Throws when another process still holds it at the limit. */
export async function withLock<T>({ file, limitMs }: LockOptions, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const limit = ['--timeout', String(Math.ceil(limitMs / 1000))];
  const holder = spawn('flock', [...limit, file, 'sh', '-c', 'echo held; cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    await new Promise<void>((resolve, reject) => {
      holder.once('error', reject);
      holder.once('exit', () => reject(new Error(`${file} is held by another process for longer than ${limitMs} ms`)));
      createInterface(holder.stdout).once('line', () => resolve());
    });
    return await work();
  } finally {
    holder.stdin.end();
  }
}
