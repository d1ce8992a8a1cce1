/** Waits for what the DNS says of the servers. */
import { untilRead } from './pods.ts';
import type { World } from './world.ts';

const limitMs = 60_000;

/** Waits until exactly these servers, sorted, stand under each of the pairs. Throws WaitError with what was read last. */
export async function untilServed(
  { client }: World,
  pairs: readonly string[],
  names: readonly string[],
): Promise<void> {
  for (const pair of pairs) {
    const read = async () => (await client.servers(pair)).map((text) => text.split(' ')[0]);
    await untilRead(`${names} under ${pair}`, limitMs, read, (found) => found.join() === names.join());
  }
}
